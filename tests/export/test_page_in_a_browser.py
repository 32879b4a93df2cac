"""The page as a reader has it: opened from a file in a real Chromium, without a network."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.browser import Reader, chromium
from helpers.canvases import GRID
from helpers.drawn import FAR_SEED, drawn, trained, translation
from helpers.pages import CLASSES, RUNS, TIMES, Pages
from helpers.support import SHIPPED, spec_of
from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from ganpipe.core import paths
from ganpipe.export.page.networks import COUNT
from ganpipe.methods.size import sizes
from ganpipe.runtime.seeding import make_rng
from ganpipe.sampling.draw import CHUNK, images_of
from ganpipe.sampling.interpolate import slerp
from ganpipe.sampling.sampler import Noise


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def open_pages(browser: Browser, pages: Pages) -> dict[str, Reader]:
    return {kind: Reader(browser, pages[kind]).open() for kind in RUNS}


@pytest.fixture
def plain(open_pages: dict[str, Reader]) -> Iterator[Reader]:
    yield from without_complaints(open_pages["plain"])


@pytest.fixture
def styled(open_pages: dict[str, Reader]) -> Iterator[Reader]:
    yield from without_complaints(open_pages["styled"])


@pytest.fixture
def translator(open_pages: dict[str, Reader]) -> Iterator[Reader]:
    yield from without_complaints(open_pages["translator"])


def without_complaints(reader: Reader) -> Iterator[Reader]:
    """The window, which must neither complain nor ask for anything but the file."""
    assert reader.page.locator("html").get_attribute("data-state") == "ready", reader.complaints
    yield reader
    assert not reader.complaints
    assert set(reader.requests) <= {"file", "data", "blob", "about"}


def test_a_page_with_the_weights_of_the_default_model_takes_less_than_9_mb(pages: Pages) -> None:
    """The page of its shrunk generator, and what as many float32 as it has take in base64."""
    weights = sizes(SHIPPED.chosen_model, spec_of())["generator"].parameters
    assert (pages["plain"] / paths.PAGE).stat().st_size + 4 * weights * 4 / 3 < 9e6


@pytest.mark.parametrize("kind", ["plain", "styled"])
@pytest.mark.parametrize("seed", [0, FAR_SEED], ids=["carried", "computed"])
def test_a_seed_gives_the_images_of_python(
    open_pages: dict[str, Reader], kind: str, seed: int
) -> None:
    reader = open_pages[kind]
    box = reader.page.get_by_label("Seed", exact=True)
    box.fill("1")
    reader.changed(GRID, lambda: box.fill(str(seed)))
    reader.shows(GRID, drawn(reader.folder, seed))
    reader.says(f"{COUNT} samples of seed {seed}")


def test_a_class_is_drawn_and_named(styled: Reader) -> None:
    for number, name in enumerate(CLASSES):
        styled.changed(GRID, styled.page.get_by_role("radio", name=name, exact=True).check)
        styled.shows(GRID, drawn(styled.folder, styled.seed, label=number))
        styled.says(f"samples of seed {styled.seed}, class {name}")
        assert styled.page.locator("#chosen-name").inner_text().endswith(f"class {name}")
    styled.changed(GRID, styled.page.get_by_role("radio", name="any").check)


def test_truncation_is_that_of_python(styled: Reader) -> None:
    given = {"truncation": torch.full((COUNT,), 0.3)}
    styled.changed(GRID, lambda: styled.slide("Truncation", 0.3))
    styled.shows(GRID, drawn(styled.folder, styled.seed, given=given))
    styled.changed(GRID, lambda: styled.slide("Truncation", 1))


def test_keys_move_through_the_samples(plain: Reader) -> None:
    plain.page.get_by_role("radio", name="Sample 1 of").focus()
    after = plain.changed("#chosen", lambda: plain.page.keyboard.press("ArrowRight"))
    assert np.array_equal(after[0], plain.pictures()[1])
    plain.changed("#chosen", lambda: plain.page.keyboard.press("ArrowLeft"))


def test_every_direction_moves_the_chosen_sample_or_all(plain: Reader) -> None:
    grid = plain.pictures()
    sliders = plain.page.locator("#directions input[type=range]")
    assert sliders.count() == 8  # of a noise of eight numbers
    for index in range(sliders.count()):
        plain.changed("#chosen", lambda index=index: sliders.nth(index).fill("3"))  # type: ignore[misc]
    moved = plain.pictures()
    assert np.array_equal(moved[1:], grid[1:])
    everyone = plain.page.get_by_label("Move every sample")
    assert (plain.changed(GRID, everyone.check)[1:] != grid[1:]).any((1, 2, 3)).all()
    back = plain.page.get_by_role("button", name="Back to the middle").click
    assert np.array_equal(plain.changed(GRID, back), grid)


def test_the_path_is_that_of_python(styled: Reader) -> None:
    for sample, button in ((3, "Start of path"), (6, "End of path")):
        styled.page.locator("#grid label").nth(sample).click()
        styled.page.get_by_role("button", name=button).click()
    styled.changed("#on-path", lambda: styled.slide("Place on the path", 0.25))
    model = trained(styled.folder)
    inputs = model.sampler.draw_inputs(CHUNK, make_rng("cpu", styled.seed, "draw", 0))
    start, end = ({name: value[[i]] for name, value in inputs.items()} for i in (3, 6))
    for name, kind in model.sampler.inputs.items():
        if isinstance(kind, Noise):
            flat = slerp(start[name].flatten(1), end[name].flatten(1), torch.tensor(0.25))
            start[name] = flat.view_as(start[name])
    [image] = images_of(model.sampler, start)
    styled.shows("#on-path", image.permute(1, 2, 0).numpy()[None])
    styled.shows("#strip canvas >> nth=0", styled.pictures()[[3]])


def test_a_drag_from_one_sample_to_another_is_a_path(plain: Reader) -> None:
    tiles = plain.page.locator("#grid label")
    plain.changed("#strip canvas", lambda: tiles.nth(4).drag_to(tiles.nth(8)))
    for place, sample in ((0, 4), (-1, 8)):
        plain.shows(f"#strip canvas >> nth={place}", plain.pictures()[[sample]])
    plain.changed("#on-path", plain.page.get_by_role("button", name="Play").first.click)
    plain.page.get_by_role("button", name="Stop").click()


def test_the_training_is_a_slider(plain: Reader) -> None:
    greys, places = [], []
    for number in range(len(TIMES)):
        plain.slide("Time of the training", number)
        greys.append(int(plain.pictures("#snapshot")[0, 0, 0, 0]))
        places.append(plain.page.locator("#cursor").bounding_box()["x"])  # type: ignore[index]
    assert greys == [0, 60, 120]
    assert places[0] < places[1] == pytest.approx((places[0] + places[2]) / 2, abs=0.5)
    assert plain.page.locator("#snapshot-name").inner_text() == ("128 images, FID (classifier) 4.5")


def test_an_address_brings_back_what_was_seen(plain: Reader) -> None:
    plain.page.get_by_label("Seed", exact=True).fill("5")
    plain.page.locator("#grid label").nth(2).click()
    moved = plain.changed("#chosen", lambda: plain.slide("Direction 1,", 2.5))
    address = plain.page.get_by_role("link", name="Copy link").get_attribute("href") or ""
    assert "seed=5" in address
    plain.open(address[address.index("#") :])
    assert np.array_equal(plain.pictures("#chosen"), moved)
    plain.changed("#chosen", lambda: plain.page.evaluate("location.hash = ''"))
    assert plain.seed == 0


def test_pictures_are_saved_as_they_are(plain: Reader) -> None:
    for button, name in (("Save all", "dcgan_seed0.png"), ("Save", "dcgan_seed0_0.png")):
        with plain.page.expect_download() as waiting:
            plain.page.get_by_role("button", name=button, exact=True).first.click()
        assert waiting.value.suggested_filename == name
        saved = np.asarray(Image.open(io.BytesIO(Path(waiting.value.path()).read_bytes())))
        shown = plain.pictures()[0]
        corner = saved[2:30, 2:30] if button == "Save all" else saved
        assert np.array_equal(corner[..., :3], shown)


def test_a_seed_that_is_none_is_said(plain: Reader) -> None:
    plain.page.get_by_label("Seed", exact=True).fill("seven")
    plain.says("a whole number")
    assert plain.page.get_by_label("Seed", exact=True).get_attribute("aria-invalid") == "true"
    plain.page.get_by_label("Seed", exact=True).fill("0")


@pytest.mark.parametrize("way", ["", "b_to_a"])
def test_test_pictures_are_translated_as_python_does(translator: Reader, way: str) -> None:
    translator.page.locator("#directions-of-translation input").nth(int(bool(way))).check()
    pick = translator.page.get_by_role("radio", name="Test picture 5").check
    translator.changed("#translated", pick)
    translator.shows("#translated", translation(translator.folder, way, number=4))


def test_a_picture_of_ones_own_is_translated(translator: Reader) -> None:
    translator.page.locator("#directions-of-translation input").first.check()
    colour = np.random.default_rng(0).integers(0, 256, (28, 28, 3), dtype=np.uint8)
    content = io.BytesIO()
    Image.fromarray(colour).save(content, format="PNG")
    file = {"name": "own.png", "mimeType": "image/png", "buffer": content.getvalue()}
    pick = translator.page.get_by_label("Pick a picture")
    translator.changed("#translated", lambda: pick.set_input_files(file))  # type: ignore[arg-type]
    grey = np.rint(colour @ (0.299, 0.587, 0.114)).astype(np.uint8)
    translator.shows("#given", grey[None, ..., None].repeat(3, 3))
    translator.shows("#translated", trained(translator.folder).translate(grey[None, ..., None]))
    assert translator.page.locator("#truth").is_hidden()


def test_a_picture_can_be_dropped(translator: Reader) -> None:
    content = io.BytesIO()
    Image.new("L", (90, 40), 77).save(content, format="PNG")
    drop = """(zone, bytes) => {
        const data = new DataTransfer();
        data.items.add(new File([new Uint8Array(bytes)], "own.png", { type: "image/png" }));
        zone.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true }));
    }"""
    zone = translator.page.locator("#drop")
    translator.changed("#translated", lambda: zone.evaluate(drop, list(content.getvalue())))
    assert (translator.pictures("#given") == 77).all()
    zone.evaluate(drop, [1, 2, 3])
    translator.says("own.png is no picture")


@pytest.mark.parametrize("kind", RUNS)
def test_a_narrow_screen_needs_no_scrolling_to_the_side(
    open_pages: dict[str, Reader], kind: str
) -> None:
    page = open_pages[kind].page
    wide = page.viewport_size
    page.set_viewport_size({"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    assert wide is not None
    page.set_viewport_size(wide)


@pytest.mark.parametrize("kind", RUNS)
def test_every_control_has_a_name(open_pages: dict[str, Reader], kind: str) -> None:
    tree = open_pages[kind].page.locator("main").aria_snapshot()
    roles = ("button", "slider", "radio", "textbox", "img", "link", "checkbox")
    for line in tree.splitlines():
        words = line.strip().removeprefix("- ")
        if words.split(" ")[0].rstrip(":") in roles:
            assert '"' in words or "/" in words, tree
