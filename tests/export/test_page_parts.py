"""The parts of a page, without a browser."""

from __future__ import annotations

import io
import json
import re
import shutil
from base64 import b64decode
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from helpers.exported import samplers_of
from helpers.pages import enliven
from helpers.support import NOISE_MODELS, command, small_model, spec_of
from PIL import Image

from ganpipe.core import paths
from ganpipe.core.errors import GanpipeError
from ganpipe.export.page import live, networks, report
from ganpipe.export.page.assemble import WEB, carried_json, joined_scripts
from ganpipe.export.page.charts import POINTS, curves, thinned, ticks
from ganpipe.export.page.directions import directions
from ganpipe.export.page.runtime import Runtime
from ganpipe.export.page.sheets import sheet
from ganpipe.export.page.write import write_run_page
from ganpipe.methods.build import build_method
from ganpipe.params import load_params
from ganpipe.runtime.seeding import make_rng
from ganpipe.sampling.sampler import Label, Sampler
from ganpipe.sampling.trained import Trained


def sampler_of(name: str) -> Sampler:
    """The initial generator of a shrunk block."""
    (found,) = build_method(small_model(name), spec_of(), seed=3).samplers().values()
    return found.eval()


def first_weights(name: str, sampler: Sampler) -> torch.Tensor:
    """The weights with which the first layer multiplies the noise, as its own code has them."""
    network: Any = sampler.network
    match name:
        case "dcgan":  # (inputs, outputs, 4, 4)
            return network.layers[0].weight.flatten(1).T
        case "cgan":  # of the same shape, the classes' rows last
            return network.network.layers[0].weight[:8].flatten(1).T
        case "stylegan2":
            return network.mapping.layers[0].scaled_weight()
        case _:
            return network.first.weight


@pytest.mark.parametrize("name", NOISE_MODELS)
def test_every_generator_has_directions_and_inputs_that_a_page_can_draw(name: str) -> None:
    """The program knows these kinds alone; each direction changes the image."""
    sampler = sampler_of(name)
    enliven(sampler)
    about = networks.about(sampler, "network")
    kinds = {each["kind"] for each in about["inputs"].values()}
    assert kinds <= {"normal", "uniform", "label", "truncation"}
    found = directions(sampler, 2)
    assert found is not None
    assert len(set(found.vectors.max(1))) == len(found.vectors) == 2
    inputs = sampler.draw_inputs(3, make_rng("cpu", 0, "draw"))
    with torch.inference_mode():
        before = sampler(**inputs)
        for vector in torch.from_numpy(found.vectors):
            moved = inputs["z"] + 3 * vector.view(inputs["z"].shape[1:])
            assert not torch.equal(sampler(**{**inputs, "z": moved}), before)


@pytest.mark.parametrize("name", ["dcgan", "cgan", "stylegan2", "sngan", "biggan"])
def test_directions_are_singular_vectors_of_the_first_weights(name: str) -> None:
    sampler = sampler_of(name)
    weight = first_weights(name, sampler).detach().double()
    found = directions(sampler, 3)
    assert found is not None
    assert np.allclose(np.linalg.norm(found.vectors, axis=1), 1, atol=1e-6)
    seen = weight.shape[1]  # BigGAN's first layer sees a part of the noise
    assert (found.vectors[:, seen:] == 0).all()
    assert (np.abs(found.vectors).max(1) == found.vectors.max(1)).all()
    stretched = weight @ torch.from_numpy(found.vectors[:, :seen]).double().T
    assert np.allclose(stretched.norm(dim=0), found.values, rtol=1e-5)
    wanted = torch.linalg.svdvals(weight)[: len(found.values)]
    assert np.allclose(found.values, wanted, rtol=1e-5)


def test_classes_are_drawn_by_the_same_bounds() -> None:
    label = Label(("a", "b", "c", "d"), (5, 0, 1, 2))
    chances = torch.rand(5000, generator=make_rng("cpu", 0, "draw"))
    bounds = networks.about_input(label)["bounds"]
    wanted = label.draw(5000, make_rng("cpu", 0, "draw"))
    counted = [sum(bound <= chance for bound in bounds) for chance in chances.tolist()]
    assert counted == wanted.tolist()


def decoded(url: str) -> np.ndarray:
    kind, _, data = url.partition(",")
    assert kind == "data:image/webp;base64"
    return np.asarray(Image.open(io.BytesIO(b64decode(data))))


def test_a_sheet_holds_every_picture_in_its_place() -> None:
    rng = np.random.default_rng(0)
    pictures = list(rng.integers(0, 256, (7, 5, 9, 3), dtype=np.uint8))
    made = sheet(pictures)
    pixels = decoded(made.url)
    assert made.kept == tuple(range(7))
    for index, picture in enumerate(pictures):
        x, y = made.place(index)["x"], made.place(index)["y"]
        assert np.array_equal(pixels[y : y + 5, x : x + 9], picture)
    short = sheet(pictures, limit=250)
    assert short.kept in ((0, 2, 4, 6), (2, 6), (6,))
    assert len(b64decode(short.url.partition(",")[2])) <= 250


