"""What is taken for what, in words."""

import numpy as np

from gastlive.experiments.confusion import weaknesses

LABELS = ("idle", "wave", "clap", "kick")


def test_a_weak_label_is_named_with_what_it_is_taken_for_and_how_few_examples_it_had():
    counts = np.array([[90, 5, 5, 0], [10, 30, 60, 0], [0, 0, 50, 50], [0, 0, 0, 0]])
    assert weaknesses(counts, LABELS, {"idle": 90, "wave": 3, "clap": 40}) == [
        "wave, 30% right: taken for clap (60%) and idle (10%); only 3 examples to learn from, add "
        "more of other people",
        "clap, 50% right: taken for kick (50%)",
    ]


def test_labels_that_are_right_or_that_nobody_shows_are_not_weak():
    assert weaknesses(np.diag([9, 9, 0, 9]), LABELS, {}) == []


def test_of_many_weak_labels_the_worst_are_named_and_the_others_counted():
    labels = [f"label {i}" for i in range(12)]
    lines = weaknesses(np.ones((12, 12), int), labels, {})
    assert len(lines) == 9
    assert lines[-1] == "and 4 more"
