"""Outputs of a slow extractor are not computed twice, and no others are ever taken for them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from helpers.inception_files import pictures
from torch import Tensor, nn

from ganpipe.features import memo
from ganpipe.features.extractor import Extractor, Output, outputs
from ganpipe.features.memo import memoised
from ganpipe.storage.cache import cache_folder, entries, prune

IMAGES = pictures(20, 16, 3, seed=0)


class Counting(nn.Module):
    """Two features and a logit of every image; counts its passes and fails at the given one."""

    def __init__(self, fails_at: int = 0) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(1 / 7))
        self.passes = 0
        self.fails_at = fails_at

    def forward(self, images: Tensor) -> Output:
        self.passes += 1
        if self.passes == self.fails_at:
            raise KeyboardInterrupt
        x = images.float().flatten(1) * self.scale
        features = torch.stack([x.mean(1), x.std(1)], 1)
        return Output(features, features[:, :1])


def extractor(network: Counting, **protocol: str) -> Extractor:
    return Extractor(
        name="inception",
        suffix="",
        network=network,
        width=2,
        channels=(1, 3),
        size=None,
        protocol={"weights_sha256": "aa"} | protocol,
        score="inception_score",
        slow=True,
    )


def features(chosen: Extractor, images: Tensor = IMAGES) -> Tensor:
    with memoised(chosen) as with_memo:
        return torch.cat([output.features for output in outputs(with_memo, [images], 4)])


@pytest.fixture(autouse=True)
def _interrupted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The third of five batches was interrupted."""
    monkeypatch.setenv("GANPIPE_CACHE", str(tmp_path / "cache"))
    with pytest.raises(KeyboardInterrupt):
        features(extractor(Counting(fails_at=3)))


def plain() -> Tensor:
    return torch.cat([output.features for output in outputs(extractor(Counting()), [IMAGES], 4)])


def test_only_the_rest_is_computed_and_success_leaves_nothing() -> None:
    network = Counting()
    assert torch.equal(features(extractor(network)), plain())
    assert network.passes == 3
    assert list((cache_folder() / "features").iterdir()) == []


def test_a_damaged_file_is_computed_again() -> None:
    damaged = sorted((cache_folder() / "features").glob("*/*.npz"))[0]
    content = bytearray(damaged.read_bytes())
    content[content.index(b"NUMPY") + 130] ^= 1  # the first number
    damaged.write_bytes(content)
    network = Counting()
    assert torch.equal(features(extractor(network)), plain())
    assert network.passes == 4


@pytest.mark.parametrize(
    "change", ["weights", "precision", "images", "threads", "torchvision", "cpu.py"]
)
def test_nothing_is_taken_for_something_else(change: str, monkeypatch: pytest.MonkeyPatch) -> None:
    network = Counting()
    chosen, images = extractor(network), IMAGES
    if change == "images":
        images = images.clone()
        images[:, 0, 0, 0] += 1
    elif change == "threads":
        monkeypatch.setattr(torch, "get_num_threads", lambda: 64)
    elif change == "torchvision":
        original = memo.version
        monkeypatch.setattr(memo, "version", lambda name: original(name) + "x" * (name == change))
    elif change == "cpu.py":
        original_digest = memo.digest_of

        def edited(files: Iterable[Path]) -> str:
            names = [path.name for path in files]
            assert change in names
            return original_digest([])

        monkeypatch.setattr(memo, "digest_of", edited)
    else:
        field = {"weights": "weights_sha256"}.get(change, change)
        chosen = replace(chosen, protocol=chosen.protocol | {field: "other"})
    features(chosen, images)
    assert network.passes == 5


def test_an_extractor_that_is_not_slow_is_not_memoised() -> None:
    for _ in range(2):
        network = Counting(fails_at=5)
        with pytest.raises(KeyboardInterrupt):
            features(replace(extractor(network, weights_sha256="bb"), slow=False))
        assert network.passes == 5


def test_the_cache_command_knows_it() -> None:
    assert [entry.kind for entry in entries()] == ["features"]
    prune(entries())
    assert list((cache_folder() / "features").iterdir()) == []
