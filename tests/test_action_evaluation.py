"""Figures of heads on streams and clips, by heads that say what their input tells them to."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from gastlive.action.decision import Decision
from gastlive.action.evaluation import (
    ClipScored,
    Scored,
    clip_figures,
    clip_score,
    figures,
    score_clips,
)
from gastlive.action.head import StreamingHead, WindowedHead
from gastlive.action.windowing import even_windows
from gastlive.gast.errors import InputError
from gastlive.gast.skeleton import H36M17

LABELS = ("idle", "wave", "kick")
HEAD = StreamingHead(H36M17, labels=LABELS, fps=10, settings={}, receptive_field=None)


class Reader(StreamingHead):
    """Its logits are the first joint."""

    def __init__(self):
        super().__init__(H36M17, labels=LABELS, fps=10, settings={}, receptive_field=1)

    def forward(self, xyz):
        return xyz[:, :, 0]


class WindowReader(WindowedHead):
    """Its logits are the first joint of the window's first frame, and the mean of its second."""

    def __init__(self, frames):
        super().__init__(H36M17, labels=LABELS, fps=10, settings={}, frames=frames)

    def forward(self, window):
        assert window.shape[1] == self.frames
        return window[:, 0, 0] + window[:, :, 1].mean(1)


def clip(*said, bodies=1):
    """(M, T, 17, 3) whose first joint says the labels given."""
    xyz = np.zeros((bodies, len(said), 17, 3), np.float32)
    xyz[:, :, 0] = np.eye(3)[list(said)]
    return xyz


def sure(named):
    return F.one_hot(torch.tensor(named), 3).float() * 20


def test_frames_that_nobody_knows_neither_make_nor_break_an_event():
    truth = [0] * 20 + [-1] * 30 + [0] * 20 + [1] * 20 + [-1] * 30 + [1] * 20 + [0] * 20
    said = [0] * 20 + [1] * 30 + [max(label, 0) for label in truth[50:]]
    result = Scored([sure(said)], [torch.tensor(truth)])
    told = figures(result, HEAD, background="idle", temperature=1.0)
    assert told["event_f1"] == told["frame_accuracy"] == told["frame_map"] == 1
    assert (told["frames"], told["events"]) == (100, 1)
    assert told["by_label"] == {"idle": 1.0, "wave": 1.0}
    assert told["calibration_error"] < 1e-4


def test_online_figures_of_two_streams_are_those_of_both():
    truth = [0] * 20 + [1] * 40 + [0] * 20
    late = [0] * 30 + [1] * 30 + [0] * 20
    wrong = [2] * 20 + [0] * 60
    streams = [sure(late), sure(wrong)]
    sharp = Decision(LABELS, background="idle", smooth_s=0, enter_s=0.2)
    told = figures(
        Scored(streams, [torch.tensor(truth), torch.tensor([0] * 80)]),
        HEAD, background="idle", temperature=1.0, decision=sharp,
    )  # fmt: skip
    assert told["events"] == told["detection_rate"] == told["false_positive_rate"] == 1
    assert told["false_positives_per_hour"] == 225  # one in 16 s
    assert told["onset_delay_p50_s"] == told["onset_delay_p95_s"] == 1.2
    assert told["onset_delay_mean_s"] == 1.2
    assert told["early"] == [0, 0, *[1] * 8]
    assert told["frame_map"] == pytest.approx(30 / 40 + 10 / 40 * 40 / 160, abs=1e-4)
    assert told["event_f1_at_10"] == told["event_f1"] == pytest.approx(2 / 3, abs=1e-4)


def test_the_background_has_no_precision_of_its_own():
    told = figures(
        Scored([sure([0, 0, 1])], [torch.tensor([1, 0, 0])]), HEAD, background="idle",
        temperature=1.0,
    )  # fmt: skip
    assert told["frame_map"] == pytest.approx(1 / 3, abs=1e-4)


def test_what_nothing_tells_is_null():
    result = Scored([sure([0] * 5)], [torch.tensor([0] * 5)])
    told = figures(result, HEAD, background="idle", temperature=1.0)
    for name in ("event_f1", "frame_map", "detection_rate", "onset_delay_p95_s"):
        assert told[name] is None
    assert told["early"] == [None] * 10
    assert told["false_positives_per_hour"] == 0
    with pytest.raises(InputError, match="knows no background class"):
        figures(result, HEAD, background=None, temperature=1.0)


def test_a_clip_is_what_its_frames_say_without_the_first_third():
    logits = torch.tensor([[9.0, 0], [9, 0], [0, 1], [0, 2], [0, 3], [0, 6]])
    assert clip_score(logits).tolist() == [0, 3]
    assert clip_score(logits[:2]).tolist() == [9, 0]
    assert clip_score(logits[:3]).tolist() == [4.5, 0.5]


