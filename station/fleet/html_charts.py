"""Charts as inline SVG: numbers in, text out. Colours are variables of the page's style, so that they follow its theme.

A chart carries its points in ``data-`` attributes for the page's small script, which shows the values under the
pointer; without scripts it is complete but for that. Called by ``html_page`` only.
"""

from __future__ import annotations

import json
import math
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

WIDTH: Final = 640
HEIGHT: Final = 230
LEFT: Final = 56
RIGHT: Final = 12
TOP: Final = 12
BOTTOM: Final = 26
_INNER_W: Final = WIDTH - LEFT - RIGHT
_INNER_H: Final = HEIGHT - TOP - BOTTOM
_TICKS: Final = 4
_CLOCK: Final = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 21_600, 43_200, 86_400)

Shown = Callable[[float], str]


@dataclass(frozen=True, slots=True)
class Series:
    """A line of a chart.

    Attributes:
        colour: number of a colour of the page, from 1.
        area: filled down to the bottom.
    """

    name: str
    values: Sequence[float]
    colour: int
    area: bool = False


@dataclass(frozen=True, slots=True)
class Axis:
    """How numbers along an axis are shown.

    Attributes:
        log: by powers of ten.
        clock: seconds of a run: ticks at whole minutes rather than at hundreds of seconds.
        whole: of things: no ticks between one and the next.
    """

    shown: Shown
    log: bool = False
    clock: bool = False
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Notes:
    """What else there is along the x axis: moments with a word, stretches of time, a limit on the y axis."""

    marks: Sequence[tuple[float, str]] = ()
    bands: Sequence[tuple[float, float]] = ()
    limit: float | None = None


class _Scale:
    """Values to pixels."""

    def __init__(
        self, low: float, high: float, pixels: tuple[float, float], *, log: bool = False, whole: bool = False
    ) -> None:
        self.low, self.high, self._log, self._whole = low, high, log, whole
        self._from, self._to = pixels

    def __call__(self, value: float) -> float:
        value = min(self.high, max(self.low, value))
        if self._log:
            share = (math.log10(value) - math.log10(self.low)) / (math.log10(self.high) - math.log10(self.low))
        else:
            share = (value - self.low) / (self.high - self.low)
        return round(self._from + share * (self._to - self._from), 1)

    def ticks(self, *, clock: bool = False) -> list[float]:
        """Round values along it."""
        if self._log:
            first, last = round(math.log10(self.low)), round(math.log10(self.high))
            return [10.0**power for power in range(first, last + 1)]
        rough = (self.high - self.low) / _TICKS
        step = next((each for each in _CLOCK if each >= rough), 0.0) if clock else 0.0
        step = step or max(_round_step(rough), float(self._whole))
        begin, end = math.ceil(self.low / step - 1e-9), int(self.high / step + 1e-9)
        return [step * place for place in range(begin, end + 1)]


def lines(xs: Sequence[float], series: Sequence[Series], x: Axis, y: Axis, notes: Notes | None = None) -> str:
    """Lines over a common x axis; ``xs`` rise. Without points: a sentence that says so."""
    notes = Notes() if notes is None else notes
    if not xs or not any(each.values for each in series):
        return '<p class="none">nothing to show</p>'
    x_scale = _Scale(min(0.0, xs[0]), max(xs[-1], 1e-3), (LEFT, WIDTH - RIGHT))
    y_scale = _y_scale([value for each in series for value in each.values], y)
    parts = [_bands(notes.bands, x_scale), *_grid(x_scale, y_scale, x, y), _limit(notes.limit, y_scale)]
    parts += [_line(xs, each, x_scale, y_scale) for each in series]
    parts += [_mark(at, text, x_scale) for at, text in notes.marks]
    return _svg("".join(parts), xs, series, x, y) + legend(series)


def bars(edges: Sequence[float], counts: Sequence[int], x: Axis, colour: int = 1) -> str:
    """How values are spread: ``edges`` (rising, one more than there are counts), on a logarithmic x axis."""
    if not counts or not max(counts):
        return '<p class="none">nothing to show</p>'
    x_scale = _Scale(edges[0], edges[-1], (LEFT, WIDTH - RIGHT), log=True)
    y = Axis(count, whole=True)
    y_scale = _y_scale([float(each) for each in counts], y)
    parts = list(_grid(x_scale, y_scale, x, y))
    base = y_scale(0.0)
    for begin, end, each in zip(edges, edges[1:], counts, strict=False):
        if each:
            left, right, top = x_scale(begin), x_scale(end), y_scale(each)
            words = escape(f"{x.shown(begin)} to {x.shown(end)}: {each}")
            parts.append(
                f'<rect class="fill{colour}" x="{left}" y="{top}" width="{max(1.0, right - left - 1):.1f}" '
                f'height="{max(1.0, base - top):.1f}"><title>{words}</title></rect>'
            )
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img">{"".join(parts)}</svg>'


