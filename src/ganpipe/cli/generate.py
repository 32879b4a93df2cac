"""Draw images from trained weights: ``ganpipe generate --num 10000 --out images.npz``."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np
from tqdm import tqdm

from ganpipe.core import paths
from ganpipe.core.errors import GanpipeError
from ganpipe.storage.files import atomic_path

if TYPE_CHECKING:
    from torch import Tensor

    from ganpipe.sampling.trained import Trained


def main(options: argparse.Namespace) -> None:
    """Draw and write. Raises GanpipeError for what a user can mend."""
    out: Path = options.out
    if options.num < 1 or options.seed < 0:
        raise GanpipeError("--num must be at least 1 and --seed at least 0")
    if out.suffix != ".npz" and out.is_dir() and any(out.iterdir()):
        raise GanpipeError(f"{out} is not empty; name a new directory or an .npz file")
    if out.suffix == ".npz" and out.is_dir():
        raise GanpipeError(f"{out} is a directory; name a file for an .npz")
    if not options.weights.is_file():
        raise GanpipeError(
            f"{options.weights} is missing; `dvc repro train` or `dvc pull` brings it"
        )
    from ganpipe.runtime.device import pick_device, set_deterministic
    from ganpipe.runtime.threads import share_out
    from ganpipe.sampling.draw import draw
    from ganpipe.sampling.trained import load_trained

    set_deterministic(True)
    share_out()
    trained = load_trained(options.weights, pick_device(options.device, "--device"))
    label = None if options.label is None else _label(trained, options.label)
    chunks = (drawn.images for drawn in draw(trained, options.num, options.seed, label=label))
    with tqdm(total=options.num, unit="image", disable=None) as bar:
        if out.suffix == ".npz":
            _write_npz(out, chunks, bar)
        else:
            _write_pngs(out, chunks, bar, digits=len(str(options.num - 1)))
    print(f"{options.num} images in {out}")


def fill(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--num", type=int, default=64, help="images to draw (%(default)s)")
    parser.add_argument(
        "--class", dest="label", metavar="NAME", help="only this, by a conditional model"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the noise (%(default)s)")
    parser.add_argument(
        "--out",
        type=Path,
        required=True,
        help="an .npz file (`images`: uint8, N x H x W x C) or a directory of PNGs",
    )
    parser.add_argument(
        "--weights", type=Path, default=paths.GENERATOR, help="safetensors file (%(default)s)"
    )
    parser.add_argument(
        "--device", choices=["auto", "cuda", "mps", "cpu"], default="auto", help="(%(default)s)"
    )


def _label(trained: Trained, name: str) -> int:
    """The number of the class ``name``, which the generator must be told."""
    if trained.sampler.label is None:
        raise GanpipeError(
            f"the model '{trained.provenance.get('model_name', '?')}' is not conditional, so it cannot be asked "
            "for a class; train one that is: dvc exp run -S model=cgan"
        )
    if name not in trained.sampler.label.classes:
        raise GanpipeError(
            f"there is no class '{name}'; the classes are {', '.join(trained.sampler.label.classes)}"
        )
    return trained.sampler.label.classes.index(name)


def _write_npz(out: Path, chunks: Iterator[Tensor], bar: tqdm) -> None:
    images = []
    for chunk in chunks:
        images.append(chunk.permute(0, 2, 3, 1).numpy())
        bar.update(len(chunk))
    with atomic_path(out) as temporary, temporary.open("wb") as target:
        np.savez_compressed(target, images=np.concatenate(images))


def _write_pngs(out: Path, chunks: Iterator[Tensor], bar: tqdm, digits: int) -> None:
    """All images or none: they are written beside ``out`` and moved there in the end."""
    from ganpipe.sampling.grids import as_picture

    out.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=out.parent, prefix=f".{out.name}.") as temporary:
        folder = Path(temporary) / "images"
        folder.mkdir()
        index = 0
        for chunk in chunks:
            for image in chunk.permute(0, 2, 3, 1).numpy():
                as_picture(image).save(folder / f"{index:0{digits}d}.png")
                index += 1
            bar.update(len(chunk))
        folder.replace(out)
