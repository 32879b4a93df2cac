"""Weights files: a sampler's weights, its configuration, and its provenance."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from ganpipe.core.errors import GanpipeError
from ganpipe.sampling.build import build_sampler
from ganpipe.sampling.sampler import Sampler
from ganpipe.storage.tensor_file import read_tensors, write_tensors


@dataclass(frozen=True)
class Trained:
    """A sampler with trained weights, ready for inference."""

    sampler: Sampler
    provenance: dict[str, Any]  # model_name, seed, weights, images_seen, ...: never validated

    @property
    def seed(self) -> int:
        """The seed of the run that trained the weights; 0 if the file does not hold it."""
        seed = self.provenance.get("seed", 0)
        return seed if isinstance(seed, int) else 0

    @property
    def device(self) -> torch.device:
        return self.sampler.device


def save_sampler(path: Path, sampler: Sampler, provenance: dict[str, Any]) -> None:
    """Write the parameters and buffers of ``sampler.network``, atomically.

    The header holds the sampler's configuration and ``provenance``, JSON content. The same content
    gives the same bytes.
    """
    header = {"sampler": sampler.config.model_dump(mode="json"), "provenance": provenance}
    write_tensors(path, sampler.network.state_dict(), header)


def load_trained(path: Path, device: torch.device) -> Trained:
    """Rebuild the sampler that :func:`save_sampler` wrote, in evaluation mode.

    Builds no discriminator and no loss. Raises GanpipeError if the file is missing, damaged, or
    holds no sampler that this version knows.
    """
    try:
        header, tensors = read_tensors(path, device)
    except FileNotFoundError:
        raise GanpipeError(
            f"{path} is missing; `dvc repro train` or `dvc pull` brings it"
        ) from None
    except ValueError as error:
        raise GanpipeError(
            f"{path} is not a ganpipe weights file or is damaged ({error}); delete it and run "
            "`dvc repro train` or `dvc pull`"
        ) from None
    if not isinstance(header.get("sampler"), dict):
        raise GanpipeError(f"{path} holds no sampler; name a generator's weights file")
    with torch.random.fork_rng(devices=[]):  # initial weights are drawn, and replaced
        sampler = build_sampler(header["sampler"], f"the header of {path}")
    try:
        sampler.network.load_state_dict(tensors)
    except RuntimeError:
        raise GanpipeError(
            f"{path} does not fit the network that its header describes; it was made by another "
            "version of ganpipe: train again with `dvc repro`"
        ) from None
    sampler.to(device).eval().requires_grad_(False)
    provenance = header.get("provenance")
    return Trained(sampler, provenance if isinstance(provenance, dict) else {})
