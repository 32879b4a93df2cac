"""Model cards, read by the Hub's own library and carried out."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.exported import Exports, samplers_of
from huggingface_hub import ModelCard

from ganpipe.evaluation.protocol import protocol_hash
from ganpipe.export.card import model_card
from ganpipe.sampling.trained import Trained

PROVENANCE = {
    "model_name": "dcgan",
    "dataset": "mnist",
    "seed": 3,
    "images_seen": 60000,
    "weights": "ema",
}
FIGURES = {
    "fid_classifier": 10.6,
    "fid_classifier_std": 0.25,
    "fid_classifier_floor": 0.44,
    "classes_covered": 10,
    "protocol": "00f80258",
}
PROTOCOL: dict[str, Any] = {"generated": {"num_generated": 2000}, "classifier": {}, "versions": {}}


def card_of(name: str, **changes: Any) -> str:
    content: dict[str, Any] = {"figures": FIGURES, "protocol": PROTOCOL} | changes
    return model_card(
        Trained(samplers_of(name)[""], PROVENANCE | {"model_name": name}),
        onnx=Path("generator.onnx"),
        weights=Path("generator.safetensors"),
        **content,
    )


def test_the_hub_reads_the_figures() -> None:
    card = ModelCard(card_of("dcgan"))
    data = card.data.to_dict()
    assert data["library_name"] == "ganpipe"
    assert data["pipeline_tag"] == "unconditional-image-generation"
    assert data["datasets"] == ["mnist"]
    assert {"gan", "onnx", "dcgan"} <= set(data["tags"])
    results = card.data.eval_results
    assert {each.metric_type: each.metric_value for each in results} == {
        "fid_classifier": 10.6,
        "classes_covered": 10,
    }


def test_figures_stand_beside_deviation_floor_and_protocol() -> None:
    text = card_of("dcgan")
    assert "| fid_classifier | 10.6 | 0.25 | 0.44 |" in text
    assert f"Protocol `{protocol_hash(PROTOCOL)}`" in text
    assert '"num_generated": 2000' in text


def test_weights_that_were_not_evaluated_have_no_figures() -> None:
    text = card_of("dcgan", figures={}, protocol={})
    assert "These weights have not been evaluated." in text
    assert "model-index" not in text


@pytest.mark.parametrize("name", ["mlp", "cgan", "stylegan2", "pix2pix"])
def test_the_code_of_a_card_runs(
    exports: Exports, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    ((sampler, path),) = exports.of(name)
    shutil.copy(path, tmp_path / "generator.onnx")
    with_onnx = re.findall(r"```python\n(.*?)```", card_of(name), re.DOTALL)[1]
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    exec(with_onnx, names)
    assert names["pixels"].shape == (16, *sampler.domain.native_shape)
    assert names["pixels"].dtype == np.uint8


def test_a_conditional_model_and_a_translator_say_what_they_do() -> None:
    assert "label='0')" in card_of("cgan")
    assert "pipeline_tag" not in card_of("cgan")
    assert "of 2 classes" in card_of("cgan")
    text = card_of("pix2pix")
    assert "pipeline_tag: image-to-image" in text
    assert ".translate(pictures)" in text
