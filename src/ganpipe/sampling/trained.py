"""Trained weights as safetensors files that carry the parameters which made them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from ganpipe.core.errors import GanpipeError
from ganpipe.core.schema import validate
from ganpipe.data.spec import DataSpec
from ganpipe.methods.build import build_method
from ganpipe.methods.config import ModelConfig
from ganpipe.methods.method import Method
from ganpipe.storage.tensor_file import read_tensors, write_tensors


@dataclass(frozen=True)
class Trained:
    """A method whose generator holds trained weights, ready for inference."""

    method: Method
    spec: DataSpec
    header: dict[str, Any]  # model_name, model, spec, seed, weights, images_seen

    @property
    def seed(self) -> int:
        """The seed of the run that made the weights."""
        return int(self.header["seed"])

    @property
    def device(self) -> torch.device:
        return next(self.method.parameters()).device


def save_weights(path: Path, network: nn.Module, header: dict[str, Any]) -> None:
    """Write ``network``'s parameters and buffers with ``header``, atomically; the same content
    gives the same bytes."""
    write_tensors(path, network.state_dict(), header)


def load_trained(path: Path, device: torch.device) -> Trained:
    """Rebuild the generator whose weights :func:`save_weights` wrote, in evaluation mode.

    Raises GanpipeError where the file is missing, damaged or not one of ours.
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
    config = validate(ModelConfig, header["model"], f"the header of {path}")
    try:
        spec = DataSpec.from_dict(header["spec"])
        method = build_method(config, spec, seed=header["seed"])
        method.generator().load_state_dict(tensors)
    except (KeyError, TypeError, RuntimeError):
        raise GanpipeError(
            f"{path} does not fit the network that its header describes; it was made by another "
            "version of ganpipe: train again with `dvc repro`"
        ) from None
    method.to(device).eval().requires_grad_(False)
    return Trained(method, spec, header)
