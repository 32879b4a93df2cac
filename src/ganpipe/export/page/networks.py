"""Description of a network for a page: its inputs, its images, its directions, the noise of a few
seeds."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ganpipe.export.page.directions import Directions, directions
from ganpipe.runtime.seeding import make_rng
from ganpipe.sampling.draw import CHUNK
from ganpipe.sampling.sampler import Input, Label, Noise, Picture, Sampler

COUNT = 24  # images of the page's grid
DIRECTIONS = 12
SEEDS = range(8)  # whose noise the page carries, as many as fit
SEED_BYTES = 600_000  # of that noise; of large noise none is carried
PURPOSE = "draw"  # of `ganpipe generate`


def about(sampler: Sampler, element: str) -> dict[str, Any]:
    """JSON content for the page's program; ``element`` holds the network there."""
    _, height, width = sampler.domain.native_shape
    return {
        "element": element,
        "image": {"width": width, "height": height},
        "inputs": {name: about_input(each) for name, each in sampler.inputs.items()},
        "chunk": CHUNK,
        "purpose": PURPOSE,
        "seeds": _seeds(sampler),
        "directions": _directions(directions(sampler, DIRECTIONS)),
    }


def about_input(each: Input) -> dict[str, Any]:
    """An input; ``size`` counts the numbers of an image, 0 where it is a single one."""
    match each:
        case Noise(shape, distribution):
            return {"kind": distribution, "shape": shape, "size": int(np.prod(shape))}
        case Label():
            return {
                "kind": "label",
                "size": 0,
                "classes": each.classes,
                "bounds": _bounds(each),
            }
        case Picture(domain):
            shape = domain.native_shape
            return {"kind": "picture", "shape": shape, "size": int(np.prod(shape))}
        case _:
            return {"kind": "truncation", "size": 0}


def _bounds(label: Label) -> list[float]:
    """The numbers in [0, 1) at which :meth:`Label.draw` goes on to the next class, float32."""
    shares = np.cumsum(np.array(label.counts or [1] * len(label.classes), dtype=np.float64))
    return (shares / shares[-1])[:-1].astype(np.float32).tolist()


def _seeds(sampler: Sampler) -> dict[int, dict[str, str]]:
    """The drawn inputs of the first COUNT images of each of the first seeds, as float32."""
    carried: dict[int, dict[str, str]] = {}
    size = 0
    for seed in SEEDS:
        drawn = sampler.draw_inputs(CHUNK, make_rng(sampler.device, seed, PURPOSE, 0))
        coded = {name: coded_floats(value[:COUNT]) for name, value in drawn.items()}
        size += sum(map(len, coded.values()))
        if size > SEED_BYTES:
            break
        if coded:
            carried[seed] = coded
    return carried


def _directions(found: Directions | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "input": found.input,
        "vectors": coded_floats(torch.from_numpy(found.vectors)),
        "values": found.values.tolist(),
    }


def coded_floats(values: Tensor) -> str:
    """Base64 of little-endian float32."""
    return b64encode(values.cpu().numpy().astype("<f4").tobytes()).decode()
