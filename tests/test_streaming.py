"""Every streaming layer and net of the lifter keeps the promises of the streaming contract."""

import pytest
import torch

from gastlive.conf.option import option
from gastlive.gast import units
from gastlive.gast.errors import InputError
from gastlive.gast.gastnet import TemporalBlock
from gastlive.gast.lifter import Lifter
from gastlive.gast.skeleton import H36M17, HUMANEVA15
from gastlive.gast.streaming import TemporalConv, join, pad_past, streamed, take
from gastlive.gast.units import PersonUnits, ScreenUnits


def lively(net):
    """Norms as after training: their statistics are not the identity."""
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm1d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 1.5)
            module.weight.data.uniform_(0.5, 1.5)
            module.bias.data.normal_(0, 0.1)
    return net.eval()


def net(*widths, channels=8, skeleton=H36M17):
    return lively(option("net/gast27", skeleton=skeleton, filter_widths=widths, channels=channels))


class Padded(torch.nn.Module):
    """A layer that yields only whole frames, with its past filled as the lifter fills it."""

    def __init__(self, layer, past):
        super().__init__()
        self.layer, self.past = layer, past
        self.step = layer.step

    def forward(self, clip):
        return self.layer(pad_past(clip, self.past))


torch.manual_seed(0)
CONV = TemporalConv(2, 5, kernel=3, dilation=4)
BLOCK = lively(TemporalBlock(2, 3, 3, causal=True, dropout=0.1))
LAYERS = {
    "conv": Padded(CONV, CONV.past),
    "block": Padded(BLOCK, BLOCK.conv.past),
    "screen units": ScreenUnits(H36M17),
    "person units": PersonUnits(H36M17),
    "single frame": net(1),
    "mixed widths": net(3, 5, 1),
    "27 frames": net(3, 3, 3),
    "humaneva": net(3, 3, skeleton=HUMANEVA15),
    "lifter": Lifter(net(3, 3, 3), skeleton=H36M17, normalisation="person"),
}
EVERY = pytest.mark.parametrize("name", LAYERS)


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


def clip(name, frames=40, people=2):
    return torch.randn(people, frames, 15 if name == "humaneva" else 17, 2)


@EVERY
@torch.inference_mode()
def test_stepping_equals_the_clip(name):
    frames = clip(name)
    torch.testing.assert_close(
        streamed(LAYERS[name], frames), LAYERS[name](frames), rtol=0, atol=1e-5
    )


@EVERY
@torch.inference_mode()
def test_the_future_does_not_change_the_past(name):
    frames = clip(name)
    other = frames.clone()
    other[:, 25:] = torch.randn_like(other[:, 25:])
    layer = LAYERS[name]
    torch.testing.assert_close(layer(other)[:, :25], layer(frames)[:, :25])


@EVERY
@torch.inference_mode()
def test_a_step_leaves_its_state_alone(name):
    frames, layer = clip(name), LAYERS[name]
    _, state = layer.step(frames[:, 0])
    first, _ = layer.step(frames[:, 1], state)
    again, _ = layer.step(frames[:, 1], state)
    torch.testing.assert_close(first, again, rtol=0, atol=0)


@pytest.mark.parametrize(
    "layers", [3, 4, pytest.param(5, marks=pytest.mark.slow)], ids=["27", "81", "243"]
)
@torch.inference_mode()
def test_600_frames_of_people_who_come_and_go_equal_their_clips(layers):
    lifter = net(*[3] * layers, channels=4)
    present = {0: (0, 600), 1: (0, 250), 2: (100, 600), 3: (300, 550)}
    clips = {who: torch.randn(stop - start, 17, 2) for who, (start, stop) in present.items()}
    lifted = {who: [] for who in present}
    here, state = [], None
    for t in range(600):
        stayed = [who for who in here if present[who][1] > t]
        if state is not None and stayed != here:
            state = take(state, [here.index(who) for who in stayed])
        come = [who for who, (start, _) in present.items() if start == t]
        frame = {who: clips[who][t - present[who][0]] for who in stayed + come}
        outputs, states = [], []
        for people, past in ((stayed, state), (come, None)):
            if people:
                output, after = lifter.step(torch.stack([frame[who] for who in people]), past)
                outputs.append(output)
                states.append(after)
        here, state = stayed + come, join(states) if len(states) > 1 else states[0]
        for who, xyz in zip(here, torch.cat(outputs), strict=True):
            lifted[who].append(xyz)
    for who, frames in clips.items():
        difference = torch.stack(lifted[who]) - lifter(frames.unsqueeze(0))[0]
        assert difference.abs().max() <= 1e-5


