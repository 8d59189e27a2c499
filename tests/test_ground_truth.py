"""What lifters are given and should answer is the same through virtual and real cameras."""

from zlib import crc32

import numpy as np
import pytest
import torch

from gastlive.conf.option import option
from gastlive.datasets.clip import MotionClip
from gastlive.datasets.for_lifters.held_out import PairedViews
from gastlive.datasets.for_lifters.paired import Paired
from gastlive.datasets.for_lifters.random_views import RandomViews
from gastlive.datasets.for_lifters.windows import Windows
from gastlive.datasets.pair import Pair
from gastlive.datasets.process_seed import generator_of
from gastlive.datasets.seen.completion import make_middle
from gastlive.datasets.seen.detectable import detectable
from gastlive.datasets.seen.ground_truth import input_and_truth
from gastlive.datasets.seen.views import Views
from gastlive.gast.errors import InputError
from gastlive.gast.metrics import mpjpe_mm
from gastlive.gast.skeleton import BLAZEPOSE33, COCO17, H36M17, HUMANEVA15, KINECT20

MIDDLE = [H36M17.index[joint] for joint in ("hip", "spine", "thorax")]
HIPS = [H36M17.index[f"{side}_hip"] for side in ("left", "right")]
UNITS = ("screen", "person")


class Clips(list):
    problems = ()


def motion(layout=KINECT20):
    """Somebody at random who walks about; the layout has a middle line of its own."""
    rng = np.random.default_rng(0)
    xyz = 0.3 * rng.normal(size=(12, len(layout), 3)) + rng.normal(size=(12, 1, 3))
    return MotionClip("a", "moves", "anna", layout, xyz.astype(np.float32), 30.0)


def virtual(normalisation):
    (watched,) = option(
        "held_out/virtual",
        skeleton=H36M17,
        sets={"moves": Clips([motion()])},
        noises={"exact": None},
        views_per_clip=1,
        seed=100,
        normalisation=normalisation,
    ).watch("exact")
    return watched.xy[0], watched.xyz[0]


def filmed():
    """The same clip by the same camera: screen units, and metres in camera axes."""
    xyz = torch.from_numpy(detectable(motion(), H36M17).xyz)[None]
    camera = generator_of(100, crc32(b"moves/a"), 0)
    parts = Views().film(xyz, root=H36M17.root, generator=camera)
    return (part[0].numpy() for part in parts)


class OnePair:
    """A recording as publishers have it; maybe with joints of the middle line of its own."""

    dataset, problems, subjects = "films", (), ("anna",)

    def __init__(self, *, own_middle=0.0):
        self.xy, self.xyz = filmed()
        self.xy[:, MIDDLE] += own_middle
        self.xyz[:, MIDDLE] += own_middle

    def read(self, subjects):
        yield Pair("a", "anna", "sit", "left", H36M17, self.xy, self.xyz, 30.0)


def measured_on(pairs, normalisation):
    views = PairedViews(
        H36M17, pairs=pairs, subjects=["anna"], fps=30.0, normalisation=normalisation,
        condition="exact",
    )  # fmt: skip
    (watched,) = views.watch("exact")
    return watched.xy[0], watched.xyz[0]


def trained_on(pairs, normalisation):
    data = Paired(
        H36M17,
        pairs=pairs,
        train=["anna"],
        val=[],
        test=[],
        normalisation=normalisation,
        fps=30.0,
        frames=1,
        one_frame=True,
        causal=True,
        batch=128,
        seed=0,
    )
    data.setup()
    ((xy, xyz, _),) = data.val_dataloader()
    return xy[0].numpy(), xyz[0].numpy()


@pytest.mark.parametrize("normalisation", UNITS)
@pytest.mark.parametrize("shown", [measured_on, trained_on])
def test_a_virtual_camera_written_as_a_real_pair_gives_what_virtual_views_give(
    shown, normalisation
):
    expected = virtual(normalisation)
    for found, wanted in zip(shown(OnePair(), normalisation), expected, strict=True):
        assert found.dtype == np.float32
        np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("shown", [measured_on, trained_on])
def test_for_person_units_the_middle_line_is_made_of_shoulders_and_hips_as_live(shown):
    xy, xyz = shown(OnePair(own_middle=0.05), "person")
    for found, wanted in zip((xy, xyz), virtual("person"), strict=True):
        np.testing.assert_array_equal(found, wanted)
    np.testing.assert_allclose(xy[:, H36M17.root], xy[:, HIPS].mean(1), atol=1e-6)


