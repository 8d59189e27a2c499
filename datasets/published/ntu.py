"""NTU RGB+D 60 and 120: actions of one or two people before three Kinects v2."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ...gast.errors import InputError
from ...gast.skeleton import NTU25
from ..axes import from_kinect
from ..clip import MotionClip, Problem
from ..formats.text import broken, read_text
from ..motion import MotionFolder, Take

FPS = 30.0

NTU_ACTIONS = (
    "drink water", "eat meal", "brush teeth", "brush hair", "drop", "pick up", "throw", "sit down",
    "stand up", "clapping", "reading", "writing", "tear up paper", "put on jacket",
    "take off jacket", "put on a shoe", "take off a shoe", "put on glasses", "take off glasses",
    "put on a hat", "take off a hat", "cheer up", "hand waving", "kicking something",
    "reach into pocket", "hopping", "jump up", "phone call", "play with phone",
    "type on a keyboard", "point to something", "taking a selfie", "check time", "rub two hands",
    "nod head or bow", "shake head", "wipe face", "salute", "put palms together",
    "cross hands in front", "sneeze or cough", "staggering", "falling down", "headache",
    "chest pain", "back pain", "neck pain", "nausea or vomiting", "fan self",
    "punch or slap someone", "kicking someone", "pushing someone", "pat someone's back",
    "point at someone", "hugging", "giving object", "touch someone's pocket", "shaking hands",
    "walking towards each other", "walking apart", "put on headphone", "take off headphone",
    "shoot at basket", "bounce ball", "tennis bat swing", "juggle table tennis ball", "hush",
    "flick hair", "thumb up", "thumb down", "make OK sign", "make victory sign", "staple book",
    "counting money", "cutting nails", "cutting paper", "snap fingers", "open bottle",
    "sniff or smell", "squat down", "toss a coin", "fold paper", "ball up paper",
    "play magic cube", "apply cream on face", "apply cream on hand", "put on bag",
    "take off bag", "put object into bag", "take object out of bag", "open a box",
    "move heavy objects", "shake fist", "throw up cap", "hands up", "cross arms", "arm circles",
    "arm swings", "run on the spot", "butt kicks", "cross toe touch", "side kick", "yawn",
    "stretch oneself", "blow nose", "hit someone with object", "wield knife at someone",
    "knock over someone", "grab someone's stuff", "shoot at someone with gun",
    "step on someone's foot", "high-five", "cheers and drink", "carry object together",
    "take a photo of someone", "follow someone", "whisper in someone's ear", "exchange things",
    "support somebody", "rock-paper-scissors",
)  # fmt: skip
"""A1 to A120; the first 60 are those of NTU RGB+D 60."""

_NAME = re.compile(r"S\d{3}(C\d{3})(P\d{3})R\d{3}A(\d{3})")


def ntu_take(path: Path, labels: Sequence[str]) -> Take | None:
    """The facts in a name such as ``S001C002P003R002A013``; None without such a name and label."""
    match = _NAME.fullmatch(path.stem)
    if match is None or not 1 <= int(match[3]) <= len(labels):
        return None
    return Take(path, subject=match[2], label=labels[int(match[3]) - 1], camera=match[1])


def missing_skeletons() -> frozenset[str]:
    """Names of the 535 samples (302 of NTU60) that the publisher lists as without skeletons."""
    path = Path(__file__).parent / "lists" / "ntu_missing_skeletons.txt"
    return frozenset(path.read_text(encoding="utf-8").split())


def people_of(bodies: np.ndarray) -> np.ndarray:
    """World points of the bodies (M, T, 25, 3) that occur in a frame; absence is zeros in, NaN out.

    An InputError if none occurs.
    """
    there = (bodies != 0).any((2, 3)) & np.isfinite(bodies).all((2, 3))
    if not there.any():
        raise InputError(f"none of its {bodies.shape[1]} frames has a joint")
    world = from_kinect(bodies)
    world[~there] = np.nan
    return world[there.any(1)]


class Ntu60(MotionFolder):
    """56,880 clips of 60 actions by 40 people, seen by three cameras at once, one action a clip.

    ``SsssCcccPpppRrrrAaaa.skeleton`` is action A by subject P, take R, seen by camera C in setup S,
    30 frames per second, 25 joints. Samples that the publisher lists as without skeletons are left
    out. Sensors take chairs for people and number lost people anew: of the bodies in a file the two
    that move most are read, see `two_people`, and frames before and after them cut off. Published
    by Nanyang Technological University, for academic use. The published protocols test on half of
    the subjects, or on camera 1. See `MotionFolder`.

    Source: Shahroudy et al. 2016, "NTU RGB+D: A large scale dataset".
    """

    dataset = "ntu60"
    publisher = "Nanyang Technological University (rose1.ntu.edu.sg/dataset/actionRecognition)"
    labels: Sequence[str] = NTU_ACTIONS[:60]

    def __init__(
        self,
        root: str,
        *,
        subjects: list[str] | None = None,
        cameras: list[str] | None = None,
        fps: float | None = None,
    ) -> None:
        super().__init__(root, subjects=subjects, fps=fps)
        self.only("camera", cameras, of=lambda take: take.camera)
        found, without = len(self.takes), missing_skeletons()
        self.takes = [take for take in self.takes if take.name not in without]
        self._left_out = found - len(self.takes)

    def __iter__(self) -> Iterator[MotionClip]:
        """Clips by path; one problem counts the samples left out."""
        yield from super().__iter__()
        if self._left_out:
            reason = f"{self._left_out} samples are left out, listed by the publisher as broken"
            self.problems.append(Problem(str(self.root), reason))

    def _find(self) -> Iterable[Take]:
        takes = (ntu_take(path, self.labels) for path, _ in self._files(r".+\.skeleton"))
        return (take for take in takes if take is not None)

    def _read(self, take: Take) -> MotionClip:
        frames, bodies = read_bodies(take.path)
        people = two_people(main_bodies(bodies), frames)
        seen = np.flatnonzero(np.isfinite(people).any((0, 2, 3)))
        if not len(seen):
            raise InputError(f"none of its {frames} frames has a joint")
        first, second = from_kinect(people[:, seen[0] : seen[-1] + 1])
        clip = self._clip(take, NTU25, first, FPS)
        return replace(clip, partner=second if np.isfinite(second).any() else None)


class Ntu120(Ntu60):
    """114,480 clips of 120 actions by 106 people, half of them `Ntu60`'s.

    The published protocols test on half of the subjects, or on the odd setups.

    Source: Liu et al. 2019, "NTU RGB+D 120: A large-scale benchmark".
    """

    dataset = "ntu120"
    labels = NTU_ACTIONS


@dataclass(frozen=True, slots=True)
class Body:
    """What a sensor took for a body: n frame numbers and joints (n, 25, 3), metres, its axes."""

    frames: np.ndarray
    xyz: np.ndarray

    @property
    def upright(self) -> np.ndarray:
        """(n,) whether it is clearly higher than wide, as people are, unlike chairs."""
        wide, high, _ = np.moveaxis(np.ptp(self.xyz, axis=1), -1, 0)
        return wide <= _WIDEST * high

    @property
    def motion(self) -> float:
        """Variance of the joints' places, m², in frames in which it is upright if that is less."""
        some = self.xyz[self.upright]
        return min(_spread(self.xyz), _spread(some)) if len(some) else _spread(self.xyz)


