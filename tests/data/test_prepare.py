from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers import tiny_data

from ganpipe.core.errors import GanpipeError
from ganpipe.core.schema import validate
from ganpipe.data.config import Datasets, PublicDataset
from ganpipe.data.loading import arrays
from ganpipe.data.loading.batches import Batches, to_unit_range
from ganpipe.data.prepare.images import resize
from ganpipe.data.prepare.prepare import prepare
from ganpipe.storage.npy import NpyWriter

pytestmark = pytest.mark.usefixtures("tiny_official")


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    """data/raw with the tiny MNIST and CIFAR-10."""
    folder = tmp_path / "raw"
    folder.mkdir()
    contents = tiny_data.mnist_contents() | {"cifar-10-python.tar.gz": tiny_data.cifar_archive()}
    for name, data in contents.items():
        (folder / name).write_bytes(data)
    return folder


@pytest.fixture
def mnist(raw: Path, tmp_path: Path) -> Path:
    """The tiny MNIST, padded to 32."""
    prepare("mnist", PublicDataset(image_size=32, fit="pad"), raw, tmp_path / "prepared")
    return tmp_path / "prepared"


def test_native_pixels_are_written(mnist: Path) -> None:
    """Padding is the loader's, so what is on disk is the official image."""
    spec = arrays.load_spec(mnist)
    images = arrays.load_images(mnist, "train")
    assert isinstance(images, np.memmap)
    assert (spec.target.image_size, spec.target.native_size, spec.target.padding) == (32, 28, 2)
    wanted = tiny_data.arrays(tiny_data.TRAIN, 28, 28)[0][:, None]
    np.testing.assert_array_equal(images, wanted)


def test_the_loader_pads_with_black(mnist: Path) -> None:
    images = torch.from_numpy(np.array(arrays.load_images(mnist, "train")))
    cpu = torch.device("cpu")
    whole = {"batch_size": len(images), "seed": 0, "device": cpu}
    padded = Batches(images, None, **whole, padding=2).at(0).real
    native = Batches(images, None, **whole).at(0).real
    assert padded.shape == (tiny_data.TRAIN, 1, 32, 32)
    assert torch.equal(arrays.load_spec(mnist).target.crop(padded), native)
    border = torch.ones(32, 32, dtype=torch.bool)
    border[2:-2, 2:-2] = False
    assert (padded[:, :, border] == -1).all()


def test_the_training_images_of_each_class_are_counted(mnist: Path) -> None:
    labels = tiny_data.arrays(tiny_data.TRAIN, 28, 28)[1].tolist()
    assert arrays.load_spec(mnist).target.class_counts == tuple(labels.count(c) for c in range(10))


def test_the_native_size_is_kept(raw: Path, tmp_path: Path) -> None:
    prepare("mnist", PublicDataset(image_size=28, fit="pad"), raw, tmp_path / "prepared")
    images = arrays.load_images(tmp_path / "prepared", "test", mmap=False)
    np.testing.assert_array_equal(images, tiny_data.arrays(tiny_data.TEST, 28, 28)[0][:, None])
    assert arrays.load_spec(tmp_path / "prepared").target.padding == 0


def test_resizing(raw: Path, tmp_path: Path) -> None:
    prepare("cifar10", PublicDataset(image_size=64, fit="resize"), raw, tmp_path / "prepared")
    spec = arrays.load_spec(tmp_path / "prepared")
    assert (spec.target.image_shape, spec.target.native_size) == ((3, 64, 64), 64)
    np.testing.assert_array_equal(
        arrays.load_images(tmp_path / "prepared", "test"),
        resize(tiny_data.arrays(tiny_data.TEST, 3, 32, 32)[0], 64),
    )


def test_labels(mnist: Path) -> None:
    labels = arrays.load_labels(mnist, "train")
    assert labels is not None
    assert labels.dtype == np.int64
    np.testing.assert_array_equal(labels, tiny_data.arrays(tiny_data.TRAIN, 28, 28)[1])


@pytest.mark.parametrize("size", [28, 32])
def test_figures_are_those_of_the_training_tensor(raw: Path, tmp_path: Path, size: int) -> None:
    fit = PublicDataset(image_size=size, fit="pad")
    figures = prepare("mnist", fit, raw, tmp_path / "prepared")
    tensor = to_unit_range(torch.from_numpy(np.array(arrays.load_images(tmp_path / "prepared",
                                                                         "train"))))  # fmt: skip
    assert figures["mean"] == pytest.approx(tensor.double().mean().item(), abs=1e-7)
    assert (figures["train_images"], figures["test_images"]) == (tiny_data.TRAIN, tiny_data.TEST)


