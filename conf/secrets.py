"""Passwords of cameras stay out of what Hydra prints and writes."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from io import StringIO
from pathlib import Path

from omegaconf import DictConfig, OmegaConf

from ..gast.addresses import shown

_SHOW = ("--cfg", "-c", "--info", "-i", "--hydra-help")
"""Flags with which Hydra prints and runs nothing."""


def keep_secrets(cfg: DictConfig, folder: Path) -> None:
    """What a program with a camera's password leaves is for its user alone, and without it."""
    text = OmegaConf.to_yaml(cfg)
    if shown(text) == text:
        return
    keep_private(folder)
    for file in [*folder.glob(".hydra/*.yaml"), *folder.parent.glob("multirun.yaml")]:
        content = file.read_text(encoding="utf-8")
        if shown(content) != content:
            file.write_text(shown(content), encoding="utf-8")


def keep_private(folder: Path) -> None:
    """What the program leaves from now on, and this folder, is for its user alone."""
    os.umask(0o077)
    folder.chmod(0o700)


@contextmanager
def masked_output(words: Sequence[str]) -> Iterator[None]:
    """Leaves passwords out of what is printed, where the words ask to be shown a config."""
    if not any(word.partition("=")[0] in _SHOW for word in words):
        yield
        return
    held = StringIO()
    try:
        with redirect_stdout(held):
            yield
    finally:
        print(shown(held.getvalue()), end="")