_SHORTEST = 12
_WIDEST = 0.8
_UPRIGHT = 1 - 0.69754
"""A person's least frames, largest width by height, and share of frames in which it holds."""


def _spread(xyz: np.ndarray) -> float:
    points = xyz[np.isfinite(xyz).all(-1)]
    return float(points.var(0).sum()) if len(points) else 0.0


def main_bodies(bodies: Iterable[Body]) -> list[Body]:
    """The bodies that look like people, all if none does; the one that moves most is first.

    Source: Zhang et al. 2020, "Semantics-guided neural networks", thresholds of the released code.
    """
    found = list(bodies)
    found = [body for body in found if len(body.frames) >= _SHORTEST] or found
    found = [body for body in found if body.upright.mean() > _UPRIGHT] or found
    return sorted(found, key=lambda body: -body.motion)


def two_people(bodies: Iterable[Body], frames: int) -> np.ndarray:
    """Two people (2, `frames`, 25, 3) of bodies, the most important first; NaN while away.

    A body that is never in view together with the first person is the first person seen again, else
    the same with the second, else left out.
    """
    people = np.full((2, frames, len(NTU25), 3), np.nan, np.float32)
    there = np.zeros((2, frames), bool)
    for body in bodies:
        free = np.flatnonzero(~there[:, body.frames].any(1))
        if len(free):
            people[free[0], body.frames] = body.xyz
            there[free[0], body.frames] = True
    return people


def read_bodies(path: Path) -> tuple[int, list[Body]]:
    """Number of frames of a ``.skeleton`` file and its bodies; an InputError if it is broken."""
    lines = read_text(path).splitlines()
    frames = _count(path, lines, 0, "how many frames")
    at, rows = 1, list[str]()
    seen: dict[str, list[tuple[int, int]]] = {}  # frame and place in `rows` of each pose
    for frame in range(frames):
        bodies = _count(path, lines, at, "how many bodies")
        at += 1
        for _ in range(bodies):
            if _count(path, lines, at + 1, "how many joints") != len(NTU25):
                raise broken(path, at + 2, f"wanted {len(NTU25)} joints")
            number = lines[at].split(maxsplit=1)[0] if lines[at].strip() else ""
            seen.setdefault(number, []).append((frame, len(rows) // len(NTU25)))
            at += 2 + len(NTU25)
            if at > len(lines):
                raise broken(path, len(lines) + 1, f"wanted {len(NTU25)} joints, but it ends here")
            rows += lines[at - len(NTU25) : at]
    if any(line.strip() for line in lines[at:]):
        raise broken(path, at + 1, f"wanted {frames} frames and then the end")
    return frames, _bodies(seen, _points(path, rows))


def _bodies(seen: Mapping[str, list[tuple[int, int]]], poses: np.ndarray) -> list[Body]:
    places = (np.array(some) for some in seen.values())
    return [Body(frames=place[:, 0], xyz=poses[place[:, 1]]) for place in places]


def _count(path: Path, lines: Sequence[str], at: int, what: str) -> int:
    line = lines[at].strip() if at < len(lines) else ""
    if not (line.isascii() and line.isdigit() and len(line) < 10):
        raise broken(path, at + 1, f"wanted {what}")
    return int(line)


def _points(path: Path, rows: Sequence[str]) -> np.ndarray:
    """Poses (n, 25, 3) of lines that begin with x, y and z; NaN for a joint at the sensor."""
    shape = (len(rows) // len(NTU25), len(NTU25), 3)
    if not rows:
        return np.empty(shape, np.float32)
    try:
        points = np.loadtxt(rows, np.float32, comments=None, usecols=(0, 1, 2)).reshape(shape)
    except ValueError as error:
        raise InputError(f"{path}: a joint is no three numbers; get the file anew") from error
    points[~np.isfinite(points).all(-1) | (points == 0).all(-1)] = np.nan
    return points
