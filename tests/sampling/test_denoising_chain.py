"""The chain of a denoising sampler: its closed form, its inputs, and its images one by one."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from helpers.games import CPU, rng
from helpers.support import small_model, spec_of
from helpers.weights import saved
from torch import Tensor, nn

from ganpipe.data.spec import Domain
from ganpipe.methods.build import build_method
from ganpipe.methods.config import AnyModelConfig
from ganpipe.networks.network import Network
from ganpipe.sampling.diffusion import schedule
from ganpipe.sampling.draw import draw
from ganpipe.sampling.interpolate import interpolate
from ganpipe.sampling.sampler import Noise
from ganpipe.sampling.samplers.denoising_chain import DenoisingChainSampler
from ganpipe.sampling.trained import load_trained

MEAN, DEVIATION = 0.4, 0.25  # of the pixels of the toy's images, which are independent and normal
STEPS = [1, 2, 4]


class Optimal(Network):
    """The generator that knows the toy: a draw by z of the image, given its noisy version."""

    def __init__(self, steps: int) -> None:
        super().__init__((1, 2, 2))
        self.unused = nn.Parameter(torch.zeros(()))
        self.levels = [(step.image * step.kept) ** 2 for step in schedule(steps)]

    def forward(self, x: Tensor, step: Tensor, z: Tensor) -> Tensor:
        left = torch.tensor(self.levels)[step][:, None, None, None]
        variance = left * DEVIATION**2 + 1 - left  # of the noisy version
        mean = MEAN + left.sqrt() * DEVIATION**2 / variance * (x - left.sqrt() * MEAN)
        return mean + DEVIATION * ((1 - left) / variance).sqrt() * z.view_as(x)


def small(**fields: Any) -> AnyModelConfig:
    return small_model("ddgan").model_copy(update=fields)


def toy(steps: int) -> DenoisingChainSampler:
    (sampler,) = build_method(small(steps=steps), spec_of(), 0).samplers().values()
    domain = Domain(1, 2, 2)
    config = sampler.config.model_copy(update={"domain": domain, "latent_dim": 4})  # type: ignore[attr-defined]
    return DenoisingChainSampler(config, Optimal(steps))


@pytest.mark.parametrize("steps", STEPS)
@pytest.mark.parametrize("last_level", ["true", "normal"])
def test_the_chain_of_an_optimal_generator_draws_the_data(steps: int, last_level: str) -> None:
    """It is linear in its inputs, so that 0 and unit vectors give its mean and its covariance.

    From the distribution that the last level truly has, they are those of the data. N(0, 1), which
    is drawn instead, differs from it by a mean of 0.0026 and a variance of 0.00004.
    """
    sampler = toy(steps)
    sizes = {name: math.prod(each.shape) for name, each in sampler.inputs.items()}  # type: ignore[union-attr]
    total = sum(sizes.values())
    units = torch.cat([torch.zeros(1, total), torch.eye(total)]).split(list(sizes.values()), 1)
    inputs = {
        name: each.reshape(-1, *sampler.inputs[name].shape)  # type: ignore[union-attr]
        for name, each in zip(sizes, units, strict=True)
    }
    if last_level == "true":
        left = sampler.network.levels[-1]
        deviation = math.sqrt(left * DEVIATION**2 + 1 - left)
        inputs["x"] = inputs["x"] * deviation + math.sqrt(left) * MEAN
    images = sampler(**inputs).flatten(1)
    mean, responses = images[0], images[1:] - images[0]
    tolerance = 1e-5 if last_level == "true" else 1e-3
    torch.testing.assert_close(mean, torch.full((4,), MEAN), atol=tolerance, rtol=0)
    expected = DEVIATION**2 * torch.eye(4)
    torch.testing.assert_close(responses.T @ responses, expected, atol=tolerance, rtol=0)


@pytest.mark.parametrize("steps", STEPS)
def test_the_chain_is_the_papers(steps: int) -> None:
    """Step by step from the noisiest level, with betas and their products as in the papers."""
    sampler = toy(steps)
    inputs = sampler.draw_inputs(3, rng())
    left = [1.0, *sampler.network.levels]
    x = inputs["x"]
    for t in reversed(range(steps)):
        beta = 1 - left[t + 1] / left[t]
        clean = sampler.network(x, torch.full((3,), t), inputs["z"][:, t])
        mean = beta * math.sqrt(left[t]) * clean + (1 - left[t]) * math.sqrt(1 - beta) * x
        x = mean / (1 - left[t + 1])
        if t > 0:
            variance = beta * (1 - left[t]) / (1 - left[t + 1])
            x = x + math.sqrt(variance) * inputs["noise"][:, t - 1]
    torch.testing.assert_close(sampler(**inputs), x)


@pytest.mark.parametrize("steps", STEPS)
def test_its_inputs_are_all_the_noise_and_nothing_else_is_drawn(steps: int) -> None:
    (sampler,) = build_method(small(steps=steps), spec_of(28), 0).samplers().values()
    shape = (1, 28, 28)
    expected = {"x": Noise(shape), "z": Noise((steps, 8)), "noise": Noise((steps - 1, *shape))}
    if steps == 1:
        del expected["noise"]
    assert sampler.inputs == expected
    inputs = sampler.eval().draw_inputs(2, rng())
    before = torch.get_rng_state()
    first = sampler(**inputs)
    torch.manual_seed(3)
    assert torch.equal(first, sampler(**inputs))
    torch.set_rng_state(before)
    calls: list[Tensor] = []
    sampler.network.register_forward_pre_hook(lambda _, given: calls.append(given[1]))
    sampler(**inputs)
    assert [call.tolist() for call in calls] == [[t, t] for t in reversed(range(steps))]


def moved(sampler: Any) -> Any:
    """The sampler in evaluation mode, with weights that are not those of the start."""
    stream = rng()
    with torch.no_grad():
        for weight in sampler.parameters():
            weight += 0.1 * torch.randn(weight.shape, generator=stream)
    return sampler.eval()


def test_an_image_depends_on_its_own_inputs_alone() -> None:
    (sampler,) = build_method(small(), spec_of(), 0).samplers().values()
    inputs = moved(sampler).draw_inputs(5, rng())
    with torch.no_grad():
        images = sampler(**inputs)
        for index in range(5):
            alone = sampler(**{name: each[index : index + 1] for name, each in inputs.items()})
            torch.testing.assert_close(images[index], alone[0], atol=1e-5, rtol=0)
        for name, values in inputs.items():
            others = inputs | {name: torch.cat([values[:1], values[1:].flip(0) + 1])}
            torch.testing.assert_close(images[0], sampler(**others)[0], atol=1e-5, rtol=0)
            changed = inputs | {name: torch.cat([values[:1] + 1, values[1:]])}
            assert (images[0] - sampler(**changed)[0]).abs().max() > 1e-3


def test_bf16_draws_what_fp32_draws() -> None:
    (sampler,) = build_method(small(), spec_of(), 0).samplers().values()
    inputs = moved(sampler).draw_inputs(4, rng())
    with torch.no_grad():
        exact = sampler(**inputs)
        with torch.autocast("cpu", torch.bfloat16):
            images = sampler(**inputs)
    assert images.dtype == exact.dtype == torch.float32
    assert 0 < (images - exact).abs().mean() < 0.02
    assert exact.std() > 0.1


def test_a_weights_file_draws_and_interpolates(tmp_path: Path) -> None:
    trained = load_trained(saved(tmp_path / "g.safetensors", "ddgan"), CPU)
    moved(trained.sampler)
    few, many = (
        torch.cat([drawn.images for drawn in draw(trained.sampler, n, seed=1)]) for n in (2, 4)
    )
    assert torch.equal(few, many[:2])
    path = interpolate(trained, rows=2, steps=3, seed=0).view(2, 3, 1, 32, 32)
    ends = interpolate(trained, rows=2, steps=2, seed=0).view(2, 2, 1, 32, 32)
    assert (path[:, [0, 2]].int() - ends.int()).abs().max() <= 1
    assert not torch.equal(path[:, 0], path[:, 1])
