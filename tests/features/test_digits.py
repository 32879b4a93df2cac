"""The classifier of digits on each channel, against loops over channels and modes."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest
import torch

from ganpipe.features import classifier, digits
from ganpipe.features.classifier import Accuracy, Classifier, ClassifierShape, save_classifier
from ganpipe.features.digits import PerChannel
from ganpipe.features.extractor import Extractor, WeightFiles

CPU = torch.device("cpu")
FOUR = {"0": 0.25, "1": 0.25, "2": 0.25, "3": 0.25}  # digits, so that a loop over modes is short


@pytest.fixture
def files(tmp_path: Path) -> WeightFiles:
    """A classifier of grey images with weights that tell its classes apart somehow."""
    torch.manual_seed(0)
    shape = ClassifierShape(1, 16, FOUR)
    network = Classifier(shape).eval()
    with torch.no_grad():
        network.last.weight.mul_(20)
    save_classifier(tmp_path / "c", network, shape, tested=Accuracy(0.9, 100))
    return WeightFiles(classifier=tmp_path / "c", inception=None)


def images(num: int) -> torch.Tensor:
    rng = torch.Generator().manual_seed(1)
    return torch.randint(0, 256, (num, 3, 16, 16), generator=rng, dtype=torch.uint8)


def test_modes_have_the_product_of_the_probabilities_of_their_digits(files: WeightFiles) -> None:
    one, three = (kind.open_extractor(files, CPU) for kind in (classifier, digits))
    shown = images(12)
    with torch.inference_mode():
        output = three.network(shown)
        each = [one.network(shown[:, channel : channel + 1]) for channel in range(3)]
    for number, (a, b, c) in enumerate(product(range(4), repeat=3)):
        probability = torch.ones(12)
        for channel, digit in zip(each, (a, b, c), strict=True):
            probability *= channel.logits.softmax(1)[:, digit]
        assert torch.allclose(output.logits[:, number].exp(), probability, atol=1e-6)
    assert torch.allclose(output.logits.exp().sum(1), torch.ones(12), atol=1e-5)
    likeliest = [channel.logits.argmax(1) for channel in each]
    mode = 16 * likeliest[0] + 4 * likeliest[1] + likeliest[2]
    assert torch.equal(output.logits.argmax(1), mode)
    assert len(mode.unique()) > 3
    features = torch.cat([channel.features for channel in each], 1)
    assert torch.allclose(output.features, features, atol=1e-5)


def test_the_extractor_says_what_it_is(files: WeightFiles) -> None:
    one, three = (kind.open_extractor(files, CPU) for kind in (classifier, digits))
    assert isinstance(three, Extractor)
    assert (three.channels, three.width, three.modes) == ((3,), 3 * one.width, 4**3)
    assert three.training_share is None  # modes are no classes
    assert one.modes == 0
    assert three.key("fid_floor") == "fid_digits_floor"
    assert three.protocol["extractor"] == "ganpipe classifier, 128 features of each of 3 channels"
    assert three.protocol["weights_sha256"] == one.protocol["weights_sha256"]


def test_one_channel_is_the_classifier(files: WeightFiles) -> None:
    one = classifier.open_extractor(files, CPU)
    grey = images(5)[:, :1]
    with torch.inference_mode():
        alone, through = one.network(grey), PerChannel(one.network)(grey)
    assert torch.equal(alone.features, through.features)
    assert torch.allclose(alone.logits.log_softmax(1), through.logits)