def test_for_screen_units_the_publishers_joints_and_axes_are_kept():
    pairs = OnePair(own_middle=0.05)
    xy, xyz = measured_on(pairs, "screen")
    np.testing.assert_allclose(xy, pairs.xy, atol=1e-6)
    np.testing.assert_allclose(xyz, pairs.xyz - pairs.xyz[:, :1], atol=1e-6)


def panned(points, degrees):
    """Points in camera axes of a camera that turns to its right where it stands."""
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return points @ np.array([[cos, 0, sin], [0, 1, 0], [-sin, 0, cos]])


@pytest.mark.parametrize("degrees", [-25, 10, 30])
def test_a_perfect_lifter_in_person_units_has_no_error_wherever_in_the_picture_the_person_is(
    degrees,
):
    pairs = OnePair()
    pose = motion(H36M17).xyz.astype(np.float64)
    centred = torch.from_numpy(pose - pose[:, HIPS].mean(1, keepdims=True))
    pose = make_middle(centred, H36M17).numpy()
    answer = torch.from_numpy(pose.astype(np.float32))  # as seen from straight ahead
    pairs.xyz = panned(pose + np.array([0, 0, 4.0]), degrees)
    true = {units: torch.from_numpy(measured_on(pairs, units)[1]) for units in UNITS}
    assert mpjpe_mm(answer, true["person"]) < 1e-3
    assert mpjpe_mm(answer, true["screen"]) > 50


@pytest.mark.parametrize("normalisation", UNITS)
def test_training_views_follow_the_same_rule(normalisation):
    clip = detectable(motion(), H36M17).xyz
    views = RandomViews(
        Windows([[clip]], shares=[1], frames=12), H36M17, batch=1, batches=1, seed=0, fixed=True,
        normalisation=normalisation, views=Views(), noise=None, mirror=0.0,
    )  # fmt: skip
    ((xy, xyz, _),) = views
    generator = generator_of(0, 0)
    windows, _ = views.windows.draw(1, generator)
    torch.rand(1, generator=generator)
    expected = input_and_truth(
        *Views().film(windows, root=0, generator=generator), H36M17, normalisation=normalisation
    )
    for found, wanted in zip((xy, xyz), expected, strict=True):
        torch.testing.assert_close(found, wanted, rtol=0, atol=0)


def test_only_what_is_made_of_a_missing_joint_is_missing():
    xy, xyz = filmed()
    xy[2, H36M17.index["left_wrist"]] = xyz[3, H36M17.index["left_shoulder"]] = np.nan
    given = torch.from_numpy(xy), torch.from_numpy(xyz)
    xy, xyz = (part.numpy() for part in input_and_truth(*given, H36M17, normalisation="person"))
    assert np.argwhere(np.isnan(xy).any(-1)).tolist() == [[2, H36M17.index["left_wrist"]]]
    lost = [H36M17.index[joint] for joint in ("spine", "thorax", "left_shoulder")]
    assert np.argwhere(np.isnan(xyz).any(-1)).tolist() == [[3, joint] for joint in sorted(lost)]


@pytest.mark.parametrize("layout", [COCO17, BLAZEPOSE33, HUMANEVA15], ids=lambda s: s.name)
def test_layouts_without_some_or_all_of_the_middle_line_have_a_truth_too(layout):
    rng = np.random.default_rng(0)
    given = rng.normal(size=(4, len(layout), 2)), rng.normal([0, 0, 5], 0.3, (4, len(layout), 3))
    tensors = map(torch.from_numpy, given)
    xy, xyz = (part.numpy() for part in input_and_truth(*tensors, layout, normalisation="person"))
    sides = [i for i, j in enumerate(layout.joints) if j.startswith(("left_", "right_"))]
    np.testing.assert_allclose(xy[:, sides], given[0][:, sides], atol=1e-6)
    lengths = np.linalg.norm(np.diff(xyz[:, sides], axis=1), axis=-1)
    expected = np.linalg.norm(np.diff(given[1][:, sides], axis=1), axis=-1)
    np.testing.assert_allclose(lengths, expected, atol=1e-5)


def test_units_that_there_are_not_are_named_with_the_choices():
    with pytest.raises(InputError, match="unknown normalisation 'pixels'; choose from screen, pe"):
        measured_on(OnePair(), "pixels")
