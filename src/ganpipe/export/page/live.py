"""The part of a page that draws: networks with their runtime, and the controls."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cache
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from ganpipe.core import paths
from ganpipe.core.errors import GanpipeError
from ganpipe.export.metadata import is_made_of
from ganpipe.export.packages import expect_packages
from ganpipe.export.page.assemble import carried_bytes, fragment
from ganpipe.export.page.networks import COUNT, about
from ganpipe.export.page.runtime import runtime
from ganpipe.export.page.sheets import sheet
from ganpipe.sampling.pictures import BACK, pictures_for, translates
from ganpipe.sampling.sampler import Label, Truncation
from ganpipe.sampling.trained import Trained, load_trained

GALLERY = 12  # test pictures of each side
REACH = 6  # of a slider, in units of the noise
SIDES = ("source", "target")


class Live(NamedTuple):
    """The parts of a page that draw."""

    content: dict[str, Any]  # JSON for its program
    sections: list[str]  # HTML
    carried: str  # elements of data

    @staticmethod
    def none() -> Live:
        """A page that draws nothing."""
        return Live({"networks": []}, [], "")


class Way(NamedTuple):
    """A sampler to be shown, and its ONNX file."""

    trained: Trained
    onnx: Path


def ways() -> list[Way]:
    """Weights and ONNX files of the run in this folder, the way back last.

    Raises GanpipeError where there are none, and for an ONNX file of other weights.
    """
    found = []
    for name in ("", BACK):
        weights, onnx = paths.generator(name), paths.onnx(name)
        if name and not weights.exists():
            continue
        trained = load_trained(weights, torch.device("cpu"))
        if not onnx.exists():
            expect_packages()
            raise GanpipeError(f"{onnx} is missing; `dvc repro export` writes it")
        if not is_made_of(onnx, trained):
            raise GanpipeError(
                f"{onnx} is of other weights than {weights}, or does not say of which; "
                "`dvc repro export` makes it of these"
            )
        found.append(Way(trained, onnx))
    return found


def live(ways: Sequence[Way], names: Mapping[str, str]) -> Live:
    """The networks of ``ways``, in one page; ``names`` are those of :func:`side_names`.

    Raises GanpipeError, one sentence, where the runtime cannot be fetched.
    """
    carried = carried_runtime()
    networks = []
    for number, way in enumerate(ways):
        element = f"network-{number}"
        carried += carried_bytes(element, way.onnx.read_bytes())
        networks.append(about(way.trained.sampler, element))
    content = {
        "networks": networks,
        "count": COUNT,
        "translates": translates(ways[0].trained.sampler),
    }
    if content["translates"]:
        return Live(content, [_translation(ways, networks, names)], carried)
    return Live(content, [_samples(ways[0].trained, networks[0])], carried)


@cache
def carried_runtime() -> str:
    loader, wasm = runtime()
    return carried_bytes("loader", loader) + carried_bytes("wasm", wasm)


def _samples(trained: Trained, network: dict[str, Any]) -> str:
    inputs = trained.sampler.inputs
    classes = truncation = directions = ""
    if isinstance(inputs.get("label"), Label):
        classes = _choices("classes", "Class")
    if isinstance(inputs.get("truncation"), Truncation):
        truncation = (
            '<label>Truncation <input type="range" id="truncation" aria-label="Truncation" '
            'min="0" max="2" step="0.1" value="1"><span class="value">1.0</span></label>'
        )
    if network["directions"]:
        values = enumerate(network["directions"]["values"], start=1)
        directions = fragment("directions", sliders="\n".join(_slider(*each) for each in values))
    return fragment("samples", classes=classes, truncation=truncation, directions=directions)


def _choices(element: str, title: str) -> str:
    return (
        f'<div id="{element}" class="choices" role="radiogroup" aria-labelledby="{element}-title">'
        f'<span id="{element}-title">{title}</span></div>'
    )


def _slider(rank: int, value: float) -> str:
    return (
        f"<label><span>{rank} <small>&sigma; {value:.2f}</small></span>"
        f'<input type="range" min="-{REACH}" max="{REACH}" step="0.1" value="0" '
        f'aria-label="Direction {rank}, singular value {value:.2f}">'
        '<span class="value">0.0</span></label>'
    )


def _translation(
    ways: Sequence[Way], networks: list[dict[str, Any]], names: Mapping[str, str]
) -> str:
    """The section of translators; ``networks`` learn their titles and pictures."""
    galleries = ""
    sheets: dict[str, dict[str, Any]] = {}
    for way, network in zip(ways, networks, strict=True):
        there = getattr(way.trained.sampler.config, "direction", "a_to_b") == "a_to_b"
        given, truth = SIDES if there else SIDES[::-1]
        pictures = pictures_for(way.trained.sampler)
        for side, images in ((given, pictures.given), (truth, pictures.truth)):
            if images is not None and side not in sheets:
                first = np.asarray(images[:GALLERY]).transpose(0, 2, 3, 1)
                made = sheet(list(first), limit=math.inf)
                sheets[side] = made.about(side)
                galleries += f'<img id="{side}" alt="" hidden src="{made.url}">'
        title = f"{names[given]} → {names[truth]}"
        goals = None if pictures.truth is None else sheets[truth]
        network.update(given=sheets[given], truth=goals, title=title)
    directions = _choices("directions-of-translation", "Direction") if len(ways) > 1 else ""
    return fragment("translation", directions_of_translation=directions, galleries=galleries)


def side_names(trained: Trained, params: Mapping[str, Any]) -> dict[str, str]:
    """Names of what a translator starts from and of what it makes, for people; ``params`` are the
    run's. The sides of the user's own pairs are A and B."""
    dataset, model = trained.provenance.get("dataset", "target"), trained.provenance.get("model")
    if dataset == "pairs":
        there = params.get("datasets.pairs", {}).get("direction", "a_to_b") == "a_to_b"
        return dict(zip(SIDES, "AB" if there else "BA", strict=True))
    source = model.get("source", {}).get("kind", "source") if isinstance(model, dict) else "source"
    target = "images" if dataset == "folder" else dataset
    return {"source": str(source).replace("_", " "), "target": str(target)}


def description(trained: Trained, names: Mapping[str, str]) -> str:
    """A sentence about the weights, as HTML; ``names`` are those of :func:`side_names`."""
    height, width, channels = trained.image_shape
    size = f"{width} x {height} pixels in {'colour' if channels == 3 else 'grey'}"
    seen = trained.provenance.get("images_seen")
    after = f" after {seen:,} images of training" if isinstance(seen, int) else ""
    does = f"draws {size}"
    if translates(trained.sampler):
        does = f"translates {names['source']} into {names['target']}, {size},"
    return escape(f"A network of {_weights(trained):,} weights that {does}{after}.")


def _weights(trained: Trained) -> int:
    return sum(weight.numel() for weight in trained.sampler.network.parameters())
