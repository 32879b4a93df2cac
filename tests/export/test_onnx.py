"""What an exported file is, whatever the block."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import onnx
import pytest
import torch
from helpers.exported import samplers_of
from helpers.networks import SHAPE, generator
from helpers.support import ROOT, run_python
from helpers.weights import saved

from ganpipe.core.errors import GanpipeError
from ganpipe.data.spec import Domain
from ganpipe.export import packages
from ganpipe.export.onnx import example_inputs, export_onnx
from ganpipe.export.parity import compare, expect_parity
from ganpipe.networks.configs.progan import ProGANGenerator
from ganpipe.sampling.config import NoiseSamplerConfig
from ganpipe.sampling.samplers.noise import NoiseSampler
from ganpipe.sampling.trained import load_trained

EXPORT = """
import torch
from pathlib import Path
from ganpipe.export.onnx import export_onnx
from ganpipe.sampling.trained import load_trained
trained = load_trained(Path("weights.safetensors"), torch.device("cpu"))
export_onnx(trained.sampler, Path("other.onnx"), metadata={})
"""


def test_two_checkouts_write_the_same_bytes(tmp_path: Path) -> None:
    saved(tmp_path / "weights.safetensors", "cgan")
    sampler = load_trained(tmp_path / "weights.safetensors", torch.device("cpu")).sampler
    export_onnx(sampler, tmp_path / "one.onnx", metadata={})
    shutil.copytree(ROOT / "src", tmp_path / "elsewhere" / "src")
    result = run_python("-c", EXPORT, cwd=tmp_path, PYTHONPATH=str(tmp_path / "elsewhere" / "src"))
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "one.onnx").read_bytes() == (tmp_path / "other.onnx").read_bytes()


def test_half_precision_halves_the_weights_and_keeps_the_types_outside(tmp_path: Path) -> None:
    (sampler,) = samplers_of("mlp").values()
    sizes = {}
    for precision in ("fp32", "fp16"):
        path = tmp_path / f"{precision}.onnx"
        export_onnx(sampler, path, precision=precision, metadata={"model": '"mlp"'})
        expect_parity(compare(sampler, path), precision, path)
        model = onnx.load(path)
        onnx.checker.check_model(model, full_check=True)
        types = {each.data_type for each in model.graph.initializer if each.dims}
        sizes[precision] = sum(len(each.raw_data) for each in model.graph.initializer)
        halves = onnx.TensorProto.FLOAT16 in types
        assert halves == (precision == "fp16")
        for each in (*model.graph.input, *model.graph.output):
            assert each.type.tensor_type.elem_type == onnx.TensorProto.FLOAT
        metadata = {each.key: json.loads(each.value) for each in model.metadata_props}
        assert (metadata["model"], metadata["precision"]) == ("mlp", precision)
    assert sizes["fp16"] < 0.6 * sizes["fp32"]


def test_a_network_that_still_grows_is_exported_as_it_is(tmp_path: Path) -> None:
    fields = {"channel_base": 256, "channel_max": 16, "growth": 0.5}
    network = generator("progan", **fields)
    network.grow(0.3)
    assert 0 < network.growth.moment().share < 1, "in the middle of fading a level in"
    config = NoiseSamplerConfig(
        generator=ProGANGenerator(arch="progan", **fields),
        latent_dim=6,
        latent="normal",
        domain=Domain(*SHAPE[:2], SHAPE[2]),
    )
    sampler = NoiseSampler(config, network).eval().requires_grad_(False)
    export_onnx(sampler, tmp_path / "growing.onnx", metadata={})
    assert compare(sampler, tmp_path / "growing.onnx").max_difference < 1e-4
    network.grow(0.9)
    assert network.growth.moment().share == 1, "the sampler itself goes on growing"


def test_pictures_are_partly_flat() -> None:
    """Instance norm divides by the deviation of what it sees, which is small where it is flat."""
    sampler = samplers_of("pix2pix")[""]
    picture = example_inputs(sampler, 2)["input"]
    assert (picture[..., :14] == -1).all()
    assert picture[..., 14:].std() > 0.5


def test_missing_packages_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (sampler,) = samplers_of("mlp").values()
    monkeypatch.setattr(packages, "NEEDED", ("onnx", "no_such_package"))
    with pytest.raises(GanpipeError, match=r"no_such_package is not installed.*\.\[export\]"):
        export_onnx(sampler, tmp_path / "file.onnx", metadata={})
    assert not list(tmp_path.iterdir())
