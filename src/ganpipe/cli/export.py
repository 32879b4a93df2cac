"""Write trained weights for other programs: ``ganpipe export --out generator.onnx``."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from ganpipe.cli.arguments import check_weights, given, given_path
from ganpipe.cli.places import check_file
from ganpipe.core import paths
from ganpipe.core.errors import GanpipeError
from ganpipe.export.config import OnnxPrecision

if TYPE_CHECKING:
    from ganpipe.sampling.trained import Trained

CARD = "README.md"

log = logging.getLogger(__name__)


def main(options: argparse.Namespace) -> None:
    """Export, and do with the file what the options say. Raises GanpipeError for what a user can
    mend."""
    out: Path = options.out
    _check(options)
    from ganpipe.export.hub import expect_hub
    from ganpipe.export.packages import expect_packages
    from ganpipe.export.run import export_checked
    from ganpipe.export.tensorrt import expect_tensorrt
    from ganpipe.runtime.device import pick_device, set_deterministic
    from ganpipe.runtime.threads import share_out
    from ganpipe.sampling.trained import load_trained

    expect_packages()
    if options.push is not None:
        expect_hub(options.push)
    set_deterministic(True)
    share_out()
    trained = load_trained(options.weights, pick_device("cpu"))
    if options.tensorrt:
        expect_tensorrt(trained.sampler, out)
    protocol = _project_file(paths.EVALUATE_PROTOCOL)
    found = export_checked(trained, out, options.precision, protocol)
    print(
        f"{out}: {out.stat().st_size:,} bytes; its images differ from PyTorch's by at most "
        f"{found.max_difference:.2g} in [-1, 1], and in {found.pixels_differ:.2g} of their "
        "pixels"
    )
    if options.tensorrt:
        _build_engine(trained, out, options.precision)
    if options.card or options.push is not None:
        _write_card(trained, options, protocol)
    if options.push is not None:
        from ganpipe.export.hub import push

        files = [out, options.weights, out.with_name(CARD)]
        print(f"{' '.join(each.name for each in files)} in {push(options.push, files)}")


def _check(options: argparse.Namespace) -> None:
    """Raise GanpipeError for mistakes that would be noticed only after seconds."""
    out: Path = options.out
    if out.suffix != ".onnx":
        raise GanpipeError(f"--out is {out}; name a file that ends in .onnx")
    check_file(out, "another .onnx file")
    check_weights(options.weights)
    card = out.with_name(CARD)
    if (options.card or options.push is not None) and card.exists():
        from ganpipe.export.card import LIBRARY

        if LIBRARY not in card.read_text(encoding="utf-8", errors="replace"):
            raise GanpipeError(
                f"{card} is there and is no model card of ganpipe; name --out in another folder, "
                "where a card can lie beside it"
            )


def _build_engine(trained: Trained, out: Path, precision: OnnxPrecision) -> None:
    from ganpipe.export.tensorrt import build_engine, engine_path

    found = build_engine(trained.sampler, out, precision)
    engine = engine_path(out)
    print(f"{engine}: its images differ from PyTorch's by at most {found.max_difference:.2g}")


def _write_card(trained: Trained, options: argparse.Namespace, protocol: dict[str, Any]) -> None:
    from ganpipe.export.card import model_card
    from ganpipe.export.metadata import measured
    from ganpipe.storage.files import atomic_path

    these = measured(trained, protocol)
    if protocol and not these:
        log.warning(
            f"{paths.EVALUATE_METRICS} is not of {options.weights}, so that the card holds no "
            "figures; `dvc repro evaluate` measures the weights of this pipeline"
        )
    text = model_card(
        trained,
        onnx=options.out,
        weights=options.weights,
        figures=_project_file(paths.EVALUATE_METRICS) if these else {},
        protocol=protocol,
    )
    with atomic_path(options.out.with_name(CARD)) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _project_file(path: Path) -> dict[str, Any]:
    """The content of a file of the stage `evaluate`; empty where it is not there."""
    from ganpipe.storage.files import read_json

    content: dict[str, Any] = read_json(path, "evaluate") if path.exists() else {}
    return content


def fill(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add = parser.add_argument
    add("--out", type=given_path, metavar="FILE", required=True, help="the .onnx file to write")
    add(
        "--weights",
        type=given_path,
        metavar="FILE",
        default=paths.GENERATOR,
        help="weights of a generator, .safetensors (default: %(default)s)",
    )
    add(
        "--precision",
        choices=get_args(OnnxPrecision),
        default="fp32",
        help="of its weights and arithmetic; inputs and images are float32 (default: %(default)s)",
    )
    add(
        "--tensorrt",
        action="store_true",
        help="also build FILE.engine and compare its images; a GPU and TensorRT are needed",
    )
    add("--card", action="store_true", help=f"also write a model card, {CARD}, beside FILE")
    add(
        "--push",
        type=given,
        metavar="REPOSITORY",
        help="upload file, weights and card to this model repository of the Hugging Face Hub",
    )