@pytest.mark.parametrize("causal", [True, False], ids=["causal", "centred"])
@torch.inference_mode()
def test_the_strided_path_gives_the_numbers_of_the_dilated_one(causal):
    lifter = lively(
        option("net/gast27", skeleton=H36M17, filter_widths=(3, 5, 3), channels=8, causal=causal)
    )
    frames = torch.randn(2, lifter.receptive_field, 17, 2)
    torch.testing.assert_close(lifter.strided(frames), lifter.valid(frames), rtol=0, atol=1e-5)


@torch.inference_mode()
def test_a_causal_clip_is_the_valid_frames_of_the_clip_with_its_first_frame_repeated_before_it():
    lifter, frames = net(3, 3, 3), clip("27 frames")
    torch.testing.assert_close(
        lifter(frames), lifter.valid(pad_past(frames, 26)), rtol=0, atol=1e-5
    )


@torch.inference_mode()
def test_a_centred_clip_keeps_its_length_and_its_middle():
    lifter = lively(
        option("net/gast27", skeleton=H36M17, filter_widths=(3, 3), channels=8, causal=False)
    )
    frames = clip("centred")
    lifted = lifter(frames)
    assert lifted.shape == (2, 40, 17, 3)
    torch.testing.assert_close(lifted[:, 4:-4], lifter.valid(frames))


def test_a_centred_lifter_refuses_to_stream():
    lifter = option("net/gast27", skeleton=H36M17, filter_widths=(3,), channels=4, causal=False)
    with pytest.raises(InputError, match="centred"):
        lifter.step(torch.zeros(1, 17, 2))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [({"filter_widths": (3, 4)}, "odd"), ({"filter_widths": ()}, "odd"), ({"channels": 6}, "of 4")],
)
def test_impossible_shapes_are_refused(arguments, said):
    with pytest.raises(InputError, match=said):
        option("net/gast27", skeleton=H36M17, **arguments)


@torch.inference_mode()
def test_the_size_of_a_person_goes_on_however_long_a_clip_is():
    frames = 2 * units.BLOCK + 7
    growing = torch.linspace(1, 3, frames)[:, None, None] * torch.rand(2, 1, 17, 2)
    whole = PersonUnits(H36M17)(growing)
    torch.testing.assert_close(whole, streamed(PersonUnits(H36M17), growing), rtol=0, atol=1e-5)


@torch.inference_mode()
def test_person_units_do_not_depend_on_place_and_distance():
    units, frames = PersonUnits(H36M17), clip("person units")
    torch.testing.assert_close(units(3 * frames + 5), units(frames), rtol=1e-4, atol=1e-5)


def test_an_unknown_normalisation_names_the_choices():
    with pytest.raises(InputError, match="screen, person"):
        Lifter(net(1), skeleton=H36M17, normalisation="pixels")


@torch.inference_mode()
def test_a_person_whose_joints_all_coincide_does_not_make_the_stream_nan():
    frames = torch.rand(1, 4, 17, 2)
    frames[:, 0] = 0.3  # a detector that sees nobody puts all joints into one place
    lifter = Lifter(net(3), skeleton=H36M17, normalisation="person").eval()
    for lifted in (lifter(frames), streamed(lifter, frames)):
        assert lifted.isfinite().all()
