"""Draw images from trained weights: ``ganpipe generate --num 10000 --out images.npz``."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from tqdm import tqdm

from ganpipe import DEVICES
from ganpipe.core import paths
from ganpipe.core.errors import GanpipeError
from ganpipe.storage.files import atomic_path

if TYPE_CHECKING:
    from ganpipe.sampling.draw import Drawn

FOLDER_SUFFIX = r"(\.(v?\d+)?)?"  # none, or the end of a version: run.v2, scale_0.5
Pieces = Iterator[np.ndarray]  # uint8 (n, H, W, C)


class Target(NamedTuple):
    """The place that images go to."""

    path: Path
    is_folder: bool  # named with a slash at its end


def main(options: argparse.Namespace) -> None:
    """Draw and write. Raises GanpipeError for what a user can mend."""
    if options.num < 1 or options.seed < 0:
        raise GanpipeError("--num must be at least 1 and --seed at least 0")
    write = _writer(options.out, options.num)
    if not options.weights.is_file():
        raise GanpipeError(
            f"{options.weights} is missing; `dvc repro train` or `dvc pull` brings it, or name "
            "another file with --weights"
        )
    from ganpipe.runtime.device import pick_device, set_deterministic
    from ganpipe.runtime.threads import share_out
    from ganpipe.sampling.draw import draw
    from ganpipe.sampling.trained import load_trained

    set_deterministic(True)
    share_out()
    trained = load_trained(options.weights, pick_device(options.device, "--device"))
    label = None if options.label is None else trained.label_number(options.label)
    given = trained.truncated(options.num, options.truncation)
    path = options.out.path
    with tqdm(total=options.num, unit="image", disable=None) as bar:
        pieces = draw(trained.sampler, options.num, options.seed, label=label, given=given)
        write(path, _watched(pieces, bar))
    print(f"{options.num} image{'s' * (options.num > 1)} in {path}")


def fill(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add = parser.add_argument
    add("--num", type=int, default=64, help="number of images (default: %(default)s)")
    add(
        "--class",
        dest="label",
        metavar="NAME",
        help="draw only this class; a conditional model is needed",
    )
    add(
        "--truncation",
        type=float,
        metavar="PSI",
        help="distance of styles from their mean, 0 to 2: below 1, better images that are more "
        "alike; a model with styles is needed, such as stylegan2 (default: 1)",
    )
    add("--seed", type=int, default=0, help="seed of the noise (default: %(default)s)")
    add(
        "--out",
        type=_target,
        metavar="FILE",
        required=True,
        help="a folder for PNG files, an .npz file (array images: uint8, N x H x W x C), or a "
        ".png file for a single image",
    )
    add(
        "--weights",
        type=Path,
        metavar="FILE",
        default=paths.GENERATOR,
        help="weights of a generator, .safetensors (default: %(default)s)",
    )
    add("--device", choices=DEVICES, default="auto", help="default: %(default)s")


def _target(text: str) -> Target:
    if not text:
        raise argparse.ArgumentTypeError("must not be empty")
    return Target(Path(text), text.endswith(("/", "\\")))


def _writer(target: Target, num: int) -> Callable[[Path, Pieces], None]:
    """The function that writes such a target. Raises GanpipeError where nothing may be written."""
    out, suffix = target.path, target.path.suffix.lower()
    if suffix in {".npz", ".png"} and not target.is_folder:
        if out.is_dir():
            raise GanpipeError(f"--out is {out}, which is a folder; name another {suffix} file")
        if suffix == ".npz":
            return _write_npz
        if num > 1:
            raise GanpipeError(
                f"--out is {out}, one image, and --num is {num}; name a folder, an .npz file, or "
                "--num 1"
            )
        return _write_png
    if not (target.is_folder or out.is_dir() or re.fullmatch(FOLDER_SUFFIX, suffix)):
        raise GanpipeError(
            f"--out is {out}, and {suffix} files cannot be written; name an .npz file, a .png file "
            f"(with --num 1) or a folder ({out}/ makes a folder of that name)"
        )
    if out.is_dir() and any(out.iterdir()):
        raise GanpipeError(f"{out} is not empty; name a new folder or an .npz file")
    if out.exists() and not out.is_dir():
        raise GanpipeError(f"--out is {out}, which is a file; name a new folder or an .npz file")
    return partial(_write_folder, digits=len(str(num - 1)))


def _watched(pieces: Iterator[Drawn], bar: tqdm) -> Pieces:
    """The images, piece by piece; ``bar`` follows."""
    for drawn in pieces:
        yield drawn.images.permute(0, 2, 3, 1).numpy()
        bar.update(len(drawn.images))


def _write_npz(out: Path, pieces: Pieces) -> None:
    images = np.concatenate(list(pieces))
    with atomic_path(out) as temporary, temporary.open("wb") as target:
        np.savez_compressed(target, images=images)


def _write_png(out: Path, pieces: Pieces) -> None:
    from ganpipe.sampling.grids import as_picture

    [image] = next(pieces)
    with atomic_path(out) as temporary:
        as_picture(image).save(temporary, format="PNG")


def _write_folder(out: Path, pieces: Pieces, *, digits: int) -> None:
    """All images or none: they are written beside ``out`` and moved there in the end."""
    from ganpipe.sampling.grids import as_picture

    out.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=out.parent, prefix=f".{out.name}.") as temporary:
        folder = Path(temporary) / "images"
        folder.mkdir()
        for index, image in enumerate(image for piece in pieces for image in piece):
            as_picture(image).save(folder / f"{index:0{digits}d}.png")
        folder.replace(out)
