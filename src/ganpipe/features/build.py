"""Finding an extractor by its name."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch

from ganpipe.features.config import ExtractorName, Precision
from ganpipe.features.extractor import Extractor, arithmetic


def open_extractor(
    name: ExtractorName,
    classifier: Path,
    inception_weights: str | None,
    device: torch.device,
    precision: Precision = "fp32",
) -> Extractor:
    """The extractor ``name`` on ``device``: the trained ``classifier`` of the stage `classifier`, or
    Inception with the published weights or those of the file ``inception_weights``.

    Raises GanpipeError where its weights cannot be had. Imports only what the extractor needs.
    """
    torch.backends.cudnn.allow_tf32 = False  # fp32 is fp32: a GPU would round to 10 bits
    if name == "classifier":
        from ganpipe.features.classifier import load_classifier

        extractor = load_classifier(classifier, device)
    else:
        from ganpipe.features.inception import load_inception

        custom = None if inception_weights is None else Path(inception_weights)
        extractor = load_inception(custom, device)
    return replace(
        extractor,
        suffix=extractor.suffix + arithmetic(precision),
        precision=precision,
        protocol={**extractor.protocol, "precision": precision},
    )
