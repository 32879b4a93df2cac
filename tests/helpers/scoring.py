"""Small images, a classifier trained on them, and the command `score`, for its tests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from ganpipe.features.classifier import accuracy, save_classifier, train_classifier
from ganpipe.features.config import ClassifierConfig
from helpers.support import command


def draw(num: int, seed: int, size: int = 28) -> np.ndarray:
    """uint8 (num, 1, size, size): upright and lying bars on noise, in turn."""
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 60, (num, 1, size, size), dtype=np.uint8)
    for index, image in enumerate(images):
        place = int(rng.integers(2, size - 8))
        rows, columns = slice(place, place + 4), slice(None)
        image[(0, rows, columns) if index % 2 else (0, columns, rows)] += 150
    return images


def save(folder: Path, images: np.ndarray) -> Path:
    folder.mkdir()
    for index, image in enumerate(images):
        Image.fromarray(image.transpose(1, 2, 0).squeeze()).save(folder / f"{index:03d}.png")
    return folder


def make_root(root: Path) -> Path:
    """Fill a folder with a trained classifier and two folders of images, `real` and `fake`."""
    config = ClassifierConfig(epochs=3, batch_size=20, threads=1, lr=0.003, seed=0)
    labels = torch.arange(200) % 2
    images = torch.from_numpy(draw(200, 0))
    network, shape = train_classifier(images, labels, classes=("lying", "upright"), config=config)
    tested = accuracy(network, torch.from_numpy(draw(60, 7)), torch.arange(60) % 2)
    save_classifier(root / "classifier.safetensors", network, shape, tested=tested)
    save(root / "real", draw(60, 1))
    save(root / "fake", draw(40, 2))
    return root


def classifier_of(folder: Path) -> list[str]:
    """The arguments that choose the classifier in a folder."""
    return ["--extractor", "classifier", "--classifier", str(folder / "classifier.safetensors")]


def run(root: Path, capsys: pytest.CaptureFixture[str], *arguments: object) -> dict[str, Any]:
    """The JSON that the command prints."""
    command("score", [*map(str, arguments), *classifier_of(root), "--json"])
    content: dict[str, Any] = json.loads(capsys.readouterr().out)
    return content
