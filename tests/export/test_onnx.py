"""Samplers as ONNX files."""

from __future__ import annotations

import json
from pathlib import Path

import onnx
from helpers.weights import saved

from ganpipe.export.onnx import export_onnx
from ganpipe.export.parity import compare, expect_parity
from ganpipe.runtime.device import pick_device
from ganpipe.sampling.trained import load_trained


def test_a_file_draws_what_pytorch_draws(tmp_path: Path) -> None:
    trained = load_trained(saved(tmp_path / "weights.safetensors"), pick_device("cpu"))
    path = tmp_path / "generator.onnx"
    export_onnx(trained.sampler, path, metadata={"model": json.dumps("dcgan")})
    expect_parity(compare(trained.sampler, path), "fp32", path)
    metadata = {each.key: json.loads(each.value) for each in onnx.load(path).metadata_props}
    assert metadata["model"] == "dcgan"
    assert metadata["inputs"]["z"]["shape"] == [8]
