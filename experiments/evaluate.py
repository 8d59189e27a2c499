"""How good lifters, heads and recordings are: ``gastlive-evaluate VERB ...``."""

import sys
from difflib import get_close_matches
from importlib import import_module

from ..conf.program import version

VERBS = {
    "lifter": ("lifters.lifter", "errors of lifters on people they were not trained on"),
    "action": ("heads.action", "accuracy of heads on people they were not trained on"),
    "folds": ("heads.folds", "several reports of action as one table"),
    "transfer": ("heads.transfer", "heads on data sets they have never seen"),
    "recording": ("recordings.recording", "a recording of the live program against the truth"),
    "ladder": ("ladder.ladder", "where quality is lost between true joints and camera"),
    "films": ("films.films", "what the live program says of films, right and wrong"),
    "few": ("few.few", "actions taught with a few examples, on other people"),
    "quiet": ("heads.quiet", "false events of people who do nothing"),
}
_USAGE = """gastlive-evaluate: how good lifters, heads and recordings are.

  gastlive-evaluate lifter 'checkpoint=[gast81,mine.safetensors]'
  gastlive-evaluate action checkpoint=mine.safetensors data.folder=outputs/lifted/held_out
  gastlive-evaluate films folder=films truth=labels.csv

The first word says what is measured; gastlive-evaluate WORD --help explains its keys:

"""


def main() -> None:
    """Run the program that the first word names, with the other words as its arguments."""
    verb = sys.argv[1] if len(sys.argv) > 1 else ""
    if verb in ("-h", "--help"):
        print(_USAGE + "\n".join(f"  {name:10} {text}" for name, (_, text) in VERBS.items()))
        return
    if verb == "--version":
        print(version())
        return
    if verb not in VERBS:
        problem = f"unknown {verb!r}" if verb else "nothing to evaluate"
        near = get_close_matches(verb, VERBS, 1)
        meant = f"; did you mean {near[0]}?" if near else ";"
        choose = f"choose one of {', '.join(VERBS)}"
        print(f"gastlive: {problem}{meant} {choose}", file=sys.stderr)
        raise SystemExit(2)
    sys.argv[:2] = [f"{sys.argv[0]} {verb}"]
    import_module(f".evaluating.{VERBS[verb][0]}", package=__package__).main()


if __name__ == "__main__":
    main()
