#!/usr/bin/env bash
# What must hold before a tag: builds wheel and sdist, lists them, installs the wheel with all that
# it needs into an empty environment and runs it from another folder.
# Usage: release/check.sh PYTHON [WORK_FOLDER]
set -euo pipefail
python=$(realpath -s "$1")
root=$(cd "$(dirname "$0")/.." && pwd)
work=${2:-$(mktemp -d)}
trap '[ -n "${2:-}" ] || rm -rf "$work"' EXIT
say() { printf '\n== %s\n' "$1"; }

say "version"
version=$("$python" -c "import re, sys
print(re.search('__version__ = \"(.*)\"', open(sys.argv[1]).read())[1])" "$root/__init__.py")
grep -q "^## \[$version\]" "$root/CHANGELOG.md" || { echo "CHANGELOG.md has no [$version]"; exit 1; }
grep -q "^version: $version$" "$root/CITATION.cff" || { echo "CITATION.cff is not of $version"; exit 1; }
echo "$version, in CHANGELOG.md and CITATION.cff too"

say "licences"
"$python" "$root/release/licences.py" --check

say "wheel and sdist"
"$python" -m build --outdir "$work/dist" "$root" >"$work/build.log" 2>&1 || { cat "$work/build.log"; exit 1; }
"$python" "$root/release/contents.py" "$work/dist"

say "installed into an empty environment"
"$python" -m venv "$work/venv"
"$work/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    -c "$root/constraints.txt" "$work"/dist/*.whl
if ! "$work/venv/bin/python" -c 'import cv2' 2>/dev/null; then
    echo "OpenCV can't load here (no libGL): taking the headless build"
    "$work/venv/bin/python" -m pip uninstall --quiet -y opencv-python
    "$work/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
        -c "$root/constraints.txt" opencv-python-headless
fi
"$work/venv/bin/python" -m pip list --disable-pip-version-check 2>/dev/null | tail -n +3 | wc -l |
    xargs printf '%s packages, '
du -sm "$work/venv" | cut -f1 | xargs printf '%s MB\n'

say "run from another folder"
mkdir "$work/elsewhere" && cd "$work/elsewhere"
"$work/venv/bin/python" -c "import gastlive; print('import gastlive:', gastlive.__version__)"
"$work/venv/bin/gastlive" --version
own=$("$work/venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/gastlive
"$work/venv/bin/gastlive" source=video source.path="$own/realtime/demo/demo.mp4" source.stop_s=3 \
    hydra.run.dir=live
"$work/venv/bin/python" -c "
import json
found = json.load(open('live/summary.json'))
assert (found['frames'], found['people']['count']) == (90, 1), found"
"$work/venv/bin/gastlive-lift" input="$own/realtime/demo/demo.mp4" output=lifted "formats=[npz,bvh]"
ls lifted
echo
echo "release-check of $version: 1 passed, 0 failed"
