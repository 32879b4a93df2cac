from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.support import SHIPPED, run_python, small_model, spec_of
from PIL import Image
from safetensors import safe_open

from ganpipe import sampling
from ganpipe.core.errors import GanpipeError
from ganpipe.data.loading.batches import to_unit_range
from ganpipe.data.spec import DataSpec
from ganpipe.methods.build import build_method
from ganpipe.sampling.trained import Trained, load_trained, save_weights

CPU = torch.device("cpu")


def saved(path: Path, name: str = "dcgan", spec: DataSpec | None = None) -> Path:
    spec = spec or spec_of()
    model = small_model(name)
    header = {
        "model_name": name,
        "model": model.model_dump(mode="json"),
        "spec": spec.to_dict(),
        "seed": 3,
        "images_seen": 0,
        "weights": "ema",
    }
    save_weights(path, build_method(model, spec, seed=3).generator(), header)
    return path


@pytest.fixture
def trained(tmp_path: Path) -> Trained:
    return load_trained(saved(tmp_path / "generator.safetensors"), CPU)


def test_every_grey_value_survives_the_round_trip() -> None:
    values = torch.arange(256, dtype=torch.uint8).view(1, 1, 16, 16)
    there = to_unit_range(values)
    assert (there.min().item(), there.max().item()) == (-1, 1)
    assert torch.equal(sampling.to_uint8(there), values)


def test_uint8_is_rounded_not_cut() -> None:
    images = torch.tensor([-1.0, -0.0001, 1.0, 0.9981, 1.2]).view(1, 1, 1, 5)
    assert sampling.to_uint8(images).flatten().tolist() == [0, 127, 255, 255, 255]


def test_a_broken_generator_draws_nothing(trained: Trained) -> None:
    """In place of black images, which would be judged."""
    next(trained.method.generator().parameters()).data.fill_(torch.nan)
    with pytest.raises(GanpipeError, match="NaN or infinity"):
        next(sampling.draw(trained, 2, seed=0))
    with pytest.raises(GanpipeError, match="NaN or infinity"):
        sampling.interpolate(trained, rows=1, steps=2, seed=0)
    with pytest.raises(GanpipeError, match="NaN or infinity"):
        sampling.to_uint8(torch.tensor([[[[torch.inf]]]]))


@pytest.mark.parametrize("name", SHIPPED.models)
def test_weights_come_back_as_they_were(tmp_path: Path, name: str) -> None:
    trained = load_trained(saved(tmp_path / "g.safetensors", name), CPU)
    original = build_method(small_model(name), spec_of(), seed=3).generator().state_dict()
    loaded = trained.method.generator().state_dict()
    assert original.keys() == loaded.keys()
    assert all(torch.equal(original[key], loaded[key]) for key in original)
    assert trained.seed == 3
    assert not trained.method.training


def test_the_same_weights_give_the_same_bytes(tmp_path: Path) -> None:
    first, second = (saved(tmp_path / name).read_bytes() for name in ("a", "b"))
    assert first == second
    with safe_open(tmp_path / "a", framework="pt") as source:
        assert list(source.metadata()) == ["ganpipe"]


def test_an_image_does_not_depend_on_how_many_are_drawn(trained: Trained) -> None:
    few = torch.cat(list(sampling.draw(trained, 3, seed=1)))
    many = torch.cat(list(sampling.draw(trained, sampling.CHUNK + 2, seed=1)))
    assert few.dtype == torch.uint8
    assert many.shape == (sampling.CHUNK + 2, 1, 32, 32)
    assert torch.equal(few, many[:3])
    assert not torch.equal(many[0], many[sampling.CHUNK])
    assert not torch.equal(few, torch.cat(list(sampling.draw(trained, 3, seed=2))))


def test_padding_is_undone(tmp_path: Path) -> None:
    spec = DataSpec("mnist", 32, 1, (), 48, 12, native_size=28)
    trained = load_trained(saved(tmp_path / "g", spec=spec), CPU)
    assert next(sampling.draw(trained, 2, seed=0)).shape == (2, 1, 28, 28)


def test_a_conditional_generator_draws_what_it_is_asked_for(tmp_path: Path) -> None:
    trained = load_trained(saved(tmp_path / "g", "cgan"), CPU)
    num = sampling.CHUNK + 5
    images = torch.cat(list(sampling.draw(trained, num, seed=1)))
    labels = sampling.drawn_labels(trained, num, seed=1)
    assert labels is not None
    assert labels.unique().tolist() == [0, 1]
    for label in (0, 1):
        only = torch.cat(list(sampling.draw(trained, num, seed=1, label=label)))
        right = labels == label
        assert torch.equal(only[right], images[right])
        assert not any(torch.equal(a, b) for a, b in zip(only[~right], images[~right], strict=True))
    grid = sampling.fixed_inputs(trained.method, 5, 0, CPU)
    assert grid["label"].tolist() == [0, 1, 0, 1, 0]


def test_other_generators_have_no_labels(trained: Trained) -> None:
    assert sampling.drawn_labels(trained, 3, seed=1) is None


def test_slerp_follows_the_great_circle() -> None:
    first, last = torch.tensor([[2.0, 0.0]]), torch.tensor([[0.0, 2.0]])
    for degrees in (0, 30, 45, 90):
        angle = torch.tensor(degrees).deg2rad()
        expected = 2 * torch.stack([angle.cos(), angle.sin()])[None]
        middle = sampling.slerp(first, last, torch.tensor(degrees / 90))
        assert torch.allclose(middle, expected, atol=1e-6)
    assert torch.allclose(sampling.slerp(first, first, torch.tensor(0.3)), first)


