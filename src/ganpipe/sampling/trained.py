"""Weights files: a sampler's weights, its configuration, and its provenance."""

from __future__ import annotations

import operator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ganpipe.core import paths
from ganpipe.core.errors import GanpipeError
from ganpipe.core.names import nearest
from ganpipe.runtime.device import deterministic
from ganpipe.runtime.threads import one_thread
from ganpipe.sampling.build import build_sampler
from ganpipe.sampling.draw import draw
from ganpipe.sampling.pictures import as_input, translates
from ganpipe.sampling.sampler import Picture, Sampler, Truncation
from ganpipe.storage.tensor_file import read_tensors, recorded_digest, write_tensors

SMALLEST = 8  # pixels a side of a picture that is translated


@dataclass(frozen=True)
class Trained:
    """A sampler with trained weights, ready for inference."""

    sampler: Sampler
    provenance: dict[str, Any]  # model_name, seed, weights, images_seen, ...: never validated
    digest: str | None = None  # of the weights file; None of a sampler that is in no file

    @property
    def seed(self) -> int:
        """The seed of the run that trained the weights; 0 if the file does not hold it."""
        seed = self.provenance.get("seed", 0)
        return seed if isinstance(seed, int) else 0

    @property
    def device(self) -> torch.device:
        return self.sampler.device

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes that images can be asked of, in label order; empty of a model that
        is not conditional."""
        return self.sampler.label.classes if self.sampler.label else ()

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(height, width, channels) of an image that :meth:`sample` draws."""
        channels, height, width = self.sampler.domain.native_shape
        return height, width, channels

    def sample(
        self,
        num: int,
        *,
        seed: int = 0,
        label: str | int | None = None,
        truncation: float | None = None,
    ) -> np.ndarray:
        """``num`` images, uint8 (num, height, width, channels), channels being 1 (grey) or 3 (RGB).

        Image i depends on the weights, ``seed`` and i alone, and is the one that ``ganpipe
        generate`` draws. A conditional model draws its classes as often as its training images
        show them, or only ``label``: the name of a class, or its number from 0 on. ``truncation``
        from 0 to 2 is the distance of styles from their mean in terms of their own: below 1 images
        are better and more alike. Raises GanpipeError where ``num`` is below 1 or ``seed`` below 0,
        where there is no such class or the model is not conditional, where the model has no styles,
        and for weights that draw NaN or infinity.
        """
        if num < 1 or seed < 0:
            raise GanpipeError(
                f"num must be at least 1 and seed at least 0; they are {num} and {seed}"
            )
        if translates(self.sampler):
            raise GanpipeError(
                f"the model '{self.provenance.get('model_name', '?')}' translates pictures and "
                "draws none from noise; give it pictures: translate(images), or ganpipe generate "
                "--input FOLDER"
            )
        number = None if label is None else self.label_number(label)
        given = self.truncated(num, truncation)
        images = np.empty((num, *self.image_shape), dtype=np.uint8)
        start = 0
        with deterministic(), one_thread():
            for drawn in draw(self.sampler, num, seed, label=number, given=given):
                stop = start + len(drawn.images)
                images[start:stop] = drawn.images.permute(0, 2, 3, 1).numpy()
                start = stop
        return images

    @property
    def picture_channels(self) -> int:
        """Channels of the pictures that :meth:`translate` takes.

        Raises GanpipeError where the model draws from noise.
        """
        for each in self.sampler.inputs.values():
            if isinstance(each, Picture):
                return each.domain.channels
        raise GanpipeError(
            f"the model '{self.provenance.get('model_name', '?')}' draws from noise and translates "
            "nothing; train one that does: dvc exp run -S model=pix2pix"
        )

    def translate(self, images: np.ndarray) -> np.ndarray:
        """The translations of ``images``, uint8 (num, height, width, channels) of any size from
        SMALLEST pixels a side on.

        Raises GanpipeError where the model draws from noise, where there are no images or smaller
        ones, and for images of another type or another number of channels than
        :attr:`picture_channels`.
        """
        channels = self.picture_channels
        if images.dtype != np.uint8 or images.ndim != 4 or images.shape[3] != channels:
            raise GanpipeError(
                f"images must be uint8 (num, height, width, {channels}), not {images.dtype} "
                f"{images.shape}"
            )
        if not len(images):
            raise GanpipeError("there are no images to translate; give at least one")
        if small := too_small(*images.shape[1:3]):
            raise GanpipeError(f"the images have {small}")
        given = as_input(images.transpose(0, 3, 1, 2))
        with deterministic(), one_thread():
            pieces = [each.images for each in draw(self.sampler, len(images), 0, given=given)]
        return torch.cat(pieces).permute(0, 2, 3, 1).numpy()

    def truncated(self, num: int, truncation: float | None) -> dict[str, Tensor]:
        """The inputs of ``num`` images that replace drawn ones for a ``truncation``; None: none.

        Raises GanpipeError for a number outside 0..2 and where the model has no styles.
        """
        if truncation is None:
            return {}
        if not isinstance(self.sampler.inputs.get("truncation"), Truncation):
            raise GanpipeError(
                f"the model '{self.provenance.get('model_name', '?')}' has no styles to truncate; "
                "leave out truncation, or train one that has: dvc exp run -S model=stylegan2"
            )
        if not 0 <= truncation <= 2:
            raise GanpipeError(
                f"truncation is {truncation}; it must be from 0, the mean style, to 1, no "
                "truncation, or up to 2, beyond what was trained"
            )
        return {"truncation": torch.full((num,), float(truncation))}

    def label_number(self, label: str | int) -> int:
        """The number of a class, given by its name or by that number.

        Raises GanpipeError where there is no such class or the model is not conditional.
        """
        if not self.classes:
            raise GanpipeError(
                f"the model '{self.provenance.get('model_name', '?')}' is not conditional, so it "
                "cannot be asked for a class; train one that is: dvc exp run -S model=cgan"
            )
        if isinstance(label, str):
            if label not in self.classes:
                guess = nearest(label, self.classes, "classes")
                raise GanpipeError(f"there is no class '{label}'; {guess}")
            return self.classes.index(label)
        number = _as_number(label)
        if not 0 <= number < len(self.classes):
            raise GanpipeError(
                f"there is no class number {number}; numbers go from 0 to {len(self.classes) - 1}"
            )
        return number


