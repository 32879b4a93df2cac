"""Judge any images with the rulers of this project:
``python -m ganpipe.score DIR --reference mnist --ruler classifier``."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from ganpipe import paths
from ganpipe.data.config import DatasetName
from ganpipe.errors import GanpipeError, run
from ganpipe.metrics.config import RulerName

if TYPE_CHECKING:
    from torch import Tensor

    from ganpipe.data.elsewhere import Images
    from ganpipe.metrics.reference import Reference
    from ganpipe.metrics.ruler import Ruler

BATCH_SIZE = 50  # images per pass through a ruler


def main(arguments: list[str] | None = None) -> None:
    """Read the command line, judge, print. Raises GanpipeError for what a user can mend."""
    options = _parser().parse_args(arguments)
    rulers = _ruler_names(options.ruler)
    from ganpipe.data.elsewhere import open_images
    from ganpipe.device import pick_device, set_deterministic
    from ganpipe.metrics.measure import Judge, fid_alone, measure, warn_if_small
    from ganpipe.metrics.protocol import protocol
    from ganpipe.metrics.rulers import open_ruler

    set_deterministic(True)
    device = pick_device(options.device)
    figures: dict[str, Any] = {}
    compared_with = {}
    with open_images(options.images) as images:
        for name in rulers:
            weights, precision = options.inception_weights, options.precision
            ruler = open_ruler(name, options.classifier, weights, device, precision)
            reference = _reference(options.reference, ruler, options.max_features, options.fid_only)
            if options.save_reference:
                _save(options.save_reference, reference, several=len(rulers) > 1)
            warn_if_small(len(images), reference.gaussian.num)
            judge = Judge(ruler, reference, len(images), BATCH_SIZE, options.max_features)
            judged = fid_alone if options.fid_only else measure
            figures |= judged(judge, _tensors(images)).figures
            compared_with[name] = {**ruler.protocol, **reference.protocol}
        generated = {"source": str(options.images), "num_generated": len(images)}
    if options.json:
        print(json.dumps({**figures, "protocol": protocol(generated, compared_with)}, indent=2))
    else:
        print("\n".join(_table(figures)))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m ganpipe.score", description=__doc__)
    add = parser.add_argument
    add("images", type=Path, help="a folder, an archive or an .npz of images of one size")
    add(
        "--reference",
        required=True,
        help="real images like those, an .npz with mu and sigma, or the dataset whose statistics "
        f"lie in {paths.REFERENCE}",
    )
    add("--ruler", default="inception", help="inception, classifier or both with a comma between")
    add("--inception-weights", metavar="FILE", help="in place of the published: fid_custom")
    add("--classifier", type=Path, default=paths.CLASSIFIER, help="its weights (%(default)s)")
    add("--precision", choices=["fp32", "bf16"], default="fp32", help="bf16: fid_bf16")
    add("--max-features", type=int, default=10000, help="images a side for KID and neighbours")
    add("--device", choices=["auto", "cuda", "mps", "cpu"], default="auto", help="(%(default)s)")
    add("--save-reference", type=Path, metavar="FILE", help="keep the statistics as an .npz")
    add("--fid-only", action="store_true", help="nothing but FID, in less time")
    add("--json", action="store_true", help="figures and protocol as JSON")
    return parser


def _ruler_names(text: str) -> list[RulerName]:
    names: list[RulerName] = []
    for name in text.split(","):
        if name not in get_args(RulerName):
            raise GanpipeError(f"there is no ruler '{name}'; name inception, classifier or both")
        names.append(name)  # type: ignore[arg-type]
    return names


def _reference(text: str, ruler: Ruler, max_features: int, fid_only: bool) -> Reference:
    """Statistics of real images: read, or made of a folder, an archive or an .npz of images."""
    from ganpipe.data.elsewhere import open_images
    from ganpipe.metrics.collect import collect
    from ganpipe.metrics.reference import Reference, is_statistics, load_reference, make_reference

    path = Path(text)
    if text in get_args(DatasetName) and not path.exists():
        reference = load_reference(paths.REFERENCE / f"{ruler.name}.npz")
        if (there := reference.protocol.get("dataset")) != text:
            raise GanpipeError(
                f"{paths.REFERENCE} holds statistics of {there}, not of {text}; make them with "
                f"`dvc exp run -S dataset={text} reference`"
            )
        return reference
    if path.suffix == ".npz" and is_statistics(path):
        return load_reference(path)
    with open_images(path) as images:
        seen = collect(ruler, _tensors(images), len(images), max_features, BATCH_SIZE)
        if fid_only:
            return Reference(seen.gaussian(), {**ruler.protocol, "source": text})
        return make_reference(ruler, seen, {"source": text})


def _tensors(images: Images) -> Iterator[Tensor]:
    import torch
    from tqdm import tqdm

    with tqdm(total=len(images), unit="image", disable=None, leave=False) as bar:
        for piece in images.pieces():
            yield torch.from_numpy(piece.copy())
            bar.update(len(piece))


def _save(path: Path, reference: Reference, several: bool) -> None:
    from ganpipe.metrics.reference import save_reference

    if several:
        raise GanpipeError("--save-reference keeps the statistics of one ruler; name only one")
    save_reference(path, reference)


def _table(figures: dict[str, Any]) -> Iterator[str]:
    """One figure a line; the shares of the classes below their name."""
    width = max(len(name) for name in figures)
    for name, value in figures.items():
        if isinstance(value, dict):
            yield name
            yield from (f"  {inner:<{width - 2}}  {part:.4f}" for inner, part in value.items())
        else:
            yield f"{name:<{width}}  {value:.6g}"


if __name__ == "__main__":
    run(main)
