"""Stage `extractor`: the classifier that evaluators, trained on the dataset's own labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ganpipe.core import paths
from ganpipe.core.command import run
from ganpipe.core.errors import GanpipeError
from ganpipe.data.loading.arrays import SplitName, load_images, load_labels, load_spec
from ganpipe.data.spec import DataSpec
from ganpipe.params import Params, load_params
from ganpipe.storage.files import atomic_folder, write_json

if TYPE_CHECKING:
    import torch


def main() -> None:
    """Train it, or say that it is not asked for."""
    params = load_params()
    if "classifier" in params.evaluate.needed_extractors(params.dataset):
        return _train(params)
    skipped = {"skipped": "no extractor of evaluate is the classifier"}
    with atomic_folder(paths.CLASSIFIER_FOLDER) as folder:
        write_json(folder / "skipped.json", skipped)
    write_json(paths.CLASSIFIER_METRICS, skipped)


def _train(params: Params) -> None:
    from ganpipe.features.classifier import accuracy, save_classifier, train_classifier
    from ganpipe.runtime.device import pick_device, set_deterministic
    from ganpipe.runtime.threads import set_threads

    set_deterministic(True)
    set_threads(params.evaluate.classifier.threads, "evaluate.classifier.threads")
    device = pick_device("auto")
    spec = load_spec(paths.PREPARED)
    train, test = _labelled(spec, "train", device), _labelled(spec, "test", device)
    network, shape = train_classifier(*train, spec.target.classes, params.evaluate.classifier)
    figure = accuracy(network, *test)
    with atomic_folder(paths.CLASSIFIER_FOLDER) as folder:
        save_classifier(folder / paths.CLASSIFIER.name, network, shape)
    write_json(paths.CLASSIFIER_METRICS, {"test_accuracy": figure})


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


if __name__ == "__main__":
    run(main)
