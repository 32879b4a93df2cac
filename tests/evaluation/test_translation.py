"""Metrics of translators whose translations are known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.support import small_model, spec_of
from helpers.translated import Channels, figures, source, translator, write_images
from helpers.translating import pairs_of

from ganpipe.core import paths
from ganpipe.core.errors import GanpipeError
from ganpipe.data.loading import arrays, sources
from ganpipe.evaluation.spool import spooled
from ganpipe.evaluation.translation import about_translation, translation_metrics
from ganpipe.methods.build import build_method
from ganpipe.sampling.draw import draw
from ganpipe.sampling.standing import take_standing_statistics
from ganpipe.sampling.trained import Trained, load_trained, save_sampler


def test_a_perfect_translator_has_no_distance(truth: np.ndarray) -> None:
    source(kind="inverted")
    found = figures(translator())
    assert found["l1"] == 0
    assert found["ssim"] == pytest.approx(1)
    assert "psnr" not in found  # infinite
    x = truth / 255
    assert found["l1_unchanged"] == pytest.approx(np.abs(1 - 2 * x).mean())
    train = np.load(arrays.images_path(paths.PREPARED, "train"))
    mean = np.rint(train.mean(0)) / 255
    assert found["l1_mean_image"] == pytest.approx(np.abs(mean - x).mean())
    error = ((mean - x) ** 2).mean()
    assert found["psnr_mean_image"] == pytest.approx(-10 * np.log10(error))
    assert "cycle_l1" not in found
    assert "class_kept" not in found


def test_both_ways_are_measured_where_there_are_two(
    truth: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The way back adds 0.2 of the range of 2: a tenth, and so does a cycle in either order."""
    source(kind="inverted", paired=False)
    back = translator("b_to_a")
    with torch.no_grad():
        back.sampler.network.get_parameter("shift").fill_(0.2)
    Path("g_b_to_a.safetensors").touch()
    monkeypatch.setattr("ganpipe.evaluation.translation.load_trained", lambda *_: back)
    found = figures(translator())
    x = truth / 255.0
    assert found["l1"] == 0
    expected = np.abs(np.minimum(1 - x + 0.1, 1) - (1 - x)).mean()
    assert found["l1_b_to_a"] == pytest.approx(expected, abs=0.002)
    assert found["cycle_l1"] == pytest.approx(
        np.abs(np.minimum(1 - x + 0.1, 1) - (1 - x)).mean(), abs=0.002
    )
    assert found["cycle_l1_b_to_a"] == pytest.approx(
        np.abs(np.maximum(x - 0.1, 0) - x).mean(), abs=0.002
    )
    rows = sources.load_rows(paths.SOURCE, "target")
    train = np.load(arrays.images_path(paths.PREPARED, "train"))
    mean = np.rint(train[rows].mean(0)) / 255  # of the targets alone: the others are sources
    assert found["l1_mean_image"] == pytest.approx(np.abs(mean - x).mean())


def test_where_a_truth_is_one_of_many_there_is_no_distance_to_it(
    truth: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    source(kind="hole", size=3, paired=False)
    Path("g_b_to_a.safetensors").touch()
    back = translator("b_to_a")
    monkeypatch.setattr("ganpipe.evaluation.translation.load_trained", lambda *_: back)
    found = figures(translator())
    assert "l1" in found
    assert [name for name in found if name.endswith("b_to_a")] == ["cycle_l1_b_to_a"]


@pytest.mark.parametrize(("channels", "kind"), [(1, "coloured"), (3, "grey")])
def test_the_source_itself_is_compared_in_the_colours_of_the_truth(
    truth: np.ndarray, channels: int, kind: str
) -> None:
    images = write_images(channels).astype(float)
    source(kind=kind)
    found = figures(translator(network=Channels(channels)))
    given = np.load(paths.SOURCE / "test_source.npy").astype(float)
    weights = np.array([0.299, 0.587, 0.114])[:, None, None]
    seen = np.rint((given * weights).sum(1, keepdims=True)) if kind == "coloured" else given
    assert found["l1_unchanged"] == pytest.approx(np.abs(seen - images).mean() / 255)
    if kind == "grey":
        chroma = images - images.mean(1, keepdims=True)
        assert found["chroma_l1_unchanged"] == pytest.approx(np.abs(chroma).mean() / 255)


def test_a_generator_from_noise_has_none(truth: np.ndarray, tmp_path: Path) -> None:
    (sampler,) = build_method(small_model("toy_mlp"), spec_of(), 0).samplers().values()
    with spooled([torch.zeros(2, 1, 8, 8, dtype=torch.uint8)]) as spool:
        assert (
            translation_metrics(tmp_path, Trained(sampler, {}), spool, evaluators=[], measured=[])
            == {}
        )


@pytest.mark.parametrize("norm", ["instance", "batch"])
def test_the_record_says_what_was_translated_and_how(truth: np.ndarray, norm: str) -> None:
    source(kind="inverted", paired=False)
    content = small_model("pix2pix").model_dump(mode="json")
    content["generator"]["norm"] = norm
    model = type(small_model("pix2pix")).model_validate(content)
    (sampler,) = build_method(model, pairs_of(), 0).samplers().values()
    record = about_translation(Path("g.safetensors"), sampler, [])
    assert record["source"]["kind"] == "inverted"
    assert record["truth"] == "hidden from the training"
    assert record["dropout"] == "off"
    assert (
        record["normalisation"]
        == {
            "instance": "of each picture",
            "batch": "averages of the training",
        }[norm]
    )


def test_translations_do_not_depend_on_what_is_beside_them(tmp_path: Path) -> None:
    """A last piece of another length, and one picture alone, as `generate` has them."""
    (sampler,) = build_method(small_model("pix2pix"), pairs_of(28), 0).samplers().values()
    save_sampler(tmp_path / "g.safetensors", sampler, {})
    trained = load_trained(tmp_path / "g.safetensors", torch.device("cpu"))
    given = {"input": torch.rand(5, 1, 28, 28) * 2 - 1}
    together = next(draw(trained.sampler, 5, 0, given=given)).images
    alone = torch.cat(
        [
            next(draw(trained.sampler, 1, 0, given={"input": given["input"][k : k + 1]})).images
            for k in range(5)
        ]
    )
    assert (together.int() - alone.int()).abs().max() <= 1  # of 255: other sums round otherwise


def test_batches_for_standing_statistics_are_not_made_up() -> None:
    content = small_model("pix2pix").model_dump(mode="json")
    content["generator"]["norm"] = "batch"
    model = type(small_model("pix2pix")).model_validate(content)
    (sampler,) = build_method(model, pairs_of(), 0).samplers().values()
    with pytest.raises(GanpipeError, match="translates pictures; set it to running"):
        take_standing_statistics(sampler.eval(), 0)
