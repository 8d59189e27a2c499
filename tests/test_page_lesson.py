"""Takes that are given on the page, from the command to a folder of examples."""

import json

import numpy as np
import pytest
from hydra import compose, initialize_config_module
from hydra.utils import instantiate

from gastlive.action.checkpoint import load_head
from gastlive.action.deployed import HEADS
from gastlive.action.teaching.examples import Example
from gastlive.action.teaching.stretch import Stretch
from gastlive.action.teaching.teach import Judged
from gastlive.experiments.paging.lesson import BACKGROUND_S, MOST_KEPT, TAKE_S, Kept, Lesson
from gastlive.experiments.paging.taught import TaughtHeads
from gastlive.experiments.training.few import examples_of
from gastlive.gast.errors import InputError
from gastlive.gast.skeleton import H36M17
from gastlive.realtime.example_folder import save_examples
from gastlive.realtime.packets import RunInfo

from .test_page import frame, person

INFO = RunInfo(160, 120, 30.0, "coco17", "h36m17", ("idle", "wave"), "idle", "demo")
FPS = 30.0


class Told:
    """A server that only notes what it tells."""

    def __init__(self):
        self.commands, self.state, self.said = {}, {}, []

    def update(self, **state):
        self.state |= json.loads(json.dumps(state, allow_nan=False))

    def tell(self, viewer, message):
        self.said.append((viewer, message["words"]))


@pytest.fixture
def lesson():
    given = Lesson(Told(), fps=FPS)
    given.begin(INFO)
    return given


def ask(lesson, kind, **message):
    lesson.server.commands[kind]("me", {"kind": kind, **message})


def watch(lesson, seconds, *, begin_s=50.0, people=lambda now_s: {1: standing(now_s)}):
    for i in range(round(seconds * FPS)):
        lesson(frame(i, image=False, time_s=begin_s + i / FPS, people=people(i / FPS)))


def standing(now_s, *, moves=(5.0, 6.0)):
    """A wrist goes up and down within these seconds."""
    xyz = np.zeros((17, 3), np.float32)
    share = np.clip((now_s - moves[0]) / (moves[1] - moves[0]), 0, 1)
    xyz[13:16, 1] = -np.sin(np.pi * share)
    return person(xyz=xyz)


def test_takes_follow_a_countdown_each_and_their_movement_is_found(lesson):
    ask(lesson, "take", label="  star   jump ", takes=2, countdown_s=3)
    told = lesson.server.state["lesson"]
    assert told["begin_s"] is None
    assert [part[:2] for part in told["parts"]] == [["star jump", 1], ["star jump", 2]]
    watch(lesson, 2 * (3 + TAKE_S) + 0.1, people=lambda t: {1: standing(t % 6.0, moves=(4.0, 5.0))})
    state = lesson.server.state
    assert state["lesson"] is None
    assert [(take["label"], take["unlike"]) for take in state["takes"]] == [
        ("star jump", False)
    ] * 2
    for take in state["takes"]:  # half a second of the countdown is kept
        start_s, stop_s = take["stretch"]
        assert 1.3 < start_s < 1.7
        assert 2.3 < stop_s < 2.8
        assert np.shape(take["poses"]) == (10, 17, 2)


def test_the_lesson_begins_with_the_next_frame_and_says_so(lesson):
    ask(lesson, "take", label="bow", takes=1, countdown_s=3)
    watch(lesson, 0.1, begin_s=70.0)
    assert lesson.server.state["lesson"]["begin_s"] == 70.0


def test_half_a_minute_of_anything_else_is_a_take_without_a_name(lesson):
    ask(lesson, "take", label="", countdown_s=5)
    watch(lesson, 5 + BACKGROUND_S + 0.1)
    (take,) = lesson.server.state["takes"]
    assert take["label"] == ""
    assert BACKGROUND_S <= take["seconds"] <= BACKGROUND_S + 1
    assert take["stretch"] == [0.0, take["seconds"]]


