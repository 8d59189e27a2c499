"""A motion bank, and training from it."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from gastlive.datasets.clip import MotionClip, Segment
from gastlive.datasets.own.bank import Bank, write_bank
from gastlive.datasets.rates import resample
from gastlive.datasets.seen.detectable import detectable
from gastlive.gast.errors import InputError
from gastlive.gast.skeleton import H36M17, KINECT20


def walk(name, subject, dataset="moves", frames=90):
    rng = np.random.default_rng(len(name))
    steps = rng.normal((0.02, 0, 0), 0.01, (frames, len(KINECT20), 3))
    xyz = (rng.normal(size=(len(KINECT20), 3)) + steps.cumsum(0)).astype(np.float32)
    wave = (Segment(10, 40, "wave"),)
    return MotionClip(name, dataset, subject, KINECT20, xyz, 60.0, wave)


@pytest.fixture
def bank(tmp_path):
    clips = [walk("a", "anna"), walk("bb", "berta"), walk("ccc", "carl", "others")]
    write_bank(tmp_path / "bank.npz", clips, layout=H36M17, fps=30.0)
    return tmp_path / "bank.npz"


def test_clips_of_a_bank_are_those_of_the_reader_to_the_millimetre(bank):
    kept = list(Bank(str(bank), dataset="moves"))
    assert [(clip.name, clip.subject) for clip in kept] == [("a", "anna"), ("bb", "berta")]
    for clip in kept:
        raw = detectable(resample(walk(clip.name, clip.subject), 30.0), H36M17)
        shift = [*raw.xyz[0, 0, :2], 0]  # where in the room it begins is not kept
        again = detectable(resample(clip, 30.0), H36M17)  # as the data module does
        np.testing.assert_allclose(again.xyz, raw.xyz - shift, atol=2e-3)
        assert clip.segments == raw.segments
        assert clip.fps == 30.0


def test_a_bank_gives_one_data_set_and_the_subjects_that_are_wanted(bank):
    assert len(Bank(str(bank), dataset="others")) == 1
    assert [c.name for c in Bank(str(bank), dataset="moves", subjects=["berta"])] == ["bb"]
    with pytest.raises(InputError, match="no data set nothing; choose from moves, others"):
        Bank(str(bank), dataset="nothing")
    with pytest.raises(InputError, match="no subject carl of moves; choose from anna, berta"):
        Bank(str(bank), dataset="moves", subjects=["carl"])


def test_what_is_no_bank_is_refused(tmp_path):
    (tmp_path / "no.npz").write_text("no")
    with pytest.raises(InputError, match="can't read the motion bank"):
        Bank(str(tmp_path / "no.npz"), dataset="moves")
    with pytest.raises(InputError, match="no complete clip"):
        write_bank(tmp_path / "empty.npz", [], layout=H36M17, fps=30.0)


BATCH = """
import builtins, sys
real = builtins.__import__
def without(name, globals=None, *rest, **more):
    # Lightning looks for scipy by its version and would break; what it does without is its affair.
    ours = (globals or {}).get("__name__", "").startswith("gastlive")
    if ours and name.split(".")[0] in ("scipy", "sklearn", "cv2"):
        raise ImportError(name)
    return real(name, globals, *rest, **more)
builtins.__import__ = without
from gastlive.conf.option import option
from gastlive.datasets.for_lifters.random_views import Lifting
from gastlive.datasets.own.bank import Bank
from gastlive.gast.skeleton import H36M17
sets = {"moves": Bank(sys.argv[1], dataset="moves")}
data = Lifting(
    H36M17, train=sets, val=sets, shares={}, normalisation="person", fps=30.0, frames=9, batch=4,
    batches=1, early=True, appear=0.05, varied=0.3, paces=(0.5, 2.5), val_frames=9, val_batches=1,
    seed=0, noise=option("noise/measured"), exact=0.25, mirror=0.5,
    neighbours=0, films=(), film_share=0.0,
)
data.setup()
((xy, xyz, confidence),) = data.train_dataloader()
print(*xy.shape, *xyz.shape, *confidence.shape, xy.isfinite().all().item())
"""


def test_a_training_batch_needs_neither_scipy_nor_sklearn_nor_opencv(bank):
    done = subprocess.run(
        [sys.executable, "-c", BATCH, str(bank)], capture_output=True, text=True, check=False,
        cwd=Path(__file__).parent,
    )  # fmt: skip
    assert done.stdout == "4 9 17 2 4 9 17 3 4 9 17 True\n", done.stderr
