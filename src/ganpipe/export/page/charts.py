"""Charts as SVG that needs no program: curves and bars."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

WIDTH, HEIGHT = 480, 260
LEFT, RIGHT, TOP, BOTTOM = 52, 16, 28, 34  # margins of the plot
POINTS = 300  # of a curve; of more, the means of neighbours are drawn
DOTTED = 30  # points of a curve, at most, that are marked
BAR = 20  # pixels from one bar to the next
NAMES = 130  # pixels for the names of bars

Curve = Sequence[tuple[float, float]]


def curves(
    title: str,
    x_label: str,
    lines: Mapping[str, Curve],
    *,
    floor: float | None = None,
    cursor: str = "",
) -> str:
    """A figure of at most four named curves and a dashed line at ``floor``; both axes hold 0.

    There is a vertical line at 0 where a ``cursor``, its id, is given.
    """
    points = [point for line in lines.values() for point in line]
    xs, ys = [x for x, _ in points], [y for _, y in points]
    if floor is not None:
        ys.append(floor)
    x_ticks, y_ticks = ticks(min(0.0, *xs), max(xs)), ticks(min(0.0, *ys), max(0.0, *ys))
    low, high = min(y_ticks[0], min(ys)), max(y_ticks[-1], max(ys))
    start, end = min(0.0, *xs), max(xs)

    def place(x: float, y: float) -> str:
        share_x = (x - start) / ((end - start) or 1)
        share_y = (y - low) / ((high - low) or 1)
        across = LEFT + share_x * (WIDTH - LEFT - RIGHT)
        return f"{across:.1f},{HEIGHT - BOTTOM - share_y * (HEIGHT - TOP - BOTTOM):.1f}"

    parts = []
    for y in y_ticks:
        x0, y0 = place(start, y).split(",")
        parts.append(f'<path class="line" d="M{x0},{y0}H{WIDTH - RIGHT}"/>')
        parts.append(_text(LEFT - 6, float(y0) + 4, short(y), "end"))
    for x in x_ticks:
        if start <= x <= end:
            x0 = place(x, low).split(",")[0]
            parts.append(_text(float(x0), HEIGHT - BOTTOM + 16, short(x), "middle"))
    parts.append(f'<path class="axis" d="M{LEFT},{HEIGHT - BOTTOM}H{WIDTH - RIGHT}"/>')
    parts.append(_text(WIDTH - RIGHT, HEIGHT - 4, x_label, "end"))
    if floor is not None:
        y0 = place(start, floor).split(",")[1]
        parts.append(f'<path class="floor" d="M{LEFT},{y0}H{WIDTH - RIGHT}"/>')
        parts.append(_text(WIDTH - RIGHT, float(y0) - 4, f"floor {short(floor)}", "end"))
    across = float(LEFT)
    for number, (name, line) in enumerate(lines.items()):
        path = " ".join(place(x, y) for x, y in thinned(line))
        parts.append(f'<polyline class="curve c{number}" points="{path}"/>')
        if len(line) <= DOTTED:
            dots = "".join(f"M{place(x, y)}h0" for x, y in line)
            parts.append(f'<path class="dots c{number}" d="{dots}"/>')
        if len(lines) > 1:
            parts.append(_text(across, TOP - 12, name, "start", f"n{number}"))
            across += 7 * len(name) + 18
    if cursor:
        parts.append(f'<path id="{cursor}" class="cursor" d="M{LEFT},{TOP}V{HEIGHT - BOTTOM}"/>')
    summary = "; ".join(
        f"{name} goes from {short(line[0][1])} to {short(line[-1][1])}"
        for name, line in lines.items()
    )
    return _figure(title, summary, WIDTH, HEIGHT, parts)


def bars(title: str, values: Mapping[str, float], unit: str) -> str:
    """A figure of one bar for each name; values are shares of 1, shown in ``unit`` per cent."""
    longest = max(values.values(), default=0) or 1
    room = WIDTH - NAMES - 56
    parts = []
    for number, (name, value) in enumerate(values.items()):
        y = number * BAR
        shown = name if len(name) <= 20 else f"{name[:19]}…"
        parts.append(_text(NAMES - 8, y + 14, shown, "end"))
        width = value / longest * room
        parts.append(
            f'<rect class="bar" x="{NAMES}" y="{y + 3}" width="{width:.1f}" height="{BAR - 6}" '
            'rx="2"/>'
        )
        parts.append(_text(NAMES + width + 6, y + 14, f"{100 * value:.1f} {unit}", "start"))
    summary = ", ".join(f"{name} {100 * value:.1f} {unit}" for name, value in values.items())
    return _figure(title, summary, WIDTH, max(1, len(values)) * BAR, parts)


def cursor_shift(x: float, end: float) -> float:
    """How far right of 0 the value ``x`` of an axis from 0 to ``end`` is drawn."""
    return round(x / end * (WIDTH - LEFT - RIGHT), 1)


def ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Round numbers from ``low`` to ``high``, about so many, ends included where they are round."""
    span = (high - low) or abs(high) or 1.0
    rough = span / about
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [number * step for number in range(first, max(last, first + 1) + 1)]


def thinned(line: Curve) -> Curve:
    """At most POINTS points: means of as many neighbours each."""
    size = -(-len(line) // POINTS)
    groups = [line[start : start + size] for start in range(0, len(line), size)]
    return [(sum(x for x, _ in g) / len(g), sum(y for _, y in g) / len(g)) for g in groups]


def short(value: float) -> str:
    """A number in few letters: 60k, 1.25, 0.003."""
    for factor, letter in ((1e6, "M"), (1e3, "k")):
        if abs(value) >= factor:
            return f"{value / factor:.4g}{letter}"
    return f"{value:.3g}" if value else "0"


def _text(x: float, y: float, words: str, anchor: str, kind: str = "") -> str:
    style = f' class="{kind}"' if kind else ""
    return f'<text{style} x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'


def _figure(title: str, summary: str, width: int, height: int, parts: Sequence[str]) -> str:
    label = escape(f"{title}. {summary}")
    return (
        f'<figure><h3>{escape(title)}</h3><svg class="chart" role="img" aria-label="{label}" '
        f'viewBox="0 0 {width} {height}">{"".join(parts)}</svg></figure>'
    )
