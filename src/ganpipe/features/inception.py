"""The published extractor: the Inception network of FID, as pytorch-fid defines it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from pytorch_fid import inception as reference
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval
from torchvision.models.inception import BasicConv2d

from ganpipe.core.errors import GanpipeError
from ganpipe.features.cpu import each_by_one_thread
from ganpipe.features.extractor import Extractor, Output
from ganpipe.features.winograd import Winograd, pays
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
WAY_OUT = (
    "The extractor 'classifier' works without this file where the images have labels "
    "(evaluate.extractors: [classifier]; --extractor classifier)."
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
            layers = reference.InceptionV3().eval()
        _fold(layers)
        self.layers = layers.to(memory_format=torch.channels_last)
        self.register_buffer("last", weights["fc.weight"].float())
        self.eval().requires_grad_(False)

    def forward(self, images: Tensor) -> Output:
        on_cpu = images.device.type == "cpu"
        features = each_by_one_thread(self._see, images) if on_cpu else self._see(images)
        return Output(features, features @ self.last.T)

    def _see(self, images: Tensor) -> Tensor:
        x = images.expand(-1, 3, -1, -1).float().div(255)
        (x,) = self.layers(x.contiguous(memory_format=torch.channels_last))
        features: Tensor = x.float().flatten(1)
        return features


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


class Folded(nn.Module):
    """Convolution, batch norm and ReLU of one layer, (N, C, H, W) -> (N, C', H', W').

    On a CPU PyTorch's compiler writes all three as one operator and brings the weights into that
    operator's order once and for all; both are done here without the compiler. The bits are those
    of convolution and ReLU after each other. Builds and types that have no such operator, and
    other devices, take the two. Where it pays, Winograd's algorithm takes the operator's place in
    float32.
    """

    def __init__(self, layer: BasicConv2d) -> None:
        super().__init__()
        self.conv = fuse_conv_bn_eval(layer.conv, layer.bn)
        self.ordered: dict[torch.dtype, Tensor] = {}
        self.winograd: Winograd | None = None

    def forward(self, x: Tensor) -> Tensor:
        conv = self.conv
        bf16 = torch.is_autocast_enabled("cpu")
        if x.device.type != "cpu" or not _has_operators(bf16):
            return F.relu(conv(x), inplace=True)
        if not bf16 and pays(conv, *x.shape[2:]):
            self.winograd = self.winograd or Winograd(conv.weight, conv.bias, conv.padding)
            return self.winograd(x)
        x = x.to(torch.get_autocast_dtype("cpu") if bf16 else x.dtype)
        where = conv.padding, conv.stride, conv.dilation, conv.groups
        if x.dtype not in self.ordered:
            self.ordered[x.dtype] = torch.ops.mkldnn._reorder_convolution_weight(
                conv.weight.to(x.dtype), *where, list(x.shape)
            )
        weight, bias = self.ordered[x.dtype], conv.bias.to(x.dtype)
        return torch.ops.mkldnn._convolution_pointwise(x, weight, bias, *where, "relu", [], "")


@cache
def _has_operators(bf16: bool) -> bool:
    """Whether this build and processor have what a compiled model would call."""
    names = ["_convolution_pointwise", "_reorder_convolution_weight", "_is_mkldnn_bf16_supported"]
    there = all(hasattr(torch.ops.mkldnn, name) for name in names)
    return there and (not bf16 or torch.ops.mkldnn._is_mkldnn_bf16_supported())


def _fold(network: nn.Module) -> None:
    """Replace every convolution with batch norm and ReLU by its :class:`Folded` form."""
    for name, part in network.named_children():
        if isinstance(part, BasicConv2d):
            setattr(network, name, Folded(part))
        else:
            _fold(part)


def load_inception(custom: Path | None, device: torch.device) -> Extractor:
    """The extractor with the published weights, or with those of the file ``custom``.

    Figures of a custom file are named ``fid_custom``, never ``fid``. Raises GanpipeError where
    the weights cannot be had, are not the published ones or do not fit the network.
    """
    path = published_weights() if custom is None else custom
    try:
        weights = torch.load(path, map_location="cpu", weights_only=True)
        network = Inception(weights).to(device)
    except FileNotFoundError:
        raise GanpipeError(
            f"the file of Inception weights is {path}, which does not exist; correct "
            "evaluate.inception_weights or --inception-weights, or leave it out for the published"
        ) from None
    except Exception as error:  # the unpickler raises every kind of error on damaged data
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise GanpipeError(
            f"{path} does not hold weights of pytorch-fid's Inception network ({reason}). {WAY_OUT}"
        ) from None
    return Extractor(
        name="inception",
        suffix="" if custom is None else "_custom",
        network=network,
        width=FEATURES,
        channels=(1, 3),
        size=None,
        protocol={
            "extractor": f"pytorch-fid InceptionV3, {FEATURES} features",
            "weights_sha256": sha256_of(path),
            "resize": "bilinear to 299 x 299, corners not aligned, no antialiasing",
        },
    )


def published_weights() -> Path:
    """The published file, its sha256 checked: from PyTorch's hub folder (``$TORCH_HOME``), the
    cache, ``$GANPIPE_MIRROR`` or its public host.

    Raises GanpipeError where it cannot be had or is something else.
    """
    known = Path(torch.hub.get_dir()) / "checkpoints" / PUBLISHED.name
    if known.exists():
        if sha256_of(known) == PUBLISHED.checksum.removeprefix("sha256:"):
            return known
        raise GanpipeError(
            f"{known} is not the published file (its sha256 is another); delete it and run the "
            "same command again, or name it as evaluate.inception_weights (--inception-weights) "
            f"for a figure of its own name. {WAY_OUT}"
        )
    try:
        return obtain([PUBLISHED])[0]
    except GanpipeError as error:
        raise GanpipeError(f"{error}\n{WAY_OUT}") from None
