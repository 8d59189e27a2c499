"""Films as a test: what may be said of them, what is said, and what is right of it."""

import json
import os
import subprocess
import sys
from dataclasses import fields
from functools import cache

import cv2
import numpy as np
import pytest
import torch
from hydra import compose, initialize_config_module

from gastlive.action.checkpoint import save_head
from gastlive.conf.option import option
from gastlive.experiments.evaluating.films.chain import Chain, Heard, Said
from gastlive.experiments.evaluating.films.counting import by_label, figures, totals
from gastlive.experiments.evaluating.films.films import given, without_truth
from gastlive.experiments.evaluating.films.lifted import Lifted, gathered, load, save
from gastlive.experiments.evaluating.films.report import content_of, write
from gastlive.experiments.evaluating.films.sheets import HEIGHT, TITLE, Sheet, filled
from gastlive.experiments.evaluating.films.truth import Segment, Truth, read_truth
from gastlive.experiments.evaluating.films.work import Work
from gastlive.experiments.lifting.work import progress
from gastlive.gast import checkpoint
from gastlive.gast.errors import InputError
from gastlive.gast.skeleton import COCO17, H36M17
from gastlive.realtime.live import build
from gastlive.realtime.packets import Action, Event, Frame, Person, Pose

PROGRAM = [sys.executable, "-m", "gastlive.experiments.evaluate", "films"]
FRAMES = 24
LABELS = ("idle", "walk", "jog", "hop", "kick", "wave", "throw", "squat")
TALKATIVE = ("decision.enter=0", "decision.leave=0", "decision.enter_s=0", "decision.shortest_s=0",
             "travels=[]", "by_hand=[]")  # fmt: skip
"""Everything that is likelier than the background is said."""


# What may be said


def truth_of(tmp_path, text, name="labels.csv"):
    path = tmp_path / name
    path.write_text(text if isinstance(text, str) else json.dumps(text))
    return read_truth(path)


def test_a_table_of_labels_may_leave_out_times_and_name_films_in_which_nothing_is_done(tmp_path):
    rows = "film,label,start_s,stop_s\na.mp4,squat,1.5,3\na.mp4,walk,4,\nb.mp4,hop,,\nc.mp4,,,\n"
    assert truth_of(tmp_path, rows) == {
        "a.mp4": Truth((Segment("squat", 1.5, 3.0), Segment("walk", 4.0))),
        "b.mp4": Truth((Segment("hop"),)),
        "c.mp4": Truth(),
    }
    assert truth_of(tmp_path, "label;film\nsit down; d.mp4\n") == {
        "d.mp4": Truth((Segment("sit down"),))
    }


def test_a_list_says_what_is_needed_allowed_and_when_and_skips_remarks(tmp_path):
    content = {
        "_": "seen by eye",
        "a.mp4": {"needed": ["squat"], "allowed": ["lunge"], "people": 2, "note": "eight"},
        "b.mp4": {"times": [["jog", 2, 4.5], ["hop", 6]]},
    }
    assert truth_of(tmp_path, content, "truth.json") == {
        "a.mp4": Truth((Segment("squat"),), ("lunge",), 2),
        "b.mp4": Truth((Segment("jog", 2.0, 4.5), Segment("hop", 6.0))),
    }


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("labels.csv", "film,start_s\na,1\n", "line 1: no column label; begin it with the line"),
        ("labels.csv", "film,label\na,hop\n,hop\n", "line 3: names no film; write its path"),
        ("labels.csv", "film,label,start_s\na,hop,soon\n", "line 2: start_s is 'soon'; give sec"),
        ("labels.csv", "film,label,start_s\na,hop,-1\n", "line 2: start_s is '-1'; give seconds"),
        ("labels.csv", "film,label,start_s,stop_s\na,hop,3,2\n", "line 2: hop stops at 2 s and"),
        ("labels.csv", "film,label,start_s\na,,2\n", "line 2: times without a label; write what"),
        ("labels.csv", "film,label\n", "names no film; write at least one"),
        ("labels.txt", "film,label\n", "is neither .csv nor .json"),
        ("truth.json", '{\n"a": }', "line 2: Expecting value; correct it there"),
        ("truth.json", "[]", "is a list; give an object"),
        ("truth.json", '{"a": {"need": []}}', "a: unknown need; give some of needed, allowed"),
        ("truth.json", '{"a": {"needed": "hop"}}', "a: needed is 'hop'; give a list such as"),
        ("truth.json", '{"a": {"times": [["hop", "x"]]}}', "a: start_s is 'x'; give seconds"),
        ("truth.json", '{"a": {"times": ["hop"]}}', "a: times has 'hop'; give"),
        ("truth.json", '{"a": {"people": "two"}}', "a: people is 'two'; give a number"),
    ],
)
def test_a_wrong_row_is_named_with_its_file_and_what_to_do(tmp_path, name, text, said):
    with pytest.raises(InputError, match=f"{name}.*") as caught:
        truth_of(tmp_path, text, name)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_labels_that_a_head_does_not_know_are_listed_and_the_background_is_no_action():
    truth = Truth((Segment("hop"), Segment("fly"), Segment("idle", 1.0)), ("walk", "swim"))
    known, unknown = truth.among(("idle", "hop", "walk"), background="idle")
    assert known == Truth((Segment("hop"),), ("walk",))
    assert unknown == ["fly", "swim"]


