"""How good lifters, heads and recordings are: ``gastlive-evaluate VERB ...``."""

import sys
from importlib import import_module

VERBS = {
    "lifter": "lifters.lifter",
    "action": "heads.action",
    "folds": "heads.folds",
    "transfer": "heads.transfer",
    "recording": "recordings.recording",
    "ladder": "ladder.ladder",
    "films": "films.films",
    "quiet": "heads.quiet",
}
_USAGE = f"gastlive-evaluate {'|'.join(VERBS)} [key=value ...]; each of them explains --help"


def main() -> None:
    """Run the program that the first word names, with the other words as its arguments."""
    verb = sys.argv[1] if len(sys.argv) > 1 else ""
    if verb in ("-h", "--help"):
        print(_USAGE)
        return
    if verb not in VERBS:
        problem = f"unknown {verb!r}" if verb else "nothing to evaluate"
        print(f"gastlive: {problem}; choose one of {', '.join(VERBS)}", file=sys.stderr)
        raise SystemExit(2)
    sys.argv[:2] = [f"{sys.argv[0]} {verb}"]
    import_module(f".evaluating.{VERBS[verb]}", package=__package__).main()


if __name__ == "__main__":
    main()
