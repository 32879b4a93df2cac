"""The columns of metrics/train.csv of one generator against one discriminator.

Each is a mean over the updates since the last row that have it, and blank where none has. So
``penalty`` is the mean of the penalties where they were applied, with their weights and, of lazy
ones, the factor k. It is the amount added to ``d_loss`` of those updates, or, where penalties have
turns of their own, the whole loss of those turns, which ``d_loss`` leaves out.
"""

from __future__ import annotations

from ganpipe.objectives.config import ObjectiveConfig


def logged_names(objective: ObjectiveConfig) -> tuple[str, ...]:
    """The columns of the curve, those of fields in use at the end."""
    names = ["d_loss", "g_loss", "d_real", "d_fake", "penalty"]
    if objective.auxiliary:
        names += ["d_class", "g_class"]
    if objective.path_length:
        names += ["path_length"]
    if objective.augmentation:
        names += ["sign_real", "augment_p"]
    return tuple(names)
