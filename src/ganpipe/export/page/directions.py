"""Directions of the noise along which images change most: the closed form of SeFa (Shen and Zhou
2021, arXiv:2007.06600, section 3.2)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from ganpipe.runtime.seeding import make_rng
from ganpipe.sampling.sampler import Noise, Sampler

TOLERANCE = 1e-4  # of a cosine


class Directions(NamedTuple):
    """Unit vectors of the noise, those that the first layer stretches most first; of noise with a
    vector for each of several steps, the same one for all."""

    input: str  # the name of the noise
    vectors: np.ndarray  # float32 (count, d), or (count, steps * d)
    values: np.ndarray  # float32 (count,): the singular values


@torch.inference_mode()
def directions(sampler: Sampler, count: int) -> Directions | None:
    """At most ``count`` directions of the input ``z``; None of a sampler without noise vectors or
    whose first layer is not linear in them.

    They are the right singular vectors of the weights with which the first layer multiplies z, or
    the part of it that it sees, whatever the layer's kind: its columns are what it answers to the
    unit vectors. Each vector's largest entry is positive, since a singular vector has no sign.
    """
    noise = sampler.inputs.get("z")
    if not isinstance(noise, Noise) or len(noise.shape) > 2:
        return None
    found = _first_layer(sampler)
    if found is None:
        return None
    layer, given, seen = found
    units = torch.zeros(seen + 1, *given.shape[1:], device=given.device, dtype=given.dtype)
    units.flatten(1)[torch.arange(seen), torch.arange(seen)] = 1  # the last one stays zero
    answers = layer(units).flatten(1).double().cpu()
    weight = (answers[:-1] - answers[-1]).T  # (outputs, seen)
    _, values, vectors = np.linalg.svd(weight.numpy(), full_matrices=False)
    *steps, length = noise.shape
    whole = np.zeros((min(count, len(values)), length))
    whole[:, :seen] = vectors[: len(whole)]
    largest = np.take_along_axis(whole, np.abs(whole).argmax(1)[:, None], 1)
    signed = np.tile(whole * np.sign(largest), (1, *steps)).astype(np.float32)
    return Directions("z", signed, values[: len(whole)].astype(np.float32))


def _first_layer(sampler: Sampler) -> tuple[nn.Module, Tensor, int] | None:
    """The first module with a weight whose input begins with a noise vector, or with a part or a
    multiple of it: the module, its input (N, d or d x 1 x 1), and the length of that part."""
    found: list[tuple[nn.Module, Tensor, int]] = []
    inputs = sampler.draw_inputs(2, make_rng(sampler.device, 0, "directions"))
    vectors = inputs["z"].reshape(2, -1, inputs["z"].shape[-1]).unbind(1)

    def look(module: nn.Module, given: tuple[Tensor, ...]) -> None:
        if found or not given or not isinstance(getattr(module, "weight", None), Tensor):
            return
        x = given[0]
        if not isinstance(x, Tensor) or x.dim() < 2 or x[0, 0].numel() != 1:
            return
        rows = x.detach().flatten(1).float()
        for z in vectors:
            seen = min(rows.shape[1], z.shape[1])
            cosines = torch.cosine_similarity(rows[:, :seen], z[:, :seen], dim=1)
            if bool((cosines > 1 - TOLERANCE).all()):
                found.append((module, x, seen))
                return

    hooks = [module.register_forward_pre_hook(look) for module in sampler.network.modules()]
    sampler(**inputs)
    for hook in hooks:
        hook.remove()
    return found[0] if found else None
