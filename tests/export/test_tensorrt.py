"""TensorRT, as far as it goes without a GPU: what is said, and the shapes that are asked for."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest
from helpers.exported import samplers_of

from ganpipe.core.errors import GanpipeError
from ganpipe.export import tensorrt
from ganpipe.export.parity import Parity

ALIKE = Parity(0.0, 0.0, 0)


def test_trtexec_is_given_the_smallest_usual_and_largest_shapes() -> None:
    (sampler,) = samplers_of("stylegan2").values()
    line = tensorrt.trtexec(sampler, Path("models/a.onnx"))
    assert line.startswith("trtexec --onnx=models/a.onnx --saveEngine=models/a.engine ")
    for name, count in (("min", 1), ("opt", 16), ("max", 64)):
        (shapes,) = re.findall(rf"--{name}Shapes=(\S+)", line)
        assert shapes.startswith(f"z:{count}x8,noise_4_0:{count}x1x4x4,")
        assert shapes.endswith(f",truncation:{count}")
        assert shapes.count(":") == len(sampler.inputs)


def test_what_is_missing_is_named_with_the_line_to_run(monkeypatch: pytest.MonkeyPatch) -> None:
    (sampler,) = samplers_of("mlp").values()
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    monkeypatch.setattr(tensorrt, "find_spec", lambda name: None)
    both = "tensorrt is not installed and PyTorch finds no CUDA device; .*trtexec --onnx=a.onnx"
    with pytest.raises(GanpipeError, match=both):
        tensorrt.expect_tensorrt(sampler, Path("a.onnx"))
    monkeypatch.setattr(tensorrt, "find_spec", lambda name: object())
    with pytest.raises(GanpipeError, match="since PyTorch finds no CUDA device; "):
        tensorrt.expect_tensorrt(sampler, Path("a.onnx"))
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    tensorrt.expect_tensorrt(sampler, Path("a.onnx"))


class Recorder:
    """Stands in for objects of TensorRT: notes calls, and returns what it was told to."""

    def __init__(self, results: dict[str, object]) -> None:
        self.results, self.calls = results, []  # type: ignore[var-annotated]

    def __getattr__(self, name: str) -> object:
        def call(*arguments: object, **keywords: object) -> object:
            self.calls.append((name, *arguments, *keywords.values()))
            return self.results.get(name, self)

        return call


def stand_in(monkeypatch: pytest.MonkeyPatch, **results: object) -> Recorder:
    recorder = Recorder(results)
    module = ModuleType("tensorrt")
    recorder.results |= {"OnnxParser": recorder, "Builder": recorder}
    for name in ("Logger", "Builder", "OnnxParser"):
        setattr(module, name, type(name, (), {"WARNING": 1, "__new__": lambda *_: recorder}))
    module.NetworkDefinitionCreationFlag = type("Flags", (), {"STRONGLY_TYPED": 1})  # type: ignore[attr-defined]
    module.BuilderFlag = type("Flags", (), {"TF32": "tf32"})  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "tensorrt", module)
    return recorder


def test_an_engine_is_built_with_the_types_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The calls, in front of a stand-in; no engine was ever built by this test."""
    (sampler,) = samplers_of("cgan").values()
    (tmp_path / "a.onnx").write_bytes(b"model")
    calls = stand_in(monkeypatch, build_serialized_network=b"engine", parse=True)
    monkeypatch.setattr(tensorrt, "compare_engine", lambda *_: ALIKE)
    assert tensorrt.build_engine(sampler, tmp_path / "a.onnx", "fp32") == ALIKE
    assert (tmp_path / "a.engine").read_bytes() == b"engine"
    assert ("create_network", 2) in calls.calls
    assert ("clear_flag", "tf32") in calls.calls
    assert ("parse", b"model") in calls.calls
    assert ("set_shape", "z", (1, 8), (16, 8), (64, 8)) in calls.calls
    assert ("set_shape", "label", (1,), (16,), (64,)) in calls.calls


def test_an_engine_that_draws_something_else_leaves_the_earlier_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (sampler,) = samplers_of("mlp").values()
    (tmp_path / "a.onnx").write_bytes(b"model")
    (tmp_path / "a.engine").write_bytes(b"an earlier engine")
    stand_in(monkeypatch, build_serialized_network=b"engine", parse=True)
    monkeypatch.setattr(tensorrt, "compare_engine", lambda *_: replace(ALIKE, max_levels=2))
    with pytest.raises(GanpipeError, match=r"a\.engine would not draw.*it is not written"):
        tensorrt.build_engine(sampler, tmp_path / "a.onnx", "fp32")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.engine", "a.onnx"]
    assert (tmp_path / "a.engine").read_bytes() == b"an earlier engine"


def test_a_refusal_of_tensorrt_is_passed_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (sampler,) = samplers_of("mlp").values()
    (tmp_path / "a.onnx").write_bytes(b"model")
    recorder = stand_in(monkeypatch, parse=False, get_error="no such operator")
    recorder.num_errors = 1  # type: ignore[attr-defined]
    with pytest.raises(GanpipeError, match=r"does not read .*a.onnx \(no such operator\)"):
        tensorrt.build_engine(sampler, tmp_path / "a.onnx", "fp32")
    stand_in(monkeypatch, parse=True).results["build_serialized_network"] = None
    with pytest.raises(GanpipeError, match="builds no engine"):
        tensorrt.build_engine(sampler, tmp_path / "a.onnx", "fp32")
    assert not (tmp_path / "a.engine").exists()
