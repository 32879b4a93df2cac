"""Every shipped block as an ONNX file."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from helpers.exported import Exported, Exports
from helpers.support import ROOT, SHIPPED
from helpers.tensorrt_operators import OPSETS, RESIZE, SUPPORTED

from ganpipe.export.onnx import example_inputs
from ganpipe.export.parity import SIZES, compare, expect_parity, open_session, rounding_error
from ganpipe.sampling.sampler import Label, Noise, Picture


@pytest.fixture(params=SHIPPED.models)
def exported(request: pytest.FixtureRequest, exports: Exports) -> list[Exported]:
    """The samplers of a block with their files; blocks whose samplers are alike share them."""
    return exports.of(request.param)


def test_a_file_draws_what_pytorch_draws_at_any_size(exported: list[Exported]) -> None:
    for sampler, path in exported:
        session = open_session(path)
        for size in (3, *SIZES):
            inputs = example_inputs(sampler, size, seed=7)
            ours = sampler(**inputs).numpy()
            (theirs,) = session.run(["images"], {name: x.numpy() for name, x in inputs.items()})
            assert theirs.shape == (size, *sampler.domain.native_shape)
            assert np.abs(ours - theirs).max() < 1e-4
        assert ours.std() > 0.02, "images of one colour would show nothing"
        expect_parity(compare(sampler, path), "fp32", path)
        assert 0 < rounding_error(sampler) < 1e-4


def test_inputs_are_those_of_the_sampler(exported: list[Exported]) -> None:
    for sampler, path in exported:
        session = open_session(path)
        metadata = session.get_modelmeta().custom_metadata_map
        about = json.loads(metadata["inputs"])
        assert [each.name for each in session.get_inputs()] == list(sampler.inputs)
        for each in session.get_inputs():
            kind = sampler.inputs[each.name]
            batch, *shape = each.shape
            assert batch == "batch"
            assert about[each.name]["shape"] == shape
            assert each.type == ("tensor(int64)" if isinstance(kind, Label) else "tensor(float)")
            expected = {Noise: "noise", Label: "label", Picture: "picture"}.get(type(kind))
            assert about[each.name]["kind"] == (expected or "truncation")
        (images,) = session.get_outputs()
        assert (images.name, images.type) == ("images", "tensor(float)")
        assert images.shape == ["batch", *sampler.domain.native_shape]
        label = sampler.label
        assert json.loads(metadata["classes"]) == list(label.classes if label else ())


def test_a_file_says_nothing_of_the_machine_that_wrote_it(exported: list[Exported]) -> None:
    for _, path in exported:
        content = path.read_bytes()
        for secret in (ROOT, Path.home(), Path(torch.__file__).parent):
            assert str(secret).encode() not in content
        assert not re.search(rb"\.py\b|[Ss]tack.?trace", content)
        onnx.checker.check_model(onnx.load(path), full_check=True)


def test_tensorrt_reads_its_operators(exported: list[Exported]) -> None:
    for _, path in exported:
        model = onnx.load(path)
        (opset,) = model.opset_import
        assert opset.domain == ""
        assert opset.version in OPSETS
        assert not model.functions
        assert {node.op_type for node in model.graph.node} <= SUPPORTED
        for node in model.graph.node:
            if node.op_type == "Resize":
                for each in node.attribute:
                    assert each.name not in RESIZE or each.s in RESIZE[each.name]
