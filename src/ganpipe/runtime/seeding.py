"""Seeds derived from a run's seed and a name, so that no draw depends on another."""

from __future__ import annotations

from hashlib import blake2b

import torch


def derive(seed: int, purpose: str, *index: int) -> int:
    """A 63-bit seed for one draw: ``purpose`` names the stream, ``index`` the epoch or step.

    The same arguments give the same seed on every machine; any other arguments an unrelated one.
    """
    text = f"{seed}/{purpose}/{'/'.join(map(str, index))}"
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big") >> 1


def make_rng(device: torch.device | str, seed: int, purpose: str, *index: int) -> torch.Generator:
    """A fresh ``torch.Generator`` on ``device`` for one named draw; see :func:`derive`."""
    return torch.Generator(device).manual_seed(derive(seed, purpose, *index))
