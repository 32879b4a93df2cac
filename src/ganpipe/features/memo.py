"""Outputs of a slow extractor, memoised in the cache folder until a pass is complete."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from ganpipe.features.extractor import Extractor, Output
from ganpipe.storage.cache import make_cache_folder
from ganpipe.storage.files import atomic_path, digest_of
from ganpipe.storage.npz import open_npz


@contextmanager
def memoised(extractor: Extractor) -> Iterator[Extractor]:
    """Yield an extractor that looks up what an interrupted block had computed.

    Every batch is one file, named by a hash of the extractor, the code of this package, the
    arithmetic and the images. Success deletes the files of the block; without it they stay for the
    next try, or until ``ganpipe cache prune features``. Extractors that are not slow are yielded
    as they are, and so are all on CUDA. Raises GanpipeError where the cache folder cannot be
    written to.
    """
    if not extractor.slow or extractor.device.type == "cuda":
        yield extractor
        return
    arithmetic = [
        extractor.protocol,
        extractor.device.type,
        torch.backends.cpu.get_cpu_capability(),
        torch.get_num_threads(),
        *(version(name) for name in ("torch", "torchvision", "pytorch-fid")),
        digest_of(sorted(Path(__file__).parent.glob("*.py"))),
    ]
    name = sha256(json.dumps(arithmetic, sort_keys=True).encode()).hexdigest()[:32]
    network = _Memo(extractor.network, make_cache_folder("features") / name)
    yield replace(extractor, network=network)
    network.forget()


class _Memo(nn.Module):
    """uint8 (N, C, H, W) -> Output, from a file or else from ``network``."""

    def __init__(self, network: nn.Module, folder: Path) -> None:
        super().__init__()
        self.network = network
        self.folder = folder
        self.used: set[Path] = set()

    def forward(self, images: Tensor) -> Output:
        content = images.cpu().numpy()
        digest = sha256(str(content.shape).encode() + content.tobytes())
        path = self.folder / f"{digest.hexdigest()}.npz"
        self.used.add(path)
        try:
            with open_npz(path) as memo:
                return Output(torch.from_numpy(memo["features"]), torch.from_numpy(memo["logits"]))
        except (FileNotFoundError, ValueError):
            pass  # not computed yet, or damaged: the archive has checksums
        output = Output(*(part.float().cpu() for part in self.network(images)))
        with atomic_path(path) as temporary, temporary.open("wb") as target:
            np.savez(target, features=output.features.numpy(), logits=output.logits.numpy())
        return output

    def forget(self) -> None:
        """Delete what this block used, and the folder when nothing else is in it."""
        for path in self.used:
            path.unlink(missing_ok=True)
        with suppress(OSError):
            self.folder.rmdir()
