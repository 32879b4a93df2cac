"""Trained weights as safetensors files that carry the parameters which made them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import nn

from ganpipe.errors import GanpipeError
from ganpipe.files import atomic_path
from ganpipe.methods.build import build_method
from ganpipe.methods.config import ModelConfig
from ganpipe.methods.method import Method
from ganpipe.schema import validate
from ganpipe.types import DataSpec

FORMAT = 1  # of the header; raised when an older reader could not make sense of a newer file


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


def save_weights(path: Path, network: nn.Module, header: dict[str, Any]) -> None:
    """Write ``network``'s parameters and buffers with ``header``, atomically; the same content
    gives the same bytes."""
    tensors = {name: value.cpu().contiguous() for name, value in network.state_dict().items()}
    about = {"format": FORMAT, **header}
    text = json.dumps({**about, "sha256": _digest(about, tensors)}, sort_keys=True)
    with atomic_path(path) as temporary:
        # Its own writing of files would report a full disk as an error of its own.
        temporary.write_bytes(save(tensors, metadata={"ganpipe": text}))


def load_trained(path: Path, device: torch.device) -> Trained:
    """Rebuild the generator whose weights :func:`save_weights` wrote, in evaluation mode.

    Raises GanpipeError where the file is missing, damaged or not one of ours.
    """
    header, tensors = _read(path, device)
    config = validate(ModelConfig, header["model"], f"the header of {path}")
    spec = DataSpec.from_dict(header["spec"])
    method = build_method(config, spec, seed=header["seed"])
    try:
        method.generator().load_state_dict(tensors)
    except RuntimeError:
        raise GanpipeError(
            f"{path} does not fit the network that its header describes; it was made by another "
            "version of ganpipe: train again with `dvc repro`"
        ) from None
    method.to(device).eval().requires_grad_(False)
    return Trained(method, spec, header)


def _read(path: Path, device: torch.device) -> tuple[dict[str, Any], dict[str, torch.Tensor]]:
    try:
        with safe_open(path, framework="pt", device=str(device)) as source:
            header = json.loads((source.metadata() or {})["ganpipe"])
            if header["format"] != FORMAT:
                raise GanpipeError(
                    f"{path} has format {header['format']}; this version reads {FORMAT}"
                )
            tensors = {name: source.get_tensor(name) for name in source.keys()}  # noqa: SIM118
            if header.pop("sha256") != _digest(header, tensors):
                raise ValueError("its content is not what was written")
            return header, tensors
    except FileNotFoundError:
        raise GanpipeError(
            f"{path} is missing; `dvc repro train` or `dvc pull` brings it"
        ) from None
    except (KeyError, ValueError, SafetensorError) as error:
        raise GanpipeError(
            f"{path} is not a ganpipe weights file or is damaged ({error}); delete it and run "
            "`dvc repro train` or `dvc pull`"
        ) from None


def _digest(header: dict[str, Any], tensors: dict[str, torch.Tensor]) -> str:
    """A sha256 over everything, since the format itself does not notice a flipped bit."""
    digest = sha256(json.dumps(header, sort_keys=True).encode())
    for name in sorted(tensors):
        digest.update(name.encode())
        digest.update(tensors[name].cpu().contiguous().flatten().view(torch.uint8).numpy().data)
    return digest.hexdigest()
