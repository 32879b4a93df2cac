"""What makes networks small and their games short.

Imports nothing of ganpipe, of which `tests/golden.py` runs two versions.
"""

from __future__ import annotations

from typing import Any

FIELDS: dict[str, Any] = {  # of networks and methods
    "width": 4,
    "hidden": [16, 12],
    "latent_dim": 8,
    "minibatch_discrimination": 3,
    "unrolled_steps": 2,
    "critic_warmup": False,  # 100 updates a step
    "channel_base": 64,
    "channel_max": 4,
    "style_dim": 8,
}
