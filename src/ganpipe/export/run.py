"""The stage `export`: every sampler of the trained model as an ONNX file, checked."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from ganpipe.core import paths
from ganpipe.export.config import OnnxPrecision
from ganpipe.export.metadata import metadata_of
from ganpipe.export.onnx import export_onnx
from ganpipe.export.packages import INSTALL, missing
from ganpipe.export.parity import Parity, compare, expect_parity
from ganpipe.runtime.device import pick_device, set_deterministic
from ganpipe.runtime.threads import share_out
from ganpipe.sampling.pictures import BACK, way_back
from ganpipe.sampling.trained import Trained, load_trained
from ganpipe.storage.files import atomic_folder, atomic_path, read_json, write_json

log = logging.getLogger(__name__)

AGAIN = "dvc repro --force --single-item export"


def export(precision: OnnxPrecision) -> None:
    """Write an ONNX file of each sampler, and how far its images are from PyTorch's.

    Where packages are missing, both outputs say so. Raises GanpipeError where an ONNX file draws
    other images than PyTorch.
    """
    if lacking := missing():
        names = " and ".join(lacking)
        log.warning(
            f"no ONNX file is written, since {names} cannot be imported; install them with "
            f"`{INSTALL}`, then run `{AGAIN}`"
        )
        left_out = {"onnx": f"left out: {names} not installed"}
        with atomic_folder(paths.EXPORT) as folder:
            write_json(folder / "none.json", left_out)
        write_json(paths.EXPORT_METRICS, left_out)
        return
    set_deterministic(True)
    share_out()
    protocol = read_json(paths.EVALUATE_PROTOCOL, "evaluate")
    files = {"": paths.GENERATOR, BACK: way_back(paths.GENERATOR)}
    metrics: dict[str, float] = {}
    with atomic_folder(paths.EXPORT) as folder:
        for name, weights in files.items():
            if weights.exists() or not name:
                trained = load_trained(weights, pick_device("cpu"))
                target = folder / paths.onnx(name).name
                found = export_checked(trained, target, precision, protocol)
                suffix = f"_{name}" if name else ""
                metrics[f"onnx_max_difference{suffix}"] = found.max_difference
                metrics[f"onnx_pixels_differ{suffix}"] = found.pixels_differ
    write_json(paths.EXPORT_METRICS, metrics)


def export_checked(
    trained: Trained, path: Path, precision: OnnxPrecision, protocol: dict[str, Any]
) -> Parity:
    """Write ``path`` and return its differences from PyTorch.

    Raises GanpipeError where they are above the limits; whatever stood at ``path`` still stands.
    """
    metadata = metadata_of(trained, protocol)
    with atomic_path(path) as temporary:
        export_onnx(trained.sampler, temporary, precision=precision, metadata=metadata)
        found = compare(trained.sampler, temporary)
        expect_parity(found, precision, path, trained.sampler)
    return found