def test_the_labels_may_lie_in_the_folder_of_the_films_and_other_films_there_are_named(tmp_path):
    (tmp_path / "labels.csv").write_text("film,label\na.mp4,hop\nbelow/b.avi,\n")
    (tmp_path / "below").mkdir()
    for name in ("a.mp4", "c.mp4", "below/b.avi", "below/d.MOV", "notes.txt"):
        (tmp_path / name).touch()
    folder, truths = given(str(tmp_path), "labels.csv")
    assert (folder, list(truths)) == (tmp_path, ["a.mp4", "below/b.avi"])
    assert without_truth(folder, truths) == ["below/d.MOV", "c.mp4"]
    with pytest.raises(InputError, match="no such folder; give the one that holds the films"):
        given(str(tmp_path / "none"), "labels.csv")


# What is right of it


def lifted_of(people_by_frame, *, fps=10.0, warnings=()):
    """Frames with these track ids in view, each standing upright where its id says."""
    body = rest()
    frames = []
    for i, tracks in enumerate(people_by_frame):
        people = {}
        for track in tracks:
            xy = body + np.float32([100 * track, 120])
            pose = Pose(COCO17, np.full((17, 2), track, np.float32), np.full(17, 0.5, np.float32))
            ones = np.ones(17, np.float32)
            xyz = np.full((17, 3), track + i / 100, np.float32)
            people[track] = Person(pose, xy, ones > 0, ones / 2, xyz)
        frames.append(Frame(None, i, i / fps, i / fps, 400, 240, people=people))
    return gathered(
        frames, detector_layout="coco17", lifter_layout="h36m17", warnings=warnings
    )  # fmt: skip


def rest():
    """(17, 2) pixels of somebody 100 pixels high, around the root."""
    return np.linspace((-20, -50), (20, 50), len(H36M17)).astype(np.float32)


def heard_of(*events, frames=0):
    """Events as (label, start, end[, said, track])."""
    made = []
    for label, start_s, end_s, *rest in events:
        said_s, track = (*rest, *(start_s, 1)[len(rest) :])
        made.append(Said(Event(track, label, start_s, end_s, 0.6), said_s))
    return Heard(tuple(made), ({},) * frames)


def counted(truth, *events, seconds=10):
    found = figures(truth, heard_of(*events), lifted_of([(1,)] * (10 * seconds)))
    return found | {"joints_kept": False, "joints_took_s": 2.0, "head_took_s": 0.5, "unknown": []}


def verdicts(found):
    return [event["verdict"] for event in found["events"]]


def test_without_times_a_label_is_right_allowed_or_false_wherever_it_is_said():
    truth = Truth((Segment("squat"),), ("lunge",))
    found = counted(truth, ("squat", 1, 2), ("lunge", 2, 3), ("hop", 3, 4), ("squat", 8, 9))
    assert verdicts(found) == ["right", "allowed", "false", "right"]
    assert found["right"] is True
    assert counted(truth, ("lunge", 2, 3))["right"] is False
    assert counted(Truth(), ("hop", 2, 3))["right"] is None