def spread(points: Sequence[tuple[float, int]]) -> tuple[list[float], list[int]]:
    """Values with their counts as edges and bars on a logarithmic axis, ten to a power of ten."""
    if not points:
        return [], []
    first = math.floor(math.log10(max(1e-6, points[0][0])))
    last = math.ceil(math.log10(max(1e-6, points[-1][0])) + 1e-9)
    edges = [10 ** (first + place / 10) for place in range((max(last, first + 1) - first) * 10 + 1)]
    counts = [0] * (len(edges) - 1)
    for value, how_many in points:
        place = min(len(counts) - 1, max(0, bisect_left(edges, value) - 1))
        counts[place] += how_many
    return edges, counts


def legend(series: Sequence[Series]) -> str:
    """The names of the lines."""
    names = "".join(f'<span><i class="dot{each.colour}"></i>{escape(each.name)}</span>' for each in series)
    return f'<div class="legend">{names}</div>'


def count(value: float) -> str:
    """``950``, ``12k``, ``1.2M``."""
    for size, letter in ((1e6, "M"), (1e4, "k")):
        if value >= size:
            return f"{value / (1e6 if letter == 'M' else 1e3):.3g}{letter}"
    return f"{value:.3g}" if value < 1000 else f"{value:.0f}"


def _y_scale(values: Sequence[float], y: Axis) -> _Scale:
    pixels = (HEIGHT - BOTTOM, TOP)
    if y.log:
        real = [value for value in values if value > 0] or [1e-3]
        least, most = math.floor(math.log10(min(real))), math.ceil(math.log10(max(real)) + 1e-9)
        return _Scale(10.0**least, 10.0 ** max(most, least + 1), pixels, log=True)
    high = max(values) or 1.0
    step = max(_round_step(high / _TICKS), float(y.whole))
    return _Scale(0.0, step * math.ceil(high / step - 1e-9), pixels, whole=y.whole)


def _round_step(rough: float) -> float:
    power = 10.0 ** math.floor(math.log10(rough)) if rough > 0 else 1.0
    return next(power * step for step in (1, 2, 5, 10) if power * step >= rough * 0.999)


def _grid(x_scale: _Scale, y_scale: _Scale, x: Axis, y: Axis) -> Iterator[str]:
    for value in y_scale.ticks():
        at = y_scale(value)
        yield f'<path class="grid" d="M{LEFT} {at}H{WIDTH - RIGHT}"/>'
        yield f'<text x="{LEFT - 6}" y="{at + 4}" text-anchor="end">{escape(y.shown(value))}</text>'
    for value in x_scale.ticks(clock=x.clock):
        at = x_scale(value)
        anchor = "end" if at > WIDTH - RIGHT - 20 else "middle"
        yield f'<text x="{at}" y="{HEIGHT - 8}" text-anchor="{anchor}">{escape(x.shown(value))}</text>'


def _bands(bands: Sequence[tuple[float, float]], x_scale: _Scale) -> str:
    return "".join(
        f'<rect class="band" x="{x_scale(begin)}" y="{TOP}" width="{max(1.0, x_scale(end) - x_scale(begin)):.1f}" '
        f'height="{_INNER_H}"/>'
        for begin, end in bands
    )


def _limit(limit: float | None, y_scale: _Scale) -> str:
    if limit is None or not y_scale.low <= limit <= y_scale.high:
        return ""
    return f'<path class="limit" d="M{LEFT} {y_scale(limit)}H{WIDTH - RIGHT}"/>'


def _line(xs: Sequence[float], series: Series, x_scale: _Scale, y_scale: _Scale) -> str:
    points = [f"{x_scale(at)} {y_scale(value)}" for at, value in zip(xs, series.values, strict=True)]
    path = "M" + "L".join(points)
    filled = ""
    if series.area:
        bottom = y_scale(y_scale.low)
        closed = f"{path}L{x_scale(xs[-1])} {bottom}L{x_scale(xs[0])} {bottom}Z"
        filled = f'<path class="area{series.colour}" d="{closed}"/>'
    return f'{filled}<path class="line{series.colour}" d="{path}"/>'


def _mark(at: float, text: str, x_scale: _Scale) -> str:
    x = x_scale(at)
    words = escape(text)
    return f'<g><path class="mark" d="M{x} {TOP}V{HEIGHT - BOTTOM}"/><title>{words}</title></g>'


def _svg(inner: str, xs: Sequence[float], series: Sequence[Series], x: Axis, y: Axis) -> str:
    held = {
        "x": [round(at, 3) for at in xs],
        "at": [x.shown(at) for at in xs],
        "names": [each.name for each in series],
        "shown": [[y.shown(value) for value in each.values] for each in series],
    }
    data = escape(json.dumps(held, ensure_ascii=True, separators=(",", ":")))
    box = f"0 0 {WIDTH} {HEIGHT}"
    return (
        f'<svg viewBox="{box}" role="img" data-left="{LEFT}" data-width="{_INNER_W}" data-points="{data}">{inner}'
        f'<path class="cursor" d="M0 {TOP}V{HEIGHT - BOTTOM}" visibility="hidden"/></svg>'
    )
