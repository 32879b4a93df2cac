"""The place of the user's own images, as params.yaml names it."""

from __future__ import annotations

import logging
from pathlib import Path

from ganpipe.core.errors import GanpipeError

log = logging.getLogger(__name__)


def check_source(path: Path, field: str) -> None:
    """Raise GanpipeError unless there is a folder or an archive at ``path``, which the parameter
    ``field`` names."""
    if path.exists():
        return
    if tracked := _tracked_by(path):
        raise GanpipeError(
            f"{field} is '{path}', which {tracked} tracks and which is not here; "
            "`dvc checkout` brings it or, from a remote, `dvc pull`"
        )
    raise GanpipeError(
        f"{field}: there is no '{path}'; name a folder or an archive that exists, by "
        "its absolute path where the experiment is queued or --temp (it sees only what git or DVC "
        "tracks)"
    )


def expect_source(path: Path, field: str) -> None:
    """As :func:`check_source`, but no more than a warning about what DVC tracks: with the option
    --pull it comes before a stage needs it."""
    tracked = _tracked_by(path)
    if tracked is None:
        check_source(path, field)
    elif not path.exists():
        log.warning(
            f"{field} is '{path}', which {tracked} tracks and which is not here; "
            "`dvc checkout` brings it or, from a remote, `dvc pull` or the option --pull"
        )


def _tracked_by(path: Path) -> Path | None:
    """The .dvc file of ``path``, or of a folder that it lies in; None where there is none."""
    names = (Path(f"{place}.dvc") for place in (path, *path.parents))
    return next(filter(Path.is_file, names), None)
