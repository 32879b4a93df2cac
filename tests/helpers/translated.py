"""Prepared images, sources and translators whose translations are known, in the current folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from pydantic import TypeAdapter
from torch import Tensor, nn

from ganpipe.core import paths
from ganpipe.data.loading import arrays, sources
from ganpipe.data.source.config import SourceConfig
from ganpipe.data.source.write import write_source
from ganpipe.data.spec import DataSpec, Domain
from ganpipe.evaluation.evaluator import Evaluator, measure
from ganpipe.evaluation.reference import Reference, about
from ganpipe.evaluation.spool import spooled
from ganpipe.evaluation.statistics import collect
from ganpipe.evaluation.translation import translation_metrics
from ganpipe.sampling.configs.translate import TranslateSamplerConfig
from ganpipe.sampling.draw import draw
from ganpipe.sampling.pictures import given_to, most_images
from ganpipe.sampling.samplers.translate import TranslateSampler
from ganpipe.sampling.trained import Trained
from ganpipe.storage.files import write_json
from helpers.support import small_model
from helpers.toy_extractor import TOY

TRAIN, TEST, SIDE = 12, 7, 8


class Negative(nn.Module):
    """(N, C, h, w) -> minus it, plus what its one weight adds: 0 at first."""

    def __init__(self) -> None:
        super().__init__()
        self.shift = nn.Parameter(torch.zeros(()))

    def forward(self, input: Tensor) -> Tensor:
        return self.shift - input


class Channels(Negative):
    """As many channels as are wanted, all of them black."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.count = count

    def forward(self, input: Tensor) -> Tensor:
        return self.shift - torch.ones_like(input[:, :1]).expand(-1, self.count, -1, -1)


def write_images(channels: int = 1) -> np.ndarray:
    """Prepare noise of two classes; returns the test images."""
    rng = np.random.default_rng(0)
    paths.PREPARED.mkdir(parents=True, exist_ok=True)
    spec = DataSpec("mnist", Domain(channels, SIDE, SIDE, ("a", "b")), TRAIN, TEST)
    write_json(arrays.spec_path(paths.PREPARED), spec.to_dict())
    split: arrays.SplitName
    for split, count in (("train", TRAIN), ("test", TEST)):
        images = rng.integers(0, 256, (count, channels, SIDE, SIDE), dtype=np.uint8)
        np.save(arrays.images_path(paths.PREPARED, split), images)
        np.save(arrays.labels_path(paths.PREPARED, split), np.arange(count) % 2)
    return images


def write_sets(paired: bool, train: int, test: int) -> None:
    """Put pictures of the user's own beside the prepared images: as many as are said, of one grey
    each."""
    sides = Domain(1, SIDE, SIDE, ("a", "b"), (6, 6))
    spec = DataSpec("pairs", sides, TRAIN, TEST, source=Domain(1, SIDE, SIDE), paired=paired)
    write_json(arrays.spec_path(paths.PREPARED), spec.to_dict())
    split: arrays.SplitName
    for split, count in (("train", train), ("test", test)):
        greys = np.arange(count, dtype=np.uint8)[:, None, None, None]
        pictures = np.broadcast_to(greys, (count, 1, SIDE, SIDE))
        np.save(sources.source_path(paths.PREPARED, split), pictures)


def source(**fields: Any) -> None:
    """Compute the source images that the fields of a block say."""
    config = TypeAdapter(SourceConfig).validate_python(fields)
    write_source(config, prepared=paths.PREPARED, folder=paths.SOURCE)


def translator(direction: Any = "a_to_b", network: nn.Module | None = None) -> Trained:
    """A translator of the images, which makes their negatives."""
    spec = sources.load_pairing(paths.SOURCE)
    assert spec.source is not None
    sides = (spec.source, spec.target)
    given, made = sides if direction == "a_to_b" else reversed(sides)
    config = TranslateSamplerConfig(
        generator=small_model("pix2pix").generator, direction=direction, given=given, domain=made
    )
    return Trained(TranslateSampler(config, network or Negative()), {})


def toy_evaluator(num: int = TEST) -> Evaluator:
    """Statistics of all training images, by an extractor of sums of pixels."""
    images = torch.from_numpy(np.load(arrays.images_path(paths.PREPARED, "train")))
    real = collect(TOY, [images], num=len(images), max_features=1, batch_size=5)
    reference = Reference(real.gaussian(), about(TOY, real) | {"split": "train"})
    return Evaluator(extractor=TOY, reference=reference, num=num, batch_size=5, max_features=1)


def figures(
    trained: Trained, path: str = "g.safetensors", *, by: Sequence[Evaluator] = ()
) -> dict[str, float]:
    """Metrics of all translations of the test images."""
    num = most_images(trained.sampler, 100)
    drawn = draw(trained.sampler, num, 0, given=given_to(trained.sampler, num))
    with spooled(each.images for each in drawn) as spool:
        measured = [measure(each, spool.pieces()) for each in by]
        return translation_metrics(Path(path), trained, spool, evaluators=by, measured=measured)
