"""Hash Python code by what it does: comments, docstrings and messages for people do not count.

The hash is taken of the syntax tree, in a form that does not depend on the version of Python:
fields that are empty are left out, and so are positions.
"""

from __future__ import annotations

import ast
from hashlib import sha256
from pathlib import Path
from typing import Any

IGNORED = {"ctx", "kind", "type_comment", "type_ignores"}  # follow from the rest, or say nothing
NOTHING = "nothing"  # the hash of a file that does nothing
LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}


def code_digest(path: Path) -> str:
    """The hash of a file of Python code; NOTHING where it holds no more than a docstring."""
    form = canonical(path.read_text(encoding="utf-8"))
    return sha256(form.encode()).hexdigest() if form != "Module()" else NOTHING


def canonical(text: str) -> str:
    """Python code as one line that holds everything which can change a result."""
    return _form(ast.parse(text), messages=False)


def _form(value: Any, *, messages: bool) -> str:
    """``value``, a node, a field or a list of them, as text; without strings in ``messages``."""
    match value:
        case list():
            items = [_form(item, messages=messages) for item in _counting(value)]
            return f"[{' '.join(items)}]" if items else ""
        case ast.Raise(exc=ast.Call() as call):
            parts = [_form(call.func, messages=False)]
            parts += [_form(each, messages=True) for each in (call.args, call.keywords)]
            parts.append(_form(value.cause, messages=False))
            return f"Raise({' '.join(parts)})"
        case ast.Constant(value=str()) if messages:
            return "JoinedStr()"
        case ast.JoinedStr() if messages:
            inner = [each for each in value.values if not isinstance(each, ast.Constant)]
            return f"JoinedStr({' '.join(_form(each, messages=True) for each in inner)})"
        case ast.Constant():
            return f"{type(value.value).__name__}:{value.value!r}"
        case ast.AST():
            forms = {
                name: _form(field, messages=messages)
                for name, field in ast.iter_fields(value)
                if name not in IGNORED and field is not None
            }
            fields = [f"{name}={form}" for name, form in forms.items() if form]
            return f"{type(value).__name__}({' '.join(fields)})"
        case _:
            return repr(value)


def _counting(items: list[Any]) -> list[Any]:
    """The items of a list without the statements that change no result."""
    kept: list[Any] = []
    for item in items:
        if is_for_types(item):
            kept += _counting(item.orelse)
        elif not _is_said(item):
            kept.append(item)
    return kept


def is_for_types(node: ast.AST) -> bool:
    """Whether a node is ``if TYPE_CHECKING:``, whose body never runs."""
    test = node.test if isinstance(node, ast.If) else None
    return isinstance(test, ast.Name) and test.id == "TYPE_CHECKING"


def _is_said(node: Any) -> bool:
    """Whether a statement is a docstring or belongs to the log: it says something and does nothing.

    A message that assigns a name or draws from a stream, ``next``, would do something: it counts.
    """
    match node:
        case ast.Expr(value=ast.Constant(value=str())):
            return True
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id="log"), attr=level))):
            return level in LEVELS and not any(map(_acts, ast.walk(node)))
        case ast.Import(names=[ast.alias(name="logging", asname=None)]):
            return True
        case ast.Assign(targets=[ast.Name(id="log")]):
            return ast.unparse(node.value) == "logging.getLogger(__name__)"
    return False


def _acts(node: ast.AST) -> bool:
    is_next = isinstance(node, ast.Call) and getattr(node.func, "id", "") == "next"
    return is_next or isinstance(node, ast.NamedExpr | ast.Await | ast.Yield | ast.YieldFrom)
