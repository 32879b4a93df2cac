"""The command that writes weights for other programs, as a user types it."""

from __future__ import annotations

from pathlib import Path

import onnx
import pytest
from helpers.hub_server import Hub
from helpers.support import command
from helpers.weights import saved

from ganpipe.core import paths
from ganpipe.core.errors import GanpipeError
from ganpipe.export import packages, tensorrt
from ganpipe.storage.files import write_json
from ganpipe.storage.tensor_file import recorded_digest


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    return str(saved(tmp_path / "weights.safetensors", "mlp", dataset="mnist"))


def test_weights_are_exported(weights: str, capsys: pytest.CaptureFixture[str]) -> None:
    command("export", ["--weights", weights, "--out", "out/mine.onnx", "--precision", "fp16"])
    said = capsys.readouterr().out
    assert said.startswith("out/mine.onnx: ")
    assert "differ from PyTorch's by at most" in said
    onnx.checker.check_model(onnx.load("out/mine.onnx"))
    assert [path.name for path in Path("out").iterdir()] == ["mine.onnx"]


def test_a_card_and_an_upload(
    weights: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from huggingface_hub import constants

    server = Hub()
    monkeypatch.setattr(constants, "ENDPOINT", server.url)
    monkeypatch.setenv("HF_TOKEN", "right")
    command("export", ["--weights", weights, "--out", "out/mine.onnx", "--push", "me/digits"])
    server.shutdown()
    server.server_close()
    assert server.files.keys() == {"mine.onnx", "weights.safetensors", "README.md"}
    assert server.files["README.md"] == Path("out/README.md").read_bytes()
    assert f"in {server.url}/me/digits" in capsys.readouterr().out
    assert b"These weights have not been evaluated." in server.files["README.md"]


def test_a_wrong_token_costs_no_export(weights: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    server = Hub()
    monkeypatch.setattr(constants, "ENDPOINT", server.url)
    monkeypatch.setenv("HF_TOKEN", "wrong")
    with pytest.raises(GanpipeError, match="me/digits cannot be written to"):
        command("export", ["--weights", weights, "--out", "a.onnx", "--push", "me/digits"])
    server.shutdown()
    server.server_close()
    assert not Path("a.onnx").exists()


@pytest.mark.parametrize("these", [True, False])
def test_a_card_has_the_figures_of_its_weights_alone(
    weights: str, caplog: pytest.LogCaptureFixture, these: bool
) -> None:
    """Not those of another training of the same model, seed and images seen."""
    about = {"model": "mlp", "seed": 3, "images_seen": 0, "weights": "ema"}
    about["weights_sha256"] = recorded_digest(Path(weights)) if these else "of another training"
    write_json(paths.EVALUATE_PROTOCOL, {"generated": about, "versions": {}})
    write_json(paths.EVALUATE_METRICS, {"fid": 12.5})
    command("export", ["--weights", weights, "--out", "out/mine.onnx", "--card"])
    text = Path("out/README.md").read_text()
    assert ("12.5" in text) == these
    assert ("These weights have not been evaluated." in text) != these
    assert ("metrics/evaluate.json is not of" in caplog.text) != these


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--out", "mine.pt"], r"--out is mine.pt; name a file that ends in .onnx"),
        (["--out", "folder.onnx"], r"folder.onnx, which is a folder; name another .onnx file"),
        (["--out", "README.md/a.onnx"], r"README.md is no folder; name a place in a folder"),
        (["--out", "a.onnx", "--weights", "none"], r"none is missing; `dvc repro train`"),
        (["--out", "a.onnx", "--weights", "folder.onnx"], r"folder.onnx is a folder; name a .safe"),
        (["--out", "a.onnx", "--card"], r"README.md is there and is no model card of ganpipe"),
        (["--out", "a.onnx", "--tensorrt"], r"no engine can be built here, since .*trtexec"),
    ],
)
def test_a_mistake_is_answered_before_anything_is_written(
    weights: str, monkeypatch: pytest.MonkeyPatch, arguments: list[str], said: str
) -> None:
    monkeypatch.setattr(tensorrt, "find_spec", lambda name: None)
    Path("README.md").write_text("# Mine\n")
    Path("folder.onnx").mkdir()
    with pytest.raises(GanpipeError, match=said):
        command("export", ["--weights", weights, *arguments])
    assert not Path("a.onnx").exists()
    assert Path("README.md").read_text() == "# Mine\n"


def test_without_the_extra_one_sentence_is_said(
    weights: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packages, "NEEDED", ("no_such_package",))
    with pytest.raises(GanpipeError, match="no_such_package is not installed"):
        command("export", ["--weights", weights, "--out", "a.onnx"])
