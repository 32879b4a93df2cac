"""The stage `classifier`: the extractor that is trained on the dataset's own labels, or on the
digits that its channels show.

Without torch until it is needed, so that a run that asks for no classifier is done at once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ganpipe.core import paths
from ganpipe.core.errors import GanpipeError
from ganpipe.data.loading.arrays import SplitName, load_images, load_labels, load_spec
from ganpipe.data.loading.digits import DIGITS, ROUNDS, load_digits
from ganpipe.evaluation.config import EvaluateConfig
from ganpipe.evaluation.selection import needed_extractors
from ganpipe.features.config import ClassifierConfig
from ganpipe.storage.files import atomic_folder, write_json

if TYPE_CHECKING:
    import torch

    Labelled = Callable[[SplitName, torch.device], tuple[torch.Tensor, torch.Tensor]]


def make_classifier(config: EvaluateConfig, dataset: str) -> None:
    """Train and test the classifier, where one of the extractors is it or applies it.

    Raises GanpipeError for a dataset without labels.
    """
    needed = needed_extractors(config, dataset)
    if "digits" in needed:
        return _make(config.classifier, _digits, DIGITS)
    if "classifier" in needed:
        return _make(config.classifier, _labelled, load_spec(paths.PREPARED).target.classes)
    with atomic_folder(paths.CLASSIFIER_FOLDER) as folder:
        write_json(folder / "skipped.json", {"skipped": "no extractor of evaluate is classifier"})
    write_json(paths.CLASSIFIER_METRICS, {})


def _make(config: ClassifierConfig, labelled: Labelled, classes: tuple[str, ...]) -> None:
    from ganpipe.features.classifier import (
        accuracy,
        save_classifier,
        train_classifier,
        warn_if_unreliable,
    )
    from ganpipe.runtime.device import pick_device, set_deterministic
    from ganpipe.runtime.threads import set_threads

    set_deterministic(True)
    set_threads(config.threads, "evaluate.classifier.threads")
    device = pick_device("auto")
    train, test = labelled("train", device), labelled("test", device)
    network, shape = train_classifier(*train, classes=classes, config=config)
    tested = accuracy(network, *test)
    warn_if_unreliable(shape.training_share, tested)
    with atomic_folder(paths.CLASSIFIER_FOLDER) as folder:
        save_classifier(folder / paths.CLASSIFIER.name, network, shape, tested=tested)
    write_json(paths.CLASSIFIER_METRICS, {"test_accuracy": tested.value})


def _labelled(split: SplitName, device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    """uint8 (N, C, h, w) images at their native size and int64 (N,) labels."""
    import torch

    labels = load_labels(paths.PREPARED, split)
    if labels is None:
        name = load_spec(paths.PREPARED).name
        raise GanpipeError(
            f"the classifier learns from labels, and the dataset '{name}' has none; put its "
            "images into one subfolder a class, or set evaluate.extractors to [inception]"
        )
    images = load_images(paths.PREPARED, split, mmap=False)
    return torch.from_numpy(images).to(device), torch.from_numpy(labels).to(device)


def _digits(split: SplitName, device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    """Every digit of the split once: uint8 (N, 1, h, w) images and int64 (N,) digits, those of the
    first channel of the first round."""
    import torch

    digits = load_digits(paths.PREPARED, split)
    rows = slice(len(digits) // ROUNDS[split])
    images = load_images(paths.PREPARED, split)[rows, :1]
    labels = torch.from_numpy(digits[rows, 0].copy())
    return torch.from_numpy(images.copy()).to(device), labels.to(device)
