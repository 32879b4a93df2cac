"""The classifier extractor: its training, its file, what it refuses, when it warns."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from ganpipe.core.errors import GanpipeError
from ganpipe.features.classifier import (
    Accuracy,
    Classifier,
    ClassifierShape,
    accuracy,
    open_extractor,
    save_classifier,
    train_classifier,
    warn_if_unreliable,
)
from ganpipe.features.config import ClassifierConfig
from ganpipe.features.extractor import Extractor, WeightFiles, outputs

CPU = torch.device("cpu")
CONFIG = ClassifierConfig(epochs=4, batch_size=32, threads=1, lr=0.003, seed=0)
CLASSES = ("bar", "block", "nothing")
ACCURACY = Accuracy(value=0.96, num_test=300)


def open_file(path: Path) -> Extractor:
    return open_extractor(WeightFiles(classifier=path, inception=None), CPU)


def labelled(num: int, channels: int, size: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """uint8 (num, channels, size, size): a bar, a block or only noise, anywhere."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, num)
    images = rng.integers(0, 80, (num, channels, size, size), dtype=np.uint8)
    for image, label in zip(images, labels, strict=True):
        y, x = rng.integers(0, size - 10, 2)
        if label < 2:
            image[:, y : y + 10, x : x + (2 if label == 0 else 8)] = 200
    return torch.from_numpy(images), torch.from_numpy(labels)


@pytest.fixture(scope="module")
def trained() -> tuple[Classifier, ClassifierShape]:
    return train_classifier(*labelled(600, 1, 28, 0), classes=CLASSES, config=CONFIG)


def test_learns_to_tell_classes_apart(trained: tuple[Classifier, ClassifierShape]) -> None:
    images, labels = labelled(300, 1, 28, 1)
    tested = accuracy(trained[0], images, labels)
    predicted = trained[0](images).logits.argmax(dim=1)
    assert tested.value == pytest.approx((predicted == labels).sum().item() / 300)
    assert tested.value > 0.95
    assert tested.num_test == 300


def test_same_seed_same_bytes(trained: tuple[Classifier, ClassifierShape], tmp_path: Path) -> None:
    again = train_classifier(*labelled(600, 1, 28, 0), classes=CLASSES, config=CONFIG)
    other = train_classifier(
        *labelled(600, 1, 28, 0), classes=CLASSES, config=CONFIG.model_copy(update={"seed": 1})
    )
    for name, pair in {"first": trained, "again": again, "other": other}.items():
        save_classifier(tmp_path / name, *pair, tested=ACCURACY)
    first, same, different = [(tmp_path / n).read_bytes() for n in ("first", "again", "other")]
    assert first == same
    assert first != different


