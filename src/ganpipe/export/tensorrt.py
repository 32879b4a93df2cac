"""TensorRT engines from ONNX files, where TensorRT and a GPU are there.

An engine is of one kind of GPU and one version of TensorRT. The calls are those that NVIDIA
documents for its versions 10 and later.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ganpipe.core.errors import GanpipeError
from ganpipe.export.config import OnnxPrecision
from ganpipe.export.onnx import IMAGES, example_inputs
from ganpipe.export.parity import SIZES, Parity, difference, expect_parity
from ganpipe.sampling.sampler import Sampler
from ganpipe.storage.files import atomic_path

USUAL = (
    16  # images at a time that an engine is made fastest for; it takes any size up to the largest
)
SHAPES = {"min": min(SIZES), "opt": USUAL, "max": max(SIZES)}


def expect_tensorrt(sampler: Sampler, path: Path) -> None:
    """Raise GanpipeError unless TensorRT and a GPU are there, with a line to run where they are."""
    lacking = [] if find_spec("tensorrt") else ["the package tensorrt is not installed"]
    if not torch.cuda.is_available():
        lacking.append("PyTorch finds no CUDA device")
    if lacking:
        raise GanpipeError(
            f"no engine can be built here, since {' and '.join(lacking)}; on a machine that has "
            f"both, this makes one of {path.name}: {trtexec(sampler, path)}"
        )


def trtexec(sampler: Sampler, path: Path) -> str:
    """The line with which NVIDIA's own program builds the engine of an ONNX file."""
    words = ["trtexec", f"--onnx={path}", f"--saveEngine={engine_path(path)}", "--noTF32"]
    for name, count in SHAPES.items():
        shapes = {key: [count, *shape] for key, shape in input_shapes(sampler).items()}
        listed = ",".join(f"{key}:{'x'.join(map(str, shape))}" for key, shape in shapes.items())
        words.append(f"--{name}Shapes={listed}")
    return " ".join(words)


def engine_path(path: Path) -> Path:
    """The engine of an ONNX file, beside it."""
    return path.with_suffix(".engine")


def input_shapes(sampler: Sampler) -> dict[str, tuple[int, ...]]:
    """The shapes of the inputs of one image."""
    return {name: tuple(value.shape[1:]) for name, value in example_inputs(sampler, 1).items()}


def build_engine(sampler: Sampler, path: Path, precision: OnnxPrecision) -> Parity:
    """Build the engine of an ONNX file of ``sampler`` beside it, with the ``precision`` of the
    file, and return its differences from PyTorch.

    Raises GanpipeError where TensorRT refuses the file and where the engine draws other images;
    an engine that stood there still stands.
    """
    import tensorrt as trt

    logger = trt.Logger(trt.Logger.WARNING)
    builder = trt.Builder(logger)
    flag = getattr(trt.NetworkDefinitionCreationFlag, "STRONGLY_TYPED", None)  # 11 has no other
    network = builder.create_network(0 if flag is None else 1 << int(flag))
    parser = trt.OnnxParser(network, logger)
    if not parser.parse(path.read_bytes()):
        errors = "; ".join(str(parser.get_error(index)) for index in range(parser.num_errors))
        raise GanpipeError(f"TensorRT does not read {path} ({errors})")
    config = builder.create_builder_config()
    config.clear_flag(trt.BuilderFlag.TF32)  # which rounds fp32 to 10 binary digits
    profile = builder.create_optimization_profile()
    for name, shape in input_shapes(sampler).items():
        profile.set_shape(name, *((count, *shape) for count in SHAPES.values()))
    config.add_optimization_profile(profile)
    engine = builder.build_serialized_network(network, config)
    if engine is None:
        raise GanpipeError(f"TensorRT builds no engine of {path}; its messages above say why")
    with atomic_path(engine_path(path)) as temporary:
        temporary.write_bytes(bytes(engine))
        found = compare_engine(sampler, temporary)
        expect_parity(found, precision, engine_path(path))
    return found


@torch.inference_mode()
def compare_engine(sampler: Sampler, path: Path) -> Parity:
    """Draw the same inputs with ``sampler`` and the engine in ``path``, in batches of SIZES."""
    import tensorrt as trt

    runtime = trt.Runtime(trt.Logger(trt.Logger.WARNING))
    engine = runtime.deserialize_cuda_engine(path.read_bytes())
    if engine is None:
        raise GanpipeError("TensorRT does not load the engine that it has built; update it")
    context = engine.create_execution_context()
    worst = Parity(0.0, 0.0, 0)
    for size in SIZES:
        inputs = example_inputs(sampler, size, seed=size)
        given = {name: value.to(sampler.device) for name, value in inputs.items()}
        ours = sampler(**given).float().cpu().numpy()
        shape = (size, *sampler.domain.native_shape)
        theirs = _run(context, inputs, torch.empty(shape, device="cuda"))
        worst = worst.worse(difference(ours, theirs.cpu().numpy()))
    return worst


def _run(context: Any, inputs: Mapping[str, Tensor], images: Tensor) -> Tensor:
    """``images``, filled by the engine of ``context``."""
    held = {name: value.cuda().contiguous() for name, value in inputs.items()}
    for name, value in held.items():
        context.set_input_shape(name, tuple(value.shape))
        context.set_tensor_address(name, value.data_ptr())
    context.set_tensor_address(IMAGES, images.data_ptr())
    stream = torch.cuda.current_stream()
    context.execute_async_v3(stream.cuda_stream)
    stream.synchronize()
    return images
