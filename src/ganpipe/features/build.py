"""Find a feature extractor by its name."""

from __future__ import annotations

from dataclasses import replace

import torch

from ganpipe.core.plugins import load
from ganpipe.features.config import ExtractorName, Precision
from ganpipe.features.extractor import Extractor, WeightFiles, arithmetic


def open_extractor(
    name: ExtractorName, *, files: WeightFiles, device: torch.device, precision: Precision = "fp32"
) -> Extractor:
    """The extractor of the module ``ganpipe.features.NAME``, on ``device``.

    Raises GanpipeError where its weights cannot be obtained. Imports only what the extractor needs.
    """
    torch.backends.cudnn.allow_tf32 = False  # fp32 is fp32: a GPU would round to 10 bits
    extractor: Extractor = load("ganpipe.features", name).open_extractor(files, device)
    return replace(
        extractor,
        suffix=extractor.suffix + arithmetic(precision),
        precision=precision,
        protocol={**extractor.protocol, "precision": precision},
    )
