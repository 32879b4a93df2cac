"""The training curve, metrics/train.csv, and the progress bar."""

from __future__ import annotations

import csv
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from tqdm import tqdm

from ganpipe.core.errors import GanpipeError

log = logging.getLogger(__name__)

IN_BAR = 4  # the first so many logged values are shown in the bar


class Journal:
    """Averages what the losses log and writes a row every ``every`` steps.

    Between two rows nothing is read back from the device, so that logging does not slow a GPU; the
    number of the first step with a loss that is not finite is kept on the device until then.
    """

    def __init__(
        self, path: Path, *, logged: Sequence[str], every: int, total: int, model_name: str
    ) -> None:
        self.path = path
        self.columns = ("step", "images_seen", *logged, "lr")
        self.shown = tuple(logged)[:IN_BAR]
        self.every = every
        self.model_name = model_name
        self.last: dict[str, Any] = {}
        self._sums: dict[str, Tensor] = {}
        self._counts: dict[str, int] = {}  # steps that logged a name since the last row
        self._count = 0
        self._bad_step: Tensor | None = None
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8", newline="") as target:
            csv.writer(target, lineterminator="\n").writerow(self.columns)
        self.bar = tqdm(total=total, unit="step", disable=None, dynamic_ncols=True)

    def state_dict(self) -> dict[str, Any]:
        """The rows written so far and the sums for the next one."""
        return {
            "rows": self.path.read_text(encoding="utf-8"),
            "last": self.last,
            "sums": self._sums,
            "counts": self._counts,
            "count": self._count,
            "bad_step": self._bad_step,
        }

    def load_state_dict(self, content: dict[str, Any], step: int, device: torch.device) -> None:
        """Continue after ``step`` from what :func:`state_dict` returned."""
        with self.path.open("w", encoding="utf-8", newline="") as target:
            target.write(content["rows"])
        self.last, self._count = content["last"], content["count"]
        self._counts = dict(content["counts"])
        self._sums = {name: value.to(device) for name, value in content["sums"].items()}
        bad_step = content["bad_step"]
        self._bad_step = None if bad_step is None else bad_step.to(device)
        self.bar.update(step)

    def check(self) -> None:
        """Raise GanpipeError if a loss was not finite since the last row."""
        if self._bad_step is not None and (bad_step := int(self._bad_step)):
            raise GanpipeError(
                f"the loss of model '{self.model_name}' is not finite since step {bad_step}; "
                "lower optimizer.lr, train with precision: fp32, or choose a steadier loss"
            )

    def add(
        self, step: int, parts: dict[str, Tensor], *, images_seen: int, lr: float
    ) -> dict[str, Any] | None:
        """Log step number ``step`` (from 1); returns the new row if one was written.

        Raises GanpipeError once a loss is not finite.
        """
        for name, value in parts.items():
            self._sums[name] = self._sums[name] + value if name in self._sums else value.clone()
            self._counts[name] = self._counts.get(name, 0) + 1
        self._count += 1
        finite = torch.stack(list(parts.values())).isfinite().all()
        bad, known = torch.where(finite, 0, step), self._bad_step
        self._bad_step = bad if known is None else torch.where(known > 0, known, bad)
        self.bar.update()
        if self._count == self.every or step == self.bar.total:
            self._write(step, images_seen, lr)
            return self.last
        return None

    def _write(self, step: int, images_seen: int, lr: float) -> None:
        self.check()
        means = {name: float(value) / self._counts[name] for name, value in self._sums.items()}
        self._sums, self._counts, self._count, self._bad_step = {}, {}, 0, None
        self.last = {"step": step, "images_seen": images_seen, **means, "lr": lr}
        row = [self.last.get(name, "") for name in self.columns]  # blank: not logged
        with self.path.open("a", encoding="utf-8", newline="") as target:
            csv.writer(target, lineterminator="\n").writerow(
                [f"{value:.6g}" if isinstance(value, float) else value for value in row]
            )
        self.bar.set_postfix(self._figures())

    def epoch(self, number: int, of: int, images_per_second: float) -> None:
        """Report a finished epoch: in the bar, or as a line if there is no terminal."""
        self.bar.set_description(f"epoch {number}/{of}, {images_per_second:.0f} images/s")
        if self.bar.disable:
            figures = "".join(f", {name} {value}" for name, value in self._figures().items())
            log.info(f"epoch {number}/{of}: {images_per_second:.0f} images/s{figures}")

    def _figures(self) -> dict[str, str]:
        """The values of the last row for display; none before the first row."""
        return {name: f"{self.last[name]:.3f}" for name in self.shown if name in self.last}

    def close(self) -> None:
        """Leave the bar as it stands."""
        self.bar.close()
