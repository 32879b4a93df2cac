"""Evaluate any images, or those of any ONNX generator, with the extractors of this project:
``ganpipe score DIR --reference mnist --extractor classifier``."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from ganpipe.cli import drawing
from ganpipe.cli.arguments import given, given_path
from ganpipe.core import paths
from ganpipe.core.command import FULL
from ganpipe.core.errors import GanpipeError
from ganpipe.data.config import DatasetName
from ganpipe.features.config import ExtractorName
from ganpipe.runtime.memory import device_errors

if TYPE_CHECKING:
    import torch

    from ganpipe.evaluation.evaluator import Measured
    from ganpipe.evaluation.image_source import Images
    from ganpipe.evaluation.reference import Reference
    from ganpipe.features.extractor import Extractor


LESS = "lower --max-features, or compute with --device cpu"  # memory


def main(options: argparse.Namespace) -> None:
    """Evaluate and print. Raises GanpipeError for what a user can mend."""
    names = _extractor_names(options.extractor)
    _check(options, names)
    from ganpipe.evaluation.elsewhere import check_enough, size_of
    from ganpipe.evaluation.protocol import protocol
    from ganpipe.features.extractor import arithmetic
    from ganpipe.runtime.device import pick_device, set_deterministic
    from ganpipe.runtime.threads import share_out

    set_deterministic(True)
    share_out()
    device = pick_device(options.device, "--device")
    metrics: dict[str, Any] = {}
    compared_with = {}
    memory = device_errors("--batch-size", options.batch_size, LESS)
    opened, source = drawing.open_source(options)
    with memory, opened as images:
        check_enough(images)
        for name in names:
            measured, compared_with[name] = _measure(options, name, device=device, images=images)
            metrics |= measured.metrics
            if measured.class_share:
                metrics[f"class_share{arithmetic(options.precision)}"] = measured.class_share
        source |= {"num_generated": len(images), **size_of(images)}
    source |= {"max_features": options.max_features, "device": device.type}
    record = protocol(source, compared_with)
    if options.json:
        print(_json({**metrics, "protocol": record}))
    else:
        print("\n".join(_table(metrics)))


def _measure(
    options: argparse.Namespace,
    name: ExtractorName,
    *,
    device: torch.device,
    images: Images,
) -> tuple[Measured, dict[str, Any]]:
    """The metrics of one extractor, and the record of what was compared with."""
    from ganpipe.evaluation.elsewhere import reference_for, size_of, stream, warn_if_resized
    from ganpipe.evaluation.evaluator import Evaluator, fid_alone, measure, warn_if_small
    from ganpipe.features.extractor import check_shape
    from ganpipe.metrics.fid_infinity import TooFewError

    extractor = _open(options, name, device)
    shown = images.for_channels(extractor.channels)
    check_shape(extractor, shown.shape)
    reference, file = reference_for(
        options.reference,
        extractor,
        max_features=options.max_features,
        batch_size=options.batch_size,
        fid_only=options.fid_only,
    )
    if options.save_reference:
        _save(options.save_reference, reference)
    warn_if_small(len(images), reference.gaussian.num)
    if extractor.size is None:
        warn_if_resized(size_of(images), reference.protocol)
    try:
        evaluator = Evaluator(
            extractor=extractor,
            reference=reference,
            num=len(images),
            batch_size=options.batch_size,
            max_features=options.max_features,
            fid_infinity=options.fid_infinity,
        )
    except TooFewError as error:
        more = " (--num)" if options.generator else ""
        raise GanpipeError(f"{error}{more}, or leave out --fid-infinity") from None
    measured = (fid_alone if options.fid_only else measure)(evaluator, stream(shown))
    return measured, {**evaluator.protocol(), **file}


def _open(options: argparse.Namespace, name: ExtractorName, device: torch.device) -> Extractor:
    from ganpipe.features.build import open_extractor
    from ganpipe.features.extractor import WeightFiles, WeightsError

    custom = options.inception_weights
    files = WeightFiles(
        classifier=options.classifier, inception=None if custom is None else Path(custom)
    )
    try:
        return open_extractor(name, files=files, device=device, precision=options.precision)
    except WeightsError as error:
        raise GanpipeError(
            f"{error}\n--extractor classifier works without this file, where the pipeline has "
            "trained a classifier on labelled images like these."
        ) from None


def fill(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add = parser.add_argument
    images = "a folder, an archive or an .npz of images of one size"
    add("images", type=given_path, nargs="?", help=images)
    drawing.fill(parser)
    add(
        "--reference",
        required=True,
        type=lambda text: str(given_path(text)),
        help="real images like those, an .npz with mu and sigma, or the dataset whose statistics "
        f"lie in {paths.REFERENCE}",
    )
    add(
        "--extractor",
        default="inception",
        help="inception, classifier or digits, or several with commas between",
    )
    add(
        "--inception-weights",
        type=given,
        metavar="FILE",
        help="in place of the published: fid_custom",
    )
    add("--classifier", type=given_path, default=paths.CLASSIFIER, help="its weights (%(default)s)")
    add("--precision", choices=["fp32", "bf16"], default="fp32", help="bf16: fid_bf16")
    add("--batch-size", type=int, default=50, help="images per pass (%(default)s); memory")
    add("--max-features", type=int, default=10000, help="images a side for KID and neighbours")
    add("--fid-infinity", action="store_true", help="also FID extrapolated to infinitely many")
    add("--device", choices=["auto", "cuda", "mps", "cpu"], default="auto", help="(%(default)s)")
    add("--save-reference", type=given_path, metavar="FILE", help="store the statistics as an .npz")
    add("--fid-only", action="store_true", help="nothing but FID, in less time")
    add("--json", action="store_true", help="figures and protocol as JSON")


def _extractor_names(text: str) -> list[ExtractorName]:
    names: list[ExtractorName] = []
    for name in map(str.strip, text.split(",")):
        if name not in get_args(ExtractorName):
            raise GanpipeError(
                f"there is no extractor '{name}'; name inception, classifier or digits"
            )
        if name not in names:
            names.append(name)  # type: ignore[arg-type]
    return names


def _check(options: argparse.Namespace, extractors: list[ExtractorName]) -> None:
    """Raise GanpipeError for mistakes that would be noticed only after minutes."""
    if sys.stdout is None:
        raise GanpipeError("standard output is closed; there is nowhere to print the figures")
    drawing.check(options)
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
        raise GanpipeError("--save-reference stores the statistics of one extractor; name only one")
    if options.save_reference:
        _check_target(options.save_reference)
    if options.reference in get_args(DatasetName) and not Path(options.reference).exists():
        _check_statistics(extractors, options.reference)


def _check_statistics(extractors: list[ExtractorName], dataset: str) -> None:
    """Raise GanpipeError where an extractor knows nothing of the dataset, and where the project has
    statistics, but for others."""
    from ganpipe.evaluation.config import unfit
    from ganpipe.evaluation.selection import extractors_in

    if mistake := unfit(extractors, dataset):
        raise GanpipeError(f"--extractor: {mistake}")
    there = extractors_in(paths.REFERENCE)
    missing = [name for name in extractors if name not in there]
    if there and missing:
        raise GanpipeError(
            f"{paths.REFERENCE} holds statistics for the extractor {' and '.join(there)}, not for "
            f"{' and '.join(missing)}; name --extractor {','.join(there)}, or make them with "
            f"`dvc exp run -S 'evaluate.extractors=[{','.join(sorted({*there, *missing}))}]' "
            "reference`"
        )


def _check_target(target: Path) -> None:
    """Raise GanpipeError where statistics saved as ``target`` would destroy something else."""
    from ganpipe.storage.npz import arrays_in

    if target.suffix != ".npz":
        raise GanpipeError(f"--save-reference is {target}; name a file that ends in .npz")
    statistics = target.is_file() and {"mu", "sigma"} <= arrays_in(target)
    if target.exists() and not statistics:
        raise GanpipeError(
            f"--save-reference is {target}, which is there and holds no statistics; name another"
        )


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
            "a figure or the reference's protocol holds NaN or infinity; make the reference's "
            "statistics again"
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
