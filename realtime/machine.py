"""The machine that a program runs on, and the versions of the packages that compute."""

import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import psutil

_PACKAGES = (
    "gastlive", "numpy", "torch", "openvino", "onnxruntime", "opencv-python",
    "opencv-python-headless", "av", "scipy", "hydra-core", "rich",
)  # fmt: skip
_MEGABYTE = 2**20


def versions() -> dict[str, str]:
    """Versions of Python and of each package that is installed."""
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue  # OpenCV has two builds, of which one is installed
    return found


def machine() -> dict[str, Any]:
    """Platform, processor, CPUs (all, and those this process may use), memory in megabytes."""
    usable = getattr(os, "sched_getaffinity", None)
    return {
        "platform": platform.platform(),
        "processor": _processor(),
        "cpus": os.cpu_count(),
        "usable_cpus": len(usable(0)) if usable else os.cpu_count(),
        "memory_mb": round(psutil.virtual_memory().total / _MEGABYTE),
        "executable": sys.executable,
    }


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor()
