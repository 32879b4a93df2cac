"""The extractor that is trained on a dataset's own labels: a small CNN."""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval, fuse_linear_bn_eval
from tqdm import tqdm

from ganpipe.core.errors import GanpipeError
from ganpipe.features.config import ClassifierConfig
from ganpipe.features.extractor import Extractor, Output, WeightFiles
from ganpipe.runtime.seeding import derive, make_rng
from ganpipe.storage.files import sha256_of
from ganpipe.storage.tensor_file import read_tensors, write_tensors

log = logging.getLogger(__name__)

FEATURES = 128
SMALLEST = 4  # pixels a side that the convolutions end with, at most
WARM_UP = 0.3  # part of the training in which the learning rate rises
FEW_TESTED = 50  # test images below which the accuracy says little


@dataclass(frozen=True)
class ClassifierShape:
    """Arguments of the network, and the shares of the classes that it was trained on."""

    channels: int
    image_size: int  # pixels a side, the data's native size
    training_share: dict[str, float]  # of each class, in label order


@dataclass(frozen=True)
class Accuracy:
    """Share of images whose class is predicted, among those that training did not use."""

    value: float  # in [0, 1]
    num_test: int  # images


class Classifier(nn.Module):
    """3x3 convolutions down to 4 x 4 pixels, 128 features, one score a class.

    (N, C, size, size) uint8 -> Output of (N, 128) features and (N, classes) logits.
    """

    def __init__(self, shape: ClassifierShape) -> None:
        super().__init__()
        layers = [_block(shape.channels, 32), _block(32, 64)]
        side = _half(_half(shape.image_size))
        while side > SMALLEST:
            layers.append(_block(64, 64))
            side = _half(side)
        self.convolutions = nn.Sequential(*layers)
        self.hidden = nn.Sequential(
            nn.Flatten(),
            nn.Linear(64 * side * side, FEATURES),
            nn.BatchNorm1d(FEATURES),
            nn.ReLU(inplace=True),
        )
        self.last = nn.Linear(FEATURES, len(shape.training_share))
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def fold_batch_norms(self) -> Classifier:
        """The same function in evaluation mode with fewer layers; not to be saved."""
        layers: Any
        for layers in self.convolutions:
            layers[0], layers[1] = fuse_conv_bn_eval(layers[0], layers[1]), nn.Identity()
        layers = self.hidden
        layers[1], layers[2] = fuse_linear_bn_eval(layers[1], layers[2]), nn.Identity()
        return self

    def forward(self, images: Tensor) -> Output:
        x = images.float().div(127.5).sub(1)
        x = self.convolutions(x.contiguous(memory_format=torch.channels_last))
        features = self.hidden(x)
        return Output(features, self.last(features))


def _half(side: int) -> int:
    return (side + 1) // 2


def _block(channels: int, width: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels, width, 3, stride=2, padding=1, bias=False),
        nn.BatchNorm2d(width),
        nn.ReLU(inplace=True),
    )


def train_classifier(
    images: Tensor, labels: Tensor, *, classes: tuple[str, ...], config: ClassifierConfig
) -> tuple[Classifier, ClassifierShape]:
    """Train on uint8 (N, C, size, size) images and int64 (N,) labels, both on one device.

    AdamW with a learning rate that rises and falls linearly (Smith and Topin 2018), in float32.
    The same arguments give the same weights. Raises GanpipeError for fewer than two classes or
    images.
    """
    if len(classes) < 2 or len(images) < 2:
        raise GanpipeError(
            f"a classifier cannot be trained on {len(images)} images of {len(classes)} classes; "
            "set evaluate.extractors to [inception], which needs no labels"
        )
    counts = torch.bincount(labels.cpu(), minlength=len(classes)) / len(labels)
    shape = ClassifierShape(
        images.shape[1], images.shape[2], dict(zip(classes, counts.tolist(), strict=True))
    )
    torch.manual_seed(derive(config.seed, "classifier weights"))
    network = Classifier(shape).to(images.device)
    optimizer = torch.optim.AdamW(network.parameters(), lr=config.lr, fused=True)
    batch_size = min(config.batch_size, len(images))
    per_epoch = len(images) // batch_size
    total = config.epochs * per_epoch
    for step in tqdm(range(total), "classifier", unit="step", disable=None, leave=False):
        epoch, position = divmod(step, per_epoch)
        if position == 0:
            rng = make_rng("cpu", config.seed, "classifier order", epoch)
            order = torch.randperm(len(images), generator=rng).to(images.device)
        progress = (step + 0.5) / total
        scale = min(progress / WARM_UP, (1 - progress) / (1 - WARM_UP))
        optimizer.param_groups[0]["lr"] = config.lr * scale
        chosen = order[position * batch_size : (position + 1) * batch_size]
        loss = F.cross_entropy(network(images[chosen]).logits, labels[chosen])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return network.eval(), shape