def test_a_take_without_anybody_is_told_to_who_asked_for_it(lesson):
    ask(lesson, "take", label="bow", takes=1, countdown_s=3)
    watch(lesson, 6.1, people=lambda t: {})
    assert lesson.server.said == [
        ("me", "nobody was seen doing bow; stand where the camera sees all of you")
    ]
    assert lesson.server.state["takes"] == []
    ask(lesson, "take", label="bow", takes=2, countdown_s=3)
    watch(lesson, 12.1, people=lambda t: {} if t < 6 else {1: standing(t)})
    assert lesson.server.said[1:] == [("me", "nobody was seen for long enough in bow 1")]
    assert len(lesson.server.state["takes"]) == 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"label": None}, "is no name"),
        ({"label": "x" * 41}, "is no name"),
        ({"label": "a\nb"}, "is no name"),
        ({"takes": 0}, "takes=0"),
        ({"takes": 6}, "takes=6"),
        ({"takes": "3"}, "takes=3"),
        ({"countdown_s": 60}, "countdown_s=60"),
    ],
)
def test_what_can_not_be_shown_is_refused(lesson, change, words):
    with pytest.raises(InputError, match=words):
        ask(lesson, "take", **{"label": "bow", "takes": 3, "countdown_s": 3, **change})
    assert lesson.server.state["lesson"] is None


def test_nobody_begins_while_somebody_shows_something(lesson):
    ask(lesson, "take", label="bow", takes=1, countdown_s=3)
    with pytest.raises(InputError, match="wait until it is over"):
        ask(lesson, "take", label="wave", takes=1, countdown_s=3)
    ask(lesson, "stop")
    ask(lesson, "take", label="wave", takes=1, countdown_s=3)
    assert lesson.server.state["lesson"]["parts"][0][0] == "wave"


def test_another_source_ends_what_is_being_shown_and_another_head_does_not(lesson):
    ask(lesson, "take", label="bow", takes=1, countdown_s=3)
    lesson.begin(INFO)
    assert lesson.server.state["lesson"] is not None
    lesson.begin(RunInfo(**{f: getattr(INFO, f) for f in INFO.__slots__} | {"source": "film"}))
    assert lesson.server.state["lesson"] is None


def shown(lesson, *labels):
    """Takes are kept as if they had been given."""
    xyz = np.random.default_rng(0).normal(size=(90, 17, 3)).astype(np.float32)
    for label in labels:
        take = Example(label, xyz, FPS, stretch=Stretch(20, 60) if label else None)
        lesson._count += 1
        lesson._change([*lesson.kept, Kept(lesson._count, take)])
    lesson._tell()


def test_a_take_is_trimmed_taken_away_and_brought_back(lesson):
    shown(lesson, "bow", "bow", "")
    ask(lesson, "trim", number=1, start_s=0.5, stop_s=1.5)
    assert lesson.server.state["takes"][0]["stretch"] == [0.5, 1.5]
    ask(lesson, "remove", number=2)
    assert [take["number"] for take in lesson.server.state["takes"]] == [1, 3]
    ask(lesson, "undo")
    ask(lesson, "undo")
    takes = lesson.server.state["takes"]
    assert [take["number"] for take in takes] == [1, 2, 3]
    assert takes[0]["stretch"] == [0.67, 2.0]
    for _ in range(3):
        ask(lesson, "undo")
    assert not lesson.server.state["can_undo"]
    with pytest.raises(InputError, match="nothing to undo"):
        ask(lesson, "undo")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"number": 7}, "no take 7"),
        ({"start_s": "x"}, "no part of a take"),
        ({"stop_s": 1e9}, "no part of a take"),
        ({"start_s": -1}, "no part of a take"),
        ({"start_s": 1.4}, "0.3 s or more"),
    ],
)
def test_a_trim_that_can_not_be_is_refused(lesson, change, words):
    shown(lesson, "bow")
    with pytest.raises(InputError, match=words):
        ask(lesson, "trim", **{"number": 1, "start_s": 0.5, "stop_s": 1.5, **change})
    assert lesson.server.state["takes"][0]["stretch"] == [0.67, 2.0]


def test_no_more_takes_are_kept_than_a_page_can_show(lesson):
    shown(lesson, *["bow"] * (MOST_KEPT - 2))
    with pytest.raises(InputError, match="take some away"):
        ask(lesson, "take", label="bow", takes=3, countdown_s=3)


