"""The StyleGAN2 networks: their size, their inputs, and what each input does."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from helpers.games import rng
from torch import Tensor, nn

from ganpipe.networks import stylegan2
from ganpipe.networks.layers.minibatch import mixes_samples
from ganpipe.objectives.path_length import path_lengths
from ganpipe.objectives.penalties import r1
from ganpipe.training.loop import frozen

CIFAR: dict[str, Any] = {"image_shape": (3, 32, 32), "channel_base": 32768, "channel_max": 512}
LABELLED = {"num_classes": 10}
SMALL: dict[str, Any] = {
    "image_shape": (1, 32, 32),
    "channel_base": 64,
    "channel_max": 4,
    "mapping_layers": 2,
}
LATENT, CLASSES = 6, 3


def built(**fields: Any) -> stylegan2.Generator:
    """A small generator whose noise has a strength, and whose mean style is not zero."""
    torch.manual_seed(0)
    own = {"latent_dim": LATENT, "style_dim": 5, "style_mixing": 0.0}
    network = stylegan2.Generator(**SMALL | own | fields)
    for layer in network.layers:
        nn.init.constant_(layer.strength, 0.2)
    network.w_avg.copy_(torch.linspace(-1, 1, 5))
    return network


def judge(**fields: Any) -> stylegan2.Discriminator:
    """A small discriminator."""
    torch.manual_seed(0)
    return stylegan2.Discriminator(**SMALL | {"residual": True, "minibatch_group": 2} | fields)


def drawn(network: stylegan2.Generator, count: int = 4) -> dict[str, Tensor]:
    """Noise for ``count`` images."""
    shapes = {"z": (LATENT,), **network.noise_shapes()}
    return {name: torch.randn(count, *shape, generator=rng()) for name, shape in shapes.items()}


def parameters(network: nn.Module) -> int:
    return sum(weight.numel() for weight in network.parameters())


def test_the_networks_have_the_programs_parameters() -> None:
    """Those of its configuration for CIFAR-10, counted layer by layer."""
    fields = {"latent_dim": 512, "style_dim": 512, "mapping_layers": 2, "style_mixing": 0.0}
    plain = stylegan2.Generator(**CIFAR, **fields)
    assert parameters(plain.mapping) == 525_312
    assert parameters(plain) == 525_312 + 19_422_227
    told = stylegan2.Generator(**CIFAR, **fields, **LABELLED, conditioning="embedding")
    assert parameters(told.mapping) == 793_088
    assert parameters(told) == 20_215_315
    fields = {"residual": False, "minibatch_group": 32, "mapping_layers": 8}
    assert parameters(stylegan2.Discriminator(**CIFAR, **fields)) == 20_720_641
    labelled = stylegan2.Discriminator(**CIFAR, **fields, **LABELLED, conditioning="projection")
    assert parameters(labelled) == 23_089_664


@pytest.mark.parametrize(
    ("size", "sizes"), [(28, [7, 14, 14, 28, 28]), (32, [4, 8, 8, 16, 16, 32, 32]), (7, [7])]
)
def test_every_layer_takes_noise_of_its_size(size: int, sizes: list[int]) -> None:
    network = built(image_shape=(3, size, size))
    shapes = network.noise_shapes()
    assert list(shapes.values()) == [(1, each, each) for each in sizes]
    assert (
        list(shapes)[:3]
        == [f"noise_{sizes[0]}_0", *[f"noise_{2 * sizes[0]}_{i}" for i in "01"]][: len(sizes)]
    )
    inputs = drawn(network)
    images = network(**inputs)
    assert images.shape == (4, 3, size, size)
    assert network.num_styles == len(sizes) + 1
    for name in shapes:
        other = network(**inputs | {name: torch.zeros_like(inputs[name])})
        assert not torch.allclose(images, other, atol=1e-2), name


def test_noise_has_no_strength_at_first_and_cannot_be_left_out() -> None:
    network = built()
    for layer in network.layers:
        nn.init.zeros_(layer.strength)
    inputs = drawn(network)
    silent = {name: value * (name == "z") for name, value in inputs.items()} | {"z": inputs["z"]}
    assert torch.equal(network(**inputs), network(**silent))
    with pytest.raises(KeyError, match="noise_4_0"):
        network(inputs["z"])


def test_every_style_changes_the_image() -> None:
    network = built()
    inputs = drawn(network)
    noise = {name: inputs[name] for name in network.noise_shapes()}
    styles = network.styles(inputs["z"])
    assert styles.shape == (4, 8, 5)
    images = network.synthesise(styles, noise)
    assert torch.equal(images, network(**inputs))
    for number in range(8):
        moved = styles.clone()
        moved[:, number] += 1
        assert not torch.allclose(images, network.synthesise(moved, noise), atol=1e-2), number


def test_images_are_sums_of_those_of_all_sizes() -> None:
    network = built()
    inputs = drawn(network)
    images = network(**inputs)
    for level, layer in enumerate(network.to_image):
        before = layer.bias.detach().clone()
        layer.bias.data += 1
        added = (network(**inputs) - images)[..., 12:20, 12:20]  # away from the border
        assert torch.allclose(added, torch.ones_like(added), atol=1e-4), level
        layer.bias.data.copy_(before)


def test_truncation_goes_from_the_mean_style_to_the_own_one() -> None:
    network = built().eval()
    inputs = drawn(network)
    assert torch.equal(network(**inputs, truncation=torch.ones(4)), network(**inputs))
    same = {name: value[:1].expand_as(value) for name, value in inputs.items() if name != "z"}
    mean = network(inputs["z"], **same, truncation=torch.zeros(4))
    assert torch.allclose(mean, mean[:1].expand_as(mean), atol=1e-6)
    own = network.styles(inputs["z"])
    part = network.styles(inputs["z"], truncation=torch.tensor([0.0, 0.7, 1.0, 1.5]))
    for psi, w, found in zip((0, 0.7, 1, 1.5), own, part, strict=True):
        assert torch.allclose(found, network.w_avg + psi * (w - network.w_avg), atol=1e-5)


def test_the_second_style_begins_at_the_crossover() -> None:
    network = built()
    z, second = torch.randn(2, 4, LATENT)
    own, other = network.styles(z), network.styles(second)
    for crossover in range(9):
        mixed = network.styles(z, second_z=second, crossover=torch.tensor(crossover))
        assert torch.equal(mixed[:, :crossover], own[:, :crossover])
        assert torch.equal(mixed[:, crossover:], other[:, crossover:])


def test_training_draws_a_crossover_and_drops_the_truncation() -> None:
    network = built(style_mixing=0.75)
    inputs = {**drawn(network), "truncation": torch.ones(4)}
    stream = rng()
    draws = [network.training_inputs(inputs, stream) for _ in range(2000)]
    assert draws[0].keys() == (inputs.keys() - {"truncation"}) | {"second_z", "crossover"}
    places = torch.stack([each["crossover"] for each in draws])
    counts = torch.bincount(places, minlength=9) / 2000
    assert counts[0] == 0
    assert counts[8].item() == pytest.approx(0.25, abs=0.03)  # nothing is mixed
    assert torch.allclose(counts[1:8], torch.full((7,), 0.75 / 7), atol=0.03)
    seconds = torch.stack([each["second_z"] for each in draws])
    assert seconds.std().item() == pytest.approx(1, abs=0.02)
    plain = built().training_inputs(inputs, stream)
    assert plain.keys() == inputs.keys() - {"truncation"}


def test_the_mean_style_follows_training_alone() -> None:
    network = built(style_mixing=1.0)
    inputs = network.training_inputs(drawn(network), rng())
    before = network.w_avg.clone()
    w = network.mapping(inputs["z"], None).mean(0)
    network(**inputs)
    followed = network.w_avg.clone()
    assert torch.allclose(followed, 0.995 * before + 0.005 * w, atol=1e-6)
    assert not torch.equal(followed, before)
    players = nn.ModuleDict({"generator": network})
    with frozen(players, besides=()):
        network(**inputs)
    with torch.no_grad():
        network(**inputs)
    network.eval()(**inputs)
    assert torch.equal(network.w_avg, followed)
    assert "w_avg" in network.state_dict()


def test_a_label_changes_the_style() -> None:
    network = built(conditioning="embedding", num_classes=CLASSES)
    assert network.num_classes == CLASSES
    z = torch.randn(1, LATENT).expand(3, -1)
    styles = network.styles(z, torch.tensor([0, 1, 1]))
    assert torch.allclose(styles[1], styles[2], atol=1e-6)
    assert not torch.allclose(styles[0], styles[1], atol=1e-2)


def test_path_lengths_reach_the_mapping() -> None:
    network = built()
    inputs = drawn(network)
    noise = {name: inputs[name] for name in network.noise_shapes()}
    styles = network.styles(inputs["z"])
    lengths = path_lengths(network.synthesise(styles, noise), styles, rng())
    assert lengths.shape == (4,)
    lengths.square().mean().backward()
    gradients = [weight.grad for weight in network.mapping.parameters()]
    assert all(each is not None and each.isfinite().all() for each in gradients)


@pytest.mark.parametrize("residual", [False, True])
def test_a_penalty_on_the_discriminators_gradient(residual: bool) -> None:
    """Its derivative by one weight, against a difference."""
    network = judge(image_shape=(1, 8, 8), residual=residual).double()
    images = torch.randn(4, 1, 8, 8, generator=rng()).double()

    def penalty() -> Tensor:
        return r1.penalty(network, images, images, rng())

    for weight in network.parameters():
        (gradient,) = torch.autograd.grad(penalty(), weight, allow_unused=True)
        place = (0,) * weight.dim()
        slopes = []
        for step in (1e-5, -1e-5):
            weight.data[place] += step
            slopes.append(penalty().item())
            weight.data[place] -= step
        expected = (slopes[0] - slopes[1]) / 2e-5
        found = 0.0 if gradient is None else gradient[place].item()
        assert found == pytest.approx(expected, rel=1e-3, abs=1e-8)


def test_a_residual_block_adds_halves() -> None:
    """Each with half the mean square that it would have by itself."""
    torch.manual_seed(0)
    block = stylegan2.HalvingBlock(64, 64, 16, residual=True)
    plain = stylegan2.HalvingBlock(64, 64, 16, residual=False)
    plain.load_state_dict(block.state_dict(), strict=False)
    x = torch.randn(8, 64, 16, 16)
    assert block.skip is not None
    shrink, conv = block.skip
    expected = F.conv2d(shrink(x), conv.weight / 8) * math.sqrt(0.5)
    assert torch.allclose(block(x), plain(x) * math.sqrt(0.5) + expected, atol=1e-5)


def test_the_logit_is_a_product_with_the_mapped_label() -> None:
    network = judge(conditioning="projection", num_classes=CLASSES)
    assert network.mapping is not None
    images, label = torch.randn(4, 1, 32, 32), torch.tensor([0, 1, 2, 1])
    outputs: list[Tensor] = []
    network.last.register_forward_hook(lambda *given: outputs.append(given[2]))
    found = network(images, label)
    mapped = network.mapping(None, label)
    assert torch.allclose(found, (outputs[0] * mapped).sum(1) / math.sqrt(4), atol=1e-6)
    assert not torch.allclose(found, network(images, label.flip(0)))
    assert torch.equal(network.features(images, label), network.features(images))


def test_the_deviation_of_groups_can_be_left_out() -> None:
    images = torch.randn(4, 1, 32, 32)
    for group, alone in ((2, False), (0, True)):
        network = judge(minibatch_group=group)
        assert mixes_samples(network) is not alone
        assert torch.allclose(network(images)[0], network(images[:1])[0], atol=1e-5) is alone


def test_both_compute_in_bf16_and_end_in_float32() -> None:
    network, critic = built(), judge()
    inputs = drawn(network)
    exact = network(**inputs)
    sums: list[Tensor] = []
    for layer in network.upsample:
        layer.register_forward_hook(lambda *given: sums.append(given[2]))
    with torch.autocast("cpu", torch.bfloat16):
        images = network(**inputs)
        logits = critic(images)
    assert [each.dtype for each in (*sums, images, logits)] == [torch.float32] * 5
    assert (images - exact).abs().max() < 0.05 * exact.abs().max()
    assert torch.allclose(logits, critic(exact), atol=0.05)
    (logits.sum() + images.sum()).backward()
    assert all(w.grad is None or w.grad.isfinite().all() for w in network.parameters())


def test_the_generator_can_be_exported() -> None:
    network = built(conditioning="embedding", num_classes=CLASSES).eval().requires_grad_(False)
    inputs = drawn(network) | {"label": torch.arange(4) % 3, "truncation": torch.full((4,), 0.7)}
    program = torch.export.export(network, (), inputs).module()
    assert torch.allclose(program(**inputs), network(**inputs), atol=1e-5)
