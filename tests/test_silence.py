"""Nothing is sent to anybody."""

import json
import shutil
import subprocess
import sys

import pytest

ALONE = ("unshare", "--user", "--map-root-user", "--net")


@pytest.mark.slow
def test_the_live_program_runs_where_there_is_no_network(tmp_path, demo_film):
    if not shutil.which("unshare") or subprocess.run([*ALONE, "true"], check=False).returncode:
        pytest.skip("no network namespaces here")
    film = demo_film(tmp_path / "film.mp4", frames=12)
    command = [
        *ALONE, sys.executable, "-m", "gastlive.realtime.live", "source=video",
        f"source.path={film}", "sink=[jsonl]", f"hydra.run.dir={tmp_path}/run",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=200)
    assert (done.returncode, done.stderr) == (0, "")
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    assert (summary["ended"], summary["frames"]) == ("source ended", 12)


def test_openvino_has_nothing_to_send_with():
    script = (
        "import sys\n"
        "from gastlive.gast.runtimes.compilers import core\n"
        "core()\n"
        "import openvino.tools.ovc.telemetry_utils as used\n"
        "print(used.tm.__name__, sys.modules['openvino_telemetry'])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=100
    )
    assert done.stdout == "openvino.tools.ovc.telemetry_stub None\n"
