"""Datasets whose images show something else once they are flipped or turned."""

from __future__ import annotations

import logging
from collections.abc import Collection

log = logging.getLogger(__name__)

_DIGITS = "a mirrored 3 is no digit, and a 6 upside down is a 9"
ORIENTED = {"mnist": _DIGITS, "stacked_mnist": _DIGITS}


def warn_about(transforms: Collection[str], dataset: str) -> None:
    """Warn where ``transforms``, names of what flips or turns images, meet such a dataset.

    Nothing is known of other datasets, a user's folder among them, and nothing is said.
    """
    if transforms and (reason := ORIENTED.get(dataset)):
        log.warning(
            "augmentation by %s changes what images of %s show (%s), and the generator may learn "
            "to draw such images; set them to 0 under objective.augmentation.transforms",
            ", ".join(transforms),
            dataset,
            reason,
        )
