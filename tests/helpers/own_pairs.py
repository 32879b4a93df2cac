"""Small pairs in every layout that is read: B of pair k has the grey k, and A that of k + 100."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from ganpipe.data.config import PairsDataset

SIZE = 8
LAYOUTS = {  # the folder and name of number k, by split (of 6 + 3 pairs) and side
    "sides over splits": "{side}/{split}/{k}.png",
    "splits over sides": "{split}/{side}/{k}.png",
    "both in one name": "{split}{side}/{k}.png",
    "other words": "set/{word}_{lower}/{k}.png",
    "names that end in the side": "{side}/{split}/{k}_{side}.png",
    "classes": "{side}/{split}/{class_}/{k}.png",
    "side by side": "{split}/{k}.png",
    "side by side in classes": "wrapped/{split}/{class_}/{k}.png",
}
TRAIN, TEST = 6, 3


def config(**changes: Any) -> PairsDataset:
    fields = {
        "path": "pictures",
        "paired": True,
        "direction": "a_to_b",
        "image_size": SIZE,
        "channels_a": 1,
        "channels_b": 1,
        "test_fraction": 0.3,
        "skip_damaged": False,
    }
    return PairsDataset(**(fields | changes))


def save(path: Path, grey: int, size: tuple[int, int] = (10, 12)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", size, grey).save(path)


def draw(root: Path, layout: str) -> Path:
    """All pairs, in the folder ``root``."""
    for k in range(TRAIN + TEST):
        split = "train" if k < TRAIN else "test"
        words = {
            "split": split,
            "word": {"train": "Training", "test": "val"}[split],
            "class_": ("cat", "dog")[k % 2],
            "k": k,
        }
        names = {
            side: LAYOUTS[layout].format(side=side, lower=side.lower(), **words) for side in "AB"
        }
        if names["A"] == names["B"]:
            both = np.repeat(np.uint8([[k + 100, k]]), 10, axis=1).repeat(12, axis=0)
            path = root / names["A"]
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(both).save(path)
        else:
            save(root / names["A"], k + 100)
            save(root / names["B"], k)
    return root
