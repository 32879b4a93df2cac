"""The hash of code: what cannot change a result does not count, everything else does."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers.support import ROOT

from ganpipe.core.digest import NOTHING, canonical, code_digest

CODE = '''"""A module."""
import logging
from typing import TYPE_CHECKING
if TYPE_CHECKING:
    from pathlib import Path

log = logging.getLogger(__name__)
LEVEL = 0.2

class Net:
    """A network."""
    def forward(self, x, *, scale=1.0):
        """x -> 2 x."""
        # twice
        if x is None:
            raise ValueError(f"there is no x, but {scale}: {'name'}")
        log.info(f"forward {x}")
        return [x * 2 * scale, {**x, "a": None}, -1, f"step {x:03d}"]
'''


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("        # twice\n", ""),
        ("import logging\n", "import logging  # a remark\n\n\n"),
        ('"""A module."""', '"""Another text,\n\nof several lines."""'),
        ('"""x -> 2 x."""', '"""Other words."""'),
        ('    """A network."""\n', ""),
        ('        log.info(f"forward {x}")\n', ""),
        ('log.info(f"forward {x}")', 'log.warning("going %s", len(x))'),
        ("f\"there is no x, but {scale}: {'name'}\"", "f\"x {scale}{'other'} is missing\""),
        ("    from pathlib import Path\n", "    from os import PathLike\n    import abc\n"),
        ("[x * 2 * scale, ", "[\n            x * 2 * scale,\n            "),
        ("log = logging.getLogger(__name__)\n", ""),
    ],
)
def test_what_cannot_change_a_result_does_not_count(old: str, new: str) -> None:
    assert old in CODE
    assert canonical(CODE.replace(old, new)) == canonical(CODE)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("0.2", "0.3"),
        ("scale=1.0", "scale=1"),
        ("scale=1.0", "scale=True"),
        ("x * 2", "x + 2"),
        ("x * 2 * scale", "2 * x * scale"),
        ("-1", "1"),
        ('"a": None', '"b": None'),
        ('"a": None', '**x, "a": None'),
        ("{x:03d}", "{x:04d}"),
        ("step", "number"),
        ("x is None", "x is not None"),
        ("ValueError", "KeyError"),
        ("but {scale}", "but {x}"),
        ('log.info(f"forward {x}")', 'log.info(f"forward {next(x)}")'),
        ('log.info(f"forward {x}")', 'log.info(f"forward {(x := 2)}")'),
        ('log.info(f"forward {x}")', 'self.info(f"forward {x}")'),
        ("if TYPE_CHECKING:", "if LEVEL:"),
        ("class Net:", "class Net(list):"),
        ("        return", "        x = 1\n        return"),
        ("def forward", "async def forward"),
        ("def forward", "@property\n    def forward"),
    ],
)
def test_everything_else_counts(old: str, new: str) -> None:
    assert old in CODE
    assert canonical(CODE.replace(old, new, 1)) != canonical(CODE)


def test_the_form_is_the_same_in_every_version_of_python() -> None:
    """Written down here, so that another version that gives another form is noticed."""
    text = "def f(x, *, y=1.5):\n    return x.a[1:] + y"
    assert canonical(text) == (
        "Module(body=[FunctionDef(name='f' args=arguments(args=[arg(arg='x')] "
        "kwonlyargs=[arg(arg='y')] kw_defaults=[float:1.5]) body=[Return(value=BinOp(left="
        "Subscript(value=Attribute(value=Name(id='x') attr='a') slice=Slice(lower=int:1)) "
        "op=Add() right=Name(id='y')))])])"
    )


def test_a_file_that_does_nothing(tmp_path: Path) -> None:
    for text in ("", '"""A package."""\n', "# a remark\n", "import logging\n"):
        (tmp_path / "file.py").write_text(text)
        assert code_digest(tmp_path / "file.py") == NOTHING
    (tmp_path / "file.py").write_text("import math\n")
    assert code_digest(tmp_path / "file.py") != NOTHING


def test_every_file_of_the_project_has_a_form() -> None:
    for path in (ROOT / "src").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert canonical(f"# a remark\n{text}") == canonical(text)
