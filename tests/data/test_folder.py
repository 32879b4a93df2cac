from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ganpipe.data import folder as folder_module
from ganpipe.data.config import FolderDataset
from ganpipe.data.folder import find_splits
from ganpipe.data.prepare import prepare
from ganpipe.errors import GanpipeError
from ganpipe.types import DataSpec

SIZE = 16


def config(**changes: Any) -> FolderDataset:
    fields = {
        "path": "images",
        "image_size": SIZE,
        "channels": 3,
        "test_fraction": 0.25,
        "skip_damaged": False,
    }
    return FolderDataset(**(fields | changes))


def draw(root: Path, *names: str) -> Path:
    """An image at each name, whose grey tells its place in the list."""
    for index, name in enumerate(names):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (20, 30), 10 * index).save(root / name)
    return root


def names_of(root: Path, fraction: float = 0.25) -> dict[str, list[tuple[str, str]]]:
    return {
        split: [(image.name, image.label) for image in images]
        for split, images in find_splits(root, fraction).items()
    }


def test_train_and_test_are_the_splits(tmp_path: Path) -> None:
    root = draw(tmp_path, "train/b/1.png", "train/a/2.png", "test/a/3.png")
    assert names_of(root) == {
        "train": [("train/a/2.png", "a"), ("train/b/1.png", "b")],
        "test": [("test/a/3.png", "")] if False else [("test/a/3.png", "a")],
    }
