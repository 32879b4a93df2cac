"""`ganpipe generate --input` of pictures of more than 8 bits: scaled as those of the training."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.own_pairs import config
from helpers.support import SHIPPED, command, small_model
from helpers.translating import pairs_of
from PIL import Image

from ganpipe.cli.translate import levels_of
from ganpipe.core.errors import GanpipeError
from ganpipe.data.loading import arrays, sources
from ganpipe.data.prepare.prepare import prepare
from ganpipe.data.source.build import with_source
from ganpipe.data.source.config import Folder, Inverted
from ganpipe.data.source.write import write_source
from ganpipe.data.spec import DataSpec, Domain
from ganpipe.methods.build import build_method
from ganpipe.runtime.device import pick_device
from ganpipe.sampling.trained import Trained, save_sampler
from ganpipe.training.trainer import Job

TWELVE = (0, 4095)
WEIGHTS = "g.safetensors"


def deep(path: Path, white: int = 4095, kind: Any = np.uint16) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    ramp = np.arange(28 * 28).reshape(28, 28) * white // (28 * 28 - 1)
    Image.fromarray(ramp.astype(kind)).save(path)
    return path


@pytest.fixture
def shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[np.ndarray]:
    """What the model is given; the current folder has a picture of 12 bits, and the weights hold no
    range, as those of older versions."""
    monkeypatch.chdir(tmp_path)
    deep(tmp_path / "photos" / "x.png")
    save_weights()
    given: list[np.ndarray] = []
    translate = Trained.translate

    def watched(trained: Trained, images: np.ndarray) -> np.ndarray:
        given.append(images)
        return translate(trained, images)

    monkeypatch.setattr(Trained, "translate", watched)
    return given


def save_weights(**provenance: Any) -> None:
    spec = pairs_of(28, 1, 1, paired=True)
    (sampler,) = build_method(small_model("pix2pix"), spec, 0).samplers().values()
    save_sampler(Path(WEIGHTS), sampler, {"model_name": "pix2pix", **provenance})


def generate(*arguments: str) -> None:
    words = ["--weights", WEIGHTS, "--device", "cpu", "--input", "photos", "--out", "made"]
    command("generate", [*words, *arguments])


def test_the_range_of_the_training_is_applied(
    shown: list[np.ndarray], capsys: pytest.CaptureFixture[str]
) -> None:
    save_weights(range=[0, 4095])
    generate()
    ramp = np.arange(28 * 28) * 4095 // (28 * 28 - 1)
    np.testing.assert_array_equal(shown[0].ravel(), np.rint(ramp * 255 / 4095))
    said = capsys.readouterr().err
    assert "scaled as those of the training, from 0 to 4095; --range names other values" in said
    assert "warning" not in said


def test_an_option_takes_its_place(
    shown: list[np.ndarray], capsys: pytest.CaptureFixture[str]
) -> None:
    save_weights(range=[0, 255])
    generate("--range", "0", "8190")
    assert shown[0].max() == 128
    said = capsys.readouterr().err
    assert "--range" not in said
    assert "warning" not in said


def test_old_weights_say_that_pictures_are_dark(
    shown: list[np.ndarray], capsys: pytest.CaptureFixture[str]
) -> None:
    generate()
    assert shown[0].max() == 16
    said = capsys.readouterr().err
    assert "warning: photos: 1 images of 16 bits hold values from 0 to 4095 of 65535" in said
    assert "name the values that are black and white, such as --range 0 4095" in said


@pytest.mark.parametrize("kind", [np.int32, np.float32])
def test_signed_and_32_bit_pictures(shown: list[np.ndarray], kind: Any) -> None:
    Path("photos/x.png").unlink()
    deep(Path("photos/y.tif"), kind=kind)
    with pytest.raises(GanpipeError, match=r"y\.tif cannot .*is not said; say it with --range B"):
        generate()
    assert not Path("made").exists()
    save_weights(range=[0, 4095])
    generate()
    assert (shown[-1].min(), shown[-1].max()) == (0, 255)


def test_other_notes_are_told(shown: list[np.ndarray], capsys: pytest.CaptureFixture[str]) -> None:
    Path("photos/x.png").unlink()
    first, *rest = (Image.new("L", (9, 9), grey) for grey in (1, 2))
    first.save("photos/x.gif", save_all=True, append_images=rest)
    generate("--range", "0", "10")
    said = capsys.readouterr().err
    assert "photos: 1 file has several frames; the first of each is taken" in said
    assert "warning: --range changes nothing: no picture is grey of more than 8 bits" in said
    assert shown[0].max() == 1


def test_a_range_that_makes_no_sense(shown: list[np.ndarray]) -> None:
    with pytest.raises(GanpipeError, match="black, then white above it, not 9 and 9"):
        generate("--range", "9", "9")
    with pytest.raises(GanpipeError, match="--range is of pictures that are translated"):
        command("generate", ["--range", "0", "9", "--out", "made"])
    assert not shown


@pytest.mark.parametrize("content", [None, [0], [5, 5], [0, 1.5], "ab", {"0": 1}, [0, None]])
def test_what_a_header_holds_besides_is_no_range(content: Any) -> None:
    assert levels_of({"range": content}) is None
    assert levels_of({}) is None


def test_the_range_reaches_the_weights(tmp_path: Path) -> None:
    """From the dataset, by the stages prepare and source, to what train writes."""
    for side in "AB":
        for k in range(5):
            deep(tmp_path / f"raw/{side}/{k}.png", 4000 + k)
    prepared, source = tmp_path / "prepared", tmp_path / "source"
    prepare("pairs", config(range=list(TWELVE)), tmp_path / "raw", prepared)
    assert arrays.load_spec(prepared).range == TWELVE
    for paired in (True, False):
        write_source(Folder(kind="folder", paired=paired), prepared=prepared, folder=source)
        assert sources.load_pairing(source).range == TWELVE
        assert origin(sources.load_pairing(source))["range"] == [0, 4095]


def test_computed_sources_have_the_range_of_the_images() -> None:
    spec = DataSpec("folder", Domain(1, 32, 32), 9, 4, range=TWELVE)
    for paired in (True, False):
        assert with_source(spec, Inverted(kind="inverted", paired=paired)).range == TWELVE


def test_without_a_range_nothing_is_written_of_it() -> None:
    spec = DataSpec("folder", Domain(1, 32, 32), 9, 4)
    for each in (spec, replace(spec, range=TWELVE)):
        assert DataSpec.from_dict(json.loads(json.dumps(each.to_dict()))) == each
    assert "range" not in spec.to_dict()
    assert "range" not in origin(spec)


def origin(spec: DataSpec) -> dict[str, Any]:
    """What the header of weights that are trained on ``spec`` says."""
    job = Job(
        name="pix2pix",
        model=small_model("pix2pix"),
        optimizers={},
        config=SHIPPED.train,
        seed=0,
        spec=spec,
        device=pick_device("cpu"),
    )
    return job.provenance(0, "ema")
