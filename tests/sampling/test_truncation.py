"""Inputs of generators with styles: noise by name, and truncation, which is given and not drawn."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.games import CPU, rng
from helpers.support import command, small_model, spec_of
from helpers.weights import saved
from torch import Tensor, nn

from ganpipe.core.errors import GanpipeError
from ganpipe.methods.build import build_method
from ganpipe.sampling.draw import CHUNK, fixed_inputs
from ganpipe.sampling.sampler import Label, Noise, Sampler, Truncation
from ganpipe.sampling.samplers.noise import NoiseSampler
from ganpipe.sampling.trained import Trained, load_trained, save_sampler


def sampler_of(conditioning: dict[str, str]) -> Sampler:
    model = small_model("stylegan2")
    sides = {
        side: getattr(model, side).model_copy(update={"conditioning": kind})
        for side, kind in conditioning.items()
    }
    (sampler,) = build_method(model.model_copy(update=sides), spec_of(), 0).samplers().values()
    return sampler


@pytest.fixture
def trained(tmp_path: Path) -> Trained:
    """A generator whose mean style is not zero."""
    model = load_trained(saved(tmp_path / "g.safetensors", "stylegan2"), CPU)
    model.sampler.network.get_buffer("w_avg").normal_(generator=rng())
    return model


def test_inputs_stand_in_their_order() -> None:
    sampler = sampler_of({"generator": "embedding", "discriminator": "projection"})
    kinds = {name: type(each) for name, each in sampler.inputs.items()}
    sizes = [(4, 0), *[(size, index) for size in (8, 16, 32) for index in (0, 1)]]
    noise = [f"noise_{size}_{index}" for size, index in sizes]
    assert list(kinds) == ["z", "label", *noise, "truncation"]
    assert kinds["label"] is Label
    assert kinds["truncation"] is Truncation
    assert {kinds[name] for name in ["z", *noise]} == {Noise}
    assert "label" not in sampler_of({}).inputs


def test_truncation_is_one_and_takes_no_randomness() -> None:
    sampler = sampler_of({})
    found = sampler.draw_inputs(3, rng())
    assert torch.equal(found.pop("truncation"), torch.ones(3))
    stream = rng()
    for name, value in found.items():
        kind = sampler.inputs[name]
        assert isinstance(kind, Noise)
        assert torch.equal(value, kind.draw(3, stream)), name
    assert torch.equal(fixed_inputs(sampler, 1, 5, 0)["truncation"], torch.ones(5))


def test_without_truncation_nothing_changes(trained: Trained) -> None:
    plain = trained.sample(3, seed=1)
    assert np.array_equal(trained.sample(3, seed=1, truncation=1.0), plain)
    assert not np.array_equal(trained.sample(3, seed=1, truncation=0.5), plain)


def test_at_zero_every_piece_shows_one_image(trained: Trained) -> None:
    """The noise has no strength before training."""
    images = trained.sample(260, truncation=0.0).astype(int)  # of which 250 are the first piece
    assert abs(images - images[0]).max() <= 1  # rounded the other way
    assert abs(trained.sample(260).astype(int) - images).max() > 9


def test_every_pass_has_as_many_rows_however_few_are_truncated(trained: Trained) -> None:
    """A smaller batch takes other kernels, which round differently."""
    passes: list[dict[str, Tensor]] = []

    def watch(module: nn.Module, arguments: tuple[()], inputs: dict[str, Tensor]) -> None:
        passes.append(inputs)

    trained.sampler.register_forward_pre_hook(watch, with_kwargs=True)
    few = trained.sample(3, seed=1, truncation=0.5)
    many = trained.sample(CHUNK + 2, seed=1, truncation=0.5)
    assert np.array_equal(few, many[:3])
    assert {len(value) for inputs in passes for value in inputs.values()} == {CHUNK}
    assert [int((inputs["truncation"] == 0.5).sum()) for inputs in passes] == [3, CHUNK, 2]


@pytest.mark.parametrize("psi", [-0.1, 2.1, float("nan")])
def test_numbers_out_of_range_are_refused(trained: Trained, psi: float) -> None:
    with pytest.raises(GanpipeError, match=f"truncation is {psi}; it must be from 0"):
        trained.sample(1, truncation=psi)


def test_a_model_without_styles_refuses_truncation(tmp_path: Path) -> None:
    path = saved(tmp_path / "g.safetensors", "dcgan")
    for psi in (0.7, 1.0):
        with pytest.raises(GanpipeError, match="'dcgan' has no styles to truncate; leave out"):
            load_trained(path, CPU).sample(1, truncation=psi)
    options = ["--weights", str(path), "--out", str(tmp_path / "x.npz"), "--truncation", "0.7"]
    with pytest.raises(GanpipeError, match="'dcgan' has no styles to truncate"):
        command("generate", [*options, "--device", "cpu"])
    assert not (tmp_path / "x.npz").exists()


def test_the_command_truncates(tmp_path: Path) -> None:
    path, out = saved(tmp_path / "g.safetensors", "stylegan2"), tmp_path / "x.npz"
    options = ["--weights", str(path), "--out", str(out), "--num", "3", "--device", "cpu"]
    command("generate", [*options, "--truncation", "0.5"])
    expected = load_trained(path, CPU).sample(3, truncation=0.5)
    assert np.array_equal(np.load(out)["images"], expected)


def test_the_command_draws_the_same_images_however_many(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a class and truncated alike."""
    path, out = tmp_path / "g.safetensors", tmp_path / "x.npz"
    save_sampler(path, sampler_of({"generator": "embedding", "discriminator": "projection"}), {})
    rows: list[int] = []
    forward = NoiseSampler.forward

    def watched(self: NoiseSampler, **inputs: Tensor) -> Tensor:
        rows.extend(map(len, inputs.values()))
        return forward(self, **inputs)

    monkeypatch.setattr(NoiseSampler, "forward", watched)
    truncated = ["--truncation", "0.5"]
    for options in (["--class", "1"], truncated, ["--class", "1", *truncated]):
        drawn = []
        for num in ("2", "5"):
            always = ["--weights", str(path), "--out", str(out), "--num", num, "--device", "cpu"]
            command("generate", [*always, *options])
            drawn.append(np.load(out)["images"])
            out.unlink()
        assert np.array_equal(drawn[0], drawn[1][:2])
    assert set(rows) == {CHUNK}
