"""Generators as others export them: images from one linear map of the noise."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

LATENT, SIDE = 4, 28
TYPES = {np.dtype("float32"): TensorProto.FLOAT, np.dtype("uint8"): TensorProto.UINT8}


def weights(channels: int = 1) -> np.ndarray:
    """float32 (LATENT, channels * SIDE²), of images mostly between -1 and 1."""
    rng = np.random.default_rng(0)
    shape = (LATENT, channels * SIDE**2)
    return rng.normal(0, 0.25, shape).astype(np.float32)


def linear_generator(
    path: Path,
    *,
    batch: int | str = "n",
    shape: tuple[Any, ...] = (LATENT,),
    dtype: str = "float32",
    white: float = 1.0,
    channels: int = 1,
    more_inputs: tuple[str, ...] = (),
    takes_noise: bool = True,
    black: float | None = None,
    inside: int = -1,
    metadata: Mapping[str, str] | None = None,
) -> Path:
    """Write a model with an input ``noise`` (batch, *shape) that draws clipped images of ``dtype``;
    of floats, white is ``white``, and black is 0, or -1 where white is 1.

    ``inside`` fixes the number of images whatever ``batch`` says, and without ``takes_noise`` an
    image is drawn of nothing.
    """
    if black is None:
        black = -white if white == 1.0 else 0.0
    scale, shift = (white - black) / 2, (white + black) / 2
    if dtype == "uint8":
        scale = shift = 127.5
    constants = {
        "weights": weights(channels),
        "flat": np.array([-1, LATENT]),
        "square": np.array([inside, channels, SIDE, SIDE]),
        "low": np.float32(-1),
        "high": np.float32(1),
        "scale": np.float32(scale),
        "shift": np.float32(shift),
    }
    steps = [
        ("Reshape", ["noise", "flat"], "z"),
        ("MatMul", ["z", "weights"], "pixels"),
        ("Clip", ["pixels", "low", "high"], "clipped"),
        ("Mul", ["clipped", "scale"], "scaled"),
        ("Add", ["scaled", "shift"], "shifted"),
        ("Reshape", ["shifted", "square"], "float_images"),
    ]
    nodes = [helper.make_node(kind, given, [made]) for kind, given, made in steps]
    if dtype == "uint8":
        nodes.append(helper.make_node("Round", ["float_images"], ["rounded"]))
    last = "rounded" if dtype == "uint8" else "float_images"
    nodes.append(helper.make_node("Cast", [last], ["images"], to=TYPES[np.dtype(dtype)]))
    inputs = [helper.make_tensor_value_info("noise", TensorProto.FLOAT, [batch, *shape])]
    if not takes_noise:
        inputs.clear()
        constants["noise"] = np.ones((1, LATENT), np.float32)
    inputs += [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [batch]) for name in more_inputs
    ]
    images = [batch, channels, SIDE, SIDE]
    output = helper.make_tensor_value_info("images", TYPES[np.dtype(dtype)], images)
    values = [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "generator", inputs, [output], values)
    opset = [helper.make_opsetid("", 20)]
    model = helper.make_model(graph, opset_imports=opset, ir_version=10)
    helper.set_model_props(model, dict(metadata or {}))
    onnx.save(model, path)
    return path
