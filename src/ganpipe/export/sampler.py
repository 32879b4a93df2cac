"""Samplers from ONNX files: those of this project, and generators that others have exported."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ganpipe.core.errors import GanpipeError
from ganpipe.evaluation.image_source import Images
from ganpipe.export.parity import open_session
from ganpipe.sampling.draw import draw
from ganpipe.sampling.sampler import Input, Label, Noise, Sampler, Truncation
from ganpipe.storage.npy import NpyWriter

FLOAT, BYTES = "tensor(float)", "tensor(uint8)"  # types as onnxruntime names them


class OnnxSampler(Sampler):
    """The images of an ONNX file, computed by onnxruntime on the CPU.

    A file of :func:`ganpipe.export.onnx.export_onnx` says itself what its inputs are. Any other
    must have a single input, float (N, d) or (N, d, 1, 1), which gets normal noise. The first
    output is images, (N, 1 or 3, h, w): uint8 as they are, or float between ``black`` and
    ``white``. A file with a fixed number of images at a time is run that often.
    """

    def __init__(self, path: Path, *, black: float = -1.0, white: float = 1.0) -> None:
        super().__init__()
        self.network = nn.Identity()
        self.path, self.black, self.white = path, black, white
        self.session = open_session(path)
        self.inputs = self._inputs()
        first = self.session.get_inputs()[0].shape[0]
        self.at_once = first if isinstance(first, int) else None
        self.images = self.session.get_outputs()[0]
        if self.images.type not in (FLOAT, BYTES):
            raise GanpipeError(
                f"the first output of {path} is {self.images.type}; images are float or uint8"
            )

    @property
    def device(self) -> torch.device:
        return torch.device("cpu")

    def forward(self, **inputs: Tensor) -> Tensor:
        """Images float (N, C, h, w) in [-1, 1]."""
        count = len(next(iter(inputs.values())))
        step = self.at_once or count
        pieces = [
            self._run({name: value[start : start + step] for name, value in inputs.items()}, step)
            for start in range(0, count, step)
        ]
        images = torch.from_numpy(np.concatenate(pieces)[:count])
        if images.dtype == torch.uint8:
            return images.float() / 127.5 - 1
        return (images - self.black) * (2 / (self.white - self.black)) - 1

    def _run(self, inputs: Mapping[str, Tensor], count: int) -> np.ndarray:
        """The images of ``inputs``, filled up to ``count`` by their last row."""
        given = {}
        for name, value in inputs.items():
            rows = torch.arange(count).clamp(max=len(value) - 1)
            given[name] = value[rows].numpy()
        images: np.ndarray
        (images,) = self.session.run([self.images.name], given)
        if images.ndim != 4 or images.shape[1] not in (1, 3):
            raise GanpipeError(
                f"{self.path} draws {images.shape}; images are (N, 1 or 3, height, width)"
            )
        return images

    def _inputs(self) -> dict[str, Input]:
        metadata = self.session.get_modelmeta().custom_metadata_map
        if "inputs" not in metadata:
            return self._input_of_others()
        classes = json.loads(metadata.get("classes", "[]"))
        inputs = json.loads(metadata["inputs"])
        return {name: self._input(about, classes) for name, about in inputs.items()}

    def _input(self, about: dict[str, Any], classes: list[str]) -> Input:
        match about["kind"]:
            case "noise":
                return Noise(tuple(about["shape"]), about["distribution"])
            case "label":
                return Label(tuple(classes), tuple(about["counts"]))
            case "truncation":
                return Truncation()
        raise GanpipeError(
            f"{self.path} translates pictures and draws none from noise; evaluate the pictures "
            "that it has translated, which lie in a folder"
        )

    def _input_of_others(self) -> dict[str, Input]:
        inputs = self.session.get_inputs()
        shapes = [f"{each.name} {each.type} {each.shape}" for each in inputs]
        shape = inputs[0].shape[1:]
        fixed = all(isinstance(length, int) for length in shape)
        noise = len(inputs) == 1 and inputs[0].type == FLOAT and fixed
        if not (noise and len(shape) in (1, 3) and shape[1:] in ([], [1, 1])):
            raise GanpipeError(
                f"{self.path} takes {', '.join(shapes)}; a generator that ganpipe has not exported "
                "must have one input of float noise, (N, d) or (N, d, 1, 1)"
            )
        return {inputs[0].name: Noise(tuple(shape))}


@contextmanager
def drawn(sampler: OnnxSampler, num: int, seed: int) -> Iterator[Images]:
    """``num`` images of ``sampler`` for an evaluation, in a file that is removed afterwards.

    Image i is drawn from the same inputs as image i of ``ganpipe generate`` with that seed.
    """
    with TemporaryDirectory(prefix="ganpipe-") as folder:
        path = Path(folder) / "images.npy"
        pieces = (each.images.permute(0, 2, 3, 1).numpy() for each in draw(sampler, num, seed))
        first = next(pieces)
        with NpyWriter(path, first.shape[1:], np.uint8) as writer:
            writer.append(first)
            for piece in pieces:
                writer.append(piece)
        yield Images(sampler.path, np.load(path, mmap_mode="r"))
