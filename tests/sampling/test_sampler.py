"""The inputs of samplers: how they are drawn, and which are not."""

from __future__ import annotations

import pytest
import torch
from helpers.games import rng
from helpers.support import SHIPPED, small_model, spec_of

from ganpipe.data.spec import DataSpec, Domain
from ganpipe.methods.build import build_method
from ganpipe.sampling.sampler import Label, Noise, Picture, Sampler


def test_latent_noise_has_its_distribution() -> None:
    config = SHIPPED.models["mlp"]
    normal, uniform = (
        sampler.draw_inputs(500, rng())["z"]
        for latent in ("normal", "uniform")
        for sampler in build_method(config.model_copy(update={"latent": latent}), spec_of(), 0)
        .samplers()
        .values()
    )
    assert normal.shape == (500, config.latent_dim)
    assert normal.std().item() == pytest.approx(1, abs=0.02)
    assert uniform.abs().max() <= 1
    assert uniform.std().item() == pytest.approx(3**-0.5, abs=0.02)


@pytest.mark.parametrize(
    ("counts", "shares"),
    [((), (1 / 3, 1 / 3, 1 / 3)), ((60, 0, 20), (0.75, 0, 0.25)), ((5, 5, 0), (0.5, 0.5, 0))],
)
def test_labels_are_as_frequent_as_in_the_training_data(
    counts: tuple[int, ...], shares: tuple[float, ...]
) -> None:
    """A generator that is judged on other shares than the data's would be blamed for them."""
    spec = DataSpec("folder", Domain(1, 32, 32, ("a", "b", "c"), counts), 80, 12)
    (sampler,) = build_method(small_model("cgan"), spec, seed=0).samplers().values()
    labels = sampler.draw_inputs(4000, rng())["label"]
    assert labels.dtype == torch.int64
    found = torch.bincount(labels, minlength=3) / 4000
    assert found.tolist() == pytest.approx(shares, abs=0.04)
    assert [share > 0 for share in found.tolist()] == [share > 0 for share in shares]


class Echo(Sampler):
    """Draws what a test gives it."""

    def __init__(self, **inputs: Noise | Label | Picture) -> None:
        super().__init__()
        self.network = torch.nn.Linear(1, 1)
        self.inputs = inputs
        self.domain = Domain(1, 2, 2)

    def forward(self, **inputs: torch.Tensor) -> torch.Tensor:
        return next(iter(inputs.values()))


def test_inputs_are_drawn_in_their_order_and_pictures_are_not() -> None:
    label, noise = Label(("a", "b"), ()), Noise((2, 3))
    stream = rng()
    expected = {"label": label.draw(4, stream), "style": noise.draw(4, stream)}
    sampler = Echo(picture=Picture(Domain(1, 2, 2)), label=label, style=noise)
    found = sampler.draw_inputs(4, rng())
    assert list(found) == ["label", "style"]
    assert all(torch.equal(value, expected[name]) for name, value in found.items())
    assert found["style"].shape == (4, 2, 3)


def test_only_an_input_of_classes_is_the_label() -> None:
    label = Label(("a", "b"), ())
    assert Echo(z=Noise((3,))).label is None
    assert Echo(label=Noise((3,))).label is None
    assert Echo(z=Noise((3,)), label=label).label is label