def test_an_interpolation_begins_and_ends_at_its_ends(trained: Trained) -> None:
    images = sampling.interpolate(trained, rows=2, steps=4, seed=0).view(2, 4, 1, 32, 32)
    assert not torch.equal(images[0, 0], images[0, 3])
    again = sampling.interpolate(trained, rows=2, steps=2, seed=0).view(2, 2, 1, 32, 32)
    assert torch.equal(images[:, 0], again[:, 0])
    assert torch.equal(images[:, 3], again[:, 1])


@pytest.mark.parametrize("latent", ["normal", "uniform"])
def test_interpolated_noise_is_noise_that_the_generator_knows(
    trained: Trained, latent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Normal noise keeps its length, uniform noise stays in its cube."""
    seen: list[torch.Tensor] = []
    monkeypatch.setattr(trained.method, "latent", latent)
    trained.method.generator().register_forward_pre_hook(
        lambda _, positional, named: seen.append({**named}["z"] if named else positional[0]),
        with_kwargs=True,
    )
    sampling.interpolate(trained, rows=64, steps=3, seed=0)
    z = torch.cat(seen).view(64, 3, -1)
    middle, ends = z[:, 1], (z[:, 0] + z[:, 2]) / 2
    if latent == "uniform":
        assert torch.allclose(middle, ends, atol=1e-6)
    else:
        lengths = z.norm(dim=2).mean(0)
        assert lengths[1].item() == pytest.approx(lengths[0].item(), rel=0.1)


@pytest.mark.parametrize("channels", [1, 3])
def test_a_grid_shows_every_image_in_its_place(tmp_path: Path, channels: int) -> None:
    images = torch.randint(0, 255, (5, channels, 6, 4), dtype=torch.uint8)
    sampling.save_grid(tmp_path / "grid.png", images, columns=3)
    picture = np.asarray(Image.open(tmp_path / "grid.png"))
    if channels == 1:
        picture = picture[:, :, None]
    assert picture.shape == (2 * 8 + 2, 3 * 6 + 2, channels)
    for index, image in enumerate(images.permute(0, 2, 3, 1).numpy()):
        y, x = 2 + (index // 3) * 8, 2 + (index % 3) * 6
        assert np.array_equal(picture[y : y + 6, x : x + 4], image)
    assert (picture[10:, 14:] == 255).all()  # the empty place


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is not a ganpipe weights file or is damaged"),
        (b"\x80\x04cos\nsystem\n(S'touch mark'\ntR.", "is not a ganpipe weights file"),
        (None, "is missing; `dvc repro train`"),
    ],
)
def test_bad_weights_are_refused(tmp_path: Path, content: bytes | None, says: str) -> None:
    path = tmp_path / "g.safetensors"
    if content is not None:
        path.write_bytes(content)
    result = run_python(
        "-m", "ganpipe", "generate", "--weights", str(path), "--out", "x.npz", cwd=tmp_path
    )
    assert result.returncode == 1
    assert says in result.stderr
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "x.npz").exists()
    assert not (tmp_path / "mark").exists()


def test_a_cut_file_is_refused(tmp_path: Path) -> None:
    path = saved(tmp_path / "g.safetensors")
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(GanpipeError, match="damaged"):
        load_trained(path, CPU)


def test_weights_of_another_version_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = DataSpec.to_dict
    for version in ({"depth": 8}, {"class_counts": None}):
        with monkeypatch.context() as before:
            before.setattr(DataSpec, "to_dict", lambda spec, v=version: original(spec) | v)
            path = saved(tmp_path / "g.safetensors")
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


def test_generate_draws_one_class_of_a_conditional_model(tmp_path: Path) -> None:
    command = ["--num", "3", "--out", str(tmp_path / "x.npz"), "--device", "cpu"]
    told = saved(tmp_path / "cgan", "cgan")
    command("generate", [*command, "--weights", str(told), "--class", "1"])
    expected = torch.cat(list(sampling.draw(load_trained(told, CPU), 3, seed=0, label=1)))
    found = np.load(tmp_path / "x.npz")["images"]
    assert np.array_equal(found, expected.permute(0, 2, 3, 1).numpy())
    with pytest.raises(GanpipeError, match="there is no class '7'; the classes are 0, 1"):
        command("generate", [*command, "--weights", str(told), "--class", "7"])
    other = saved(tmp_path / "dcgan")
    with pytest.raises(GanpipeError, match="'dcgan' is not conditional"):
        command("generate", [*command, "--weights", str(other), "--class", "1"])


def test_generate_writes_archives_and_directories(tmp_path: Path) -> None:
    saved(tmp_path / "g.safetensors")
    command = [
        "-m",
        "ganpipe",
        "generate",
        "--weights",
        "g.safetensors",
        "--num",
        "12",
        "--seed",
        "1",
    ]
    assert run_python(*command, "--out", "a.npz", cwd=tmp_path).returncode == 0
    images = np.load(tmp_path / "a.npz")["images"]
    assert (images.shape, images.dtype) == ((12, 32, 32, 1), np.uint8)

    assert run_python(*command, "--out", "pngs", cwd=tmp_path).returncode == 0
    files = sorted((tmp_path / "pngs").iterdir())
    assert [file.name for file in files] == [f"{index:02d}.png" for index in range(12)]
    read = np.stack([np.asarray(Image.open(file)) for file in files])
    assert np.array_equal(read, images[..., 0])

    again = run_python(*command, "--out", "pngs", cwd=tmp_path)
    assert again.returncode == 1
    assert "pngs is not empty" in again.stderr