def test_a_saved_classifier_is_the_same_function(
    trained: tuple[Classifier, ClassifierShape], tmp_path: Path
) -> None:
    path = tmp_path / "classifier.safetensors"
    save_classifier(path, *trained, tested=ACCURACY)
    extractor = open_file(path)
    images = labelled(10, 1, 28, 2)[0]
    (output,) = outputs(extractor, [images], 10)
    expected = trained[0](images)
    torch.testing.assert_close(output.features, expected.features, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(output.logits, expected.logits, rtol=1e-4, atol=1e-5)
    assert output.features.shape == (10, 128)
    assert extractor.key("fid") == "fid_classifier"
    assert list(extractor.training_share or {}) == list(CLASSES)
    said = {name: extractor.protocol[name] for name in ("test_accuracy", "num_test")}
    assert said == {"test_accuracy": 0.96, "num_test": 300}


@pytest.mark.parametrize(("channels", "size"), [(1, 28), (3, 32), (3, 48), (1, 64), (3, 128)])
def test_takes_every_size_that_is_trained(channels: int, size: int) -> None:
    shape = ClassifierShape(channels, size, dict.fromkeys("abcdefg", 1 / 7))
    output = Classifier(shape).eval()(labelled(3, channels, size, 0)[0])
    assert output.features.shape == (3, 128)
    assert output.logits.shape == (3, 7)


def test_few_images_are_enough_to_run() -> None:
    network, shape = train_classifier(*labelled(3, 3, 28, 0), classes=CLASSES, config=CONFIG)
    assert accuracy(network, *labelled(5, 3, 28, 1)).value <= 1
    assert shape.channels == 3


def test_the_shares_of_the_classes_are_stored_with_the_weights(tmp_path: Path) -> None:
    images, labels = torch.zeros(8, 1, 28, 28, dtype=torch.uint8), torch.tensor([0] * 6 + [2] * 2)
    trained = train_classifier(images, labels, classes=("a", "b", "c"), config=CONFIG)
    save_classifier(tmp_path / "c", *trained, tested=ACCURACY)
    shares = open_file(tmp_path / "c").training_share
    assert shares == {"a": 0.75, "b": 0, "c": 0.25}


def test_one_class_is_refused() -> None:
    with pytest.raises(GanpipeError, match="1 classes"):
        train_classifier(*labelled(3, 1, 28, 0), classes=("all",), config=CONFIG)


def test_wrong_images_are_refused(
    trained: tuple[Classifier, ClassifierShape], tmp_path: Path
) -> None:
    path = tmp_path / "classifier.safetensors"
    save_classifier(path, *trained, tested=ACCURACY)
    extractor = open_file(path)
    with pytest.raises(GanpipeError, match="28 x 28 pixels; these have 32 x 32"):
        list(outputs(extractor, [labelled(2, 1, 32, 0)[0]], 2))
    with pytest.raises(GanpipeError, match="of 1 channels; these have 3"):
        list(outputs(extractor, [labelled(2, 3, 28, 0)[0]], 2))
    with torch.no_grad():
        extractor.network.last.weight[0, 0] = torch.nan  # type: ignore[union-attr]
    with pytest.raises(GanpipeError, match="not finite"):
        list(outputs(extractor, [labelled(2, 1, 28, 0)[0]], 2))


def test_a_damaged_file_is_named(
    trained: tuple[Classifier, ClassifierShape], tmp_path: Path
) -> None:
    path = tmp_path / "classifier.safetensors"
    with pytest.raises(GanpipeError, match="is missing; the stage 'classifier'"):
        open_file(path)
    path.write_bytes(b"no weights at all")
    with pytest.raises(GanpipeError, match="is damaged"):
        open_file(path)
    save_classifier(path, *trained, tested=ACCURACY)
    content = bytearray(path.read_bytes())
    content[-1000] ^= 1  # among the numbers
    path.write_bytes(content)
    with pytest.raises(GanpipeError, match="its content is not what was written"):
        open_file(path)


@pytest.mark.parametrize(
    ("shares", "accuracy", "num_test", "says"),
    [
        ({"a": 0.5, "b": 0.5}, 0.508, 300, "right about 50.8% of 300 test images"),
        ({"a": 0.5, "b": 0.5}, 0.0, 300, "largest class would be about 50.0%"),
        ({"a": 0.5, "b": 0.5}, 0.75, 300, ""),  # half-way between chance and 1
        ({"a": 0.9, "b": 0.1}, 0.94, 300, "largest class would be about 90.0%"),
        ({"a": 0.9, "b": 0.1}, 0.96, 300, ""),
        (dict.fromkeys("abcdefghij", 0.1), 0.56, 300, ""),
        ({"a": 0.5, "b": 0.5}, 1.0, 49, "tested on 49 images, too few"),
        ({"a": 0.5, "b": 0.5}, 1.0, 50, ""),
    ],
)
def test_a_classifier_near_chance_or_hardly_tested_is_warned_about(
    trained: tuple[Classifier, ClassifierShape],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    shares: dict[str, float],
    accuracy: float,
    num_test: int,
    says: str,
) -> None:
    """When it is made, and whenever it is used."""
    tested = Accuracy(accuracy, num_test)
    warn_if_unreliable(shares, tested)
    said = capsys.readouterr().err
    assert (said.count("warning:") == 1 and says in said) if says else not said
    shape = ClassifierShape(1, 28, shares)
    save_classifier(tmp_path / "c", Classifier(shape), shape, tested=tested)
    open_file(tmp_path / "c")
    assert capsys.readouterr().err == said
