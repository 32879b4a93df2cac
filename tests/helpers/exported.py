"""Samplers of the shipped blocks as ONNX files; blocks that draw alike share one."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

import torch
from torch.nn.modules.batchnorm import _BatchNorm

from ganpipe.data.spec import DataSpec, Domain
from ganpipe.export.onnx import example_inputs, export_onnx
from ganpipe.methods.build import build_method
from ganpipe.sampling.sampler import Sampler
from helpers.support import SMALL, TRANSLATORS, small_model
from helpers.translating import pairs_of

# A norm of each pixel over four channels would magnify rounding wherever all four are small.
WIDER = {"channel_base": 256, "channel_max": 16}
SIZE = 28  # pixels a side, which networks see as 32


class Exported(NamedTuple):
    """A sampler and its file."""

    sampler: Sampler
    path: Path


@cache
def samplers_of(name: str) -> dict[str, Sampler]:
    """The samplers of a shipped block, shrunk, by their names; see :func:`as_if_trained`."""
    with patch.dict(SMALL, WIDER):
        model = small_model(name)
    if name in TRANSLATORS:
        spec = pairs_of(SIZE, paired=model.source.paired)  # type: ignore[union-attr]
    else:
        spec = DataSpec("mnist", Domain(1, SIZE, 32, ("0", "1"), (30, 18)), 48, 12)
    samplers = build_method(model, spec, seed=3).samplers()
    return {way: as_if_trained(sampler) for way, sampler in samplers.items()}


@torch.no_grad()
def as_if_trained(sampler: Sampler) -> Sampler:
    """``sampler`` grown, with other weights than at its start, and the statistics of a batch."""
    rng = torch.Generator().manual_seed(0)
    for weight in sampler.parameters():
        weight += 0.1 * torch.randn(weight.shape, generator=rng)
    sampler.network.grow(0.9)  # type: ignore[operator]
    for module in sampler.modules():
        if isinstance(module, _BatchNorm):
            module.momentum = None
    sampler.train()(**example_inputs(sampler, 32))
    return sampler.eval().requires_grad_(False)


class Exports:
    """A folder of files, made when they are asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._made: dict[str, Exported] = {}

    def of(self, name: str) -> list[Exported]:
        """The files of a block: one, or one for each direction of a translator."""
        return [self._file(name, way, each) for way, each in samplers_of(name).items()]

    def _file(self, name: str, way: str, sampler: Sampler) -> Exported:
        key = sampler.config.model_dump_json()
        if key not in self._made:
            path = self.folder / f"{name}{way}.onnx"
            export_onnx(sampler, path, metadata={"model": json.dumps(name)})
            self._made[key] = Exported(sampler, path)
        return self._made[key]