def test_with_times_an_event_is_right_only_if_it_overlaps_its_label():
    truth = Truth((Segment("squat", 2.0, 4.0), Segment("walk", 6.0)))
    found = counted(truth, ("squat", 3.5, 5), ("squat", 4.5, 5), ("walk", 2, 4), ("walk", 9, 9.5))
    assert verdicts(found) == ["right", "false", "false", "right"]
    assert [one["found"] for one in found["segments"]] == [True, True]
    assert counted(truth, ("squat", 3, 4))["right"] is False


def test_the_onset_runs_from_the_start_of_a_segment_until_its_label_is_first_reported():
    truth = Truth((Segment("squat", 2.0, 4.0), Segment("hop"), Segment("walk", 6.0, 7.0)))
    events = [("squat", 2.5, 5, 2.9), ("squat", 3, 3.5, 3.4), ("hop", 0, 1), ("walk", 5, 9, 5.5)]
    found = counted(truth, *events)
    assert [one["onset_s"] for one in found["segments"]] == [0.9, None, 0.0]


def test_totals_count_films_events_seconds_and_false_events_per_hour_with_somebody():
    needing = Truth((Segment("squat"),), people=1)
    films = {
        "a": counted(needing, ("squat", 1, 2), ("hop", 3, 4.5), ("kick", 5, 6)),
        "b": counted(needing, ("hop", 3, 4)),
        "c": counted(Truth(people=2)),
    }
    found = totals(films)
    assert (found["films_right"], found["films_with_actions"], found["films"]) == (1, 2, 3)
    assert (found["segments_found"], found["segments"]) == (1, 2)
    assert (found["false_events"], found["films_with_false_events"]) == (3, 2)
    assert (found["right_events"], found["allowed_events"], found["false_s"]) == (1, 0, 3.5)
    assert found["false_per_hour"] == 3 / 30 * 3600
    assert (found["ids"], found["in_view"]) == (3, 4)
    labels = by_label(films)
    assert list(labels) == ["hop", "kick", "squat"]
    assert (labels["hop"]["false"], labels["hop"]["false_s"]) == (2, 2.5)
    assert (labels["squat"]["segments"], labels["squat"]["found"]) == (2, 1)


def test_hours_are_those_in_which_somebody_is_there_and_ids_are_counted():
    lifted = lifted_of([(), (1,), (1, 2), (), (5,)], warnings=["cut short"])
    found = figures(Truth(people=2), heard_of(), lifted)
    assert (found["film_s"], found["somebody_s"]) == (0.5, 0.3)
    assert found["people"] == {"in_view": 2, "ids": 3, "most_at_once": 2}
    assert found["warnings"] == ["cut short"]


def test_the_report_names_what_was_missed_what_was_false_and_what_could_not_be_counted(tmp_path):
    films = {
        "a.mp4": counted(Truth((Segment("squat", 2.0, 4.0),)), ("hop", 3, 4.5)),
        "b.mp4": counted(Truth()) | {"unknown": ["fly"], "warnings": ["b.mp4 is damaged"]},
    }
    films["a.mp4"]["events"][0]["sheet"] = "sheets/001.png"
    about = {
        "command": "gastlive-evaluate films", "failed": {"c.mp4": "no such file"},
        "without_truth": ["d.mp4"], "interrupted": True,
    }  # fmt: skip
    summary = write(content_of(films, about), folder=tmp_path)
    page = (tmp_path / "films.md").read_text()
    assert "right: 0 of 1 films in which something is done, 0 of 1 segments" in summary
    assert "false: 1 events in 1 of 2 films, 1.5 s, 180 per hour" in summary
    for part in (
        summary, "| a.mp4 | no | squat (2 s to 4 s) | hop x 1 (false) |", "(sheets/001.png)",
        "c.mp4: could not be read: no such file", "not counted, unknown to the head: fly",
        "d.mp4: nothing says what is done in it", "b.mp4 is damaged", "Interrupted",
    ):  # fmt: skip
        assert part in page
    assert json.loads((tmp_path / "films.json").read_text())["totals"]["false_events"] == 1


# Joints on disk


def equal(one, other):
    return all(
        np.array_equal(getattr(one, f.name), getattr(other, f.name), equal_nan="xy" in f.name)
        for f in fields(Lifted)
    )


