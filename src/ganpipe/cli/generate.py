"""Draw images from trained weights: ``ganpipe generate --num 10000 --out images.npz``."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from tqdm import tqdm

from ganpipe import DEVICES
from ganpipe.cli.arguments import check_weights, given, given_path
from ganpipe.cli.places import check_file, check_folder, check_outside, filled_folder
from ganpipe.core import paths
from ganpipe.core.errors import GanpipeError
from ganpipe.storage.files import atomic_path

if TYPE_CHECKING:
    from ganpipe.sampling.draw import Drawn

DEFAULT_NUM = 64
FOLDER_SUFFIX = r"(\.(v?\d+)?)?"  # none, or the end of a version: run.v2, scale_0.5
Pieces = Iterator[np.ndarray]  # uint8 (n, H, W, C)


class Target(NamedTuple):
    """The place that images go to."""

    path: Path
    is_folder: bool  # named with a slash at its end


def main(options: argparse.Namespace) -> None:
    """Draw and write. Raises GanpipeError for what a user can mend."""
    if any(each is not None for each in (options.input, options.direction, options.range)):
        return _translate(options)
    num, seed = options.num or DEFAULT_NUM, options.seed or 0
    if options.num == 0 or num < 1 or seed < 0:
        raise GanpipeError("--num must be at least 1 and --seed at least 0")
    write = _writer(options.out, num)
    check_weights(options.weights)
    from ganpipe.runtime.device import pick_device, set_deterministic
    from ganpipe.runtime.threads import share_out
    from ganpipe.sampling.draw import draw
    from ganpipe.sampling.pictures import translates
    from ganpipe.sampling.trained import load_trained

    set_deterministic(True)
    share_out()
    trained = load_trained(options.weights, pick_device(options.device, "--device"))
    if translates(trained.sampler):
        raise GanpipeError(
            f"{options.weights} translates pictures; name a folder of them with --input"
        )
    label = None if options.label is None else trained.label_number(options.label)
    given = trained.truncated(num, options.truncation)
    path = options.out.path
    with tqdm(total=num, unit="image", disable=None) as bar:
        pieces = draw(trained.sampler, num, seed, label=label, given=given)
        write(path, _watched(pieces, bar))
    print(f"{num} image{'s' * (num > 1)} in {path}")


def _translate(options: argparse.Namespace) -> None:
    """Translate the pictures of a folder. Raises GanpipeError for what a user can mend."""
    if options.input is None and options.direction is not None:
        raise GanpipeError("--direction says which way pictures are translated; name them: --input")
    if options.input is None:
        raise GanpipeError("--range is of pictures that are translated; name them: --input")
    if options.range and options.range[0] >= options.range[1]:
        black, white = options.range
        raise GanpipeError(f"--range is black, then white above it, not {black} and {white}")
    drawn = {
        "--num": options.num,
        "--class": options.label,
        "--truncation": options.truncation,
        "--seed": options.seed,
    }
    if given := [name for name, value in drawn.items() if value is not None]:
        raise GanpipeError(
            f"{', '.join(given)} of images that are drawn; with --input there is one for each "
            "picture: leave out"
        )
    out = options.out.path
    if out.suffix.lower() in {".npz", ".png"} and not options.out.is_folder:
        raise GanpipeError(f"--out is {out}; translations keep their names: name a folder")
    check_folder(out, "a new folder")
    check_outside(out, options.input)
    from ganpipe.cli.translate import translate_folder
    from ganpipe.runtime.device import pick_device, set_deterministic
    from ganpipe.runtime.threads import share_out
    from ganpipe.sampling.pictures import BACK, way_back
    from ganpipe.sampling.trained import load_trained

    if options.direction is not None and options.weights.stem.endswith(f"_{BACK}"):
        raise GanpipeError(
            f"{options.weights} is the way back itself; leave out --direction, or name the weights "
            "of the way there"
        )
    back = options.direction == BACK
    weights = way_back(options.weights) if back else options.weights
    if back and options.weights.is_file() and not weights.is_file():
        raise GanpipeError(
            f"{weights} is missing: the model translates one way; one that is trained both ways is "
            "cyclegan"
        )
    check_weights(weights)
    set_deterministic(True)
    share_out()
    trained = load_trained(weights, pick_device(options.device, "--device"))
    count = translate_folder(trained, options.input, out, given=options.range)
    print(f"{count} image{'s' * (count > 1)} in {out}")


def fill(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add = parser.add_argument
    add("--num", type=int, help=f"number of images (default: {DEFAULT_NUM})")
    add(
        "--input",
        type=given_path,
        metavar="FOLDER",
        help="pictures to translate, of any size; their names are kept; a model that translates is "
        "needed, such as pix2pix",
    )
    add(
        "--direction",
        choices=("a_to_b", "b_to_a"),
        help="of a model that is trained both ways: from the source to the target, or back "
        "(default: a_to_b)",
    )
    add(
        "--range",
        nargs=2,
        type=int,
        metavar=("BLACK", "WHITE"),
        help="values of grey pictures of more than 8 bits, such as 0 4095 (default: those of the "
        "training, otherwise the full range of the file's type)",
    )
    add(
        "--class",
        dest="label",
        type=given,
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
    add("--seed", type=int, help="seed of the noise (default: 0)")
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
        type=given_path,
        metavar="FILE",
        default=paths.GENERATOR,
        help="weights of a generator, .safetensors (default: %(default)s)",
    )
    add("--device", choices=DEVICES, default="auto", help="default: %(default)s")


def _target(text: str) -> Target:
    return Target(given_path(text), text.endswith(("/", "\\")))


def _writer(target: Target, num: int) -> Callable[[Path, Pieces], None]:
    """The function that writes such a target. Raises GanpipeError where nothing may be written."""
    out, suffix = target.path, target.path.suffix.lower()
    if suffix in {".npz", ".png"} and not target.is_folder:
        check_file(out, f"another {suffix} file")
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
    check_folder(out, "a new folder or an .npz file")
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
    """Write all images to a folder, or none."""
    from ganpipe.sampling.grids import as_picture

    with filled_folder(out) as folder:
        for index, image in enumerate(image for piece in pieces for image in piece):
            as_picture(image).save(folder / f"{index:0{digits}d}.png")
