"""The stage `classifier`: the extractor that is trained on the dataset's own labels.

Without torch until it is needed, so that a run that asks for no classifier is done at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ganpipe.core import paths
from ganpipe.core.errors import GanpipeError
from ganpipe.data.loading.arrays import SplitName, load_images, load_labels, load_spec
from ganpipe.data.spec import DataSpec
from ganpipe.evaluation.config import EvaluateConfig
from ganpipe.evaluation.selection import needed_extractors
from ganpipe.features.config import ClassifierConfig
from ganpipe.storage.files import atomic_folder, write_json

if TYPE_CHECKING:
    import torch


def make_classifier(config: EvaluateConfig, dataset: str) -> None:
    """Train and test the classifier, where one of the extractors is it.

    Raises GanpipeError for a dataset without labels.
    """
    if "classifier" in needed_extractors(config, dataset):
        return _make(config.classifier)
    with atomic_folder(paths.CLASSIFIER_FOLDER) as folder:
        write_json(folder / "skipped.json", {"skipped": "no extractor of evaluate is classifier"})
    write_json(paths.CLASSIFIER_METRICS, {})


def _make(config: ClassifierConfig) -> None:
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
    spec = load_spec(paths.PREPARED)
    train, test = _labelled(spec, "train", device), _labelled(spec, "test", device)
    network, shape = train_classifier(*train, classes=spec.target.classes, config=config)
    tested = accuracy(network, *test)
    warn_if_unreliable(shape.training_share, tested)
    with atomic_folder(paths.CLASSIFIER_FOLDER) as folder:
        save_classifier(folder / paths.CLASSIFIER.name, network, shape, tested=tested)
    write_json(paths.CLASSIFIER_METRICS, {"test_accuracy": tested.value})


def _labelled(
    spec: DataSpec, split: SplitName, device: torch.device
) -> tuple[torch.Tensor, torch.Tensor]:
    """uint8 (N, C, h, w) images at their native size and int64 (N,) labels."""
    import torch

    labels = load_labels(paths.PREPARED, split)
    if labels is None:
        raise GanpipeError(
            f"the classifier learns from labels, and the dataset '{spec.name}' has none; put its "
            "images into one subfolder a class, or set evaluate.extractors to [inception]"
        )
    images = load_images(paths.PREPARED, split, mmap=False)
    return torch.from_numpy(images).to(device), torch.from_numpy(labels).to(device)
