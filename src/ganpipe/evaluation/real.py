"""The stage `reference`: statistics of the real images, once per dataset and extractor."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from ganpipe.core import paths
from ganpipe.core.errors import GanpipeError
from ganpipe.data.loading.arrays import SplitName, load_images, load_labels, load_spec
from ganpipe.data.spec import DataSpec
from ganpipe.evaluation.config import EvaluateConfig
from ganpipe.evaluation.open import project_extractor
from ganpipe.evaluation.reference import Sizes, reference_of, save_reference
from ganpipe.evaluation.selection import max_searched, needed_extractors
from ganpipe.features.config import ExtractorName
from ganpipe.features.extractor import Extractor, WeightsError
from ganpipe.features.memo import memoised
from ganpipe.runtime.device import pick_device, set_deterministic
from ganpipe.runtime.threads import share_out
from ganpipe.storage.files import atomic_folder


def write_references(config: EvaluateConfig, dataset: str) -> None:
    """Write data/reference/EXTRACTOR.npz for every extractor that the parameters ask for.

    Raises GanpipeError where the weights of one cannot be obtained.
    """
    set_deterministic(True)
    share_out()
    device = pick_device("auto")
    spec = load_spec(paths.PREPARED)
    splits: tuple[SplitName, ...] = ("train", "test")
    images: dict[str, np.ndarray] = {split: load_images(paths.PREPARED, split) for split in splits}
    labels: dict[str, np.ndarray | None] = {
        split: load_labels(paths.PREPARED, split) for split in splits
    }
    with atomic_folder(paths.REFERENCE) as folder:
        for name in needed_extractors(config, dataset):
            sizes = Sizes(
                num_reference=config.num_reference,
                max_features=config.max_features,
                max_searched=max_searched(config.max_searched, name),
                batch_size=config.batch_size,
            )
            with memoised(_open(config, name, device, spec=spec)) as extractor:
                reference = reference_of(
                    extractor,
                    images,
                    split=config.split,
                    sizes=sizes,
                    protocol=_about(spec),
                    labels=labels,
                )
                save_reference(folder / f"{name}.npz", reference)


def _about(spec: DataSpec) -> dict[str, Any]:
    return {
        "dataset": spec.name,
        "image_size": spec.target.native_size,
        "channels": spec.target.channels,
    }


def _open(
    config: EvaluateConfig, name: ExtractorName, device: torch.device, *, spec: DataSpec
) -> Extractor:
    """The extractor, or what to do without it: training and sampling need none."""
    try:
        return project_extractor(config, name, device)
    except WeightsError as error:
        instead = (
            "The dataset has labels, so the extractor 'classifier' can be used instead: set "
            "evaluate.extractors to [classifier]."
            if len(spec.target.classes) > 1
            else "The dataset has no labels to train the extractor 'classifier' with instead."
        )
        raise GanpipeError(
            f"{error}\n{instead} Training and sampling need no extractor: `dvc repro sample` runs "
            "them alone."
        ) from None
