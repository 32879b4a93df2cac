"""All figures of one ruler, from one pass of the generated images through it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from torch import Tensor

from ganpipe.errors import GanpipeError
from ganpipe.metrics.class_spread import ClassSpread
from ganpipe.metrics.frechet import frechet_distance
from ganpipe.metrics.moments import Moments
from ganpipe.metrics.reference import Reference
from ganpipe.metrics.ruler import Ruler, outputs


def measure(
    ruler: Ruler,
    images: Iterable[Tensor],
    reference: Reference,
    batch_size: int,
) -> dict[str, Any]:
    """The figures of generated ``images``, uint8 (n, C, h, w) pieces, named after ``ruler``.

    Raises GanpipeError for fewer than two images, or where the reference was made with another
    ruler.
    """
    if reference.protocol["weights_sha256"] != ruler.protocol["weights_sha256"]:
        raise GanpipeError(
            f"the reference statistics were made with other weights of '{ruler.name}' than those "
            "that judge now; make them again with `dvc repro -f reference`"
        )
    moments = Moments(len(reference.gaussian.mu))
    spread = ClassSpread(ruler.training_share) if ruler.training_share else None
    for output in outputs(ruler, images, batch_size):
        moments.update(output.features.numpy())
        if spread:
            spread.update(output.logits)
    if moments.num < 2:
        raise GanpipeError(f"{moments.num} generated images cannot be judged; draw two or more")
    distance = frechet_distance(reference.gaussian, moments.gaussian())
    return {ruler.key("fid"): distance, **(spread.figures() if spread else {})}