@torch.inference_mode()
def accuracy(
    network: Classifier, images: Tensor, labels: Tensor, *, batch_size: int = 250
) -> Accuracy:
    """The share of (N, C, size, size) uint8 images whose label is predicted."""
    right = sum(
        int((network(batch).logits.argmax(dim=1) == wanted).sum())
        for batch, wanted in zip(images.split(batch_size), labels.split(batch_size), strict=True)
    )
    return Accuracy(right / len(images), len(images))


def warn_if_unreliable(training_share: dict[str, float], tested: Accuracy) -> None:
    """Log why figures of such a classifier say little, where that is so.

    Its accuracy is too low below the middle between 1 and what naming the largest class every time
    would get.
    """
    chance = max(training_share.values())
    if tested.value < (1 + chance) / 2:
        log.warning(
            f"the classifier is right about {tested.value:.1%} of {tested.num_test} test images "
            f"(always naming the largest class would be about {chance:.1%}); its figures say "
            "little: train it longer (evaluate.classifier.epochs) or use inception"
        )
    if tested.num_test < FEW_TESTED:
        log.warning(
            f"the classifier was tested on {tested.num_test} images, too few to say how far "
            f"its figures can be trusted; hold out {FEW_TESTED} or more"
        )


def save_classifier(
    path: Path, network: Classifier, shape: ClassifierShape, *, tested: Accuracy
) -> None:
    """Write weights, shape and accuracy; the same content gives the same bytes."""
    header = {"shape": asdict(shape), "accuracy": asdict(tested)}
    write_tensors(path, network.state_dict(), header)


def open_extractor(files: WeightFiles, device: torch.device) -> Extractor:
    """The extractor that :func:`save_classifier` wrote; a warning says where it is unreliable.

    Raises GanpipeError where the file cannot be read.
    """
    path = files.classifier
    try:
        header, tensors = read_tensors(path, device)
        shape, tested = ClassifierShape(**header["shape"]), Accuracy(**header["accuracy"])
        network = Classifier(shape)
        network.load_state_dict(tensors)
    except FileNotFoundError:
        raise GanpipeError(
            f"{path} is missing; the stage 'classifier' writes it where evaluate.extractors asks "
            "for the classifier: run `dvc repro`"
        ) from None
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise GanpipeError(
            f"{path} is no classifier of this version, or it is damaged "
            f"({str(error).splitlines()[0]}); `dvc repro -s -f classifier` makes one"
        ) from None
    warn_if_unreliable(shape.training_share, tested)
    return Extractor(
        name="classifier",
        suffix="_classifier",
        network=network.eval().fold_batch_norms().to(device),
        width=FEATURES,
        channels=(shape.channels,),
        size=shape.image_size,
        protocol={
            "extractor": f"ganpipe classifier, {FEATURES} features",
            "weights_sha256": sha256_of(path),
            "resize": "none",
            "test_accuracy": tested.value,
            "num_test": tested.num_test,
        },
        score="score",
        training_share=shape.training_share,
    )
