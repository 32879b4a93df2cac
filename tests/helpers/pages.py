"""Runs whose pages are opened in a browser: networks that nobody trained, of vivid images, and the
files that a report is made of."""

from __future__ import annotations

import json
import shutil
from contextlib import chdir
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from pydantic import TypeAdapter

from ganpipe.core import paths
from ganpipe.core.schema import validate
from ganpipe.data.loading.arrays import images_path, spec_path
from ganpipe.data.source.config import SourceConfig
from ganpipe.data.source.write import write_source
from ganpipe.data.spec import DataSpec, Domain
from ganpipe.evaluation.protocol import DIGEST
from ganpipe.export.metadata import metadata_of
from ganpipe.export.onnx import example_inputs, export_onnx
from ganpipe.export.page.write import write_run_page
from ganpipe.methods.build import build_method
from ganpipe.methods.config import AnyModelConfig
from ganpipe.params import load_params
from ganpipe.sampling.sampler import Sampler
from ganpipe.sampling.trained import Trained, save_sampler
from ganpipe.storage.tensor_file import recorded_digest
from helpers.support import ROOT, small_model

CLASSES = ("cat", "<b>dog</b>", 'a "tree"')  # names that a page must not take for its own words
TIMES = (0, 64, 128)
RUNS = {
    "plain": {"name": "dcgan", "latent": "uniform"},
    "styled": {"name": "stylegan2", "latent_dim": 7, "channels": 3,
               "generator": {"conditioning": "embedding"},
               "discriminator": {"conditioning": "projection"}},
    "translator": {"name": "cyclegan", "channels": 3, "source_channels": 1,
                   "source": {"kind": "grey"}},
}  # fmt: skip


class Pages:
    """Folders with a run of each kind and its page, each made when it is first asked for."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def __getitem__(self, kind: str) -> Path:
        folder = self._root / kind
        if not folder.exists():
            folder.mkdir()
            with chdir(folder):
                make_run(**RUNS[kind])  # type: ignore[arg-type]
                write_run_page(paths.PAGE, load_params().of_the_run(), only_whole=True)
        return folder


def make_run(name: str, *, channels: int = 1, source_channels: int = 0, **changes: Any) -> None:
    """Write what the pages of a model's run are made of into the current folder.

    ``changes`` replaces fields of the block ``name``, shrunk. The images of most models have
    three classes.
    """
    model = small_model(name)
    model = validate(type(model), merged(model.model_dump(mode="json"), changes), name)
    target = Domain(channels, 28, 32, CLASSES, (5, 1, 2))
    source = Domain(source_channels, 28, 32) if source_channels else None
    if source:  # translators see images of any size
        target, source = Domain(channels, 28, 28, CLASSES), Domain(source_channels, 28, 28)
    spec = DataSpec("mnist", target, 6, 14, source=source, paired=False)
    write_weights(name, model, spec)
    write_prepared(spec)
    if source:
        grey = TypeAdapter(SourceConfig).validate_python({"kind": "grey", "paired": False})
        write_source(grey, prepared=paths.PREPARED, folder=paths.SOURCE)
    write_report()
    shutil.copy(ROOT / "params.yaml", paths.PARAMS)


def merged(content: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """``content`` with fields replaced, those of blocks one by one."""
    new = {
        name: merged(content[name], value) if isinstance(value, dict) else value
        for name, value in changes.items()
    }
    return content | new


def write_weights(name: str, model: AnyModelConfig, spec: DataSpec) -> None:
    about: dict[str, Any] = {
        "model_name": name,
        "model": model.model_dump(mode="json"),
        "dataset": spec.name,
    }
    for way, sampler in build_method(model, spec, seed=3).samplers().items():
        enliven(sampler)
        about |= {"seed": 3, "weights": "ema"}
        for seen in TIMES[1:]:
            save_sampler(paths.snapshot(seen, way), sampler, {**about, "images_seen": seen})
        shutil.copy(paths.snapshot(TIMES[-1], way), paths.generator(way))
        trained = Trained(sampler, {}, recorded_digest(paths.generator(way)))
        export_onnx(sampler, paths.onnx(way), metadata=metadata_of(trained, {}))


@torch.inference_mode()
def enliven(sampler: Sampler) -> None:
    """Enlarge the last weights until images have all greys: initial ones draw nearly one grey."""
    inputs = example_inputs(sampler.eval(), 8)
    last = [weight for weight in sampler.network.parameters() if weight.dim() > 1][-1]
    while sampler(**inputs).std() < 0.5:
        last.mul_(2)


def write_prepared(spec: DataSpec) -> None:
    """Random images, in large squares so that they can be told apart."""
    paths.PREPARED.mkdir(parents=True)
    spec_path(paths.PREPARED).write_text(json.dumps(spec.to_dict()))
    rng = np.random.default_rng(0)
    for split, count in (("train", spec.num_train), ("test", spec.num_test)):
        small = rng.integers(0, 256, (count, spec.target.channels, 7, 7), dtype=np.uint8)
        np.save(images_path(paths.PREPARED, split), small.repeat(4, 2).repeat(4, 3))


def write_report() -> None:
    """The files of a run's other stages, in small."""
    paths.PROGRESS.mkdir(parents=True)
    for number, time in enumerate(TIMES):
        Image.new("L", (30, 20), 60 * number).save(paths.progress_grid(time))
    Image.new("L", (30, 20), 9).save(paths.CLOSEST)
    paths.METRICS.mkdir()
    of_these = {DIGEST: recorded_digest(paths.GENERATOR)}
    protocol = {
        "generated": {"num_generated": 64, "quantisation": "uint8", "images_seen": 128, **of_these},
        "versions": {},
    }
    digests = {str(seen): recorded_digest(paths.snapshot(seen)) for seen in TIMES[1:]}
    figures = {
        "fid_classifier": 3.25,
        "fid_classifier_std": 0.125,
        "fid_classifier_floor": 0.5,
        "classes_covered": 3,
        "protocol": "0123abcd",
    }
    written = {
        paths.EVALUATE_PROTOCOL: protocol,
        paths.EVALUATE_METRICS: figures,
        paths.SNAPSHOT_METRICS: {"fid_classifier_floor": 0.5},
        paths.SNAPSHOT_PROTOCOL: {"generated": {DIGEST: digests}},
    }
    for path, content in written.items():
        path.write_text(json.dumps(content))
    paths.SNAPSHOT_CURVE.write_text(
        "images_seen,kid_classifier,fid_classifier\n64,0.1,7.5\n128,0.05,4.5\n"
    )
    paths.TRAIN_CURVE.write_text(
        "step,images_seen,d_loss,g_loss,penalty,lr\n1,64,0.5,1.5,,0.1\n2,128,0.25,2.5,,0.1\n"
    )
    rows = "".join(f"{json.dumps(name)},0.{n + 1}\n" for n, name in enumerate(("cat", "dog")))
    paths.CLASS_SHARES.write_text(f"class,share\n{rows}")
