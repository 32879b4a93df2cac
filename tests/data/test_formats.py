from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from helpers import tiny_data

from ganpipe.core.errors import GanpipeError
from ganpipe.data.prepare.build import reader_names
from ganpipe.data.prepare.idx import read_file
from ganpipe.data.prepare.public import read_public
from ganpipe.data.prepare.split import DamagedError

pytestmark = pytest.mark.usefixtures("tiny_official")


@pytest.fixture
def mnist(tmp_path: Path) -> Path:
    """A folder with the tiny idx files."""
    for name, data in tiny_data.mnist_contents().items():
        (tmp_path / name).write_bytes(data)
    return tmp_path


@pytest.mark.parametrize(
    ("dataset", "modules"),
    [
        ("mnist", ["idx"]),
        ("fashion_mnist", ["idx"]),
        ("cifar10", ["cifar"]),
        ("stacked_mnist", ["stacked_mnist", "idx"]),
        ("folder", ["folder"]),
        ("pairs", ["pairs"]),
    ],
)
def test_the_reader_is_found_by_name(dataset: str, modules: list[str]) -> None:
    assert reader_names(dataset) == [f"ganpipe.data.prepare.{module}" for module in modules]


def test_a_run_imports_the_chosen_reader_alone(mnist: Path) -> None:
    code = (
        "import sys; from ganpipe.data.prepare import build, prepare; build.reader('mnist'); "
        "print(*sorted(name for name in sys.modules if name.startswith('ganpipe.data.prepare.')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    names = {name.rpartition(".")[2] for name in done.stdout.split()}
    assert "idx" in names
    assert not names & {"cifar", "folder", "pairs"}


def test_mnist(mnist: Path) -> None:
    splits = read_public("mnist", mnist)
    images, labels = tiny_data.arrays(tiny_data.TRAIN, 28, 28)
    np.testing.assert_array_equal(splits["train"].images, images[:, None])
    np.testing.assert_array_equal(splits["train"].labels, labels)
    assert splits["train"].labels.dtype == np.int64
    np.testing.assert_array_equal(
        splits["test"].images[:, 0], tiny_data.arrays(tiny_data.TEST, 28, 28)[0]
    )


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("train-images-idx3-ubyte", b"", "not an idx file"),
        ("train-images-idx3-ubyte", b"\0\0\x0d\x03" + bytes(12), "not an idx file"),
        ("train-images-idx3-ubyte", tiny_data.idx(np.zeros((20, 28, 28)))[:-1], "bytes of data"),
        ("train-images-idx3-ubyte", tiny_data.idx(np.zeros((19, 28, 28))), "shape"),
        ("t10k-images-idx3-ubyte", tiny_data.idx(np.zeros((10, 27, 28))), "shape"),
        ("t10k-labels-idx1-ubyte", tiny_data.idx(np.zeros(9)), "9 test labels for 10 images"),
        ("t10k-labels-idx1-ubyte", tiny_data.idx(np.full(10, 10)), r"outside 0\.\.9"),
    ],
)
def test_damaged_mnist(mnist: Path, name: str, data: bytes, message: str) -> None:
    (mnist / name).write_bytes(data)
    with pytest.raises(GanpipeError, match=f"damaged: .*{message}"):
        read_public("mnist", mnist)


def test_a_missing_file_names_the_stage(mnist: Path) -> None:
    (mnist / "t10k-labels-idx1-ubyte").unlink()
    with pytest.raises(GanpipeError, match=r"labels.* is missing; the stage 'download'"):
        read_public("mnist", mnist)


def test_an_idx_header_that_promises_too_much(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"\0\0\x08\x04" + b"\xff" * 16)
    with pytest.raises(DamagedError, match="bytes of data"):
        read_file(tmp_path / "x")


def cifar(folder: Path, content: bytes) -> Path:
    (folder / "cifar-10-python.tar.gz").write_bytes(content)
    return folder


def test_cifar(tmp_path: Path) -> None:
    splits = read_public("cifar10", cifar(tmp_path, tiny_data.cifar_archive()))
    images, labels = tiny_data.arrays(tiny_data.TRAIN, 3, 32, 32)
    order = np.concatenate([np.arange(tiny_data.TRAIN)[k::5] for k in range(5)])
    np.testing.assert_array_equal(splits["train"].images, images[order])
    np.testing.assert_array_equal(splits["train"].labels, labels[order])
    assert splits["test"].images.shape == (tiny_data.TEST, 3, 32, 32)


def _evil() -> bytes:
    class Print:
        def __reduce__(self) -> tuple[object, ...]:
            return print, ("executed",)

    return pickle.dumps({b"data": Print(), b"labels": []})


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (tiny_data.cifar_archive()[:-3000], "cannot be unpacked|lacks"),
        (b"no archive", "cannot be unpacked"),
        (tiny_data.cifar_archive(data_batch_3=b""), "not a batch"),
        (tiny_data.cifar_archive(data_batch_3=pickle.dumps([1])), "not a batch"),
        (tiny_data.cifar_archive(test_batch=_evil()), "names builtins.print, which is refused"),
    ],
    ids=["cut", "rubbish", "empty", "list", "evil"],
)
def test_damaged_cifar(
    tmp_path: Path, content: bytes, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(GanpipeError, match=message):
        read_public("cifar10", cifar(tmp_path, content))
    assert "executed" not in capsys.readouterr().out
