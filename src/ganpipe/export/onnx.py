"""Samplers as ONNX files: one file each, any number of images at a time, the same bytes always."""

from __future__ import annotations

import copy
import json
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ganpipe.export.config import OnnxPrecision
from ganpipe.export.packages import expect_packages
from ganpipe.networks.layers.growth import Growth
from ganpipe.runtime.seeding import make_rng
from ganpipe.sampling.sampler import Input, Label, Noise, Picture, Sampler
from ganpipe.storage.files import atomic_path

OPSET = 20
IMAGES = "images"  # the output
EXAMPLE = 2  # images in the traced pass; of one, PyTorch would take the size for a constant
BATCH = "batch"  # name of the first axis of everything


def export_onnx(
    sampler: Sampler,
    path: Path,
    *,
    precision: OnnxPrecision = "fp32",
    metadata: Mapping[str, str],
) -> None:
    """Write ``sampler`` as one ONNX file, atomically.

    Its inputs have the names, shapes and types of :attr:`Sampler.inputs`; the output ``images`` is
    float32 (batch, C, h, w), as ``Sampler.forward`` returns it. The size of the batch is free, that
    of pictures to translate is fixed to the native one. The file carries ``metadata`` and
    :func:`about_sampler`, each value as JSON. It holds no path, no name of a machine and no time.

    fp16 halves the file: weights and arithmetic are float16, inputs and images stay float32.
    Raises GanpipeError where packages of the extra `export` are missing.
    """
    expect_packages()
    import onnx
    import onnx_ir
    from onnx_ir.passes.common import ClearMetadataAndDocStringPass

    traced = _Positional(sampler).eval()
    example = example_inputs(traced.sampler, EXAMPLE)
    batch = torch.export.Dim(BATCH, min=1)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*axis name: batch will not be used")
        program = torch.onnx.export(
            traced,
            tuple(example.values()),
            input_names=list(example),
            output_names=[IMAGES],
            dynamic_shapes=(tuple({0: batch} for _ in example),),
            opset_version=OPSET,
            external_data=False,
            dynamo=True,
            verbose=False,
        )
    assert program is not None
    ClearMetadataAndDocStringPass()(program.model)  # the traces hold paths of this checkout
    model = onnx_ir.to_proto(program.model)
    if precision == "fp16":
        model = _halved(model)
    _add_metadata(model, {**about_sampler(sampler), **metadata, "precision": json.dumps(precision)})
    onnx.checker.check_model(model)
    with atomic_path(path) as temporary:
        temporary.write_bytes(model.SerializeToString(deterministic=True))


def about_sampler(sampler: Sampler) -> dict[str, str]:
    """Metadata that follow from a sampler, as JSON: its ``inputs`` by name (kind, dtype, shape
    behind the batch, and what the kind adds), its ``classes`` in label order, and ``images``."""
    inputs = {name: _about_input(each) for name, each in sampler.inputs.items()}
    classes = list(sampler.label.classes) if sampler.label else []
    images = {
        "shape": list(sampler.domain.native_shape),
        "range": [-1, 1],  # to be clamped to
        "quantisation": "uint8, rounded to nearest",
    }
    return {
        "inputs": json.dumps(inputs),
        "classes": json.dumps(classes),
        "images": json.dumps(images),
    }


def example_inputs(sampler: Sampler, n: int, seed: int = 0) -> dict[str, Tensor]:
    """Inputs of ``n`` images on the CPU, drawn from a stream of ``seed``.

    Pictures are half noise, half black, as they may be in reality.
    """
    rng = make_rng(torch.device("cpu"), seed, "export")
    drawn = sampler.draw_inputs(n, rng)
    for name, each in sampler.inputs.items():
        if isinstance(each, Picture):
            picture = torch.rand(n, *each.domain.native_shape, generator=rng) * 2 - 1
            picture[..., : picture.shape[-1] // 2] = -1
            drawn[name] = picture
    return {name: drawn[name] for name in sampler.inputs}


class _Positional(nn.Module):
    """A copy of a sampler on the CPU whose inputs are given by their order, as tracing wants."""

    def __init__(self, sampler: Sampler) -> None:
        super().__init__()
        self.sampler = copy.deepcopy(sampler).cpu().float().requires_grad_(False)
        for module in self.sampler.modules():
            if isinstance(module, Growth):
                module.settle()

    def forward(self, *values: Tensor) -> Tensor:
        images: Tensor = self.sampler(**dict(zip(self.sampler.inputs, values, strict=True)))
        return images


def _about_input(each: Input) -> dict[str, Any]:
    match each:
        case Noise():
            kind, shape = {"kind": "noise", "distribution": each.distribution}, each.shape
        case Label():
            return {"kind": "label", "dtype": "int64", "shape": [], "counts": list(each.counts)}
        case Picture():
            kind, shape = {"kind": "picture"}, each.domain.native_shape
        case _:
            kind, shape = {"kind": "truncation"}, ()
    return {**kind, "dtype": "float32", "shape": list(shape)}


def _halved(model: Any) -> Any:
    """``model`` with float16 inside, between a cast of each input and one of the output."""
    import onnx_ir
    from onnx_ir.passes.common import TopologicalSortPass
    from onnxruntime.transformers.float16 import convert_float_to_float16

    halved = onnx_ir.from_proto(convert_float_to_float16(model, keep_io_types=True))
    TopologicalSortPass()(halved)  # the casts stand at the end
    return onnx_ir.to_proto(halved)


def _add_metadata(model: Any, metadata: Mapping[str, str]) -> None:
    del model.metadata_props[:]
    for name in sorted(metadata):
        model.metadata_props.add(key=name, value=metadata[name])
