"""All figures of one ruler, from one pass of the generated images through it."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from ganpipe.errors import GanpipeError
from ganpipe.metrics.collect import Seen, collect
from ganpipe.metrics.fid_infinity import extrapolate, subset_sizes
from ganpipe.metrics.frechet import frechet_distance, root
from ganpipe.metrics.kid import kernel_distance
from ganpipe.metrics.neighbours import nearest, overlap
from ganpipe.metrics.reference import Reference
from ganpipe.metrics.ruler import Ruler
from ganpipe.metrics.scores import score_of_splits
from ganpipe.metrics.spread import jackknife

SMALL_SAMPLE = 2048  # images below which FID is mostly bias
PAIRS = 16  # of the generated images that are closest to a training image


class Pairs(NamedTuple):
    """The generated images that come closest to a training image, closest first."""

    generated: list[int]  # positions in the order of drawing
    training: list[int]  # positions among the searched images


class Measured(NamedTuple):
    """The figures under the ruler's names, and what shows whether the generator copies."""

    figures: dict[str, Any]
    closest: Pairs | None  # where the reference knows training images


def measure(
    ruler: Ruler,
    images: Iterable[Tensor],
    num: int,
    reference: Reference,
    batch_size: int,
    max_features: int,
    fid_infinity: bool = False,
) -> Measured:
    """The figures of ``num`` generated ``images``, uint8 (n, C, h, w) pieces.

    What ``reference`` does not know is left out: statistics from elsewhere give FID and scores.
    Raises GanpipeError for fewer than two images, or where the reference was made with another
    ruler.
    """
    check_same_ruler(ruler, reference)
    seen = collect(ruler, images, num, max_features, batch_size)
    figures = fid_figures(seen, reference, fid_infinity)
    figures |= overlap_figures(seen, reference)
    score, score_std = score_of_splits(seen.scores)
    name = "score" if ruler.name == "classifier" else "inception_score"
    figures |= {name: score, f"{name}_std": score_std}
    copies, closest = _copies(seen, reference)
    known = (figures | copies).items()
    named = {ruler.key(metric): value for metric, value in known if value is not None}
    return Measured(named | (seen.spread.figures() if seen.spread else {}), closest)


def check_same_ruler(ruler: Ruler, reference: Reference) -> None:
    """Raise GanpipeError where ``reference`` says that another ruler, or the same one with other
    weights or arithmetic, made it."""
    for field, value in ruler.protocol.items():
        if reference.protocol.get(field, value) != value:
            raise GanpipeError(
                f"the reference statistics were made with another ruler than '{ruler.name}' as it "
                f"is now ({field}: {reference.protocol[field]}, not {value}); make them again with "
                "`dvc repro reference`"
            )


def warn_if_small(num_generated: int, num_real: int | None) -> None:
    """Say on stderr that FID of so few images is mostly its own bias."""
    for what, num in (("generated", num_generated), ("real", num_real)):
        if num is not None and num < SMALL_SAMPLE:
            print(
                f"warning: FID of {num} {what} images is mostly bias; compare it only with figures "
                f"of the same number, or take {SMALL_SAMPLE} or more",
                file=sys.stderr,
            )


def fid_figures(seen: Seen, reference: Reference, infinity: bool) -> dict[str, Any]:
    """FID, its spread under another draw, and what real images would get."""
    half = root(reference.gaussian)

    def fid(kept: Iterable[int] | None = None) -> float:
        return frechet_distance(reference.gaussian, seen.gaussian(kept), half)

    figures = {
        "fid": fid(),
        "fid_std": jackknife(fid, len(seen.blocks)),
        "fid_floor": reference.floor,
    }
    if infinity:
        sizes = subset_sizes([block.num for block in seen.blocks])
        figures["fid_infinity"] = extrapolate(
            list(sizes.values()), [fid(range(count)) for count in sizes]
        )
    return figures


def overlap_figures(seen: Seen, reference: Reference) -> dict[str, Any]:
    """KID, precision, recall, density and coverage."""
    if reference.features is None or reference.radii is None or reference.within is None:
        return {}
    kid = kernel_distance(seen.features.double(), reference.features.double(), reference.within)
    return {
        "kid": kid.value,
        "kid_std": kid.std,
        **overlap(seen.features, reference.features, reference.radii),
    }


def _copies(seen: Seen, reference: Reference) -> tuple[dict[str, float], Pairs | None]:
    """``closer_than_test``: the share of generated images that are nearer to a training image than
    half of the test images are. 0.5 for images as new as those; near 1 for copies."""
    if reference.searched is None or reference.test_median is None:
        return {}, None
    squared, index = nearest(seen.features, reference.searched)
    share = float((squared < reference.test_median).double().mean())
    order = torch.argsort(squared, stable=True)[:PAIRS]
    return {"closer_than_test": share}, Pairs(order.tolist(), index[order].tolist())


def pick(images: Iterable[Tensor], wanted: list[int]) -> Tensor:
    """Images number ``wanted`` of a stream of (n, C, h, w) pieces, in that order."""
    found: dict[int, Tensor] = {}
    start = 0
    for piece in images:
        for index in np.intersect1d(wanted, range(start, start + len(piece))):
            found[int(index)] = piece[index - start]
        start += len(piece)
    return torch.stack([found[index] for index in wanted])
