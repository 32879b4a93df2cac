"""Samplers: generators without their training, which turn named inputs into images."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from ganpipe.core.schema import Strict
from ganpipe.data.spec import Domain


@dataclass(frozen=True)
class Noise:
    """Random numbers, float32 (N, *shape)."""

    shape: tuple[int, ...]
    distribution: Literal["normal", "uniform"] = "normal"  # N(0, 1), or U(-1, 1)

    def draw(self, n: int, rng: torch.Generator) -> Tensor:
        """``n`` draws on the device of ``rng``."""
        z = torch.empty(n, *self.shape, device=rng.device)
        normal = self.distribution == "normal"
        return z.normal_(generator=rng) if normal else z.uniform_(-1, 1, generator=rng)


@dataclass(frozen=True)
class Label:
    """Classes, int64 (N,) in [0, len(classes))."""

    classes: tuple[str, ...]  # in label order
    counts: tuple[int, ...]  # training images of each; equal shares if empty

    def draw(self, n: int, rng: torch.Generator) -> Tensor:
        """``n`` classes as frequent as in the training data, on the device of ``rng``."""
        shares = torch.tensor(self.counts or [1] * len(self.classes)).double().cumsum(0)
        bounds = (shares / shares[-1:])[:-1].float().to(rng.device)
        chance = torch.rand(n, generator=rng, device=rng.device)
        return torch.bucketize(chance, bounds, right=True)


@dataclass(frozen=True)
class Picture:
    """Images to translate, float32 (N, C, h, w) in [-1, 1]; given by the caller, never drawn."""

    domain: Domain


@dataclass(frozen=True)
class Truncation:
    """How far styles are from their mean, float32 (N,): 1 leaves them as they are, 0 replaces them
    by their mean; 1 unless the caller gives another value."""

    def draw(self, n: int, rng: torch.Generator) -> Tensor:
        """``n`` ones on the device of ``rng``, which stays as it is."""
        return torch.ones(n, device=rng.device)


Input = Noise | Label | Picture | Truncation


class Sampler(nn.Module, ABC):
    """Everything needed to draw images: a network, its named inputs, and the images' domain.

    ``sampling/build.py`` rebuilds the sampler from ``config``; all weights belong to ``network``.
    """

    config: Strict  # with a field `kind`, the module of ganpipe.sampling.samplers that builds it
    network: nn.Module
    inputs: Mapping[str, Input]
    domain: Domain

    @abstractmethod
    def forward(self, **inputs: Tensor) -> Tensor:
        """The named :attr:`inputs` -> float (N, C, h, w) at the native size, in [-1, 1] or, of
        networks that no tanh ends, around it."""

    @property
    def label(self) -> Label | None:
        """The input that names the class; None if the sampler takes no label."""
        found = self.inputs.get("label")
        return found if isinstance(found, Label) else None

    @property
    def device(self) -> torch.device:
        return next(self.network.parameters()).device

    def draw_inputs(self, n: int, rng: torch.Generator) -> dict[str, Tensor]:
        """Draw ``n`` random inputs from ``rng``, in the order of :attr:`inputs` and without
        pictures."""
        return {
            name: each.draw(n, rng)
            for name, each in self.inputs.items()
            if not isinstance(each, Picture)
        }