def test_the_same_bytes_every_time(raw: Path, mnist: Path) -> None:
    before = {path.name: path.read_bytes() for path in mnist.iterdir()}
    prepare("mnist", PublicDataset(image_size=32, fit="pad"), raw, mnist)
    assert {path.name: path.read_bytes() for path in mnist.iterdir()} == before


@pytest.mark.parametrize(("size", "fit", "fine"), [(28, "pad", True), (24, "pad", False),
                                                   (24, "resize", True)])  # fmt: skip
def test_padding_cannot_shrink(size: int, fit: str, fine: bool) -> None:
    block = {"image_size": 32, "fit": "resize"}
    own = {"path": "x", "image_size": 64, "test_fraction": 0.1, "skip_damaged": False}
    content = dict.fromkeys(Datasets.model_fields, block) | {
        "mnist": {"image_size": size, "fit": fit},
        "folder": own | {"channels": 3},
        "pairs": own | {"paired": True, "direction": "a_to_b", "channels_a": 1, "channels_b": 3},
    }
    if fine:
        assert validate(Datasets, content, "x").mnist.image_size == size
    else:
        with pytest.raises(GanpipeError, match=r"mnist: pad cannot shrink 28 .*24.*resize"):
            validate(Datasets, content, "x")


def test_what_cannot_be_read_leaves_what_was_there(raw: Path, mnist: Path) -> None:
    (raw / "train-labels-idx1-ubyte").write_bytes(b"")
    before = sorted(mnist.iterdir())
    with pytest.raises(GanpipeError, match="damaged"):
        prepare("mnist", PublicDataset(image_size=32, fit="pad"), raw, mnist)
    assert sorted(mnist.iterdir()) == before
    assert [path.name for path in mnist.parent.iterdir() if "part" in path.name] == []


def test_a_written_array_is_a_plain_npy_file(tmp_path: Path) -> None:
    rows = np.arange(24, dtype=np.uint8).reshape(6, 2, 2)
    with NpyWriter(tmp_path / "a.npy", (2, 2), np.uint8) as writer:
        writer.append(rows[:5])
        writer.append(rows[5:])
    np.save(tmp_path / "b.npy", rows)
    assert (tmp_path / "a.npy").read_bytes() == (tmp_path / "b.npy").read_bytes()


def test_the_header_has_room_for_many_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is written twice, for no rows and for all of them, at the same length."""
    with NpyWriter(tmp_path / "a.npy", (), np.uint8) as writer:
        length = writer._file.tell()
        writer.rows = 10**12
        writer._file.seek(0)
        writer._write_header()
        assert writer._file.tell() == length
        writer.rows = 0


def test_missing_files_name_the_stage(tmp_path: Path, mnist: Path) -> None:
    with pytest.raises(GanpipeError, match=r"spec.json is missing; the stage 'prepare'"):
        arrays.load_spec(tmp_path / "nowhere")
    (mnist / "train_images.npy").unlink()
    with pytest.raises(GanpipeError, match=r"train_images.npy is missing; the stage 'prepare'"):
        arrays.load_images(mnist, "train")


def _object_array(path: Path) -> None:
    np.save(path, np.array([print, len], object), allow_pickle=True)


@pytest.mark.parametrize("mmap", [True, False])
@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(b"text" * 100),
        lambda path: path.write_bytes(path.read_bytes()[:-1]),
        lambda path: np.save(path, np.zeros((20, 1, 32, 31), np.uint8)),
        lambda path: np.save(path, np.zeros((20, 1, 32, 32), np.int8)),
        _object_array,
    ],
    ids=["empty", "text", "cut", "shape", "dtype", "pickle"],
)
def test_damaged_images(mnist: Path, spoil: object, mmap: bool) -> None:
    spoil(mnist / "train_images.npy")  # type: ignore[operator]
    with pytest.raises(GanpipeError, match=r"train_images.npy is damaged .*dvc repro"):
        arrays.load_images(mnist, "train", mmap=mmap)


def test_damaged_labels_and_spec(mnist: Path) -> None:
    np.save(mnist / "train_labels.npy", np.full(tiny_data.TRAIN, 10))
    with pytest.raises(GanpipeError, match=r"label is outside 0\.\.9"):
        arrays.load_labels(mnist, "train")
    content = json.loads((mnist / "spec.json").read_text())
    (mnist / "spec.json").write_text(json.dumps({**content, "extra": 1}))
    with pytest.raises(GanpipeError, match="other fields"):
        arrays.load_spec(mnist)
    (mnist / "spec.json").write_text("{")
    with pytest.raises(GanpipeError, match="damaged"):
        arrays.load_spec(mnist)
