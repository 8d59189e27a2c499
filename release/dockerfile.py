"""Rules for the Dockerfile, after hadolint's, for machines without Docker.

``python release/dockerfile.py`` prints what breaks one, and ends with status 1 if anything does.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def instructions(text: str) -> list[tuple[str, str]]:
    """Each instruction's word and what follows it, continued lines joined and comments left out."""
    bare = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    joined = re.sub(r"\\\n\s*", " ", bare)
    pairs = (line.split(maxsplit=1) for line in joined.splitlines() if line.strip())
    return [(word.upper(), "".join(rest)) for word, *rest in pairs]


def broken(text: str) -> list[str]:
    """The rules that a Dockerfile breaks."""
    steps = instructions(text)
    last = max(at for at, (word, _) in enumerate(steps) if word == "FROM")
    images = [rest.split()[0] for word, rest in steps if word == "FROM"]
    runs = [rest for word, rest in steps if word == "RUN"]
    final = steps[last:]
    users = [rest for word, rest in final if word == "USER"]
    starts = [rest for word, rest in steps if word in ("ENTRYPOINT", "CMD")]
    rules = {
        "FROM without a version, or with latest": any(
            ":" not in image or image.endswith(":latest") for image in images
        ),
        "the last stage runs as root": not users or users[-1].split(":")[0] in ("root", "0"),
        "ENTRYPOINT or CMD is no JSON list": not all(rest.startswith("[") for rest in starts),
        "nothing says what starts": not starts,
        "ADD where COPY does": any(word == "ADD" for word, _ in steps),
        "MAINTAINER is out of use": any(word == "MAINTAINER" for word, _ in steps),
        "WORKDIR is no absolute path": any(
            word == "WORKDIR" and not rest.startswith("/") for word, rest in steps
        ),
        "cd instead of WORKDIR": any(re.search(r"(^|&& )cd ", run) for run in runs),
        "sudo": any(re.search(r"\bsudo\b", run) for run in runs),
        "pip install keeps its cache": any(
            call.startswith("pip install") and "--no-cache-dir" not in call
            for run in runs
            for call in re.split(r"\s*&&\s*", run)
        ),
        "pip install without constraints": any(
            call.startswith("pip install") and " -c " not in call
            for run in runs
            for call in re.split(r"\s*&&\s*", run)
        ),
        "apt-get install keeps its lists or takes recommended packages": any(
            "apt-get install" in run
            and not ("--no-install-recommends" in run and "rm -rf /var/lib/apt/lists" in run)
            for run in runs
        ),
    }
    return [rule for rule, breaks in rules.items() if breaks]


def main() -> None:
    """Check ours."""
    if found := broken((ROOT / "Dockerfile").read_text(encoding="utf-8")):
        sys.exit("Dockerfile: " + "; ".join(found))
    print("Dockerfile: no rule is broken")


if __name__ == "__main__":
    main()
