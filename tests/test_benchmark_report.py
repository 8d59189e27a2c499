import csv
import io
import json
import math
import struct
import subprocess
import sys
from itertools import combinations

import numpy as np
import pytest
from rich.console import Console

from gastlive.experiments.benchmarking import pictures
from gastlive.experiments.benchmarking.pareto import front, pareto
from gastlive.experiments.benchmarking.report import table, write
from gastlive.experiments.benchmarking.spread import (
    Spread,
    columns,
    heading,
    over_rounds,
    ratio,
    spread_text,
)
from gastlive.experiments.timing.jobs import Row
from gastlive.gast.errors import InputError

RNG = np.random.default_rng(0)
STAGES = ("detector", "lifter")
LONG = "detector=movenet detector.size=256 lifter=gast243d runtime=onnxruntime cost=$^$"


def row(name, samples=None, **rounds):
    """A row from each figure's values over rounds."""
    values = [dict(zip(rounds, once, strict=True)) for once in zip(*rounds.values(), strict=True)]
    return Row(name, {"runtime": name, "threads": "1"}, tuple(values), samples or {})


def pipeline_row(name, ms=10.0):
    spent = {f"{stage}_ms": ms * RNG.gamma(20, 1 / 40, 400) for stage in STAGES}
    samples = {"age_ms": sum(spent.values()) + 2, **spent}
    lifter = {f"lifter_p{q}_ms": (ms / 2 * q / 50,) * 2 for q in (50, 95, 99)}
    return row(
        name, samples, **lifter, age_p50_ms=(ms + 2, ms + 3),
        age_p99_ms=(2 * ms, 2 * ms + 1), drop_rate_percent=(0, 0),
    )  # fmt: skip


def step_row(name, ms):
    return row(name, {"lifter_ms": ms * RNG.gamma(50, 1 / 50, 50)}, lifter_p50_ms=(ms,))