@torch.inference_mode()
def test_a_streaming_head_is_scored_by_the_frames_that_have_been_seen():
    said = [0] * 4 + [1] * 6
    result = score_clips(Reader(), [(clip(*said), 1), (clip(2, 2, 2), 0)])
    assert result.labels.tolist() == [1, 0]
    assert result.scores[0] == pytest.approx([1 / 7, 6 / 7, 0])
    assert result.early.shape == (2, 10, 3)
    assert result.early[0, 5] == pytest.approx([2 / 4, 2 / 4, 0])  # frames 2 to 5
    assert result.early[0, 0].tolist() == [1, 0, 0]
    assert np.array_equal(result.early[:, -1], result.scores)
    assert score_clips(Reader(), [(clip(0), 0)], early=False).early is None


@torch.inference_mode()
def test_a_windowed_head_is_shown_what_has_been_seen_stretched_to_its_window():
    xyz = np.zeros((1, 21, 17, 3), np.float32)
    xyz[:, :, 0] = [5, 0, 0]
    xyz[0, :, 1, 1] = np.arange(21)
    result = score_clips(WindowReader(8), [(xyz, 1)])
    assert result.scores[0] == pytest.approx([5, 10, 0])
    assert result.early[0, :, 1] == pytest.approx([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    windows = torch.from_numpy(even_windows(xyz, 8))[:, 0]  # the mean of four, as it was trained
    assert result.scores[0] == pytest.approx(WindowReader(8)(windows).mean(0))


@pytest.mark.parametrize("head", [Reader(), WindowReader(4)])
@torch.inference_mode()
def test_two_bodies_are_averaged_and_nobody_is_not_a_body(head):
    one, two = clip(0, 0, 0), clip(1, 1, 1)
    result = score_clips(
        head, [(np.concatenate([one, two]), 0), (np.concatenate([one, 0 * two]), 0)]
    )
    assert result.scores.tolist() == [[0.5, 0.5, 0], [1, 0, 0]]


@torch.inference_mode()
def test_what_names_frames_may_be_any_function():
    def named(xyz):
        return xyz[:, :, 0] * 2

    assert score_clips(named, [(clip(1, 1, 1), 0)]).scores.tolist() == [[0, 2, 0]]


def test_without_clips_nothing_is_scored():
    with pytest.raises(InputError, match="there are no clips to score; choose another part"):
        score_clips(Reader(), [])


def test_figures_of_clips_are_counted():
    early = np.stack([np.eye(3)[[0] * 5 + [1] * 5], np.eye(3)[[2] * 10], np.eye(3)[[1] * 10]])
    result = ClipScored(early[:, -1] * 30, np.array([1, 1, -1]), early)
    told = clip_figures(result, LABELS, temperature=2.0)
    assert (told["top1"], told["top5"], told["class_accuracy"], told["clips"]) == (0.5, 1, 0.5, 2)
    assert told["early"] == [0] * 5 + [0.5] * 5
    assert told["by_label"] == {"wave": 0.5}
    assert told["confusion"] == [[0, 0, 0], [0, 1, 1], [0, 0, 0]]
    assert told["calibration_error"] == pytest.approx(0.5, abs=1e-4)
    whole = clip_figures(ClipScored(result.scores, result.labels), LABELS)
    assert whole["early"] is None


def test_actions_are_told_apart_as_if_the_background_could_not_be_said():
    scores = np.array([[9.0, 5, 1], [9, 1, 5], [9, 5, 1], [9, 1, 5], [0, 9, 1]])
    result = ClipScored(scores, np.array([1, 1, 1, -1, 0]))
    told = clip_figures(result, LABELS, background=LABELS[0])
    assert (told["top1"], told["action_top1"]) == (0, pytest.approx(2 / 3, abs=1e-4))
    assert clip_figures(result, LABELS)["action_top1"] == 0
    resting = ClipScored(scores[-1:], np.array([0]))
    assert clip_figures(resting, LABELS, background=LABELS[0])["action_top1"] is None


def test_confidence_of_clips_is_that_of_the_calibrated_scores():
    result = ClipScored(np.log([[0.64, 0.16, 0.04]]), np.array([0]))
    cooled = clip_figures(result, LABELS, temperature=2.0)
    assert cooled["calibration_error"] == pytest.approx(1 - 0.8 / 1.4, abs=1e-4)


def test_events_are_those_of_the_calibrated_probabilities():
    torch.manual_seed(0)
    truth = torch.tensor([0] * 30 + [1] * 40 + [0] * 30)
    calibrated = F.one_hot(truth, 3).float() + 0.3 * torch.randn(100, 3)  # never surer than 0.6
    told = [
        figures(
            Scored([temperature * calibrated], [truth]), HEAD, background="idle",
            temperature=temperature,
        )
        for temperature in (1.0, 5.0)
    ]  # fmt: skip
    assert told[0] == told[1]
