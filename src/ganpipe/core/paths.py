"""Paths that the stages read and write, from the project's root; dvc.yaml names the same."""

from __future__ import annotations

from pathlib import Path

PARAMS = Path("params.yaml")

CODE = Path("data/code")
RAW = Path("data/raw")
PREPARED = Path("data/prepared")
SOURCE = Path("data/source")
CLASSIFIER_FOLDER = Path("data/classifier")
CLASSIFIER = CLASSIFIER_FOLDER / "classifier.safetensors"
REFERENCE = Path("data/reference")

MODELS = Path("models")
GENERATOR = MODELS / "generator.safetensors"  # the moving average, what a user wants
GENERATOR_RAW = MODELS / "generator_raw.safetensors"  # the weights of the last update
SNAPSHOTS = MODELS / "snapshots"  # the moving average as it was, one file a snapshot

EXPORT = Path("export")  # the generator for others, one ONNX file a sampler

METRICS = Path("metrics")
DATA_METRICS = METRICS / "data.json"
CLASSIFIER_METRICS = METRICS / "classifier.json"
TRAIN_METRICS = METRICS / "train.json"
TRAIN_CURVE = METRICS / "train.csv"
TIMING = METRICS / "timing.json"
ENVIRONMENT = METRICS / "environment.json"
EVALUATE_METRICS = METRICS / "evaluate.json"
EVALUATE_PROTOCOL = METRICS / "protocol.json"
CLASS_SHARES = METRICS / "class_share.csv"
CLASS_FID = METRICS / "class_fid.csv"
CONFUSION = METRICS / "confusion.csv"
EXPORT_METRICS = METRICS / "export.json"
SNAPSHOT_CURVE = METRICS / "snapshots.csv"
SNAPSHOT_KID = METRICS / "snapshots_kid.csv"  # a plot draws the last column of a file
SNAPSHOT_METRICS = METRICS / "snapshots.json"
SNAPSHOT_PROTOCOL = METRICS / "snapshots_protocol.json"

SAMPLES = Path("samples")
PROGRESS = SAMPLES / "progress"
PROGRESS_GIF = SAMPLES / "progress.gif"
PROGRESS_WEBP = SAMPLES / "progress.webp"
FIXED_NOISE_GRID = SAMPLES / "fixed_noise.png"
REAL_GRID = SAMPLES / "real.png"
INTERPOLATION = SAMPLES / "interpolation.png"
INTERPOLATION_GIF = SAMPLES / "interpolation.gif"
INTERPOLATION_WEBP = SAMPLES / "interpolation.webp"
CLOSEST = SAMPLES / "closest.png"

PAGE = Path("report/index.html")


def code_list(stage: str) -> Path:
    """The file of what a stage depends on besides data: its code and its parameters' values."""
    return CODE / f"{stage}.json"


def generator(sampler: str = "", raw: bool = False) -> Path:
    """The weights file of one sampler, by its name: its moving average, or the last update."""
    return MODELS / f"{_joined('generator', 'raw' if raw else '', sampler)}.safetensors"


def onnx(sampler: str = "") -> Path:
    """The ONNX file of one sampler's moving average, by its name."""
    return EXPORT / f"{_joined('generator', sampler)}.onnx"


def player(name: str) -> Path:
    """The weights file of one player of the game."""
    return MODELS / f"{name}.safetensors"


def snapshot(images_seen: int, sampler: str = "") -> Path:
    """The file of one snapshot; zero-padded, so that names sort by time."""
    return SNAPSHOTS / f"{_joined('images', f'{images_seen:09d}', sampler)}.safetensors"


def progress_grid(images_seen: int, sampler: str = "") -> Path:
    """The picture of one snapshot; a number alone, which viewers take for a time axis."""
    return PROGRESS / f"{_joined(f'{images_seen:09d}', sampler)}.png"


def _joined(*parts: str) -> str:
    return "_".join(filter(None, parts))
