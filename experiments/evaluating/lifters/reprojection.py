"""Lifters on films without 3-D truth: how well their joints fit the 2-D ones.

``python -m gastlive.experiments.evaluating.lifters.reprojection NAME ...``
"""

import sys
from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor

from ....conf.option import option
from ....datasets.for_lifters.films import Film, prepared
from ....gast.checkpoint import load
from ....gast.gastnet import GASTNet
from ....gast.lifter import Lifter, with_confidence
from ....gast.shipped import LIFTERS, find
from ....gast.skeleton import H36M17
from ....gast.weak_supervision import FilmLoss, reprojection_errors
from ....gast.windowed import in_chunks

SETS = ("penn_action", "jhmdb")
WEIGHTS = dict.fromkeys(("reprojection", "lengths", "symmetry", "constancy", "knees"), 1.0)


def film_scores(lifter: Lifter, films: Sequence[Film]) -> dict[str, float]:
    """Means over all frames of films, which has no 3-D truth.

    `reprojection_%`: of the joints' spread, at weak perspective. `length_sd`: deviation of log
    lengths and size from people's, rms, in standard deviations. `symmetry_%`: difference of the
    sides. `constancy_%`: standard deviation of a limb's log length in a film. `knees`: sine by
    which knees bend forwards.
    """
    loss = FilmLoss(lifter.skeleton, distances_m=[torch.inf], **WEIGHTS)
    rows, weights = list[Tensor](), list[float]()
    for film in films:
        xy, sure = torch.from_numpy(film.xy)[None], torch.from_numpy(film.confidence)[None]
        joints = with_confidence(xy, sure)
        lifted = in_chunks(cast(GASTNet, lifter.net), lifter.units, joints)
        errors = reprojection_errors(lifted, xy, sure, distances_m=[torch.inf])
        parts = loss.parts(lifted, xy, sure)
        lengths = loss.log_lengths(lifted)[0]
        rows.append(torch.stack([
            errors.nanmean(), parts["lengths"], parts["symmetry"],
            lengths.std(0, correction=0).mean(), parts["knees"],
        ]))  # fmt: skip
        weights.append(float(len(film.xy)))
    table, weight = torch.stack(rows), torch.tensor(weights)[:, None]
    known = table.isfinite()
    mean = (torch.where(known, table, 0) * weight).sum(0) / (known * weight).sum(0)
    reprojection, length, symmetry, constancy, knees = mean.tolist()
    return {
        "reprojection_%": 100 * reprojection,
        "length_sd": length**0.5,
        "symmetry_%": 100 * symmetry,
        "constancy_%": 100 * constancy,
        "knees": knees,
    }


def main(names: Sequence[str]) -> None:
    """Print a table: each lifter, shipped or a file, on the published test parts."""
    torch.set_num_threads(1)
    sets = {
        name: prepared(option(f"data/{name}", subjects=["test"], fps=30.0), H36M17) for name in SETS
    }
    for name in names:
        net, card = load(find(name, folder=LIFTERS, kind="lifter"), layout=H36M17.name)
        lifter = Lifter(net, skeleton=H36M17, normalisation=card.normalisation).eval()
        with torch.inference_mode():
            for data, films in sets.items():
                scores = film_scores(lifter, films)
                figures = ", ".join(f"{key} {value:.3f}" for key, value in scores.items())
                print(f"{name} on {data}, {len(films)} films: {figures}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
