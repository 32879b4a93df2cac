"""Weights files: what they hold, what they are checked for, and what they build."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from helpers.games import CPU
from helpers.support import NOISE_MODELS, run_python, small_model, spec_of
from helpers.weights import saved
from safetensors import safe_open

from ganpipe.core import paths
from ganpipe.core.errors import GanpipeError
from ganpipe.data.spec import DataSpec, Domain
from ganpipe.methods.build import build_method
from ganpipe.sampling.config import NoiseSamplerConfig
from ganpipe.sampling.trained import load_trained, save_sampler
from ganpipe.storage.tensor_file import read_tensors, recorded_digest, write_tensors


@pytest.mark.parametrize("name", NOISE_MODELS)
def test_weights_come_back_as_they_were(tmp_path: Path, name: str) -> None:
    trained = load_trained(saved(tmp_path / "g.safetensors", name), CPU)
    (sampler,) = build_method(small_model(name), spec_of(), seed=3).samplers().values()
    original, loaded = sampler.network.state_dict(), trained.sampler.network.state_dict()
    assert original.keys() == loaded.keys()
    assert all(torch.equal(original[key], loaded[key]) for key in original)
    assert trained.sampler.config == sampler.config
    assert trained.sampler.inputs == sampler.inputs
    assert trained.sampler.domain == spec_of().target
    assert trained.seed == 3
    assert not any(module.training for module in trained.sampler.modules())
    assert not any(weight.requires_grad for weight in trained.sampler.parameters())


def test_the_same_weights_give_the_same_bytes(tmp_path: Path) -> None:
    first, second = (saved(tmp_path / name).read_bytes() for name in ("a", "b"))
    assert first == second
    with safe_open(tmp_path / "a", framework="pt") as source:
        assert list(source.metadata()) == ["ganpipe"]


def test_the_header_holds_the_sampler_and_where_it_came_from(tmp_path: Path) -> None:
    spec = DataSpec("folder", Domain(1, 28, 32, ("a", "b"), (30, 18)), 48, 12)
    header, _ = read_tensors(saved(tmp_path / "g", "cgan", spec), CPU)
    model = small_model("cgan")
    assert header.keys() == {"format", "sampler", "provenance"}
    assert header["sampler"] == {
        "kind": "noise",
        "generator": model.generator.model_dump(mode="json"),
        "latent_dim": model.latent_dim,
        "latent": "normal",
        "domain": {
            "channels": 1,
            "native_size": 28,
            "image_size": 32,
            "classes": ["a", "b"],
            "class_counts": [30, 18],
        },
    }
    assert header["provenance"]["model"] == model.model_dump(mode="json")


def rewritten(path: Path, **header: Any) -> Path:
    """The file with parts of its header replaced, sealed anew."""
    before, tensors = read_tensors(path, CPU)
    write_tensors(path, tensors, before | header)
    return path


RENAMED = small_model("wgan_gp").model_dump(mode="json")
RENAMED["objective"]["penalty"] = RENAMED["objective"].pop("penalties")


@pytest.mark.parametrize(
    ("provenance", "seed"),
    [
        ({"model": RENAMED, "seed": 5, "model_name": "wgan_gp"}, 5),
        ({"seed": "five", "model": None, "of a later version": [1, {"a": None}]}, 0),
        ({}, 0),
        ("nothing that was ever written", 0),
        (["a", "list"], 0),
        (None, 0),
    ],
)
def test_where_a_file_came_from_is_never_validated(
    tmp_path: Path, provenance: Any, seed: int
) -> None:
    path = rewritten(saved(tmp_path / "g"), provenance=provenance)
    trained = load_trained(path, CPU)
    assert trained.seed == seed
    assert trained.provenance == (provenance if isinstance(provenance, dict) else {})


def changed(path: Path, **fields: Any) -> Path:
    """The file with fields of its sampler replaced, by their dotted names (``__``)."""
    header, _ = read_tensors(path, CPU)
    for dotted, value in fields.items():
        *parents, last = dotted.split("__")
        block = header["sampler"]
        for name in parents:
            block = block[name]
        block[last] = value
    return rewritten(path, sampler=header["sampler"])


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        (
            {"generator__stride": 8},
            "generator.stride: there is no such field; the fields are conditioning, arch, width, ",
        ),
        ({"generator__wdith": 8}, "generator.wdith: there is no such field; did you mean 'width'"),
        ({"latent_dims": 8}, "latent_dims: there is no such field; did you mean 'latent_dim'?"),
        ({"domain__chanels": 8}, "domain.chanels: there is no such field; did you mean 'channels'"),
        (
            {"domain__class_counts": None},
            "domain.class_counts: must be a list of integers, not null",
        ),
        ({"generator__arch": "dcgna"}, "generator.arch: must be one of"),
        ({"latent": "cauchy"}, "latent: must be one of 'normal' or 'uniform', not \"cauchy\""),
        ({"latent_dim": "8"}, "latent_dim: must be a valid integer"),
    ],
)
def test_a_sampler_that_does_not_fit_is_refused_by_the_name_of_the_field(
    tmp_path: Path, fields: dict[str, Any], says: str
) -> None:
    path = changed(saved(tmp_path / "g"), **fields)
    with pytest.raises(GanpipeError) as caught:
        load_trained(path, CPU)
    assert str(caught.value).startswith(f"the header of {path} has a mistake:\n  ")
    assert says in str(caught.value)


@pytest.mark.parametrize("kind", ["flow", "noise.v2", "", None, 5])
def test_a_sampler_of_an_unknown_kind_is_refused_in_one_sentence(tmp_path: Path, kind: Any) -> None:
    path = changed(saved(tmp_path / "g"), kind=kind)
    with pytest.raises(GanpipeError) as caught:
        load_trained(path, CPU)
    assert str(caught.value) == (
        f"the header of {path} holds a sampler of the kind '{kind}', which this version of ganpipe "
        "does not know; install the version that wrote it"
    )


@pytest.mark.parametrize("name", ["dcgan", "cgan"])
def test_loading_builds_no_discriminator(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = saved(tmp_path / "g", name)

    def never(*_: object, **__: object) -> None:
        raise AssertionError("a discriminator was built")

    for module in ("ganpipe.networks.build", "ganpipe.methods.adversarial"):
        monkeypatch.setattr(f"{module}.build_discriminator", never)
    for architecture in ("dcgan", "mlp"):
        monkeypatch.setattr(f"ganpipe.networks.{architecture}.Discriminator", never)
    load_trained(path, CPU)


def test_loading_needs_neither_method_nor_objective(tmp_path: Path) -> None:
    path = saved(tmp_path / "g", "cgan")
    code = (
        "import sys, torch; from pathlib import Path\n"
        "from ganpipe.sampling.trained import load_trained\n"
        f"load_trained(Path({str(path)!r}), torch.device('cpu'))\n"
        "print(*(name for name in sys.modules if name.startswith('ganpipe.')))"
    )
    loaded = run_python("-c", code, cwd=tmp_path).stdout.split()
    assert "ganpipe.sampling.samplers.noise" in loaded
    packages = ("ganpipe.methods", "ganpipe.objectives", "ganpipe.optim", "ganpipe.training")
    assert not [name for name in loaded if name.startswith(packages)]


def test_loading_leaves_the_global_stream_alone(tmp_path: Path) -> None:
    path = saved(tmp_path / "g")
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    load_trained(path, CPU)
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.parametrize("header", [{"provenance": {"weights": "discriminator"}}, {"sampler": 1}])
def test_a_file_without_a_sampler_is_refused_by_name(
    tmp_path: Path, header: dict[str, Any]
) -> None:
    """Such as a discriminator's, which lies beside the generator's."""
    discriminator = build_method(small_model("dcgan"), spec_of(), 0).players["discriminator"]
    path = tmp_path / "discriminator.safetensors"
    write_tensors(path, discriminator.state_dict(), header)
    with pytest.raises(GanpipeError) as caught:
        load_trained(path, CPU)
    assert str(caught.value) == f"{path} holds no sampler; name a generator's weights file"


def test_a_cut_file_is_refused(tmp_path: Path) -> None:
    path = saved(tmp_path / "g.safetensors")
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(GanpipeError, match="damaged"):
        load_trained(path, CPU)


def test_only_files_of_this_pipeline_are_to_be_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that a user named is nothing that a training would bring back."""
    monkeypatch.chdir(tmp_path)
    for path, ours in ((paths.GENERATOR, True), (Path("mine.safetensors"), False)):
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"damaged")
        with pytest.raises(GanpipeError, match="is damaged") as caught:
            load_trained(path, CPU)
        assert ("delete it and run `dvc repro train`" in str(caught.value)) == ours
        assert ("dvc" in str(caught.value)) == ours
    path = changed(saved(tmp_path / "g.safetensors"), generator__width=8)
    with pytest.raises(GanpipeError, match="another version of ganpipe: take that version"):
        load_trained(path, CPU)


