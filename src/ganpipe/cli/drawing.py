"""The images that `ganpipe score` evaluates: those of a user, or those of an ONNX generator."""

from __future__ import annotations

import argparse
import math
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from ganpipe.cli.arguments import given_path
from ganpipe.core.errors import GanpipeError

if TYPE_CHECKING:
    from ganpipe.evaluation.image_source import Images

NUM, SEED, RANGE = 10000, 0, (-1.0, 1.0)
OPTIONS = ("num", "seed", "range")  # of a generator


def fill(parser: argparse.ArgumentParser) -> None:
    """Add the options of a generator."""
    add = parser.add_argument
    add(
        "--generator",
        type=given_path,
        metavar="FILE",
        help="in place of images: an .onnx file that draws them, from ganpipe export or any that "
        "makes images of normal noise, (N, d) or (N, d, 1, 1)",
    )
    add("--num", type=int, help=f"images that it draws ({NUM})")
    add("--seed", type=int, help=f"seed of its noise ({SEED})")
    add(
        "--range",
        nargs=2,
        type=float,
        metavar=("BLACK", "WHITE"),
        help="values of its pixels, unless they are bytes (-1 1)",
    )


def check(options: argparse.Namespace) -> None:
    """Raise GanpipeError unless there are either images or a generator with options that fit."""
    if (options.images is None) == (options.generator is None):
        raise GanpipeError("name either images, or a generator that draws them: --generator FILE")
    given = [f"--{name}" for name in OPTIONS if getattr(options, name) is not None]
    if given and options.generator is None:
        raise GanpipeError(
            f"{' and '.join(given)} {'is' if len(given) == 1 else 'are'} for a generator; name one "
            "with --generator FILE"
        )
    if (options.num is not None and options.num < 2) or (options.seed or 0) < 0:
        raise GanpipeError("--num must be at least 2 and --seed at least 0")
    black, white = options.range or RANGE
    if not 0 < white - black < math.inf:
        raise GanpipeError(
            "--range takes the value of black, then that of white, which is higher; both are finite"
        )


def open_source(
    options: argparse.Namespace,
) -> tuple[AbstractContextManager[Images], dict[str, Any]]:
    """The images to evaluate, and the record of where they are from.

    Raises GanpipeError for a file that is no generator.
    """
    if options.generator is None:
        from ganpipe.evaluation.image_source import open_images

        return open_images(options.images), {"source": str(options.images)}
    from ganpipe.export.sampler import OnnxSampler, drawn
    from ganpipe.storage.files import sha256_of

    black, white = options.range or RANGE
    num, seed = options.num or NUM, options.seed or SEED
    sampler = OnnxSampler(options.generator, black=black, white=white)
    record = {
        "source": str(options.generator),
        "source_sha256": sha256_of(options.generator),
        "seed": seed,
        "range": [black, white],
    }
    return drawn(sampler, num, seed), record
