"""What lies beside an exported file, for people without gastlive: a README and a ``run.py``."""

import json
from pathlib import Path
from string import Template
from typing import Any

from ..action.checkpoint import HeadCard
from ..gast.cards import Card
from ..gast.runtimes.self_starting import state_size
from ..gast.runtimes.step_graph import StepGraph
from ..gast.skeleton import named


def about(card: Card) -> dict[str, str]:
    """Metadata of the ONNX file that any program can read: plain words and JSON."""
    said: dict[str, Any] = {
        "joints": list(named(card.layout).joints),
        "frames_per_second": card.fps,
        "begin": "a stream begins with a state of zeros",
        **_units(card),
    }
    if isinstance(card, HeadCard):
        said |= {"labels": list(card.labels), "temperature": card.temperature}
    return {key: text if isinstance(text, str) else json.dumps(text) for key, text in said.items()}


def write_companions(path: Path, graph: StepGraph, card: Card) -> list[Path]:
    """Write ``NAME_README.md`` and ``NAME_run.py`` beside ``NAME.onnx``; returns their paths."""
    joints, size = named(card.layout).joints, state_size(graph.keeps)
    words: dict[str, Any] = {
        "name": path.stem, "file": path.name, "joints": "\n    ".join(_rows(joints)),
        "count": len(joints), "channels": graph.shape[-1], "size": size, "fps": f"{card.fps:g}",
        "table": "\n".join(f"| {i} | {joint} |" for i, joint in enumerate(joints)),
        "numbers": ", ".join(map(str, graph.shape)), **_units(card),
    }  # fmt: skip
    if isinstance(card, HeadCard):
        words |= {
            "labels": "\n    ".join(_rows(card.labels)), "temperature": card.temperature,
            "classes": len(card.labels), "listed": ", ".join(card.labels),
            "background": card.background,
        }  # fmt: skip
    kind = "head" if isinstance(card, HeadCard) else "lifter"
    files = {
        path.with_name(f"{path.stem}_README.md"): _README + _READMES[kind] + _TABLE,
        path.with_name(f"{path.stem}_run.py"): _STREAM[kind],
    }
    for file, text in files.items():
        file.write_text(Template(text).substitute(words), encoding="utf-8", newline="\n")
    return list(files)


def _units(card: Card) -> dict[str, str]:
    if isinstance(card, HeadCard):
        return {
            "frame_is": "x, y, z in metres, camera axes (x right, y down, z forward), of each "
            "joint less that of the hip",
            "output_is": "a logit for each label; probabilities are softmax(output / temperature)",
        }
    channels = getattr(card, "inputs", 2)
    return {
        "frame_is": "x, y of each joint in screen units, x = (2 * pixel_x - width) / width, y = (2 "
        "* pixel_y - height) / width" + (", and confidence 0 to 1" if channels == 3 else ""),
        "output_is": "x, y, z of each joint in metres, camera axes (x right, y down, z forward), "
        "less those of the hip",
    }


def _rows(names: tuple[str, ...], width: int = 84) -> list[str]:
    """Quoted names with commas, wrapped."""
    rows = [""]
    for name in names:
        word = f"{json.dumps(name)}, "
        if len(rows[-1]) + len(word) > width:
            rows.append("")
        rows[-1] += word
    return [row.rstrip() for row in rows]


_README = """# $name

`$file` is one step of a net that runs frame by frame. `python ${name}_run.py` shows it at work; it
needs numpy and onnxruntime alone.

| | name | shape | |
|---|---|---|---|
| in | `frame` | (N, $numbers) float32 | N people, one frame of each: $frame_is |
| in | `state` | (N, $size) float32 | zeros where a person's stream begins, then what came out |
| out | `output` | (N, ...) float32 | $output_is |
| out | `next_state` | (N, $size) float32 | the next step's `state` |

A state of zeros begins a stream, as if its first frame had stood there for ever; there is nothing
else to fill. Set a row to zeros when somebody else takes that row. Frames should come at about
$fps a second, and each must have all joints: fill those out of view with their last place.

"""
_READMES = {
    "lifter": """It lifts 2-D joints to 3-D joints.

""",
    "head": """It names actions: $listed.

`output` has a logit for each of these labels, in this order. Probabilities are
softmax(output / $temperature). `$background` is none of the actions. Joints must come from a lifter
of gastlive at this rate.

""",
}
_TABLE = """| index | joint |
|---:|---|
$table
"""
_CLASS = '''"""

import sys
from pathlib import Path

import numpy as np
import onnxruntime

JOINTS = (
    $joints
)
'''
_STEP = '''

class Stream:
    """One step after another for N people."""

    def __init__(self, path, people=1):
        self.session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        self.state = np.zeros((people, $size), np.float32)  # zeros: their streams begin

    def __call__(self, frame):
        given = {"frame": np.asarray(frame, np.float32), "state": self.state}
        output, self.state = self.session.run(["output", "next_state"], given)
        return output


'''
_STREAM = {
    "lifter": '''"""Lifts one person's 2-D joints: python ${name}_run.py keypoints.npy WIDTH HEIGHT

keypoints.npy is (frames, $count, 2 or 3): x, y in pixels and, if known, confidence, of JOINTS. The
3-D joints go to ${name}_xyz.npy, metres relative to the hip. Without a file it makes joints up.
'''
    + _CLASS
    + _STEP
    + '''def to_screen(joints, width, height):
    """(frames, J, 2 or 3) in pixels to what the net takes."""
    xy = (2 * joints[..., :2] - (width, height)) / width
    known = joints.shape[-1] > 2
    confidence = joints[..., 2:] if known else np.ones_like(joints[..., :1])
    return np.concatenate([xy, confidence], -1)[..., :$channels]


if __name__ == "__main__":
    made_up = 320 + 90 * np.random.default_rng(0).standard_normal((90, $count, 2)).cumsum(0) / 30
    joints, (width, height) = made_up, (640, 480)
    if len(sys.argv) > 1:
        joints, width, height = np.load(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3])
    lift = Stream(Path(__file__).with_name("$file"))
    xyz = np.concatenate([lift(frame[None]) for frame in to_screen(joints, width, height)])
    np.save("${name}_xyz.npy", xyz)
    print(f"{len(xyz)} frames in ${name}_xyz.npy; last {JOINTS[-1]}: {xyz[-1, -1].round(3)} m")
''',
    "head": '''"""Names one person's actions: python ${name}_run.py xyz.npy

xyz.npy is (frames, $count, 3): metres relative to the hip, of JOINTS, as a lifter makes them.
'''
    + _CLASS
    + """LABELS = (
    $labels
)
TEMPERATURE = $temperature
"""
    + _STEP
    + '''def probabilities(logits):
    """Of each label, (N, labels)."""
    powers = np.exp((logits - logits.max(-1, keepdims=True)) / TEMPERATURE)
    return powers / powers.sum(-1, keepdims=True)


if __name__ == "__main__":
    xyz = 0.1 * np.random.default_rng(0).standard_normal((90, $count, 3))
    if len(sys.argv) > 1:
        xyz = np.load(sys.argv[1])
    name = Stream(Path(__file__).with_name("$file"))
    for number, frame in enumerate(xyz):
        odds = probabilities(name(frame[None]))[0]
        print(f"frame {number}: {LABELS[odds.argmax()]} {odds.max():.2f}")
''',
}
