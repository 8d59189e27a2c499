"""Heads: streaming equals the clip, and files say what they are."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from gastlive.action.calibration import best_temperature, calibration_error
from gastlive.action.checkpoint import load_head, save_head
from gastlive.action.features import (
    ALL_FEATURES,
    BodyFeatures,
    ToTheFront,
    WindowFeatures,
    angles,
    bones,
    inward,
    motion,
)
from gastlive.action.heads.few import Few
from gastlive.action.heads.lru import Block
from gastlive.action.heads.several import Several, together
from gastlive.action.heads.tcn import TCN
from gastlive.conf.option import option
from gastlive.gast.errors import InputError
from gastlive.gast.skeleton import COCO17, H36M17, HUMANEVA15
from gastlive.gast.streaming import join, streamed, take

LABELS = ("idle", "wave", "squat", "kick")


def shaken(net):
    """Evaluation mode, with normalisation that is not the identity."""
    torch.manual_seed(1)
    for name, value in net.named_buffers():
        if name.endswith("running_mean"):
            value.normal_(0, 0.3)
        if name.endswith("running_var"):
            value.uniform_(0.5, 2)
    return net.eval()


def few():
    """Two actions kept and two taught."""
    return Few(
        H36M17, labels=("idle", "wave", "jump", "bow"), fps=30.0, channels=24, dilations=(1, 2, 4),
        dropout=0.0, features=ALL_FEATURES, known=LABELS, kept=(0, 1), groups=3, phases=2,
    )  # fmt: skip


TCN_OF_24 = {
    "head": "tcn.TCN",
    "settings": {
        "channels": 24, "dilations": [1, 2, 4], "dropout": 0.0, "features": list(ALL_FEATURES)
    },
}  # fmt: skip
LRU_OF_16 = {
    "head": "lru.LRU",
    "settings": {
        "channels": 16, "states": 8, "layers": 2, "dropout": 0.0, "features": list(ALL_FEATURES)
    },
}  # fmt: skip


def several(*members):
    return Several(H36M17, labels=LABELS, fps=30.0, members=members or (TCN_OF_24, LRU_OF_16))


def few_of_several():
    return Few(
        H36M17, labels=("idle", "wave", "bow"), fps=30.0, known=LABELS, kept=(0, 1), groups=3,
        trunk="several.Several", members=(TCN_OF_24, LRU_OF_16),
    )  # fmt: skip


STREAMING = {
    "features": lambda: BodyFeatures(H36M17),
    "other features": lambda: BodyFeatures(H36M17, kinds=("angle", "bone_motion")),
    "turned features": lambda: BodyFeatures(H36M17, kinds=("front", "joint", "bone_motion")),
    "tcn": lambda: option(
        "head/tcn", skeleton=H36M17, labels=LABELS, channels=24, dilations=(1, 2, 4)
    ),
    "gru": lambda: option("head/gru", skeleton=H36M17, labels=LABELS, channels=24, layers=2),
    "lru": lambda: option("head/lru", skeleton=H36M17, labels=LABELS, channels=24, states=8),
    "few": few,
    "several": several,
    "few of several": few_of_several,
}


@pytest.fixture(params=STREAMING)
def net(request):
    torch.manual_seed(0)
    return shaken(STREAMING[request.param]())


def clip(people=3, frames=40, joints=17, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(people, frames, joints, 3, generator=generator) * 0.4


@torch.inference_mode()
def test_stepping_equals_the_clip(net):
    xyz = clip()
    assert (streamed(net, xyz) - net(xyz)).abs().max() < 1e-5


@torch.inference_mode()
def test_the_future_does_not_change_the_past(net):
    xyz, other = clip(), clip()
    other[:, 25:] = clip(seed=1)[:, 25:]
    whole, changed = net(xyz), net(other)
    assert torch.allclose(whole[:, :25], changed[:, :25], atol=1e-5)
    assert not torch.allclose(whole[:, 25:], changed[:, 25:], atol=1e-2)


@torch.inference_mode()
def test_a_step_leaves_its_state_alone(net):
    xyz = clip()
    _, state = net.step(xyz[:, 0])
    first, _ = net.step(xyz[:, 1], state)
    net.step(xyz[:, 2], state)
    again, _ = net.step(xyz[:, 1], state)
    assert torch.equal(first, again)


@torch.inference_mode()
def test_people_come_and_go_without_touching_each_other(net):
    xyz = clip()
    _, state = net.step(xyz[:, 0])
    _, late = net.step(xyz[2:, 1])
    together, _ = net.step(xyz[[1, 2], 2], join([take(state, [1]), late]))
    _, alone = net.step(xyz[1:2, 0])
    alone, _ = net.step(xyz[1:2, 2], alone)
    assert torch.allclose(together[:1], alone, atol=1e-5)


@torch.inference_mode()
def test_features_do_not_depend_on_the_size_of_the_body():
    features, xyz = BodyFeatures(H36M17), clip()
    assert torch.allclose(features(xyz), features(1.7 * xyz), atol=1e-4)


@torch.inference_mode()
def test_nothing_moves_in_the_first_frame_nor_when_standing_still():
    still = clip(frames=1).expand(-1, 10, -1, -1)
    assert BodyFeatures(H36M17)(still)[..., 6:].abs().max() < 1e-6


@torch.inference_mode()
def test_features_are_joints_bones_and_their_motions_in_units_of_the_body():
    xyz = clip(1, 2)
    child, parent = (list(ends) for ends in zip(*H36M17.bones, strict=True))
    lengths = (xyz[:, :, child] - xyz[:, :, parent]).norm(dim=-1)
    first, second = lengths.square().mean(-1).sqrt()[0]
    joints = (xyz - xyz[:, :, :1])[0] / torch.stack([first, 0.9 * first + 0.1 * second])[
        :, None, None
    ]
    to_bones = torch.zeros_like(joints)
    to_bones[:, child] = joints[:, child] - joints[:, parent]
    pose = torch.cat([joints, to_bones], -1)
    expected = torch.cat([pose[1], pose[1] - pose[0]], -1)
    torch.testing.assert_close(BodyFeatures(H36M17)(xyz)[0, 1], expected, rtol=0, atol=1e-5)


@torch.inference_mode()
def test_features_come_in_the_order_asked_for():
    xyz = clip()
    everything = BodyFeatures(H36M17, kinds=ALL_FEATURES)(xyz)
    assert torch.equal(everything[..., :12], BodyFeatures(H36M17)(xyz))
    for kinds in (("bone_motion", "joint"), ("angle",), ("joint_motion", "angle", "bone")):
        features = BodyFeatures(H36M17, kinds=kinds)
        places = [3 * ALL_FEATURES.index(kind) + i for kind in kinds for i in range(3)]
        assert torch.equal(features(xyz), everything[..., places])
        assert features.channels == len(places)


@pytest.mark.parametrize("kinds", [(), ("joint", "smell"), ("bone", "bone")])
def test_features_that_can_not_be_are_named(kinds):
    with pytest.raises(InputError, match=r"features \[.*; give different ones of joint, bone"):
        option("head/tcn", skeleton=H36M17, labels=LABELS, features=kinds)


@torch.inference_mode()
def test_features_to_the_front_do_not_depend_on_where_the_camera_stands():
    kinds = ("front", "joint", "bone", "joint_motion")
    xyz = clip() - clip()[:, :, :1]
    turn = xyz.new_tensor([[0.0, 0, 1], [0, 1, 0], [-1, 0, 0]])  # a quarter about the vertical
    features = BodyFeatures(H36M17, kinds=kinds)
    torch.testing.assert_close(features(xyz @ turn), features(xyz), rtol=0, atol=1e-4)
    assert features.channels == 9
    plain = BodyFeatures(H36M17, kinds=kinds[1:])
    assert (plain(xyz @ turn) - plain(xyz)).abs().max() > 0.5


@torch.inference_mode()
def test_angles_do_not_depend_on_where_a_person_faces():
    turn = torch.linalg.qr(torch.randn(3, 3, generator=torch.Generator().manual_seed(3)))[0]
    features, xyz = BodyFeatures(H36M17, kinds=("angle",)), clip()
    torch.testing.assert_close(features(2.0 * xyz @ turn), features(xyz), rtol=0, atol=1e-4)


def test_angles_are_between_a_bone_and_those_before_it_and_beside_it():
    pose, place = torch.zeros(17, 3), H36M17.index
    pose[place["left_elbow"]] = torch.tensor([1.0, 0, 0])  # from the shoulder, at the origin
    pose[place["left_wrist"]] = torch.tensor([1.0, 2, 0])
    pose[place["right_elbow"]] = torch.tensor([-3.0, 0, 0])
    pose[place["right_wrist"]] = torch.tensor([-3.0, 1, 1])
    inner = inward(H36M17)
    cosines = angles(bones(pose, inner), inner, torch.from_numpy(H36M17.mirror))
    half = 0.5**0.5
    expected = {"left_elbow": [0, 0, -1], "left_wrist": [0, 0, half], "nose": [0, 0, 0]}
    for joint, cosine in expected.items():
        torch.testing.assert_close(cosines[place[joint]], torch.tensor(cosine).float())
    assert inner[place["left_wrist"]] == place["left_elbow"]
    assert inner[H36M17.root] == H36M17.root


def test_motion_is_the_change_since_the_frame_before():
    moved = motion(torch.tensor([[1.0, 3.0, 2.0]])[..., None])
    assert moved.flatten().tolist() == [0, 2, -1]


@torch.inference_mode()
def test_a_tcn_sees_exactly_its_receptive_field():
    head, xyz = shaken(STREAMING["tcn"]()), clip(1, 30)

    def last(flipped):
        """The last scores if so many frames at the beginning are seen in a mirror."""
        changed = xyz.clone()
        changed[:, :flipped, :, 0] *= -1  # bones keep their lengths, so the body keeps its size
        return head(changed)[:, -1]

    assert head.receptive_field == 16
    assert torch.allclose(last(30 - 16), last(0), atol=1e-5)
    assert not torch.allclose(last(30 - 15), last(0), atol=1e-4)


@torch.inference_mode()
def test_a_lru_still_knows_after_three_seconds_what_a_tcn_has_forgotten():
    def told_apart(kind):
        """How far the last scores differ if the first half second is seen in a mirror."""
        head, xyz = shaken(option(f"head/{kind}", skeleton=H36M17, labels=LABELS)), clip(1, 105)
        other = xyz.clone()
        other[:, :15, :, 0] *= -1
        return (head(other) - head(xyz))[:, -1].abs().max()

    assert told_apart("lru") > 100 * told_apart("tcn")


@torch.inference_mode()
def test_memories_of_a_lru_fade_whatever_training_makes_of_them():
    block = Block(4, 300, 0.0, fps=30.0).eval()
    block.log_rate.uniform_(-9, 4)
    _, memory = block.step(torch.ones(1, 4))
    _, later = block.step(torch.zeros(1, 4), memory)
    sizes = [torch.complex(*x.split(300, -1)).abs() for x in (memory, later)]
    assert (sizes[1] < sizes[0]).all()
    assert later.isfinite().all()


@torch.inference_mode()
def test_window_features_do_not_depend_on_where_people_face_nor_on_their_size():
    features, xyz = WindowFeatures(H36M17, samples=12), clip(2, 20)
    cos, sin = np.cos(0.8), np.sin(0.8)
    turn = torch.tensor([[cos, 0, sin], [0, 1, 0], [-sin, 0, cos]], dtype=torch.float32)
    assert torch.allclose(features(xyz), features(1.4 * xyz @ turn + 3.0), atol=1e-4)


@torch.inference_mode()
def test_window_features_turn_the_left_to_the_right_of_the_picture():
    features, xyz = WindowFeatures(H36M17, samples=4), clip(2, 4)
    pose = features(xyz).view(2, 17, 3, 7)[..., :4].mean(-1)
    sides = [[H36M17.index[f"{s}_{p}"] for p in ("hip", "shoulder")] for s in ("left", "right")]
    across = (pose[:, sides[0]] - pose[:, sides[1]]).mean(1)
    assert (across[:, 0] > 0).all()
    assert across[:, 2].abs().max() < 1e-5


def side_on(frames=8, noise=0.0):
    """Windows (2, T, 17, 3) in which left lies on right."""
    xyz = clip(2, frames)
    left = [joint for joint in range(17) if H36M17.mirror[joint] > joint]
    xyz[:, :, left] = xyz[:, :, H36M17.mirror[left]]
    return xyz + noise * torch.randn(xyz.shape, generator=torch.Generator().manual_seed(3))


@pytest.mark.parametrize("noise", [0.0, 1e-3])
def test_a_person_whose_left_lies_on_the_right_is_not_turned_by_noise(noise):
    window = side_on(noise=noise).requires_grad_()
    turned = ToTheFront(H36M17)(window)
    torch.testing.assert_close(turned, window)
    turned.square().sum().backward()
    torch.testing.assert_close(window.grad, 2 * window.detach())


def test_turning_to_the_front_is_a_rotation_for_every_person_of_a_batch():
    seen_well, seen_side_on = clip(1, 8), side_on()[:1]
    windows = torch.cat([seen_well, seen_side_on])
    turned = ToTheFront(H36M17)(windows)
    torch.testing.assert_close(turned.norm(dim=-1), windows.norm(dim=-1))
    torch.testing.assert_close(turned[..., 1], windows[..., 1])
    torch.testing.assert_close(turned[:1], ToTheFront(H36M17)(seen_well))
    assert not torch.allclose(turned[0], windows[0], atol=0.1)


@pytest.fixture
def fitted():
    torch.manual_seed(0)
    targets = torch.arange(90) % 3
    windows = clip(90, 12)
    windows[..., 16, 1] += 2.0 * targets[:, None]
    head = option("head/svm", skeleton=H36M17, labels=LABELS, frames=12, samples=6)
    head.fit(windows, targets)
    return head, windows, targets


def test_a_svm_says_what_scikit_learn_says(fitted, tmp_path):
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import LinearSVC

    head, windows, targets = fitted
    machine = LinearSVC(C=1e-3, random_state=0, class_weight="balanced", max_iter=5000)
    pipeline = make_pipeline(StandardScaler(), machine)
    pipeline.fit(head.features(windows).numpy(), targets.numpy())
    save_head(head, tmp_path / "svm.safetensors", background="idle")
    read, _ = load_head(tmp_path / "svm.safetensors")
    logits = read(windows)
    expected = pipeline.decision_function(head.features(windows).numpy())
    assert np.abs(logits[:, :3].numpy() - expected).max() < 1e-4
    assert (logits.argmax(1) == targets).float().mean() > 0.9


def test_a_svm_never_names_an_action_that_it_was_not_shown(fitted):
    head, _, _ = fitted
    assert (head(clip(200, 12, seed=5)).argmax(1) != 3).all()


def test_a_window_slides_over_a_stream(fitted):
    head, _, _ = fitted
    stream = clip(2, 15)
    logits = head.per_frame(stream)
    assert torch.allclose(logits[:, 13], head(stream[:, 2:14]), atol=1e-4)
    early = torch.cat([stream[:, :1].expand(-1, 11, -1, -1), stream[:, :1]], 1)
    assert torch.allclose(logits[:, 0], head(early), atol=1e-4)


@torch.inference_mode()
@pytest.mark.parametrize("kind", ["tcn", "gru", "lru"])
def test_a_head_comes_back_from_its_file_as_it_was(kind, tmp_path):
    head = shaken(
        option(
            f"head/{kind}", skeleton=H36M17, labels=LABELS, channels=24, features=("bone", "angle")
        )
    )
    path = tmp_path / "sub" / "head.safetensors"
    save_head(
        head, path, background="idle", temperature=1.5, lifter=("mine", "ab12"),
        training={"seed": 3},
    )  # fmt: skip
    read, card = load_head(path, layout="h36m17", fps=30.0, labels=LABELS)
    assert torch.equal(read(clip()), head(clip()))
    assert (card.background, card.temperature, card.lifter_sha256) == ("idle", 1.5, "ab12")
    assert (card.frames, card.receptive_field) == (None, head.receptive_field)
    assert card.training == {"seed": 3}
    assert not read.training


@torch.inference_mode()
@pytest.mark.parametrize("make", [several, few, few_of_several])
def test_heads_of_other_heads_come_back_as_they_were(make, tmp_path):
    head, path = shaken(make()), tmp_path / "head.safetensors"
    save_head(head, path, background="idle")
    read, card = load_head(path)
    assert torch.equal(read(clip()), head(clip()))
    assert card.receptive_field == head.receptive_field


def test_a_file_of_what_was_taught_before_trunks_could_be_chosen_still_loads():
    made = few()
    earlier = {name: value for name, value in made.settings.items() if name != "trunk"}
    again = Few(H36M17, labels=made.labels, fps=30.0, **earlier)
    again.load_state_dict(made.state_dict())


def saved_members(tmp_path, **changes):
    """A tcn and a lru of the same labels, in files, with temperatures 2 and 0.5."""
    heads = []
    for i, kind in enumerate(("tcn", "lru")):
        torch.manual_seed(i)
        head = shaken(option(f"head/{kind}", skeleton=H36M17, labels=LABELS, channels=16))
        path = tmp_path / f"{kind}.safetensors"
        saved = {"background": "idle", "temperature": (2.0, 0.5)[i], "lifter": ("mine", "ab12")}
        save_head(head, path, **(saved | changes if i else saved))
        heads.append(path)
    return heads


@torch.inference_mode()
def test_heads_side_by_side_say_the_mean_of_what_they_say(tmp_path):
    paths = saved_members(tmp_path)
    tcn, lru = (load_head(path) for path in paths)
    both, xyz = together([tcn, lru], paths), clip()
    mean = (tcn[0](xyz) / 2.0 + lru[0](xyz) / 0.5) / 2
    torch.testing.assert_close(both(xyz), mean, atol=1e-4, rtol=1e-4)


def test_heads_that_do_not_go_together_say_why(tmp_path):
    paths = saved_members(tmp_path, background=None)
    with pytest.raises(InputError, match=r"lru.safetensors differs from .* in background"):
        together([load_head(path) for path in paths], paths)
    heads = [load_head(path) for path in saved_members(tmp_path)]
    costgcn = option("head/costgcn", skeleton=H36M17, labels=LABELS)
    with pytest.raises(InputError, match="mine is a CoSTGCN; give heads that are a tcn, gru or"):
        together([heads[0], (costgcn, heads[1][1])], ["first", "mine"])
    front = {"settings": {**LRU_OF_16["settings"], "features": ["front", "joint"]}}
    for members in ([TCN_OF_24], [TCN_OF_24, LRU_OF_16 | front]):
        with pytest.raises(InputError, match="can't score together"):
            several(*members)


@torch.inference_mode()
def test_half_the_bytes_say_nearly_the_same(tmp_path):
    head = shaken(option("head/tcn", skeleton=H36M17, labels=LABELS))
    save_head(head, tmp_path / "half.safetensors", background="idle", half=True)
    read, _ = load_head(tmp_path / "half.safetensors")
    assert (tmp_path / "half.safetensors").stat().st_size < 1_000_000
    assert (read(clip()) - head(clip())).abs().max() < 0.02


def resaved(path, **changes):
    """The file at `path` with other fields on its card, or other weights."""
    with safe_open(str(path), framework="pt") as file:
        card = json.loads(file.metadata()["gastlive_head"])
        weights = {key: file.get_tensor(key) for key in list(file.keys())}
    for key in changes.pop("without", []):
        del weights[key]
    card.update(changes)
    save_file(weights, path, metadata={"gastlive_head": json.dumps(card)})


@pytest.fixture
def saved(tmp_path):
    save_head(STREAMING["tcn"](), tmp_path / "head.safetensors", background="idle")
    return tmp_path / "head.safetensors"


@torch.inference_mode()
def test_a_file_from_before_features_could_be_chosen_still_loads(saved):
    four = ("joint", "bone", "joint_motion", "bone_motion")
    head = option(
        "head/tcn", skeleton=H36M17, labels=LABELS, channels=24, dilations=(1, 2, 4), features=four
    )
    save_head(shaken(head), saved, background="idle")
    expected = load_head(saved)[0](clip())
    resaved(saved, settings={"channels": 24, "dilations": [1, 2, 4], "dropout": 0.2})
    assert torch.equal(load_head(saved)[0](clip()), expected)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"version": 99}, "format version 99, wanted 1"),
        ({"head": "os.system"}, "'os.system' that this version does not know"),
        ({"head": "tcn.nn"}, "'tcn.nn' that this version does not know"),
        ({"head": "tcn.Block"}, "'tcn.Block' that this version does not know"),
        ({"head": "../tcn.TCN"}, "does not know"),
        ({"settings": {"colour": "red"}}, "can't be made into a head tcn.TCN.*colour"),
        (
            {"settings": {"channels": 16, "dilations": [1, 2, 4], "dropout": 0.2}},
            "does not fit the head .*it claims",
        ),
        ({"labels": ["idle", "wave"]}, "does not fit the head .*it claims to be .*score"),
        ({"without": ["score.bias"]}, "does not fit the head .*it claims to be .*score.bias"),
        ({"layout": "stickman"}, "unknown joint layout 'stickman'"),
        ({"surprise": 1}, "without or with unknown surprise"),
    ],
)
def test_a_file_that_is_not_what_it_says_is_refused(saved, changes, message):
    resaved(saved, **changes)
    with pytest.raises(InputError, match=message) as error:
        load_head(saved)
    assert "\n" not in str(error.value)


def test_a_head_for_something_else_is_refused(saved):
    with pytest.raises(InputError, match=r"has layout='h36m17', wanted 'coco17'; take another"):
        load_head(saved, layout="coco17")
    with pytest.raises(InputError, match=r"has fps=30.0, wanted 25.0"):
        load_head(saved, fps=25.0)


def test_what_is_no_head_is_refused(tmp_path):
    with pytest.raises(InputError, match="no head checkpoint at"):
        load_head(tmp_path / "nothing.safetensors")
    (tmp_path / "text.safetensors").write_text("hello")
    with pytest.raises(InputError, match="not a readable safetensors file"):
        load_head(tmp_path / "text.safetensors")
    save_file({"x": torch.zeros(1)}, tmp_path / "other.safetensors")
    with pytest.raises(InputError, match="not a gastlive head"):
        load_head(tmp_path / "other.safetensors")


def test_what_no_file_could_name_is_not_saved(tmp_path):
    class Mine(TCN):
        pass

    with pytest.raises(InputError, match="put it into gastlive/action/heads"):
        save_head(
            Mine(
                H36M17,
                labels=LABELS,
                fps=30.0,
                channels=8,
                dilations=(1,),
                dropout=0.0,
                features=("bone",),
            ),
            tmp_path / "x",
            background="idle",
        )
    with pytest.raises(InputError, match="background 'rest' is none of idle, wave"):
        save_head(STREAMING["gru"](), tmp_path / "x", background="rest")


def test_a_head_that_can_not_be_says_why():
    with pytest.raises(InputError, match="two or more different labels"):
        option("head/tcn", skeleton=H36M17, labels=["idle", "idle"])
    with pytest.raises(InputError, match="frame rate is 0"):
        option("head/gru", skeleton=H36M17, labels=LABELS, fps=0)
    with pytest.raises(InputError, match="dilations from 1"):
        option("head/tcn", skeleton=H36M17, labels=LABELS, dilations=())
    with pytest.raises(InputError, match="channels and layers from 1"):
        option("head/gru", skeleton=H36M17, labels=LABELS, layers=0)
    with pytest.raises(InputError, match="states and layers from 1, got 128, 0, 4"):
        option("head/lru", skeleton=H36M17, labels=LABELS, states=0)
    with pytest.raises(InputError, match="at least 2"):
        option("head/svm", skeleton=H36M17, labels=LABELS, frames=1)
    with pytest.raises(InputError, match="three or more"):
        option("head/svm", skeleton=H36M17, labels=LABELS, frames=4).fit(
            clip(4, 4), torch.tensor([0, 1, 0, 1])
        )


def test_the_wrong_training_for_a_head_is_refused():
    with pytest.raises(InputError, match="add training=linear"):
        option("training/descent", task=None, trainer=None).fit(
            option("head/svm", skeleton=H36M17, labels=LABELS), None
        )
    with pytest.raises(InputError, match="take out training=linear"):
        option(
            "training/linear",
        ).fit(option("head/tcn", skeleton=H36M17, labels=LABELS), None)


def test_a_svm_is_trained_on_windows_that_count():
    xyz = clip(30, 14)
    labels = (torch.arange(30) % 3)[:, None].expand(-1, 14)
    xyz[..., 16, 1] += 2.0 * labels
    weights = torch.ones(30, 14)
    weights[:, -1] = 0.0
    spoilt = labels.clone()
    spoilt[:, -1] = 3
    data = SimpleNamespace(train_dataloader=lambda: [(xyz, spoilt, weights)])
    head = option("head/svm", skeleton=H36M17, labels=LABELS, frames=10, samples=5)
    assert option("training/linear", windows=100).fit(head, data)["windows"] >= 100
    assert (head(xyz[:, 3:13]).argmax(1) == labels[:, 0]).float().mean() > 0.9


@pytest.mark.parametrize("skeleton", [COCO17, HUMANEVA15])
def test_heads_work_with_other_layouts(skeleton):
    xyz = clip(2, 6, len(skeleton))
    assert option("head/tcn", skeleton=skeleton, labels=LABELS).eval()(xyz).shape == (2, 6, 4)


def test_the_best_temperature_undoes_overconfidence():
    torch.manual_seed(0)
    honest = torch.randn(20000, 4) * 1.5
    targets = torch.distributions.Categorical(logits=honest).sample()
    targets[:100] = -1
    temperature = best_temperature(3.0 * honest, targets)
    assert temperature == pytest.approx(3.0, rel=0.05)
    assert calibration_error((honest * 3).softmax(-1), targets) > 0.1
    assert calibration_error((honest * 3 / temperature).softmax(-1), targets) < 0.02
    with pytest.raises(InputError, match="no frame has a known label"):
        best_temperature(honest, torch.full((20000,), -1))


OTHERS = {
    "tcn": lambda **how: option("head/tcn", skeleton=H36M17, channels=8, dilations=(1, 3), **how),
    "gru": lambda **how: option("head/gru", skeleton=H36M17, channels=8, layers=2, **how),
    "lru": lambda **how: option("head/lru", skeleton=H36M17, channels=8, states=4, **how),
    "costgcn": lambda **how: option("head/costgcn", skeleton=H36M17, channels=4, window=5, **how),
    "svm": lambda **how: option("head/svm", skeleton=H36M17, frames=10, samples=5, **how),
    "stgcn++": lambda **how: option("head/stgcn++", skeleton=H36M17, channels=8, frames=16, **how),
    "early fusion": lambda **how: option(
        "head/early_fusion", skeleton=H36M17, channels=8, frames=30, **how
    ),
}


@pytest.mark.parametrize("kind", OTHERS)
def test_everything_a_card_says_of_a_head_is_so_of_the_head_that_is_read(kind, tmp_path):
    made = OTHERS[kind](labels=LABELS, fps=15.0)
    save_head(made, tmp_path / "head.safetensors", background="idle")
    head, card = load_head(tmp_path / "head.safetensors")
    assert type(head) is type(made)
    assert (head.fps, head.labels, head.skeleton) == (15.0, LABELS, H36M17)
    assert (head.fps, head.frames, head.receptive_field) == (
        card.fps, card.frames, card.receptive_field,
    )  # fmt: skip
    assert json.dumps(head.settings) == json.dumps(made.settings) == json.dumps(card.settings)
