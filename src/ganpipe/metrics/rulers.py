"""Finding a ruler by its name."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch

from ganpipe.metrics.config import Precision, RulerName
from ganpipe.metrics.ruler import Ruler, arithmetic


def open_ruler(
    name: RulerName,
    classifier: Path,
    inception_weights: str | None,
    device: torch.device,
    precision: Precision = "fp32",
) -> Ruler:
    """The ruler ``name`` on ``device``: the trained ``classifier`` of the stage `extractor`, or
    Inception with the published weights or those of the file ``inception_weights``.

    Raises GanpipeError where its weights cannot be had. Imports only what the ruler needs.
    """
    torch.backends.cudnn.allow_tf32 = False  # fp32 is fp32: a GPU would round to 10 bits
    if name == "classifier":
        from ganpipe.metrics.classifier import load_classifier

        ruler = load_classifier(classifier, device)
    else:
        from ganpipe.metrics.inception import load_inception

        custom = None if inception_weights is None else Path(inception_weights)
        ruler = load_inception(custom, device)
    return replace(
        ruler,
        suffix=ruler.suffix + arithmetic(precision),
        precision=precision,
        protocol={**ruler.protocol, "precision": precision},
    )