def test_weights_that_do_not_fit_their_header_are_refused(tmp_path: Path) -> None:
    path = changed(saved(tmp_path / "g.safetensors"), generator__width=8)
    with pytest.raises(GanpipeError, match="made by another version of ganpipe"):
        load_trained(path, CPU)


@pytest.mark.parametrize("share", [position / 40 for position in range(40)])
def test_a_flipped_bit_is_noticed_wherever_it_is(tmp_path: Path, share: float) -> None:
    path = saved(tmp_path / "g.safetensors")
    data = bytearray(path.read_bytes())
    data[int(share * len(data))] ^= 1
    path.write_bytes(data)
    with pytest.raises(GanpipeError):
        load_trained(path, CPU)


def test_weights_have_a_digest_that_tells_them_from_others(tmp_path: Path) -> None:
    """Of the same facts too, as of a run that was trained again after a change of the code."""
    path = saved(tmp_path / "g")
    first = load_trained(path, CPU).digest
    assert first == recorded_digest(path) == recorded_digest(saved(tmp_path / "same"))
    assert first is not None
    header, tensors = read_tensors(path, CPU)
    next(iter(tensors.values())).view(-1)[0] += 1
    write_tensors(path, tensors, header)
    assert load_trained(path, CPU).digest not in (first, None)
    path.write_bytes(b"not a file of tensors")
    assert recorded_digest(path) is recorded_digest(tmp_path / "none") is None


def test_saving_keeps_the_network_alone(tmp_path: Path) -> None:
    (sampler,) = build_method(small_model("toy_mlp"), spec_of(), 0).samplers().values()
    save_sampler(tmp_path / "g", sampler, {})
    header, tensors = read_tensors(tmp_path / "g", CPU)
    assert tensors.keys() == sampler.network.state_dict().keys()
    assert NoiseSamplerConfig.model_validate_json(sampler.config.model_dump_json()) == (
        sampler.config
    )
    assert header["provenance"] == {}


def test_samples_do_not_depend_on_the_number_of_threads(tmp_path: Path) -> None:
    trained = load_trained(saved(tmp_path / "g.safetensors"), CPU)
    before = torch.get_num_threads()
    numbers: list[int] = []
    trained.sampler.register_forward_pre_hook(lambda *_: numbers.append(torch.get_num_threads()))
    try:
        torch.set_num_threads(2)
        trained.sample(3)
        assert numbers == [1]
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