def test_joints_come_back_from_disk_as_they_were(tmp_path):
    lifted = lifted_of([(), (1,), (2, 1), ()], warnings=["cut short"])
    save(lifted, tmp_path / "a.npz")
    back = load(tmp_path / "a.npz")
    assert equal(lifted, back)
    assert [list(frame.people) for frame in back.frames()] == [[], [1], [2, 1], []]
    person = back.frame(2).people[1]
    np.testing.assert_array_equal(person.xyz, np.full((17, 3), 1.02, np.float32))
    assert (back.frame(2).time_s, back.frame(2).width) == (0.2, 400)
    assert os.listdir(tmp_path) == ["a.npz"]


def test_the_other_guess_comes_back_and_joints_kept_without_it_are_still_read(tmp_path):
    pose = Pose(COCO17, np.zeros((17, 2), np.float32), np.zeros(17, np.float32))
    joints = {"xy": np.ones((17, 2)), "visible": np.ones(17, bool), "confidence": np.ones(17)}
    who = Person(pose, **joints, xyz=np.ones((17, 3)), other_xyz=np.full((17, 3), 2.0))
    frame = Frame(None, 0, 0.0, 0.0, 400, 240, people={3: who})
    path = tmp_path / "a.npz"
    save(gathered([frame], detector_layout="coco17", lifter_layout="h36m17", warnings=()), path)
    assert (load(path).frame(0).people[3].other_xyz == 2).all()
    with np.load(path) as kept:
        np.savez(path, **{name: kept[name] for name in kept if name != "other_xyz"})
    assert load(path).frame(0).people[3].other_xyz is None


def test_somebody_without_joints_has_none_after_coming_back(tmp_path):
    pose = Pose(COCO17, np.zeros((17, 2), np.float32), np.zeros(17, np.float32))
    frame = Frame(None, 0, 0.0, 0.0, 400, 240, people={3: Person(pose)})
    save(
        gathered([frame], detector_layout="coco17", lifter_layout="h36m17", warnings=()),
        tmp_path / "a.npz",
    )
    person = load(tmp_path / "a.npz").frame(0).people[3]
    assert (person.xy, person.xyz, person.visible) == (None, None, None)


def test_damaged_joints_count_as_none(tmp_path):
    path = tmp_path / "a.npz"
    assert load(path) is None
    save(lifted_of([(1,)]), path)
    path.write_bytes(path.read_bytes()[:500])
    assert load(path) is None
    path.write_bytes(b"")
    assert load(path) is None


# Contact sheets


def test_a_contact_sheet_shows_pictures_around_the_event_cut_out_around_the_person():
    lifted = lifted_of([(1, 2)] * 50)
    event = {"label": "hop", "track": 1, "start_s": 2.0, "end_s": 3.0, "said_s": 2.2,
             "confidence": 0.6}  # fmt: skip
    sheet = Sheet(event, lifted, pictures=5)
    assert sheet.numbers == [15, 20, 25, 30, 35]
    actions = tuple({1: Action("hop", 0.6, 2.0)} if 20 <= i < 30 else {} for i in range(50))
    grey = np.full((240, 400, 3), 127, np.uint8)
    read = []

    def frames():
        for i in range(50):
            read.append(i)
            yield Frame(grey, i, i / 10, i / 10, 400, 240)

    assert list(filled([sheet], frames(), Heard((), actions), lifted)) == [sheet]
    assert read[-1] == 35
    strip = sheet.picture("a.mp4")
    assert strip.shape[0] == TITLE + HEIGHT
    tiles = np.array_split(strip[TITLE:], 5, axis=1)
    assert all((tile != 127).any(-1).mean() < 0.5 for tile in tiles)
    captions = [tile[8, -12].max() > 100 for tile in tiles]
    assert captions == [False, True, True, False, False]


def test_a_strip_of_someone_out_of_view_shows_the_whole_picture():
    lifted = lifted_of([()] * 10)
    event = {"label": "hop", "track": 7, "start_s": 0.1, "end_s": 0.4, "said_s": 0.2,
             "confidence": 0.6}  # fmt: skip
    sheet = Sheet(event, lifted, pictures=3)
    frames = [Frame(np.zeros((240, 400, 3), np.uint8), i, 0, 0, 400, 240) for i in range(10)]
    list(filled([sheet], frames, Heard((), ({},) * 10), lifted))
    assert sheet.picture("a.mp4").shape == (TITLE + 192, 3 * 320 + 2 * 4, 3)


# The whole program


