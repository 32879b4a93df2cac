"""Evaluator any images with the extractors of this project:
``ganpipe score DIR --reference mnist --extractor classifier``."""

from __future__ import annotations

import argparse
import json
import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from ganpipe.core import paths
from ganpipe.core.command import FULL
from ganpipe.core.errors import GanpipeError
from ganpipe.data.config import DatasetName
from ganpipe.features.config import ExtractorName
from ganpipe.runtime.memory import device_errors
from ganpipe.storage.files import sha256_of

log = logging.getLogger(__name__)

if TYPE_CHECKING:
    from torch import Tensor

    from ganpipe.evaluation.image_source import Images
    from ganpipe.evaluation.reference import Reference
    from ganpipe.features.extractor import Extractor


LESS = "lower --max-features, or judge with --device cpu"  # memory


def main(options: argparse.Namespace) -> None:
    """Judge and print. Raises GanpipeError for what a user can mend."""
    extractors = _extractor_names(options.extractor)
    _check(options, extractors)
    from ganpipe.evaluation.evaluator import Evaluator, fid_alone, measure, warn_if_small
    from ganpipe.evaluation.image_source import open_images
    from ganpipe.evaluation.protocol import protocol
    from ganpipe.features.build import open_extractor
    from ganpipe.features.extractor import check_shape
    from ganpipe.runtime.device import pick_device, set_deterministic
    from ganpipe.runtime.threads import share_out

    set_deterministic(True)
    share_out()
    device = pick_device(options.device, "--device")
    figures: dict[str, Any] = {}
    compared_with = {}
    memory = device_errors("--batch-size", options.batch_size, LESS)
    with memory, open_images(options.images) as images:
        size = _size(images)
        _enough(images)
        for name in extractors:
            weights, precision = options.inception_weights, options.precision
            extractor = open_extractor(name, options.classifier, weights, device, precision)
            check_shape(extractor, *images.shape)
            reference, file = _reference(options, extractor)
            if options.save_reference:
                _save(options.save_reference, reference)
            warn_if_small(len(images), reference.gaussian.num)
            if extractor.size is None:
                _warn_if_resized(size, reference.protocol)
            sizes = options.batch_size, options.max_features, options.fid_infinity
            evaluator = Evaluator(extractor, reference, len(images), *sizes)
            judged = fid_alone if options.fid_only else measure
            figures |= judged(evaluator, _tensors(images)).figures
            compared_with[name] = {**evaluator.protocol(), **file}
        generated = {"source": str(options.images), "num_generated": len(images), **size}
    generated |= {"max_features": options.max_features, "device": device.type}
    record = protocol(generated, compared_with)
    if options.json:
        print(_json({**figures, "protocol": record}))
    else:
        print("\n".join(_table(figures)))


