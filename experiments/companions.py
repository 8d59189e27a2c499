"""What lies beside an exported file, for people without gastlive: a README and a ``run.py``."""

import json
from pathlib import Path
from string import Template
from typing import Any

from ..action.checkpoint import HeadCard
from ..gast.checkpoint import LifterCard
from ..gast.runtimes.self_starting import state_size
from ..gast.runtimes.step_graph import StepGraph
from ..gast.skeleton import named


def about(card: HeadCard | LifterCard) -> dict[str, str]:
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


def write_companions(path: Path, graph: StepGraph, card: HeadCard | LifterCard) -> list[Path]:
    """Write ``NAME_README.md`` and ``NAME_run.py`` beside ``NAME.onnx``; returns their paths."""
    joints, size = named(card.layout).joints, state_size(graph.keeps)
    words: dict[str, Any] = {
        "name": path.stem, "file": path.name, "count": len(joints), "channels": graph.shape[-1],
        "size": size, "fps": f"{card.fps:g}",
        "table": "\n".join(f"| {i} | {joint} |" for i, joint in enumerate(joints)),
        "numbers": ", ".join(map(str, graph.shape)), **_units(card),
    }  # fmt: skip
    if isinstance(card, HeadCard):
        words |= {
            "temperature": card.temperature,
            "listed": ", ".join(card.labels),
            "background": card.background,
        }  # fmt: skip
    kind = "head" if isinstance(card, HeadCard) else "lifter"
    files = {
        path.with_name(f"{path.stem}_README.md"): _README + _READMES[kind] + _TABLE,
        path.with_name(f"{path.stem}_run.py"): _SCRIPTS[kind],
    }
    for file, text in files.items():
        file.write_text(Template(text).substitute(words), encoding="utf-8", newline="\n")
    return list(files)


def _units(card: HeadCard | LifterCard) -> dict[str, str]:
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
_STREAM_CLASS = '''"""

import json
import sys
from pathlib import Path

import numpy as np
import onnxruntime


class Stream:
    """One step after another for N people; `about` is what the file says of itself."""

    def __init__(self, path, people=1):
        self.session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        self.about = self.session.get_modelmeta().custom_metadata_map
        self.state = np.zeros((people, $size), np.float32)  # zeros: their streams begin

    def __call__(self, frame):
        given = {"frame": np.asarray(frame, np.float32), "state": self.state}
        output, self.state = self.session.run(["output", "next_state"], given)
        return output


'''
_SCRIPTS = {
    "lifter": '''"""Lifts one person's 2-D joints: python ${name}_run.py keypoints.npy WIDTH HEIGHT

keypoints.npy is (frames, $count, 2 or 3): x, y in pixels and, if known, confidence; the README
lists the joints. 3-D joints go to ${name}_xyz.npy, metres. Without a file it makes joints up.
'''
    + _STREAM_CLASS
    + """if __name__ == "__main__":
    joints = 320 + 3 * np.random.default_rng(0).standard_normal((90, $count, 2)).cumsum(0)
    width, height = map(float, sys.argv[2:] or (640, 480))
    joints = np.load(sys.argv[1]) if len(sys.argv) > 1 else joints
    ones = np.ones_like(joints[..., :1])
    xy = (2 * joints[..., :2] - (width, height)) / width
    frames = np.concatenate([xy, joints[..., 2:], ones], -1)[..., :$channels]
    lift = Stream(Path(__file__).with_name("$file"))
    xyz = np.concatenate([lift(frame[None]) for frame in frames])
    np.save("${name}_xyz.npy", xyz)
    last = json.loads(lift.about["joints"])[-1]
    print(f"{len(xyz)} frames in ${name}_xyz.npy; last {last}: {xyz[-1, -1].round(3)} m")
""",
    "head": '''"""Names one person's actions: python ${name}_run.py xyz.npy

xyz.npy is (frames, $count, 3): metres relative to the hip, as a lifter makes them.
'''
    + _STREAM_CLASS
    + """if __name__ == "__main__":
    xyz = 0.1 * np.random.default_rng(0).standard_normal((90, $count, 3))
    xyz = np.load(sys.argv[1]) if len(sys.argv) > 1 else xyz
    name = Stream(Path(__file__).with_name("$file"))
    labels, temperature = (json.loads(name.about[key]) for key in ("labels", "temperature"))
    for number, frame in enumerate(xyz):
        logits = name(frame[None])[0] / temperature
        odds = np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()
        print(f"frame {number}: {labels[odds.argmax()]} {odds.max():.2f}")
""",
}
