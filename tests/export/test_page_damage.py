"""Files that a page is made of, missing or damaged: a sentence that names the file."""

from __future__ import annotations

from pathlib import Path

import pytest

from ganpipe.core import paths
from ganpipe.core.errors import GanpipeError
from ganpipe.export.page.write import write_run_page
from ganpipe.params import load_params


@pytest.mark.usefixtures("copied")
@pytest.mark.parametrize(
    ("file", "content", "says"),
    [
        (paths.SNAPSHOT_CURVE, None, "is missing; the stage 'snapshots' writes it"),
        (paths.SNAPSHOT_CURVE, "seen,fid\n1,2\n", "is damaged .it has no 'images_seen'."),
        (paths.SNAPSHOT_CURVE, "images_seen,fid\n1,x\n", "is damaged .could not convert"),
        (paths.TRAIN_CURVE, "step,d_loss\n1,0.5\n2,0.25\n", "is damaged .it has no 'images_seen'."),
        (paths.CLASS_SHARES, "kind,share\ncat,1\n", "is damaged .it has no 'class'."),
        (paths.EVALUATE_METRICS, "{}", "is damaged .it has no 'protocol'."),
        (paths.CLOSEST, "cut", "is damaged .it is no image."),
    ],
)
def test_a_file_is_named(file: Path, content: str | None, says: str) -> None:
    if content is None:
        file.unlink()
    else:
        file.write_text(content)
    with pytest.raises(GanpipeError, match=f"^{file} {says}"):
        write_run_page(paths.PAGE, load_params().of_the_run())
    assert not paths.PAGE.exists()
