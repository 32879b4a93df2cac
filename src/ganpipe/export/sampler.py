"""Samplers from ONNX files: those of this project, and generators that others have exported."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from torch import Tensor, nn

from ganpipe.core.errors import GanpipeError
from ganpipe.evaluation.image_source import Images
from ganpipe.export.described import described
from ganpipe.export.parity import open_session, reason_of
from ganpipe.export.value_range import expect_range
from ganpipe.sampling.draw import draw
from ganpipe.sampling.sampler import Input, Noise, Sampler
from ganpipe.storage.npy import NpyWriter

log = logging.getLogger(__name__)

OUR_RANGE = (-1.0, 1.0)  # around which networks of this project may draw what they like
FLOAT, BYTES = "tensor(float)", "tensor(uint8)"  # types as onnxruntime names them


class RefusedError(Exception):
    """A batch that a file does not take, though another may be taken."""


class OnnxSampler(Sampler):
    """The images of an ONNX file, computed by onnxruntime on the CPU.

    A file of :func:`ganpipe.export.onnx.export_onnx` says itself what its inputs are. Any other,
    whatever it says of itself, must have a single input, float (N, d) or (N, d, 1, 1), which gets
    normal noise. The first output is images, (N, 1 or 3, h, w): uint8 as they are, or float between
    ``black`` and ``white``, which the first ones are held to. A file with a fixed number of images
    at a time is run that often; one that says it takes any and does not is run with one.
    """

    def __init__(self, path: Path, *, black: float = -1.0, white: float = 1.0) -> None:
        super().__init__()
        self.network = nn.Identity()
        self.path, self.black, self.white = path, black, white
        self.session = open_session(path)
        metadata = self.session.get_modelmeta().custom_metadata_map
        found = described(metadata, self.session.get_inputs())
        self.inputs = self._input_of_others() if found is None else self._drawn(found)
        first = self.session.get_inputs()[0].shape[0]
        self.at_once = first if isinstance(first, int) else None
        self.range_seen = found is not None and (black, white) == OUR_RANGE
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
        try:
            drawn = self._run_all(inputs)
        except RefusedError as refusal:
            if self.at_once is not None:
                raise GanpipeError(str(refusal)) from None
            self.at_once = 1
            try:
                drawn = self._run_all(inputs)
            except RefusedError:  # of one image too: what was said of many says more
                raise GanpipeError(str(refusal)) from None
            log.info(f"{self.path} takes one image at a time, whatever it says, which is slow")
        images = torch.from_numpy(drawn)
        if images.dtype == torch.uint8:
            return images.float() / 127.5 - 1
        if not self.range_seen:
            expect_range(drawn, self.black, self.white, self.path)
            self.range_seen = True
        return (images - self.black) * (2 / (self.white - self.black)) - 1

    def _run_all(self, inputs: Mapping[str, Tensor]) -> np.ndarray:
        """The images of ``inputs``, as many at a time as the file takes."""
        count = len(next(iter(inputs.values())))
        step = self.at_once or count
        pieces = [
            self._run({name: value[start : start + step] for name, value in inputs.items()}, step)
            for start in range(0, count, step)
        ]
        return np.concatenate(pieces)[:count]

    def _run(self, inputs: Mapping[str, Tensor], count: int) -> np.ndarray:
        """The images of ``inputs``, filled up to ``count`` by their last row.

        Raises RefusedError where onnxruntime fails or draws another number of images.
        """
        given = {}
        for name, value in inputs.items():
            rows = torch.arange(count).clamp(max=len(value) - 1)
            given[name] = value[rows].numpy()
        images: np.ndarray
        try:
            (images,) = self.session.run([self.images.name], given)
        except Exception as error:  # its classes share no base of their own
            reason = reason_of(error)
            raise RefusedError(
                f"onnxruntime cannot draw {count} images at a time with {self.path} ({reason}); "
                "export the generator for batches of any size"
            ) from None
        if images.ndim == 4 and len(images) != count:
            raise RefusedError(
                f"{self.path} draws {len(images)} images of {count} inputs; export the generator "
                "for batches of any size"
            )
        if images.ndim != 4 or images.shape[1] not in (1, 3):
            raise GanpipeError(
                f"{self.path} draws {images.shape}; images are (N, 1 or 3, height, width)"
            )
        return images

    def _drawn(self, found: Mapping[str, Input | None]) -> dict[str, Input]:
        inputs = {name: each for name, each in found.items() if each is not None}
        if len(inputs) < len(found):
            raise GanpipeError(
                f"{self.path} translates pictures and draws none from noise; evaluate the pictures "
                "that it has translated, which lie in a folder"
            )
        return inputs

    def _input_of_others(self) -> dict[str, Input]:
        taken = self.session.get_inputs()
        shapes = [f"{each.name} {each.type} {each.shape}" for each in taken]
        shape = tuple(taken[0].shape[1:]) if len(taken) == 1 else ()
        fixed = all(isinstance(length, int) for length in shape)
        vectors = len(shape) == 1 or (len(shape) == 3 and shape[1:] == (1, 1))
        if not (fixed and vectors and taken[0].type == FLOAT):
            raise GanpipeError(
                f"{self.path} takes {', '.join(shapes) or 'no input'}; a generator that ganpipe "
                "has not exported must have one input of float noise, (N, d) or (N, d, 1, 1)"
            )
        return {taken[0].name: Noise(shape)}


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