def cells(markdown, section):
    """The first table after a headline, as lists of cells."""
    lines = markdown.partition(section)[2].splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("|"))
    end = next((i for i in range(start, len(lines)) if not lines[i].startswith("|")), len(lines))
    table_lines = [line for line in lines[start:end] if "---" not in line]
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in table_lines]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A report of three pipelines, accuracies of two of them known."""
    rows = [pipeline_row("torch", 20), pipeline_row("openvino", 10), pipeline_row(LONG, 30)]
    known = {
        "torch": {"frame_accuracy": 0.482, "p_mpjpe_mm": 64.5},
        LONG: {"frame_accuracy": 0.5},
    }
    path = tmp_path_factory.mktemp("runs") / "report"
    told = write(
        rows, folder=path, title="Runtimes", command="gastlive-benchmark -m", accuracies=known
    )
    assert told == path / "latency.md"
    return path


def test_a_figure_is_its_median_and_spread_over_rounds():
    assert over_rounds(row("a", x_ms=(5.0, 1.0, 3.0)), "x_ms") == Spread(3, 1, 5)
    assert over_rounds(row("a", x_ms=(5.0, math.nan)), "x_ms") == Spread(5, 5, 5)
    assert over_rounds(row("a", x_ms=(math.nan,)), "x_ms") is None
    assert over_rounds(row("a", x_ms=(1.0,)), "y_ms") is None


def test_ratios_are_taken_round_by_round_so_that_drift_cancels():
    base, drifting = row("a", x_ms=(10, 20, 40)), row("b", x_ms=(5, 10, 20))
    assert ratio(drifting, base, "x_ms") == Spread(0.5, 0.5, 0.5)
    base, other = row("a", x_ms=(1, 10, 10)), row("b", x_ms=(2, 5, 30))
    assert ratio(other, base, "x_ms") == Spread(2, 0.5, 3)  # that of the medians is 0.5


@pytest.mark.parametrize(
    ("value", "to"), [(0, 0), (3, 0), (-1, 2), (1, -2), (math.nan, 1), (1, math.nan)]
)
def test_a_ratio_that_means_nothing_in_one_round_is_not_told(value, to):
    base, other = row("a", x=(1, to)), row("b", x=(1, value))
    assert ratio(other, base, "x") is None
    assert ratio(row("c", y=(1, 1)), base, "x") is None


@pytest.mark.parametrize(
    ("figure", "words"),
    [
        ("age_p99_ms", "age p99, ms"),
        ("drop_rate_percent", "drop rate, %"),
        ("cpu_percent", "CPU, %"),
        ("fps", "fps"),
        ("memory_mb", "memory, MB"),
        ("memory_growth_mb_per_min", "memory growth, MB/min"),
        ("first_label_s", "first label, s"),
        ("streams", "streams"),
    ],
)
def test_a_figures_name_is_said_in_human_words(figure, words):
    assert heading(figure) == words


@pytest.mark.parametrize(
    ("spread", "words"),
    [
        ((18.24, 17.96, 18.81), "18.2 (18.0-18.8)"),
        ((18.24, 18.21, 18.24), "18.2"),
        ((1234.4, 99.6, 2000), "1234 (100-2000)"),
        ((0.0712, 0.07, 0.08), "0.0712 (0.0700-0.0800)"),
        ((0.2, -0.35, 0.4), "0.200 (-0.350 to 0.400)"),
        ((0, 0, 0.37), "0 (0-0.370)"),
        ((0, 0, 0), "0"),
    ],
)
def test_numbers_have_three_digits_and_spread_where_rounds_differ(spread, words):
    assert spread_text(Spread(*spread)) == words
    assert spread_text(None) == ""


def test_the_most_important_figures_come_first():
    given = ("lifter_p50_ms", "lifter_p99_ms", "first_label_s", "memory_growth_mb_per_min",
             "memory_mb", "cpu_percent", "fps", "drop_rate_percent", "age_max_ms", "age_p99_ms",
             "age_p50_ms", "streams")  # fmt: skip
    wanted = ["streams", "age_p50_ms", "age_p99_ms", "age_max_ms", "drop_rate_percent", "fps",
              "cpu_percent", "memory_mb", "memory_growth_mb_per_min", "first_label_s",
              "lifter_p50_ms"]  # fmt: skip
    assert columns([row("a", **dict.fromkeys(given, (1,)))]) == wanted
    steps = ["lifter_p50_ms", "lifter_p99_ms"]  # alone, they are what was asked for
    assert columns([row("a", **dict.fromkeys(steps, (1,)))]) == steps


def test_the_page_says_what_was_run_on_what(folder):
    page = (folder / "latency.md").read_text()
    assert page.startswith("# Runtimes\n\n```\ngastlive-benchmark -m\n```\n")
    assert f"numpy {np.__version__}" in page
    assert "- Machine: " in page
    assert "2 rounds in turns" in page
    assert "In every row: `threads=1`." in page


def test_the_page_has_a_line_a_row_then_ratios_then_stages(folder):
    page = (folder / "latency.md").read_text()
    head, torch, _, long = cells(page, "# Runtimes")
    assert head[:4] == ["", "age p50, ms", "age p99, ms", "drop rate, %"]
    assert torch[:4] == ["torch", "22.5 (22.0-23.0)", "40.5 (40.0-41.0)", "0"]
    assert head[-2:] == ["labels right, %", "P-MPJPE, mm"]
    assert (torch[-2:], long[-2:]) == (["48.2", "64.5"], ["50.0", ""])
    head, openvino, _ = cells(page, "## Compared")
    assert head == ["", "age p50", "age p99", "lifter p50"]  # no ratio of drops: 0 / 0
    assert openvino[:3] == ["openvino", "0.555 (0.545-0.565)", "0.506 (0.500-0.512)"]
    assert cells(page, "## Stages")[1] == ["torch", "10.0 / 19.0 / 19.8"]


def test_figures_that_a_row_lacks_are_empty_cells(tmp_path):
    rows = [row("a", lifter_p50_ms=(2.0,)), row("b", streams=(20,)), row("c | d", streams=(30,))]
    page = write(rows, folder=tmp_path, title="T", command="c", baseline=1).read_text()
    assert cells(page.replace(r"\|", "/"), "# T") == [
        ["", "streams", "lifter p50, ms"], ["a", "", "2"], ["b", "20", ""], ["c / d", "30", ""],
    ]  # fmt: skip
    assert cells(page.replace(r"\|", "/"), "## Compared") == [
        ["", "streams"], ["a", ""], ["c / d", "1.50"],
    ]  # fmt: skip
    assert "divided by that of `b`" in page
    with (tmp_path / "latency.csv").open(newline="") as file:
        assert [line["streams"] for line in csv.DictReader(file)] == ["", "20.0", "30.0"]


def test_one_row_is_compared_with_nothing_and_nothing_is_drawn_without_samples(tmp_path):
    page = write([row("a", fps=(30.0,))], folder=tmp_path, title="T", command="c").read_text()
    assert "Compared" not in page
    assert "](" not in page
    assert "One round." in page
    assert {path.name for path in tmp_path.iterdir()} == {
        "latency.md", "latency.csv", "latency.json",
    }  # fmt: skip


def test_the_csv_parses_back(folder):
    with (folder / "latency.csv").open(newline="") as file:
        lines = list(csv.DictReader(file))
    assert [line["name"] for line in lines] == ["torch", "openvino", LONG]
    torch = [float(lines[0][f"age_p99_ms{of}"]) for of in ("", "_min", "_max")]
    assert torch == [40.5, 40, 41]
    assert "lifter_p99_ms_max" in lines[0]


def test_the_json_holds_everything(folder, tmp_path):
    told = json.loads((folder / "latency.json").read_text())
    assert (told["title"], told["command"]) == ("Runtimes", "gastlive-benchmark -m")
    assert told["machine"]["cpus"] >= 1
    assert told["versions"]["numpy"] == np.__version__
    assert told["baseline"] == "torch"
    openvino = told["rows"][1]
    assert openvino["config"] == {"runtime": "openvino", "threads": "1"}
    assert [once["age_p50_ms"] for once in openvino["rounds"]] == [12, 13]
    assert openvino["figures"]["age_p50_ms"] == {"median": 12.5, "min": 12, "max": 13}
    assert openvino["ratios"]["age_p50_ms"]["rounds"] == pytest.approx([12 / 22, 13 / 23], 1e-5)
    assert openvino["ratios"]["drop_rate_percent"] == {"rounds": [None] * 2, "over_rounds": None}
    assert told["rows"][2]["accuracy"] == {"frame_accuracy": 0.5}

    write([row("a", x=(math.nan, 1.0))], folder=tmp_path, title="T", command="c")
    once = json.loads((tmp_path / "latency.json").read_text())["rows"][0]
    assert once["rounds"] == [{"x": None}, {"x": 1.0}]


def test_pictures_are_pngs_that_the_page_shows(folder):
    page = (folder / "latency.md").read_text()
    saved = sorted(path.name for path in folder.glob("*.png"))
    assert saved == ["ages.png", "pareto.png", "stages.png"]
    for name in saved:
        content = (folder / name).read_bytes()
        assert content.startswith(b"\x89PNG\r\n")
        width, height = struct.unpack(">II", content[16:24])
        assert 1000 < width < 2500
        assert 300 < height < 2500
        assert f"({name})" in page


def test_an_old_picture_that_has_nothing_to_show_any_more_is_removed(tmp_path):
    names = ("stages.png", "ages.png", "steps.png", "pareto.png")
    for name in names:
        (tmp_path / name).write_bytes(b"old")
    write([row("a", fps=(30.0,))], folder=tmp_path, title="T", command="c")
    assert not any((tmp_path / name).exists() for name in names)


def test_each_picture_is_for_rows_that_have_what_it_shows():
    whole, alone, nothing = pipeline_row("a"), step_row("b", 3.0), row("c", fps=(30.0,))
    empty = row("d", {"lifter_ms": np.empty(0)}, fps=(30.0,))
    assert pictures.stages([alone, nothing, empty]) is None
    assert pictures.ages([alone, nothing, empty]) is None
    assert pictures.steps([whole, nothing, empty]) is None
    assert labels(pictures.stages([alone, whole])) == ["a"]
    assert labels(pictures.steps([whole, alone])) == ["b"]


def labels(figure):
    return [label.get_text() for label in figure.axes[0].get_yticklabels()]


def test_bars_are_the_p50_of_each_stage_in_the_order_of_the_pipeline():
    samples = {"age_ms": np.full(9, 9.0), "detector_ms": np.full(9, 5.0), "b_ms": np.full(9, 2.0)}
    axes = pictures.stages([row("a", samples, fps=(30.0,))]).axes[0]
    assert [(bar.get_x(), bar.get_width()) for bar in axes.patches] == [(0, 5), (5, 2)]


@pytest.mark.parametrize(("slow", "scale"), [(15.0, "linear"), (300.0, "log")])
def test_steps_that_differ_much_are_shown_on_a_logarithmic_axis(slow, scale):
    figure = pictures.steps([step_row("a", 3.0), step_row("b", slow)])
    assert figure.axes[0].get_xscale() == scale


def test_twelve_long_names_do_not_overlap():
    figure = pictures.stages([pipeline_row(f"{LONG}={i}") for i in range(12)])
    figure.draw_without_rendering()
    boxes = [label.get_window_extent() for label in figure.axes[0].get_yticklabels()]
    assert len(boxes) == 12
    assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))
    assert figure.axes[0].bbox.width > figure.bbox.width / 2
    assert all(figure.bbox.x0 <= box.x0 and box.y1 <= figure.bbox.y1 for box in boxes)
    assert "$^$" in " ".join(labels(figure)).replace("\\", "").replace("\n", " ")


def test_points_numbers_do_not_overlap_however_close_the_points_are():
    rows = [row(f"{i}", age_p99_ms=(30 + i / 9,)) for i in range(12)]
    known = {each.name: {"frame_accuracy": 0.5 + i % 3 / 50} for i, each in enumerate(rows)}
    figure = pareto(rows, known)
    figure.draw_without_rendering()
    texts = figure.axes[0].texts
    assert sorted(int(text.get_text()) for text in texts) == list(range(1, 13))
    boxes = [text.get_window_extent() for text in texts]
    assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))


def test_the_front_is_what_no_other_beats():
    assert front([30, 10, 20, 40, 10], [5, 1, 1, 9, 2]) == [4, 0, 3]


def test_accuracy_is_drawn_when_it_is_known_of_two_rows_each_kind_alone():
    rows = [row("a", age_p99_ms=(30,)), row("b", age_p99_ms=(20,)), row("c", age_p99_ms=(10,))]
    one = {"frame_accuracy": 0.5, "p_mpjpe_mm": 60.0}
    assert pareto(rows, {}) is None
    assert pareto(rows, {"a": one}) is None
    assert pareto([row("a", fps=(1,)), row("b", fps=(1,))], {"a": one, "b": one}) is None
    figure = pareto(rows, {"a": one, "b": {"frame_accuracy": 0.4}})
    assert [axes.get_ylabel() for axes in figure.axes] == ["labels right, % of frames"]
    assert figure.axes[0].get_xlabel() == "age p99, ms"
    figure = pareto(rows, {"a": one, "b": {"p_mpjpe_mm": 50.0}, "c": one})
    assert len(figure.axes) == 2
    low, high = figure.axes[1].get_ylim()
    assert low > high  # fewer millimetres are further up


def test_the_terminal_gets_medians_and_one_ratio_with_spread():
    console = Console(width=120, file=io.StringIO())
    console.print(table([row("a[b]", x_ms=(1, 2)), row("c", x_ms=(2, 2))]))
    lines = [line.split() for line in console.file.getvalue().splitlines()]
    assert lines == [["x,", "ms", "x,", "ratio"], ["a[b]", "1.50", "1.00"],
                     ["c", "2.00", "1.50", "(1.00-2.00)"]]  # fmt: skip


def test_no_rows_and_no_such_baseline_are_one_line(tmp_path):
    with pytest.raises(InputError, match=r"nothing was measured.*give a config"):
        write([], folder=tmp_path, title="T", command="c")
    with pytest.raises(InputError, match="baseline=2 is none of the 1 rows; give 0 to 0"):
        table([row("a", fps=(30.0,))], 2)


def test_a_folder_that_cant_be_written_to_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"can't write .*file"):
        write([row("a", fps=(1,))], folder=tmp_path / "file", title="T", command="c")
    (tmp_path / "latency.csv").symlink_to("/dev/full")
    with pytest.raises(InputError, match="no space left"):
        write([row("a", fps=(1,))], folder=tmp_path, title="T", command="c")


def test_importing_the_report_does_not_import_what_draws():
    code = (
        "import sys, gastlive.experiments.benchmarking.report; print('matplotlib' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_the_line_along_the_front_joins_the_best_of_each_kind():
    rows = [row("a", age_p99_ms=(10,)), row("b", age_p99_ms=(20,)), row("c", age_p99_ms=(30,))]
    known = {
        "a": {"frame_accuracy": 0.3, "p_mpjpe_mm": 60.0},
        "b": {"frame_accuracy": 0.5, "p_mpjpe_mm": 50.0},
        "c": {"frame_accuracy": 0.4, "p_mpjpe_mm": 55.0},
    }
    lines = [
        next(line for line in axes.lines if line.get_linestyle() == "--")
        for axes in pareto(rows, known).axes
    ]
    assert [line.get_ydata().tolist() for line in lines] == [
        pytest.approx([30, 50, 50]),
        [60, 50, 50],
    ]
