"""The figures of a run as a table, each with its spread, its floor, and what it says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, NamedTuple

BETTER = {"lower": "↓ lower", "higher": "↑ higher", "0.5": "0.5", "0": "0", "": ""}
WAY_BACK = "the way back"
BESIDE = ("_std", "_floor", "_unchanged", "_mean_image")  # shown with the figure they belong to


class Meaning(NamedTuple):
    """A kind of figure, in words."""

    name: str
    better: str  # of BETTER
    says: str


MEANINGS = {
    "fid": Meaning("FID", "lower", "distance of features from those of real images"),
    "fid_infinity": Meaning("FID∞", "lower", "FID extrapolated to infinitely many images"),
    "kid": Meaning("KID", "lower", "kernel distance, unbiased: about 0 for equal distributions"),
    "precision": Meaning("precision", "higher", "share of generated images that look real"),
    "recall": Meaning("recall", "higher", "share of real images that the generator could make"),
    "density": Meaning("density", "higher", "precision, robust to outliers; may exceed 1"),
    "coverage": Meaning("coverage", "higher", "recall, robust to outliers"),
    "inception_score": Meaning("Inception Score", "higher", "confident and varied predictions"),
    "score": Meaning("score", "higher", "confident and varied predictions"),
    "closer_than_test": Meaning(
        "closer than test", "0.5", "share nearer to a training image than half of the test images"
    ),
    "classes_covered": Meaning(
        "classes covered", "higher", "classes with at least a tenth of their training share"
    ),
    "class_kl": Meaning("KL of the classes", "0", "divergence of the class shares, in nats"),
    "class_fid": Meaning("FID by class", "lower", "mean over the classes that were asked for"),
    "class_accuracy": Meaning("class accuracy", "higher", "share that shows the class asked for"),
    "class_kept": Meaning(
        "class kept", "higher", "share of translations in the class of the truth"
    ),
    "modes_covered": Meaning(
        "modes covered", "higher", "modes, of 1000, that at least one generated image shows"
    ),
    "mode_kl": Meaning("KL of the modes", "0", "divergence of the modes' shares, in nats"),
    "mean_confidence": Meaning(
        "mean confidence", "higher", "mean probability of the predicted class"
    ),
    "l1": Meaning("L1", "lower", "mean difference from the truth, of a range of 1"),
    "chroma_l1": Meaning("chroma L1", "lower", "the same of colours alone"),
    "psnr": Meaning("PSNR", "higher", "peak signal-to-noise ratio against the truth, in dB"),
    "ssim": Meaning("SSIM", "higher", "structural similarity to the truth"),
    "cycle_l1": Meaning("cycle L1", "lower", "mean difference after the way there and back"),
}
EXTRACTORS = {
    "classifier": "classifier",
    "digits": "digits",
    "custom": "Inception, other weights",
    "bf16": "bf16",
}
QUALITY = ("fid", "class_accuracy", "l1", "ssim")  # kinds to begin with, two figures at most
VARIETY = ("classes_covered", "modes_covered", "mean_confidence")


def figures_table(figures: Mapping[str, Any]) -> str:
    """An HTML table of ``metrics/evaluate.json``; its protocol's hash is left to the caller."""
    rows = "".join(
        _row(name, value, figures)
        for name, value in figures.items()
        if isinstance(value, int | float) and not _is_beside(name, figures)
    )
    head = (
        '<thead><tr><th scope="col">figure</th><th scope="col" class="number">value</th>'
        '<th scope="col" class="number">floor</th><th scope="col">better</th>'
        '<th scope="col">what it says</th></tr></thead>'
    )
    region = 'class="scroll" role="region" aria-label="Figures" tabindex="0"'
    return f"<div {region}><table>{head}<tbody>{rows}</tbody></table></div>"


def highlights(figures: Mapping[str, Any]) -> str:
    """An HTML list of the few figures to begin with, each with its floor."""
    chosen = [*_of_kinds(QUALITY, figures)[:2], *_of_kinds(VARIETY, figures)]
    items = []
    for name in chosen:
        floor = _beside(name, "_floor", figures)
        small = "" if floor is None else f" <small>floor {shown(floor)}</small>"
        value = f"{shown(figures[name])}{small}"
        items.append(f"<div><dt>{escape(title(name))}</dt><dd>{value}</dd></div>")
    return f'<dl class="highlights">{"".join(items)}</dl>' if items else ""


def title(name: str) -> str:
    """A figure's name for people: its meaning's, with the extractor in brackets."""
    base, extras = _parts(name)
    words = MEANINGS[base].name if base in MEANINGS else base
    return f"{words} ({', '.join(extras)})" if extras else words


def shown(value: float) -> str:
    """A figure in four digits; whole numbers whole."""
    return str(value) if isinstance(value, int) else f"{value:.4g}"


def _parts(name: str) -> tuple[str, list[str]]:
    """The kind of a figure, and what its name adds: extractor, precision, direction."""
    extras: list[str] = []
    if name.endswith("_b_to_a"):
        name = name.removesuffix("_b_to_a")
        extras.append(WAY_BACK)
    for suffix, words in reversed(EXTRACTORS.items()):
        if name.endswith(f"_{suffix}"):
            name = name.removesuffix(f"_{suffix}")
            extras.insert(0, words)
    return name, extras


def _of_kinds(kinds: Sequence[str], figures: Mapping[str, Any]) -> list[str]:
    """The names of figures of these kinds but those of the way back, the plainest of a kind
    first."""
    found = [
        (kinds.index(kind), len(extras), name)
        for name in figures
        for kind, extras in [_parts(name)]
        if kind in kinds and WAY_BACK not in extras
    ]
    return [name for _, _, name in sorted(found)]


def _is_beside(name: str, figures: Mapping[str, Any]) -> bool:
    return any(_without(name, suffix) in figures for suffix in BESIDE if suffix in name)


def _without(name: str, suffix: str) -> str:
    return name.replace(suffix, "", 1)


def _row(name: str, value: float, figures: Mapping[str, Any]) -> str:
    base, _ = _parts(name)
    meaning = MEANINGS.get(base, Meaning(base, "", ""))
    spread, floor = _beside(name, "_std", figures), _beside(name, "_floor", figures)
    says = [meaning.says]
    for suffix, words in (
        ("_unchanged", "of the unchanged picture"),
        ("_mean_image", "of the mean image"),
    ):
        if (other := _beside(name, suffix, figures)) is not None:
            says.append(f"{words} {shown(other)}")
    cells = [
        f'<th scope="row">{escape(title(name))}</th>',
        f'<td class="number">{shown(value)}{f" ± {spread:.2g}" if spread is not None else ""}</td>',
        f'<td class="number">{"" if floor is None else shown(floor)}</td>',
        f'<td class="better">{BETTER[meaning.better]}</td>',
        f'<td class="says">{escape("; ".join(filter(None, says)))}</td>',
    ]
    return f"<tr>{''.join(cells)}</tr>"


def _beside(name: str, suffix: str, figures: Mapping[str, Any]) -> Any:
    """The value that belongs to a figure: its name has the suffix at the end or before what
    follows the kind."""
    return next(
        (
            figures[other]
            for other in figures
            if suffix in other and _without(other, suffix) == name
        ),
        None,
    )
