"""An evaluator from the project's own files, for the stages that evaluate generators."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from ganpipe.core import paths
from ganpipe.core.errors import GanpipeError
from ganpipe.evaluation.config import EvaluateConfig
from ganpipe.evaluation.evaluator import Evaluator
from ganpipe.evaluation.reference import load_reference
from ganpipe.features.build import open_extractor
from ganpipe.features.config import ExtractorName
from ganpipe.features.extractor import Extractor, WeightFiles
from ganpipe.features.memo import memoised
from ganpipe.metrics.fid_infinity import TooFewError


def project_extractor(
    config: EvaluateConfig, name: ExtractorName, device: torch.device
) -> Extractor:
    """The extractor ``name`` with the weights that the parameters name.

    Raises GanpipeError where they cannot be obtained, WeightsError where they are published ones.
    """
    custom = config.inception_weights
    files = WeightFiles(
        classifier=paths.CLASSIFIER, inception=None if custom is None else Path(custom)
    )
    return open_extractor(name, files=files, device=device, precision=config.precision)


@contextmanager
def project_evaluator(
    config: EvaluateConfig,
    name: ExtractorName,
    device: torch.device,
    *,
    num: int,
    max_features: int,
    fid_infinity: bool = False,
) -> Iterator[Evaluator]:
    """An evaluator of ``num`` images that compares with the project's statistics of real images.

    What a slow extractor computes outlives a block that is interrupted. Raises GanpipeError where
    the statistics are missing or were made with another extractor, and for too few images.
    """
    extractor = project_extractor(config, name, device)
    reference = load_reference(paths.REFERENCE / f"{name}.npz")
    with memoised(extractor) as memo:
        try:
            evaluator = Evaluator(
                extractor=memo,
                reference=reference,
                num=num,
                batch_size=config.batch_size,
                max_features=max_features,
                fid_infinity=fid_infinity,
            )
        except TooFewError as error:
            raise GanpipeError(
                f"{error} (evaluate.num_generated), or do without (evaluate.fid_infinity: false)"
            ) from None
        yield evaluator
