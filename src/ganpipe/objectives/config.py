"""What params.yaml may say about the game's objective."""

from __future__ import annotations

from typing import Literal

from ganpipe.schema import PositiveInt, Strict


class ObjectiveConfig(Strict):
    """The loss of both sides and how often each moves."""

    loss: Literal["non_saturating"]
    n_critic: PositiveInt = 1  # discriminator updates per generator update
