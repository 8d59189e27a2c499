"""Programs fail in one clear line: as a user runs them, or in this process, which has torch."""

import logging
import os
import signal
import subprocess
import sys

import pytest
from hydra import compose, initialize_config_module
from hydra.errors import InstantiationException
from omegaconf import OmegaConf
from omegaconf.errors import MissingMandatoryValue

from gastlive.conf.program import explained, quoted
from gastlive.gast.errors import InputError
from gastlive.realtime.live import VERBATIM, main


def live(*arguments, folder, **environment):
    """What `gastlive` ends with, says and writes to stderr."""
    done = subprocess.run(
        [sys.executable, "-m", "gastlive.realtime.live", *arguments],
        cwd=folder,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=100,
    )
    return done.returncode, done.stdout, done.stderr


def test_an_unknown_option_names_the_choices(tmp_path):
    status, _, said = live("source=telescope", folder=tmp_path)
    assert status == 1
    assert "there is no source 'telescope'" in said
    for choice in ("demo", "images", "keypoints", "stream", "video", "webcam"):
        assert choice in said
    assert "Traceback" not in said


def test_an_unknown_setting_is_named(tmp_path):
    status, _, said = live("source.colour=red", folder=tmp_path)
    assert status == 1
    assert "colour" in said
    assert "Traceback" not in said


def test_what_a_user_gets_wrong_ends_the_program_with_one_line(tmp_path):
    status, _, errors = live("source=video", folder=tmp_path)
    assert status == 1
    assert "source.path is missing; give source.path=..." in errors
    assert errors.startswith("gastlive: ")
    assert errors.count("\n") == 1


def test_a_window_without_a_display_ends_the_program_with_one_line(ended, tmp_path, monkeypatch):
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.setenv(name, "")
    status, _, errors = ended(main, "sink=[window]", folder=tmp_path)
    assert status == 1
    assert "needs a display" in errors
    assert errors.startswith("gastlive: ")
    assert errors.count("\n") == 1