def nets(folder, *, seed=0):
    """A small lifter and a small head, untrained, as the overrides that choose them."""
    torch.manual_seed(seed)
    folder.mkdir(exist_ok=True)
    net = option("net/gast27", skeleton=H36M17, filter_widths=(3,), channels=4, causal=True)
    lifter, head = folder / "lifter.safetensors", folder / "head.safetensors"
    checkpoint.save(net, lifter, fps=30.0, normalisation="person", training={})
    tcn = option(
        "head/tcn", skeleton=H36M17, labels=LABELS, channels=8, dilations=(1, 2),
        features=("joint", "bone", "joint_motion", "bone_motion"),
    )  # fmt: skip
    save_head(tcn, head, background="idle")
    return f"lifter.checkpoint={lifter}", f"classifier.checkpoint={head}"


@cache
def composed(*overrides, program="evaluate_films"):
    with initialize_config_module("gastlive.conf", version_base="1.3"):
        return compose(program, overrides=["runtime=torch", *TALKATIVE, *overrides])


def chain(folder, *overrides):
    return Chain(composed(*nets(folder / "nets"), *overrides), folder=str(folder / "joints"))


def work(folder, *overrides, pictures=3):
    made = chain(folder, *overrides)
    return Work(made, folder=folder, output=folder / "out", pictures=pictures, bars=progress())


@pytest.fixture(scope="module")
def films(tmp_path_factory, demo_film):
    """A folder with a short film whose joints are on disk, and the figures of the first run."""
    folder = tmp_path_factory.mktemp("films")
    demo_film(folder / "a.mp4", frames=FRAMES)
    (folder / "broken.mp4").write_bytes(b"no film")
    done = work(folder)
    done.run({"a.mp4": Truth(), "broken.mp4": Truth(), "none.mp4": Truth()})
    return folder, done


def test_a_film_that_cannot_be_read_is_named_and_the_others_go_on(films):
    _, done = films
    assert list(done.films) == ["a.mp4"]
    assert "not a video that can be read" in done.failed["broken.mp4"]
    assert "no such file; name films as seen from" in done.failed["none.mp4"]


def test_the_same_is_said_as_by_the_live_program(films, tmp_path):
    folder, done = films
    given = (*nets(folder / "nets"), "source=video", f"source.path={folder / 'a.mp4'}")
    cfg = composed(*given, f"run_folder={tmp_path}", "sink=[jsonl]", program="live")
    build(cfg).run()
    lines = (tmp_path / "events.jsonl").read_text().splitlines()[1:]
    live = [json.loads(line) for line in lines]
    assert live
    assert [
        (event["label"], event["track"], event["start_s"], event["end_s"])
        for event in done.films["a.mp4"]["events"]
    ] == [(e["label"], e["track"], round(e["start_s"], 3), round(e["end_s"], 3)) for e in live]


def test_every_false_event_has_a_picture(films):
    folder, done = films
    events = done.films["a.mp4"]["events"]
    assert {event["verdict"] for event in events} == {"false"}
    for event in events:
        picture = cv2.imread(str(folder / "out" / event["sheet"]))
        assert picture.shape[0] <= TITLE + HEIGHT
        assert picture.shape[1] > HEIGHT


def test_a_second_run_needs_no_detector_and_says_the_same(films):
    folder, done = films
    again = work(folder)
    again.run({"a.mp4": Truth()})
    assert again.films["a.mp4"]["events"]
    assert "detector" not in vars(again.chain)
    assert (done.films["a.mp4"]["joints_kept"], again.films["a.mp4"]["joints_kept"]) == (0, 1)
    assert again.films["a.mp4"]["events"] == done.films["a.mp4"]["events"]


def test_a_film_leaves_nothing_behind_for_the_next_one(films):
    folder, done = films
    both = work(folder, pictures=0)
    both.chain.kept = lambda path: None
    both.run({"a.mp4": Truth(), "./a.mp4": Truth()})
    alone = done.films["a.mp4"]
    events = [{k: v for k, v in event.items() if k != "sheet"} for event in alone["events"]]
    for found in both.films.values():
        assert (found["events"], found["people"]) == (events, alone["people"])