def fill(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add = parser.add_argument
    add("images", type=_place, help="a folder, an archive or an .npz of images of one size")
    add(
        "--reference",
        required=True,
        type=lambda text: str(_place(text)),
        help="real images like those, an .npz with mu and sigma, or the dataset whose statistics "
        f"lie in {paths.REFERENCE}",
    )
    add(
        "--extractor",
        default="inception",
        help="inception, classifier or both with a comma between",
    )
    add("--inception-weights", metavar="FILE", help="in place of the published: fid_custom")
    add("--classifier", type=Path, default=paths.CLASSIFIER, help="its weights (%(default)s)")
    add("--precision", choices=["fp32", "bf16"], default="fp32", help="bf16: fid_bf16")
    add("--batch-size", type=int, default=50, help="images per pass (%(default)s); memory")
    add("--max-features", type=int, default=10000, help="images a side for KID and neighbours")
    add("--fid-infinity", action="store_true", help="also FID extrapolated to infinitely many")
    add("--device", choices=["auto", "cuda", "mps", "cpu"], default="auto", help="(%(default)s)")
    add("--save-reference", type=Path, metavar="FILE", help="keep the statistics as an .npz")
    add("--fid-only", action="store_true", help="nothing but FID, in less time")
    add("--json", action="store_true", help="figures and protocol as JSON")


def _place(text: str) -> Path:
    if not text:
        raise argparse.ArgumentTypeError("an empty name names nothing")
    return Path(text)


def _extractor_names(text: str) -> list[ExtractorName]:
    names: list[ExtractorName] = []
    for name in map(str.strip, text.split(",")):
        if name not in get_args(ExtractorName):
            raise GanpipeError(
                f"there is no extractor '{name}'; name inception, classifier or both"
            )
        if name not in names:
            names.append(name)  # type: ignore[arg-type]
    return names


def _check(options: argparse.Namespace, extractors: list[ExtractorName]) -> None:
    """Raise GanpipeError for what would be noticed only after minutes."""
    if sys.stdout is None:
        raise GanpipeError("standard output is closed; there is nowhere to print the figures")
    if options.inception_weights and "inception" not in extractors:
        raise GanpipeError(
            "--inception-weights is of the extractor inception; name it with --extractor"
        )
    for name, least in (("batch_size", 1), ("max_features", 2)):
        if getattr(options, name) < least:
            raise GanpipeError(f"--{name.replace('_', '-')} must be at least {least}")
    if options.fid_only and options.fid_infinity:
        raise GanpipeError("--fid-only leaves out --fid-infinity; name one of them")
    if options.save_reference and len(extractors) > 1:
        raise GanpipeError("--save-reference keeps the statistics of one extractor; name only one")
    if options.save_reference:
        _check_target(options.save_reference)


def _check_target(target: Path) -> None:
    """Raise GanpipeError where statistics kept as ``target`` would destroy something else."""
    from ganpipe.storage.npz import arrays_in

    if target.suffix != ".npz":
        raise GanpipeError(f"--save-reference is {target}; name a file that ends in .npz")
    statistics = target.is_file() and {"mu", "sigma"} <= arrays_in(target)
    if target.exists() and not statistics:
        raise GanpipeError(
            f"--save-reference is {target}, which is there and holds no statistics; name another"
        )


def _enough(images: Images) -> None:
    if len(images) < 2:
        raise GanpipeError(
            f"{images.source} holds {len(images)} image; a covariance needs two at least"
        )


def _reference(
    options: argparse.Namespace, extractor: Extractor
) -> tuple[Reference, dict[str, str]]:
    """Statistics of real images: read, or made of a folder, an archive or an .npz of images; and
    which file they were read from."""
    from ganpipe.evaluation.image_source import open_images
    from ganpipe.evaluation.reference import Reference, about, load_reference, make_reference
    from ganpipe.evaluation.statistics import collect
    from ganpipe.storage.npz import IMAGES, arrays_in

    text: str = options.reference
    path = Path(text)
    if text in get_args(DatasetName) and not path.exists():
        path = paths.REFERENCE / f"{extractor.name}.npz"
        reference = load_reference(path)
        if (there := reference.protocol.get("dataset")) != text:
            raise GanpipeError(
                f"{paths.REFERENCE} holds statistics of {there}, not of {text}; make them with "
                f"`dvc exp run -S dataset={text} reference`"
            )
        return reference, _file(path)
    if path.suffix.lower() == ".npz" and path.is_file() and not set(IMAGES) & arrays_in(path):
        return load_reference(path), _file(path)  # which says what is wrong with a damaged one
    with open_images(path) as images:
        _enough(images)
        sizes = len(images), options.max_features, options.batch_size
        seen = collect(extractor, _tensors(images), *sizes)
        source = {"source": text, **_size(images)}
        if options.fid_only:
            return Reference(seen.gaussian(), {**about(extractor, seen), **source}), {}
        return make_reference(extractor, seen, source), {}


def _file(path: Path) -> dict[str, str]:
    return {"statistics": path.name, "statistics_sha256": sha256_of(path)}


def _size(images: Images) -> dict[str, Any]:
    channels, height, width = images.shape
    return {"image_size": f"{width} x {height}", "channels": channels}


def _warn_if_resized(size: dict[str, Any], real: dict[str, Any]) -> None:
    """Say on stderr that the extractor resizes the sides from different sizes, where that is known."""
    theirs = real.get("image_size", size["image_size"])
    if isinstance(theirs, int):  # pixels a side, as the stage `reference` writes
        theirs = f"{theirs} x {theirs}"
    if theirs != size["image_size"]:
        log.warning(
            f"the images are {size['image_size']} pixels, the real ones were {theirs}; "
            "figures of images resized from another size are worse"
        )


def _tensors(images: Images) -> Iterator[Tensor]:
    import numpy as np
    import torch
    from tqdm import tqdm

    from ganpipe.evaluation.reference import fixed_order

    with tqdm(total=len(images), unit="image", disable=None, leave=False) as bar:
        # Folders are sorted by class, and blocks and the first features must be fair samples.
        for piece in images.pieces(fixed_order(len(images))):
            yield torch.from_numpy(np.ascontiguousarray(piece))
            bar.update(len(piece))


def _save(path: Path, reference: Reference) -> None:
    from ganpipe.evaluation.reference import save_reference

    try:
        save_reference(path, reference)
    except OSError as error:
        if error.errno in FULL:
            raise
        raise GanpipeError(
            f"--save-reference cannot write {path} ({error.strerror}); name another file"
        ) from None


def _json(content: dict[str, Any]) -> str:
    try:
        return json.dumps(content, indent=2, allow_nan=False)
    except ValueError:
        raise GanpipeError(
            "a figure or the reference's protocol holds NaN or infinity; judge against statistics "
            "that were made anew"
        ) from None


def _table(figures: dict[str, Any]) -> Iterator[str]:
    """One figure a line; the shares of the classes below their name."""
    width = max(len(name) for name in figures)
    for name, value in figures.items():
        if isinstance(value, dict):
            yield name
            yield from (f"  {inner:<{width - 2}}  {part:.4f}" for inner, part in value.items())
        else:
            yield f"{name:<{width}}  {value:.6g}"