def too_small(height: int, width: int) -> str:
    """A clause on a picture that is too small to be translated; empty if it is not."""
    if min(height, width) >= SMALLEST:
        return ""
    return f"{width} x {height} pixels; pictures need at least {SMALLEST} a side"


def _as_number(label: int) -> int:
    """A whole number of any library; raises GanpipeError for anything else, and for a bool."""
    if not isinstance(label, bool | np.bool_):
        try:
            return operator.index(label)
        except TypeError:
            pass
    raise GanpipeError(
        f"label is {label!r}, which is neither a name nor a whole number; give the name of a class "
        "or its number"
    )


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
            f"{path} is missing; `dvc repro train` or `dvc pull` brings those of the pipeline, or "
            "name another file"
        ) from None
    except ValueError as error:
        again = "delete it and run `dvc repro train` or `dvc pull`"
        advice = _advice(path, again, "name another, or bring it here once more")
        raise GanpipeError(
            f"{path} is not a ganpipe weights file or is damaged ({error}); {advice}"
        ) from None
    if not isinstance(header.get("sampler"), dict):
        raise GanpipeError(f"{path} holds no sampler; name a generator's weights file")
    with torch.random.fork_rng(devices=[]):  # initial weights are drawn, and replaced
        sampler = build_sampler(header["sampler"], f"the header of {path}")
    try:
        sampler.network.load_state_dict(tensors)
    except RuntimeError:
        advice = _advice(path, "train again with `dvc repro`", "take that version to use it")
        raise GanpipeError(
            f"{path} does not fit the network that its header describes; it was made by another "
            f"version of ganpipe: {advice}"
        ) from None
    sampler.to(device).eval().requires_grad_(False)
    provenance = header.get("provenance")
    known = provenance if isinstance(provenance, dict) else {}
    return Trained(sampler, known, recorded_digest(path))


def _advice(path: Path, ours: str, theirs: str) -> str:
    """``ours`` for a file that this pipeline makes, ``theirs`` for any other that a user named."""
    return ours if path.resolve().is_relative_to(paths.MODELS.resolve()) else theirs
