"""Floor: from the picture to metres."""

import numpy as np
import pytest

from gastlive.conf.option import chain
from gastlive.gast.errors import InputError
from gastlive.realtime.stages.floor import Floor

HEIGHT_M, PITCH = 2.4, np.radians(20)


def seen(x, z):
    """Where a camera 2.4 m above the floor, pitched down by 20 degrees, shows x, z metres."""
    forward = z * np.cos(PITCH) + HEIGHT_M * np.sin(PITCH)
    down = HEIGHT_M * np.cos(PITCH) - z * np.sin(PITCH)
    return [float(0.5 + 0.8 * x / forward), float(0.5 + 1.1 * down / forward)]


def points(*places):
    return [{"seen": seen(x, z), "at": [x, z]} for x, z in places]


CORNERS = ((-1, 2), (1, 2), (1.5, 6), (-1.5, 6))


def test_four_places_give_all_others():
    floor = Floor(points(*CORNERS))
    for place in ((0, 3), (-2, 2.5), (0.3, 12)):
        np.testing.assert_allclose(floor(*seen(*place)), place, atol=1e-6)


def test_more_places_are_fitted_by_least_squares():
    random = np.random.default_rng(0)
    given = points(*CORNERS, (0, 3), (0, 5), (-1, 4), (1, 4))
    for point in given:
        point["at"] = [value + random.normal(0, 0.03) for value in point["at"]]
    np.testing.assert_allclose(Floor(given)(*seen(0.5, 4)), (0.5, 4), atol=0.06)


def test_above_the_horizon_there_is_no_floor():
    horizon = 0.5 - 1.1 * np.tan(PITCH)
    floor = Floor(points(*CORNERS))
    assert floor(0.5, horizon + 0.01)[1] > 50
    assert floor(0.5, horizon - 0.01) is None


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (points(*CORNERS[:3]), "floor has 3 points"),
        (points((0, 2), (0, 3), (0, 4), (1, 5)), "seen on a line"),
        ([{**p, "at": [0, i]} for i, p in enumerate(points(*CORNERS))], "at on a line"),
        ([{"seen": [0.5, 0.5], "at": [0, 1]}] * 4, "seen on a line"),
        ([*points(*CORNERS)[:3], {"seen": [0.1, 0.2]}], "no point of the floor"),
        ([*points(*CORNERS)[:3], {"seen": [0.1, "left"], "at": [0, 0]}], "no point of the floor"),
        ([*points(*CORNERS)[:3], {"seen": [0.1, 0.2], "at": [0, float("nan")]}], "no point of"),
        ([*points(*CORNERS)[:3], {"seen": [320, 200], "at": [0, 0]}], "divide pixels"),
        ([3, 4, 5, 6], "3 is no point of the floor"),
        (7, "no list of points"),
        ({"seen": [0, 0]}, "no list of points"),
    ],
)
def test_what_is_no_floor_ends_in_one_line(given, said):
    with pytest.raises(InputError, match=said) as error:
        Floor(given)
    assert "\n" not in str(error.value)


def test_two_points_that_were_swapped_are_noticed():
    given = points(*CORNERS)
    given[0]["at"], given[1]["at"] = given[1]["at"], given[0]["at"]
    with pytest.raises(InputError, match="are two swapped"):
        Floor(given)


def test_a_point_that_was_measured_wrongly_is_named():
    given = points(*CORNERS, (0, 3), (0, 5), (-1, 4), (1, 4))
    given[5]["at"] = [0, 7.5]
    with pytest.raises(InputError, match=r"is \d\.\d m from where the others put it"):
        Floor(given)


def test_the_floor_is_an_option_of_the_chain_from_python_too():
    assert chain({"floor": points(*CORNERS)}).floor[0].at == [-1, 2]
    assert chain({}).floor == []