@pytest.fixture
def handlers():
    """The tests' own signal handlers again, after a program took them to the end of its process."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("handlers")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["source=video", "source.path=none.mp4"], "none.mp4"),
        (["lifter.checkpoint=gast9"], "no lifter 'gast9'"),
        (["classifier.checkpoint=nothing"], "no head 'nothing'"),
        (["decision.leave=0.3", "decision.enter=0.1"], "leave=0.3, enter=0.1"),
        (["decision.smooth_s=often"], "decision.smooth_s=often: wanted a number or null (time"),
        (["decision.enter=abc"], "decision.enter=abc: wanted a number or null (probability at"),
        (["sink.video.crf=low"], "sink.video.crf=low: wanted a whole number (quality"),
        (["source.realtime=1"], "source.realtime=1: wanted true or false (play at its own speed"),
        (["patience_s=long"], "patience_s=long: wanted a number (stream time"),
        (["strolls=[jog]"], "strolls=['jog']: wanted pairs of labels, such as [[jog, walk]]"),
        (["sourse=webcam"], "there is no 'sourse'; did you mean source=webcam?"),
        (["source=webcm"], "there is no source 'webcm'; did you mean source=webcam?"),
        (["source=a/my.mp4"], "'a/my.mp4'; did you mean source=video source.path=a/my.mp4?"),
        (["source=/my.mp4"], "'/my.mp4'; did you mean source=video source.path=/my.mp4?"),
        (["source=rtsp://a.b/c"], "did you mean source=stream source.url=rtsp://a.b/c?"),
        (["decision.settle_s=-1"], "decision.settle_s=-1 is no time; give seconds from 0"),
        (["sorce.path=my.mp4"], "there is no 'sorce.path'; did you mean source.path=my.mp4?"),
        (["+quux=1"], "there is no 'quux'; --help lists the keys"),
        (["+sorce.path=my.mp4"], "there is no 'sorce.path'; did you mean source.path=my.mp4?"),
        (["++patience=3"], "there is no 'patience'; did you mean patience_s=3?"),
        (["+source.sped=2"], "source can't be made as given"),
        (["budget=3"], "there is no 'budget'; did you mean detector.budget=3?"),
        (
            ["source.path=my.mp4"],
            "source=demo has no path, source=keypoints and source=video have it; use source=video",
        ),
        (["source.path=my.jsonl"], "source=video have it; use source=keypoints"),
        (["my.mp4"], "'my.mp4' is no KEY=VALUE; --help lists the keys"),
        (["threads=0"], "threads=0 is no number of CPU threads"),
        (["detector=none"], "detector=none needs source=keypoints"),
    ],
)
def test_what_a_user_gets_wrong_is_one_line(tmp_path, arguments, said, monkeypatch, capfd):
    logger = logging.getLogger("gastlive")
    for name in ("handlers", "propagate", "level"):  # the program takes it for itself
        monkeypatch.setattr(logger, name, getattr(logger, name))
    monkeypatch.setattr(sys, "argv", ["gastlive", *arguments, f"hydra.run.dir={tmp_path}"])
    with pytest.raises(SystemExit) as ended:
        main()
    errors = capfd.readouterr().err
    assert ended.value.code == 1
    assert said in errors
    assert errors.startswith("gastlive: ")
    assert errors.count("\n") == 1


@pytest.mark.parametrize(
    ("given", "understood"),
    [
        ("source.url=rtsp://me:s!cret@cam/x?channel=1&subtype=0", None),
        (r"source.path=a folder/it's (1), [2].mp4", None),
        (r"source.path=C:\clips\new.mp4", None),
        ("source.url='rtsp://cam/1'", "rtsp://cam/1"),
        ("source.url=${oc.env:CAMERA}", "rtsp://from/env"),
    ],
)
def test_addresses_and_paths_are_taken_as_they_stand(given, understood, monkeypatch):
    monkeypatch.setenv("CAMERA", "rtsp://from/env")
    key, _, value = given.partition("=")
    group = "source=stream" if key.endswith("url") else "source=video"
    with initialize_config_module("gastlive.conf", version_base="1.3"):
        cfg = compose("live", overrides=[group, quoted(given, VERBATIM)])
    assert cfg.source[key.partition(".")[2]] == (understood or value)


def test_weights_may_be_given_as_the_option_itself():
    given = "lifter=my (best).safetensors"
    assert quoted(given, VERBATIM) == "lifter.checkpoint='my (best).safetensors'"
    assert quoted(given, ("input",)) == given


def test_other_options_are_left_as_they_are():
    for argument in ("detector.threads=2", "sink=[jsonl]", "source.path=null", "--help"):
        assert quoted(argument, VERBATIM) == argument


def test_a_server_without_libgl_is_told_what_to_install(tmp_path):
    said = "libGL.so.1: cannot open shared object file: No such file or directory"
    (tmp_path / "cv2.py").write_text(f"raise ImportError({said!r})")
    status, _, errors = live(folder=tmp_path, PYTHONPATH=str(tmp_path))
    assert status == 1
    assert "libGL.so.1" in errors
    assert "install libgl1 or pip install opencv-python-headless" in errors
    assert errors.count("\n") == 1


def test_a_name_that_is_no_utf8_can_be_named_by_every_program(tmp_path):
    name = os.fsdecode(b"caf\xe9.mp4")
    done = subprocess.run(
        [sys.executable, "-m", "gastlive.experiments.lift", f"input={name}", "output=out"],
        env={**os.environ, "PYTHONIOENCODING": "utf-8:strict"},
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.startswith(r"gastlive: input=caf\udce9.mp4: no such file")


def test_a_folder_that_can_not_be_written_is_named(ended, tmp_path):
    (tmp_path / "file").write_text("in the way")
    status, _, errors = ended(main, f"run_folder={tmp_path}/file/run", folder=tmp_path)
    assert status == 1
    assert f"{tmp_path}/file" in errors
    assert "Traceback" not in errors


def test_a_users_own_options_come_from_outside(tmp_path):
    (tmp_path / "mine" / "decision").mkdir(parents=True)
    (tmp_path / "mine" / "decision" / "careful.yaml").write_text("enter: 0.87\n")
    given = ["--config-dir", "mine", "decision=careful", "--cfg", "job"]
    status, said, _ = live(*given, folder=tmp_path)
    assert status == 0
    assert "enter: 0.87" in said


def test_a_mistyped_flag_names_the_nearest(tmp_path):
    status, _, said = live("--verison", folder=tmp_path)
    assert status == 2
    assert said == "gastlive: there is no --verison; did you mean --version? --help shows what "\
        "there is\n"  # fmt: skip


@pytest.mark.parametrize("arguments", [["source=video", "source.path=no.mp4"], ["threads=0"]])
def test_a_run_that_failed_leaves_no_folder(ended, tmp_path, arguments):
    status, _, _ = ended(main, *arguments, folder=tmp_path)
    assert status == 1
    assert not list(tmp_path.iterdir())


def test_a_run_that_failed_leaves_what_others_put_there(ended, tmp_path):
    (tmp_path / "outputs" / "live").mkdir(parents=True)
    (tmp_path / "outputs" / "mine.txt").write_text("kept")
    ended(main, "threads=0", folder=tmp_path)
    assert [each.name for each in (tmp_path / "outputs").iterdir()] == ["mine.txt"]


def test_help_explains_the_groups(tmp_path):
    status, said, _ = live("--help", folder=tmp_path)
    assert status == 0
    assert "associates poses with people" in said
    for group in ("source", "detector", "tracker", "lifter", "classifier", "decision", "sink"):
        assert f"\n  {group}: " in said


def caused(cause):
    """An error of hydra's instantiate with this cause."""
    try:
        raise InstantiationException("Error in call to target 'x'\nfull_key: detector") from cause
    except InstantiationException as error:
        return error


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (InputError("no\n  camera"), "no camera"),
        (caused(InputError("no camera")), "no camera"),
        (caused(caused(OSError("disk full"))), "disk full"),
        (caused(TypeError("size is a str")), "detector can't be made as given: size is a str"),
    ],
)
def test_errors_become_one_line(error, said):
    assert explained(error) == said


def test_a_missing_value_says_how_to_give_it():
    cfg = OmegaConf.create({"source": {"path": "???"}})
    with pytest.raises(MissingMandatoryValue) as caught:
        _ = cfg.source.path
    assert explained(caught.value) == "source.path is missing; give source.path=..."


@pytest.mark.parametrize(
    "given", [["--config-dir", "mine"], ["--config-dir=mine"], ["-cd", "mine"]]
)
def test_yaml_from_a_folder_of_ones_own_is_said_to_be_code(tmp_path, given):
    (tmp_path / "mine").mkdir()
    status, shown, errors = live(*given, "--cfg", "job", folder=tmp_path)
    assert status == 0
    assert "detector:" in shown
    assert (
        errors == "gastlive: the yamls in mine count as code: a _target_ runs whatever it names\n"
    )