@pytest.mark.parametrize(("low", "high"), [(0, 1), (0.2, 0.21), (-3, 7e6), (5, 5), (0, 0)])
def test_ticks_are_round_and_cover_the_range(low: float, high: float) -> None:
    found = ticks(low, high)
    assert 2 <= len(found) <= 8
    assert found[0] <= low
    assert found[-1] >= high
    step = found[1] - found[0]
    assert float(f"{step:.0e}") == pytest.approx(step)


def test_a_curve_ends_where_its_last_value_is() -> None:
    line = [(float(x), float(x % 2)) for x in range(3 * POINTS)]
    assert len(thinned(line)) == POINTS
    assert np.allclose([y for _, y in thinned(line)], 0.5, atol=0.2)
    drawn = curves("A <b> title", "x", {"up": [(0.0, 0.0), (4.0, 10.0)]}, floor=5.0)
    [points] = re.findall(r'points="([^"]*)"', drawn)
    (x0, y0), (x1, y1) = (map(float, point.split(",")) for point in points.split())
    [floor] = re.findall(r'class="floor" d="M[\d.]+,([\d.]+)', drawn)
    assert x1 > x0
    assert float(floor) == pytest.approx((y0 + y1) / 2, abs=0.1)
    assert "<b>" not in drawn


@pytest.mark.parametrize(
    ("dataset", "params", "said"),
    [
        ("pairs", {"direction": "a_to_b"}, "translates A into B, 28 x 28 pixels"),
        ("pairs", {"direction": "b_to_a"}, "translates B into A, 28 x 28 pixels"),
        ("folder", {}, "translates low resolution into images, 28 x 28 pixels"),
        ("cifar10", {}, "translates low resolution into cifar10, 28 x 28 pixels"),
    ],
)
def test_the_sides_of_a_translation_have_names_for_people(
    dataset: str, params: dict[str, str], said: str
) -> None:
    kind = "folder" if dataset == "pairs" else "low_resolution"
    about = {"dataset": dataset, "model": {"source": {"kind": kind}}}
    trained = Trained(samplers_of("pix2pix")[""], about)
    names = live.side_names(trained, {f"datasets.{dataset}": params})
    assert said in live.description(trained, names)


def test_columns_without_blanks_and_what_is_not_finite(tmp_path: Path) -> None:
    file = tmp_path / "train.csv"
    file.write_text("step,images_seen,loss,late,lr\n1,10,2.5,,1\n2,20,inf,3,1\n3,30,0.5,4,1\n")
    assert report.columns_of(file) == {
        "loss": [(10.0, 2.5), (30.0, 0.5)],
        "late": [(20.0, 3.0), (30.0, 4.0)],
    }


def test_the_program_is_one_module_of_short_ones() -> None:
    assert not re.search(r"^\s*(import|export) ", joined_scripts(), re.MULTILINE)
    for file in Path(str(WEB)).iterdir():
        text = file.read_text(encoding="utf-8")
        assert len(text.splitlines()) < 300
        assert "://" not in text, file.name  # no host is named


def test_no_word_ends_an_element() -> None:
    content = {"classes": ["</script><script>alert(1)", "<!--"]}
    text = carried_json("data", content)
    assert text.count("<") == 2
    assert json.loads(text[text.index(">") + 1 : text.rindex("<")]) == content


def test_a_page_is_the_same_in_every_folder(
    here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_run_page(paths.PAGE, load_params().of_the_run(), only_whole=True)
    shutil.copytree(here, tmp_path / "another place")
    monkeypatch.chdir(tmp_path / "another place")
    write_run_page(Path("again.html"), load_params().of_the_run(), only_whole=True)
    text = paths.PAGE.read_text(encoding="utf-8")
    assert text == Path("again.html").read_text(encoding="utf-8")
    assert str(here) not in text
    assert not re.search(r""" (src|href)="(?!data:|#)""", text)
    (here / paths.PAGE).unlink()


@pytest.mark.usefixtures("here")
def test_without_a_runtime_a_page_says_so_and_reports(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> Runtime:
        raise GanpipeError("there is no npm")

    monkeypatch.setattr(live, "runtime", fail)
    with pytest.raises(GanpipeError, match="there is no npm"):
        write_run_page(paths.PAGE, load_params().of_the_run(), only_whole=True)
    assert not paths.PAGE.exists()
    write_run_page(paths.PAGE, load_params().of_the_run())
    sentence = "The network does not run in this page: there is no npm"
    assert sentence in caplog.text
    text = paths.PAGE.read_text(encoding="utf-8")
    assert sentence in text
    assert "Through the training" in text
    assert "How good the images are" in text
    assert "Translate a picture" not in text


@pytest.mark.usefixtures("here")
def test_a_file_of_weights_has_a_page_of_its_own(tmp_path: Path) -> None:
    with pytest.raises(
        GanpipeError, match="translates pictures, and a page shows those of its run"
    ):
        command("page", ["--weights", str(paths.GENERATOR), "--out", str(tmp_path / "a.html")])
    from helpers.generators import save_generator

    weights = save_generator(tmp_path / "g.safetensors", classes=("one", "two"))
    command("page", ["--weights", str(weights), "--out", str(tmp_path / "a.html")])
    text = (tmp_path / "a.html").read_text(encoding="utf-8")
    assert "<title>cgan</title>" in text
    assert '"classes":["one","two"]' in text
    assert "How good the images are" not in text
