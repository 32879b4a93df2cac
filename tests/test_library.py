"""What `import ganpipe` offers to other programs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.generators import save_generator
from helpers.support import ROOT, command, run_python

import ganpipe


def test_importing_is_light() -> None:
    program = (
        "import sys, ganpipe; ganpipe.load, ganpipe.GanpipeError\n"
        "heavy = {'torch', 'numpy', 'dvc', 'pydantic', 'scipy'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
        "assert ganpipe.Sampler.__name__ == 'Sampler'\n"
        "assert 'torch' in sys.modules"
    )
    result = run_python("-c", program, cwd=ROOT)
    assert result.returncode == 0, result.stderr


def test_what_is_public() -> None:
    assert all(hasattr(ganpipe, name) for name in ganpipe.__all__)
    with pytest.raises(AttributeError, match="no attribute 'Samplr'"):
        ganpipe.Samplr  # noqa: B018


@pytest.mark.parametrize("channels", [1, 3])
def test_samples_are_arrays_of_pixels(tmp_path: Path, channels: int) -> None:
    model = ganpipe.load(str(save_generator(tmp_path / "g", channels=channels)), device="cpu")
    images = model.sample(5)
    assert (images.shape, images.dtype) == ((5, 28, 28, channels), np.uint8)
    assert model.image_shape == images.shape[1:]
    assert model.classes == ()
    assert model.provenance["model_name"] == "mlp"
    assert isinstance(model.sampler, ganpipe.Sampler)
    assert len(np.unique(images.reshape(5, -1), axis=0)) == 5


def test_an_image_depends_on_the_seed_and_its_place_alone(tmp_path: Path) -> None:
    model = ganpipe.load(save_generator(tmp_path / "g"), "cpu")
    many = model.sample(260, seed=1)
    assert np.array_equal(model.sample(3, seed=1), many[:3])
    assert not np.array_equal(model.sample(3, seed=2), many[:3])


@pytest.mark.parametrize("label", [None, "seven"])
def test_the_command_draws_the_same_images(tmp_path: Path, label: str | None) -> None:
    weights = save_generator(tmp_path / "g", classes=("three", "seven"))
    words = ["--num", "253", "--seed", "4", "--device", "cpu", "--weights", str(weights)]
    words += ["--class", label] if label else []
    command("generate", [*words, "--out", str(tmp_path / "x.npz")])
    drawn = np.load(tmp_path / "x.npz")["images"]
    images = ganpipe.load(weights, device="cpu").sample(253, seed=4, label=label)
    assert np.array_equal(images, drawn)


def test_a_class_is_named_or_numbered(tmp_path: Path) -> None:
    model = ganpipe.load(save_generator(tmp_path / "g", classes=("cat", "dog", "7")), "cpu")
    assert model.classes == ("cat", "dog", "7")
    dogs = model.sample(4, label="dog")
    assert np.array_equal(dogs, model.sample(4, label=1))
    assert not np.array_equal(dogs, model.sample(4, label=0))
    assert np.array_equal(model.sample(4, label="7"), model.sample(4, label=np.int64(2)))


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        ({"label": "Dog"}, "there is no class 'Dog'; did you mean 'dog'"),
        ({"label": "zebra"}, "there is no class 'zebra'; the classes are cat, dog"),
        ({"label": "1"}, "there is no class '1'; the classes are"),
        ({"label": 2}, "there is no class number 2; numbers go from 0 to 1"),
        ({"label": -1}, "there is no class number -1"),
        ({"label": 1.9}, "label is 1.9, which is neither a name nor a whole number; give the name"),
        ({"label": True}, "label is True, which is neither a name nor a whole number"),
        ({"label": np.True_}, "which is neither a name nor a whole number"),
        ({"num": 0}, "num must be at least 1 and seed at least 0; they are 0 and 0"),
        ({"seed": -1}, "they are 1 and -1"),
    ],
)
def test_what_cannot_be_drawn(tmp_path: Path, wanted: dict[str, object], says: str) -> None:
    model = ganpipe.load(save_generator(tmp_path / "g", classes=("cat", "dog")), "cpu")
    with pytest.raises(ganpipe.GanpipeError, match=says):
        model.sample(**{"num": 1, **wanted})  # type: ignore[arg-type]


def test_a_model_without_classes_says_so(tmp_path: Path) -> None:
    model = ganpipe.load(save_generator(tmp_path / "g"), "cpu")
    with pytest.raises(ganpipe.GanpipeError, match="'mlp' is not conditional"):
        model.sample(1, label="7")


def test_what_cannot_be_loaded(tmp_path: Path) -> None:
    with pytest.raises(ganpipe.GanpipeError, match="is missing"):
        ganpipe.load(tmp_path / "none.safetensors", "cpu")
    (tmp_path / "text").write_text("weights")
    with pytest.raises(ganpipe.GanpipeError, match="not a ganpipe weights file or is damaged"):
        ganpipe.load(tmp_path / "text", "cpu")
    with pytest.raises(ganpipe.GanpipeError, match="device is 'gpu'; name one of auto, cuda"):
        ganpipe.load(tmp_path / "text", "gpu")


def test_diverged_weights_draw_nothing(tmp_path: Path) -> None:
    model = ganpipe.load(save_generator(tmp_path / "g", scale=float("nan")), "cpu")
    with pytest.raises(ganpipe.GanpipeError, match="NaN or infinity"):
        model.sample(1)


def test_the_settings_of_the_process_stay(tmp_path: Path) -> None:
    """Other programs have their own idea of determinism, and their own random streams."""
    program = (
        "import sys, torch, ganpipe\n"
        "def state(): return (torch.get_deterministic_debug_mode(),\n"
        "    torch.utils.deterministic.fill_uninitialized_memory,\n"
        "    torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark,\n"
        "    torch.random.initial_seed(), torch.is_grad_enabled(),\n"
        "    torch.get_rng_state().sum().item())\n"
        "torch.backends.cudnn.benchmark = True\n"
        "before = state()\n"
        "ganpipe.load(sys.argv[1], 'cpu').sample(2)\n"
        "assert state() == before, (state(), before)"
    )
    result = run_python("-c", program, str(save_generator(tmp_path / "g")), cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""


def test_a_sampler_maps_tensors_to_tensors(tmp_path: Path) -> None:
    model = ganpipe.load(save_generator(tmp_path / "g", classes=("0", "1")), "cpu")
    images = model.sampler(z=torch.zeros(2, 8), label=torch.tensor([0, 1]))
    assert images.shape == (2, 1, 28, 28)
    assert images.abs().max() <= 1