def test_what_was_said_of_a_take_is_shown_with_it(lesson):
    shown(lesson, "bow", "", "bow")
    kept = [each for each in lesson.kept if each.take.label]
    lesson.judge(kept, [Judged("bow", "", "bow", 2.0), Judged("bow", "", "idle", -1.0)])
    told = [(take["said"], take["unlike"]) for take in lesson.server.state["takes"]]
    assert told == [("bow", False), (None, False), ("idle", True)]


# What comes of it


def moving(label, seed):
    """Somebody whose wrists go a way of their own, up to the middle of the take."""
    head, _ = load_head(HEADS / "everyday.safetensors")
    rest = np.zeros((len(head.skeleton), 3), np.float32)
    for joint, place in head.skeleton.index.items():
        side = -0.2 if joint.startswith("right") else 0.2 if joint.startswith("left") else 0.0
        height = {"ankle": 0.85, "knee": 0.45, "hip": 0.0, "wrist": 0.0, "elbow": -0.2}
        part = joint.rpartition("_")[2]
        rest[place] = (side, height.get(part, -0.5), 0.0)
    xyz = np.repeat(rest[None], 105, 0)
    share = np.sin(np.pi * np.clip((np.arange(105) - 30) / 40, 0, 1))
    rng = np.random.default_rng(seed)
    for joint in ("left_wrist", "right_wrist") if label == "both" else ("right_wrist",):
        xyz[:, head.skeleton.index[joint], 1] -= (0.9 + rng.normal(0, 0.03)) * share
    return Example(label, xyz + rng.normal(0, 0.003, xyz.shape).astype(np.float32), FPS)


def test_a_head_is_taught_beside_the_names_it_knows_and_its_takes_become_a_folder(tmp_path):
    kept = [Kept(i, moving(label, i)) for i, label in enumerate(["both", "one"] * 3)]
    kept.append(Kept(9, Example("", np.concatenate([kept[0].take.xyz[:20]] * 3), FPS)))
    heads = TaughtHeads(str(tmp_path))
    made = heads.teach(
        kept, base="everyday", checkpoint="everyday", lifter="gast81", layout=H36M17.name
    )
    assert (made.name, made.title, made.base) == ("taught 1", "taught 1: both, one", "everyday")
    head, card = load_head(made.path, layout=H36M17.name)
    assert {"idle", "walk", "both", "one"} <= set(head.labels)
    assert card.lifter == "gast81"
    assert len(made.judged) == 6
    assert "says both, one" in heads.told()[0]["words"]
    name = heads.export(kept, layout=H36M17.name, background="idle")
    assert heads.files[name].is_file()
    with initialize_config_module("gastlive.conf", version_base="1.3"):
        cfg = compose("train_action", overrides=["data=folder", f"data.path={tmp_path}/examples_1"])
    examples, others = examples_of(instantiate(cfg.data), H36M17, fps=FPS)
    assert sorted(example.label for example in examples) == ["both"] * 3 + ["one"] * 3
    assert [len(each) for each in others if len(each) == 60]


def test_nothing_shown_is_nothing_to_teach_or_keep(tmp_path):
    heads = TaughtHeads(str(tmp_path))
    with pytest.raises(InputError, match="no example of any action"):
        heads.teach([], base="everyday", checkpoint="everyday", lifter="gast81", layout="h36m17")
    with pytest.raises(InputError, match="no take to keep"):
        heads.export([], layout="h36m17", background="idle")
    assert not list(tmp_path.iterdir())


def test_a_folder_of_examples_holds_each_take_whole_and_where_its_action_is(tmp_path):
    take = moving("both", 0)
    save_examples(tmp_path / "kept", [take], layout=H36M17.name, background="idle")
    with initialize_config_module("gastlive.conf", version_base="1.3"):
        cfg = compose("train_action", overrides=["data=folder", f"data.path={tmp_path}/kept"])
    (example,), _ = examples_of(instantiate(cfg.data), H36M17, fps=FPS)
    np.testing.assert_allclose(example.xyz, take.xyz - take.xyz[:, :1], atol=1e-3)
    found = take.found()
    assert abs(example.found().start - found.start) <= 1
    assert abs(example.found().stop - found.stop) <= 1


def test_a_folder_that_can_not_be_written_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="can't write"):
        save_examples(tmp_path / "file", [moving("one", 0)], layout="h36m17", background="idle")
