"""The published extractor: the Inception network of FID, as pytorch-fid defines it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from pytorch_fid import inception as reference
from torch import Tensor, nn

from ganpipe.core.errors import GanpipeError
from ganpipe.features.cpu import Accelerated
from ganpipe.features.extractor import Extractor, Output, WeightFiles, WeightsError
from ganpipe.storage.files import sha256_of
from ganpipe.storage.remote import RemoteFile, obtain

FEATURES = 2048
PUBLISHED = RemoteFile(
    folder="inception",
    name="pt_inception-2015-12-05-6726825d.pth",
    size=95_628_359,
    checksum="sha256:6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2",
    hosts=("https://github.com/mseitzer/pytorch-fid/releases/download/fid_weights/",),
)


class Inception(nn.Module):
    """(N, 1 or 3, H, W) uint8 -> Output of (N, 2048) features and (N, 1008) logits.

    The layers are pytorch-fid's, with every batch norm folded into its convolution, the ReLU in the
    same pass, and in channels_last, which is faster on a CPU and equal to about 1e-6. On a CPU the
    features' bits depend neither on the batch nor on the number of threads. The logits leave the
    bias out, as the published Inception Score does (Salimans et al. 2016).
    """

    last: Tensor

    def __init__(self, weights: dict[str, Tensor]) -> None:
        super().__init__()
        with _instead_of_download(weights):
            layers = reference.InceptionV3()
        self.pooled = Accelerated(_Pooled(layers))
        self.register_buffer("last", weights["fc.weight"].float())
        self.eval().requires_grad_(False)

    def forward(self, images: Tensor) -> Output:
        features: Tensor = self.pooled(images)
        return Output(features, features @ self.last.T)


class _Pooled(nn.Module):
    """(N, 1 or 3, H, W) uint8 -> (N, 2048) float32, the last pooling layer's values."""

    def __init__(self, layers: nn.Module) -> None:
        super().__init__()
        self.layers = layers

    def forward(self, images: Tensor) -> Tensor:
        x = images.expand(-1, 3, -1, -1).float().div(255)
        (x,) = self.layers(x.contiguous(memory_format=torch.channels_last))
        return x.float().flatten(1)


@contextmanager
def _instead_of_download(weights: dict[str, Tensor]) -> Iterator[None]:
    """Hand ``weights`` to pytorch-fid's constructor, which would download a file unchecked."""
    module: Any = reference
    original = module.load_state_dict_from_url
    module.load_state_dict_from_url = lambda *_, **__: weights
    try:
        yield
    finally:
        module.load_state_dict_from_url = original


def open_extractor(files: WeightFiles, device: torch.device) -> Extractor:
    """The extractor with the published weights, or with those of the file ``files.inception``.

    Figures of a file of one's own are named ``fid_custom``, never ``fid``. Raises WeightsError
    where the weights cannot be obtained, are not the published ones or do not fit the network.
    """
    path = published_weights() if files.inception is None else files.inception
    try:
        weights = torch.load(path, map_location="cpu", weights_only=True)
        network = Inception(weights).to(device)
    except FileNotFoundError:
        raise WeightsError(
            f"the file of Inception weights is {path}, which does not exist; correct "
            "evaluate.inception_weights or --inception-weights, or leave it out for the published"
        ) from None
    except Exception as error:  # the unpickler raises every kind of error on damaged data
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise WeightsError(
            f"{path} does not hold weights of pytorch-fid's Inception network ({reason}); name "
            "another file, or none for the published"
        ) from None
    return Extractor(
        name="inception",
        suffix="" if files.inception is None else "_custom",
        network=network,
        width=FEATURES,
        channels=(1, 3),
        size=None,
        protocol={
            "extractor": f"pytorch-fid InceptionV3, {FEATURES} features",
            "weights_sha256": sha256_of(path),
            "resize": "bilinear to 299 x 299, corners not aligned, no antialiasing",
        },
        score="inception_score",
        slow=True,
    )


def published_weights() -> Path:
    """The published file, its sha256 checked: from PyTorch's hub folder (``$TORCH_HOME``), the
    cache, ``$GANPIPE_MIRROR`` or its public host.

    Raises WeightsError where it cannot be obtained or is something else.
    """
    known = Path(torch.hub.get_dir()) / "checkpoints" / PUBLISHED.name
    if known.exists():
        if sha256_of(known) == PUBLISHED.checksum.removeprefix("sha256:"):
            return known
        raise WeightsError(
            f"{known} is not the published file (its sha256 is another); delete it and run the "
            "same command again, or name it as evaluate.inception_weights (--inception-weights) "
            "for a figure of its own name"
        )
    try:
        return obtain([PUBLISHED])[0]
    except GanpipeError as error:
        raise WeightsError(str(error)) from None
