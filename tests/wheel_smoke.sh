#!/usr/bin/env bash
# The wheel carries all it needs: built, installed into an empty environment, run from elsewhere.
# Usage: tests/wheel_smoke.sh PYTHON
set -euo pipefail
python=$(realpath -s "$1")
root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$python" -m build --quiet --wheel --outdir "$work/dist" "$root"
"$python" -m venv "$work/venv"
# The heavy packages are lent from the environment that is there; ours is the wheel alone.
site=$("$python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
own=$("$work/venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
"$work/venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps "$work"/dist/*.whl
mkdir "$work/lent" && find "$site" -mindepth 1 -maxdepth 1 ! -iname '*gastlive*' ! -name '*.pth' \
    -exec ln -s {} "$work/lent/" \;
echo "$work/lent" > "$own/lent.pth"
cd "$work"
"$work/venv/bin/python" - <<'PY'
import pathlib, sysconfig
import gastlive.realtime.live as live
site = sysconfig.get_path("purelib")
assert pathlib.Path(live.__file__).is_relative_to(site), live.__file__
PY
# The head of the demo clip, then the whole chain to files.
"$work/venv/bin/gastlive" source=video \
    source.path="$own/gastlive/realtime/demo/demo.mp4" source.stop_s=3 hydra.run.dir=out
"$work/venv/bin/python" - <<'PY'
import json
summary = json.load(open("out/summary.json"))
assert summary["ended"] == "source ended" and summary["frames"] == 90, summary
assert summary["people"]["count"] == 1, summary["people"]
PY
# The same from Python: typed, nothing heavy until it is used, and no Hydra in sight.
"$work/venv/bin/python" - <<'PY'
import pathlib, sys
import gastlive
assert not {"torch", "cv2", "hydra"} & sys.modules.keys()
assert (pathlib.Path(gastlive.__file__).parent / "py.typed").exists()
from importlib.metadata import version
assert gastlive.__version__ == version("gastlive")
*_, last = gastlive.watch("demo", source={"frames": 20})
assert [person.id for person in last.people] == [1], last
assert not (pathlib.Path(gastlive.__file__).parent / "setup.py").exists()
PY
# The benchmark's options are there too, and a lifter can be exported.
"$work/venv/bin/gastlive-benchmark" mode=step mode.rounds=1 mode.frames=5 mode.warm=1 hydra.run.dir=step
test -s step/latency.md && test -s step/steps.png
"$work/venv/bin/gastlive-export" folder=exported frames=60 head_checkpoint=null
test -s exported/gast81.onnx
# The page's own files.
test -s "$own/gastlive/realtime/page/static/index.html"
echo "wheel: 1 passed, 0 failed"
