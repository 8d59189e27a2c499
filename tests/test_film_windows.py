"""Windows of films for training lifters without truth."""

import numpy as np
import pytest
import torch

from gastlive.datasets.clip import KeypointClip
from gastlive.datasets.for_lifters.films import (
    Film,
    FilmWindows,
    prepared,
    read_films,
    save_films,
)
from gastlive.gast.errors import InputError
from gastlive.gast.skeleton import COCO17, H36M17, PENN13


def counting(length, *, begin=0.0):
    """A film whose joints' x is the number of the frame, and y that of the joint."""
    xy = np.zeros((length, 17, 2), np.float32)
    xy[..., 0] = begin + np.arange(length)[:, None]
    xy[..., 1] = np.arange(17)
    return Film("a", xy, np.ones((length, 17), np.float32))


def drawn(films, *, pace=(1.0, 1.0), mirror=0.0, count=200, frames=5):
    windows = FilmWindows(films, H36M17, pace=pace, mirror=mirror)
    return windows.windows(count, frames=frames, generator=torch.Generator().manual_seed(0))


def test_a_window_stays_in_its_film_and_repeats_the_first_frame_before_it():
    xy, _ = drawn([counting(9), counting(20, begin=100)])
    x = xy[:, :, 0, 0]
    assert ((x < 9).all(1) | (x >= 100).all(1)).all()
    assert set(x.diff(dim=1).unique().tolist()) == {0.0, 1.0}
    assert ((x.diff(dim=1) == 1) | (x[:, 1:] == 0) | (x[:, 1:] == 100)).all()
    assert x[:, -1].unique().numel() == 29


def test_a_pace_takes_frames_between_frames():
    x = drawn([counting(50)], pace=(0.5, 0.5))[0][:, :, 0, 0]
    assert set(x[x[:, 0] > 0].diff(dim=1).unique().tolist()) == {0.5}


def test_a_mirrored_window_swaps_left_and_right_with_their_confidence():
    film = counting(9)
    film.confidence[:, H36M17.index["left_wrist"]] = 0
    xy, confidence = drawn([film], mirror=1.0)
    assert (xy[:, -1, 0, 0] <= 0).all()
    assert xy[0, 0, :, 1].tolist() == H36M17.mirror.tolist()
    lost = confidence.flatten(0, 1).amin(0) == 0
    assert lost.nonzero().flatten().tolist() == [H36M17.index["right_wrist"]]


def clip(layout):
    xy = np.random.default_rng(0).uniform(100, 200, (6, len(layout), 2)).astype(np.float32)
    score = np.ones((6, len(layout)), np.float32)
    score[3, layout.index["left_wrist"]] = 0
    return KeypointClip("a", "films", "train", layout, xy, score, (300, 300), 30.0)


def test_the_head_of_a_film_with_one_point_for_it_is_not_marked():
    (film,) = prepared([clip(PENN13)], H36M17)
    assert film.xy.shape == (6, 17, 2)
    assert np.isfinite(film.xy).all()
    lost = np.argwhere(film.confidence == 0).tolist()
    at = H36M17.index
    head = [[t, at[joint]] for t in range(6) for joint in ("nose", "head")]
    assert sorted(lost) == sorted([*head, [3, at["left_wrist"]]])
    (seen,) = prepared([clip(COCO17)], H36M17)
    assert seen.confidence[0, at["nose"]] == 1


def test_what_the_live_program_completes_is_not_marked():
    """A point outside the picture is drawn in; the joint that stands for it is not the film's."""
    outside = clip(COCO17)
    wrist, at = COCO17.index["left_wrist"], H36M17.index["left_wrist"]
    outside.xy[4, wrist] = 900, 150
    (film,) = prepared([outside], H36M17)
    assert film.confidence[:, at].tolist() == [1, 1, 1, 0, 0, 1]
    assert np.abs(film.xy[4, at]).max() < 2


def test_films_come_back_from_their_file(tmp_path):
    films = prepared([clip(PENN13)], H36M17)
    save_films(tmp_path / "films.npz", films, H36M17)
    (film,) = read_films(tmp_path / "films.npz", H36M17)
    assert film.name == "films/a"
    np.testing.assert_allclose(film.xy, films[0].xy, atol=1e-4)
    np.testing.assert_array_equal(film.confidence, films[0].confidence)
    with pytest.raises(InputError, match="is of layout h36m17, wanted coco17"):
        read_films(tmp_path / "films.npz", COCO17)
    (tmp_path / "none.npz").write_bytes(b"none")
    with pytest.raises(InputError, match="is no file of films"):
        read_films(tmp_path / "none.npz", H36M17)