def test_joints_are_kept_by_the_film_and_by_all_that_comes_before_the_head(
    films, tmp_path, demo_film
):
    folder, _ = films
    whole, short = folder / "a.mp4", demo_film(tmp_path / "short.mp4", frames=3)
    (tmp_path / "b.mp4").write_bytes(whole.read_bytes())

    def kept(*overrides, path=whole):
        return chain(folder, *overrides).kept(path)

    lifter, head = nets(tmp_path / "nets", seed=1)
    assert kept() == kept(path=tmp_path / "b.mp4") == kept("decision.enter=0.9")
    assert kept() == kept(head) == kept("detector.threads=1", "threads=2")
    others = [
        kept(path=short), kept("detector.min_score=0.3"), kept("tracker.min_hits=5"),
        kept("joints.min_confidence=0.4"), kept("smoothing.beta=5"), kept(lifter),
    ]  # fmt: skip
    assert len({kept(), *others}) == 7
    assert Chain(composed(lifter, head), folder=None).kept(whole) is None


def test_another_network_of_the_same_name_is_not_taken_for_the_one_before(films, tmp_path):
    folder, _ = films
    network, keys = tmp_path / "my.xml", set()
    for content in ("one", "two"):
        network.write_text(content)
        keys.add(chain(folder, f"detector.path={network}").kept(folder / "a.mp4"))
    assert len(keys) == 2


def test_only_wrong_events_are_drawn_and_none_if_nobody_wants_to_see_them(films):
    folder, done = films
    labels = {event["label"] for event in done.films["a.mp4"]["events"]}
    for again, truth in (
        (work(folder, pictures=3), Truth(allowed=tuple(labels))),
        (work(folder, pictures=0), Truth()),
    ):
        again.run({"a.mp4": truth})
        assert not any("sheet" in event for event in again.films["a.mp4"]["events"])
    with pytest.raises(InputError, match="pictures=-1: give how many a strip has"):
        work(folder, pictures=-1)


def test_a_detector_of_nobody_is_refused(films):
    folder, _ = films
    with pytest.raises(InputError, match="detector=none finds nobody in films"):
        work(folder, "detector=none").run({"a.mp4": Truth()})


def program(folder, *arguments, script=None):
    """The program as a user runs it: exit status, stdout, stderr."""
    start = PROGRAM if script is None else [sys.executable, "-c", script]
    given = ["runtime=torch", "folder=.", "truth=labels.csv", "joints_folder=joints"]
    given += [*nets(folder / "nets"), *TALKATIVE, *arguments]
    done = subprocess.run(
        [*start, *given], cwd=folder, capture_output=True, text=True, check=False, timeout=300
    )
    return done.returncode, done.stdout, done.stderr


def test_the_program_reports_and_ends_with_the_films_that_it_could_not_read(films):
    folder, _ = films
    (folder / "labels.csv").write_text("film,label\nnone.mp4,hop\na.mp4,\n")
    status, out, err = program(folder, "hydra.run.dir=run")
    assert status == 1, err
    assert err == "gastlive: 1 of 2 films could not be read: none.mp4\n"
    assert "none.mp4: skipped: no such file" in out
    assert "report in " in out
    page = (folder / "run" / "films.md").read_text()
    assert "`gastlive-evaluate films runtime=torch folder=. truth=labels.csv" in page
    assert "- broken.mp4: nothing says what is done in it" in page
    assert json.loads((folder / "run" / "films.json").read_text())["totals"]["kept"] == 1


INTERRUPTING = """
import os, signal
from gastlive.experiments.evaluating.films import films, work

class Interrupted(work.Work):
    def run(self, truths):
        then = self.chain.hear
        def hear(*given):
            heard = then(*given)
            os.kill(os.getpid(), signal.SIGINT)
            return heard
        self.chain.hear = hear
        super().run(truths)

work.Work = Interrupted
films.main()
"""


def test_ctrl_c_ends_with_a_report_of_the_films_that_are_done(films):
    folder, _ = films
    (folder / "labels.csv").write_text("film,label\na.mp4,\n./a.mp4,\n")
    status, out, err = program(
        folder, "hydra.run.dir=interrupted", "pictures=0", script=INTERRUPTING
    )
    assert (status, err) == (130, "gastlive: interrupted\n")
    assert "./a.mp4" not in out
    content = json.loads((folder / "interrupted" / "films.json").read_text())
    assert (list(content["films"]), content["interrupted"]) == (["a.mp4"], True)
