"""Fields of the block `export` in params.yaml."""

from __future__ import annotations

from typing import Literal

from ganpipe.core.schema import Strict

OnnxPrecision = Literal["fp32", "fp16"]


class ExportConfig(Strict):
    """The stage `export`."""

    # of the ONNX file's weights and arithmetic; inputs and images are float32 in either case
    precision: OnnxPrecision
