"""The files of the folder ``web`` joined to one HTML document, which asks nothing of a network."""

from __future__ import annotations

import gzip
import json
import re
from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256
from importlib.resources import files
from typing import Any

WEB = files("ganpipe.export.page") / "web"
SCRIPTS = (  # in the order of what they need
    "bytes", "random", "points", "engine", "pictures", "choices",
    "samples", "path", "training", "translation", "main",
)  # fmt: skip


def fragment(name: str, **values: str) -> str:
    """The HTML file ``name``, each ``{{key}}`` replaced; a KeyError where one is not given."""
    return re.sub(r"\{\{(\w+)\}\}", lambda match: values[match[1]], _read(f"{name}.html"))


def document(
    *,
    title: str,
    about: str,
    highlights: str,
    missing: str,
    sections: str,
    footer: str,
    carried: str,
) -> str:
    """The whole page. ``carried`` holds the elements of data that its program reads.

    A policy allows the program and the styles of the page by their hashes, what the program makes
    itself, and no request at all.
    """
    style, script = _read("page.css"), joined_scripts()
    policy = (
        f"default-src 'none'; script-src {_hash(script)} 'wasm-unsafe-eval' blob:; "
        f"style-src {_hash(style)}; img-src data: blob:; form-action 'none'; base-uri 'none'"
    )
    return fragment(
        "page",
        policy=policy,
        title=title,
        style=style,
        about=about,
        highlights=highlights,
        missing=missing,
        sections=sections,
        footer=footer,
        carried=carried,
        script=script,
    )


def joined_scripts() -> str:
    """The modules as one: without their imports of each other, which are all by name, and without
    exports, which nothing imports then."""
    texts = [_read(f"{name}.js") for name in SCRIPTS]
    text = "\n".join(re.sub(r"^import [^;]*;\n", "", each, flags=re.MULTILINE) for each in texts)
    return re.sub(r"^export ", "", text, flags=re.MULTILINE)


def carried_bytes(element: str, data: bytes) -> str:
    """An element with gzipped bytes as base64."""
    coded = b64encode(gzip.compress(data, compresslevel=6, mtime=0)).decode()
    return f'<script type="text/plain" id="{element}">{coded}</script>\n'


def carried_json(element: str, content: Mapping[str, Any]) -> str:
    """An element with JSON, in which no letter can end the element."""
    text = json.dumps(content, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")
    return f'<script type="application/json" id="{element}">{text}</script>\n'


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


def _read(name: str) -> str:
    return (WEB / name).read_text(encoding="utf-8")
