"""The stage `evaluate`: all metrics of one trained generator, and how they were measured."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any

from torch import Tensor

from ganpipe.core import paths
from ganpipe.evaluation.class_fid import CLASS_COLUMNS, table
from ganpipe.evaluation.classes import class_accuracy, confusion
from ganpipe.evaluation.closest import COLUMNS, closest_pairs
from ganpipe.evaluation.config import EvaluateConfig
from ganpipe.evaluation.evaluator import Measured, measure, warn_if_small
from ganpipe.evaluation.generated import (
    about_batch_norm,
    about_weights,
    generated,
    load_generators,
)
from ganpipe.evaluation.modes import mode_metrics
from ganpipe.evaluation.open import project_evaluator
from ganpipe.evaluation.protocol import about_generated, protocol, protocol_hash
from ganpipe.evaluation.selection import extractors_for
from ganpipe.evaluation.snapshots import best_snapshot
from ganpipe.evaluation.translation import about_translation, translation_metrics
from ganpipe.runtime.device import describe, pick_device, set_deterministic
from ganpipe.runtime.environment import note_drift
from ganpipe.runtime.memory import device_errors
from ganpipe.runtime.threads import share_out
from ganpipe.sampling.grids import save_grid
from ganpipe.sampling.pictures import most_images
from ganpipe.sampling.trained import Trained
from ganpipe.storage.csv import write_rows
from ganpipe.storage.files import write_json

PURPOSE = "evaluate"  # of the noise that the images are drawn from


def evaluate(config: EvaluateConfig, dataset: str) -> None:
    """Evaluate the chosen generator with every extractor, on the same images, and write figures,
    protocol, class tables and the picture of the closest pairs.

    Raises GanpipeError for missing weights or statistics.
    """
    set_deterministic(True)
    share_out()
    device = pick_device("auto")
    note_drift(describe(device))
    path, rule = _checkpoint(config)
    trained = next(load_generators([path], config.batch_norm, device))
    num = most_images(trained.sampler, config.num_generated)
    with ExitStack() as stack, device_errors("evaluate.batch_size", config.batch_size):
        evaluators = [
            stack.enter_context(
                project_evaluator(
                    config,
                    name,
                    device,
                    num=num,
                    max_features=config.max_features,
                    fid_infinity=config.fid_infinity,
                )
            )
            for name in extractors_for(config, dataset)
        ]
        for evaluator in evaluators:
            warn_if_small(num, evaluator.reference.gaussian.num)
        drawn = stack.enter_context(generated(trained, num, PURPOSE))
        measured = [measure(each, drawn.spool.pieces(), drawn.label) for each in evaluators]
        closest = closest_pairs(drawn.spool, measured[0].closest)
        translated = translation_metrics(
            path, trained, drawn.spool, evaluators=evaluators, measured=measured
        )
        modes = mode_metrics(evaluators, measured)
    classes = _class_tables(measured, drawn.label, trained)
    record = protocol(
        about_generated(
            config,
            trained.provenance,
            num=num,
            conditional=trained.sampler.label is not None,
            rule=rule,
            device=device.type,
        )
        | about_weights(path)
        | about_batch_norm(config.batch_norm),
        {evaluator.extractor.name: evaluator.protocol() for evaluator in evaluators},
    )
    if translated:
        record |= {"translation": about_translation(path, trained.sampler, evaluators)}
    if modes.record:
        record |= {"modes": modes.record}
    more = class_accuracy(classes, config.precision) | translated | modes.metrics
    _write_metrics(measured, more, record)
    save_grid(paths.CLOSEST, closest, COLUMNS)


def _checkpoint(config: EvaluateConfig) -> tuple[Path, str]:
    """The weights that the parameters choose, and by which rule."""
    if config.checkpoint == "best":
        return best_snapshot()
    path = paths.GENERATOR if config.weights == "ema" else paths.GENERATOR_RAW
    return path, "end of training"


def _class_tables(
    measured: list[Measured], asked: Tensor | None, trained: Trained
) -> list[dict[str, str]]:
    """Write the shares of the classes, the FID of each, and for each image the class that was asked
    for beside the class that was seen; the rows of the last."""
    names = trained.sampler.domain.classes
    knows = next((each for each in measured if each.class_share), Measured({}))
    shares = (knows.class_share or {}).items()
    rows = [{"class": name, "share": share} for name, share in shares]
    write_rows(paths.CLASS_SHARES, ["class", "share"], rows)
    write_rows(paths.CLASS_FID, CLASS_COLUMNS, table(knows.class_fid, names))
    classes = confusion(asked, knows.predicted, names)
    write_rows(paths.CONFUSION, ["asked", "seen"], classes)
    return classes


def _write_metrics(
    measured: list[Measured], more: dict[str, float], record: dict[str, Any]
) -> None:
    """The metrics of all extractors, whose names differ, with the hash of the protocol; and the
    protocol, which would be fifty columns of `dvc metrics show`."""
    metrics = {name: value for each in measured for name, value in each.metrics.items()}
    write_json(paths.EVALUATE_PROTOCOL, record)
    write_json(paths.EVALUATE_METRICS, {**metrics, **more, "protocol": protocol_hash(record)})
