"""Model cards: a README.md in the format of the Hugging Face Hub, from a weights file's header and
its figures."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from ganpipe.evaluation.protocol import protocol_hash
from ganpipe.sampling.pictures import translates
from ganpipe.sampling.sampler import Label, Noise, Picture, Sampler
from ganpipe.sampling.trained import Trained

LIBRARY = "library_name: ganpipe"  # in the header of each card
PUBLIC = ("mnist", "fashion_mnist", "cifar10")  # datasets that the Hub knows by these names
BESIDE = ("_std", "_floor", "_unchanged", "_mean_image")  # endings of what stands beside a figure


def model_card(
    trained: Trained, *, onnx: Path, weights: Path, figures: Mapping[str, Any], protocol: Any
) -> str:
    """The text of a card for the two files, which lie beside it.

    ``figures`` are those of these weights, as ``metrics/evaluate.json`` holds them, and empty where
    they were not evaluated; ``protocol`` is ``metrics/protocol.json``.
    """
    name, dataset = _names(trained)
    header = yaml.safe_dump(_header(trained, figures), sort_keys=False, allow_unicode=True)
    return "\n".join(
        [
            f"---\n{header}---\n",
            f"# {name}, trained on {dataset}\n",
            _what_it_is(trained),
            "## Load\n",
            *_load(trained, onnx, weights),
            "## Figures\n",
            *_figures(figures, protocol),
            "## Limits\n",
            *_limits(trained, dataset),
        ]
    )


def _names(trained: Trained) -> tuple[str, str]:
    found = (trained.provenance.get(name) for name in ("model_name", "dataset"))
    model, dataset = (str(each or "not recorded") for each in found)
    return model, dataset


def _header(trained: Trained, figures: Mapping[str, Any]) -> dict[str, Any]:
    name, dataset = _names(trained)
    header: dict[str, Any] = dict([LIBRARY.split(": ")])
    header["tags"] = ["gan", "image-generation", "onnx", name]
    task = "image-to-image" if translates(trained.sampler) else "unconditional-image-generation"
    if trained.sampler.label is None:
        header["pipeline_tag"] = task
    if dataset in PUBLIC:
        header["datasets"] = [dataset]
    metrics = [
        {"type": each, "value": value}
        for each, value in figures.items()
        if isinstance(value, int | float) and not each.endswith(BESIDE)
    ]
    if metrics:
        result = {"task": {"type": task}, "dataset": {"name": dataset, "type": dataset}}
        header["model-index"] = [{"name": name, "results": [{**result, "metrics": metrics}]}]
    return header


def _what_it_is(trained: Trained) -> str:
    seen = trained.provenance.get("images_seen", "not recorded")
    height, width, channels = trained.image_shape
    colours = "grey" if channels == 1 else "RGB"
    does = "translates pictures to" if translates(trained.sampler) else "draws"
    classes = f" of {len(trained.classes)} classes" if trained.classes else ""
    return (
        f"A generator that {does} {colours} images of {width} x {height} pixels{classes}. "
        f"Images seen in training: {seen}; seed: {trained.provenance.get('seed', 'not recorded')}; "
        f"weights: {trained.provenance.get('weights', 'not recorded')}.\n"
    )


def _load(trained: Trained, onnx: Path, weights: Path) -> Iterator[str]:
    call = "translate(pictures)  # uint8 (N, height, width, channels)"
    if not translates(trained.sampler):
        label = f", label={trained.classes[0]!r}" if trained.classes else ""
        call = f"sample(16, seed=0{label})  # uint8 (16, height, width, channels)"
    yield f'```python\nimport ganpipe\n\nimages = ganpipe.load("{weights.name}").{call}\n```\n'
    yield "Or without ganpipe and PyTorch:\n"
    given = [f'    "{name}": {_drawn(each)},' for name, each in trained.sampler.inputs.items()]
    lines = [
        "import numpy as np",
        "import onnxruntime",
        "",
        f'session = onnxruntime.InferenceSession("{onnx.name}")',
        "inputs = {",
        *given,
        "}",
        "(images,) = session.run(None, inputs)  # float32 (16, channels, height, width)",
        "pixels = np.rint((images.clip(-1, 1) + 1) * 127.5).astype(np.uint8)",
    ]
    yield "```python\n" + "\n".join(lines) + "\n```\n"


def _drawn(each: Any) -> str:
    """An expression for 16 rows of an input."""
    match each:
        case Noise():
            shape = ", ".join(map(str, (16, *each.shape)))
            normal = each.distribution == "normal"
            text = f"np.random.randn({shape})" if normal else f"np.random.uniform(-1, 1, ({shape}))"
        case Label():
            return f"np.arange(16) % {len(each.classes)}"
        case Picture():
            shape = ", ".join(map(str, (16, *each.domain.native_shape)))
            text = f"np.zeros(({shape}))"
        case _:
            text = "np.ones(16)"
    return f"{text}.astype(np.float32)"


def _figures(figures: Mapping[str, Any], protocol: Any) -> Iterator[str]:
    if not figures:
        yield "These weights have not been evaluated.\n"
        return
    yield (
        f"Protocol `{protocol_hash(protocol)}`: figures of other generators can be compared where "
        "theirs is the same. The floor is the figure of real images that were not trained on; "
        "the deviation is what another draw of as many images would change.\n"
    )
    yield "| figure | value | deviation | floor |\n|---|---|---|---|"
    for name, value in figures.items():
        if isinstance(value, int | float) and not name.endswith(("_std", "_floor")):
            beside = [figures.get(f"{name}{ending}") for ending in ("_std", "_floor")]
            cells = ["" if each is None else f"{each:.4g}" for each in (value, *beside)]
            yield f"| {name} | {' | '.join(cells)} |"
    yield f"\nThe protocol in full:\n\n```json\n{json.dumps(protocol, indent=2)}\n```\n"


def _limits(trained: Trained, dataset: str) -> Iterator[str]:
    sampler: Sampler = trained.sampler
    yield f"- It knows nothing but images like those of {dataset}, their gaps and biases included."
    if translates(sampler):
        yield "- The ONNX file takes pictures of one size, that of the training images."
    else:
        yield "- All images have one size, that of the training images."
    yield "- Training images may be drawn again; how close they come is a figure of ganpipe's stage"
    yield "  `evaluate`, where a classifier or Inception saw them alike."
    yield "- No licence of the weights is stated: that of the training images bears on it.\n"
