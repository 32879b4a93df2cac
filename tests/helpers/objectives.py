"""All losses and penalties by their names."""

from __future__ import annotations

from ganpipe.core.plugins import names
from ganpipe.objectives.build import adversarial_loss, penalty
from ganpipe.objectives.config import LOSSES as LOSS_FILES
from ganpipe.objectives.config import PENALTIES as PENALTY_FILES

LOSSES = {name: adversarial_loss(name) for name in names(LOSS_FILES)}
PENALTIES = {name: penalty(name) for name in names(PENALTY_FILES)}
