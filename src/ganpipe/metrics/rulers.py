"""Finding a ruler by its name."""

from __future__ import annotations

from pathlib import Path

import torch

from ganpipe.metrics.config import RulerName
from ganpipe.metrics.ruler import Ruler


def open_ruler(
    name: RulerName, classifier: Path, inception_weights: str | None, device: torch.device
) -> Ruler:
    """The ruler ``name`` on ``device``: the trained ``classifier`` of the stage `extractor`, or
    Inception with the published weights or those of the file ``inception_weights``.

    Raises GanpipeError where its weights cannot be had. Imports only what the ruler needs.
    """
    if name == "classifier":
        from ganpipe.metrics.classifier import load_classifier

        return load_classifier(classifier, device)
    from ganpipe.metrics.inception import load_inception

    return load_inception(None if inception_weights is None else Path(inception_weights), device)
