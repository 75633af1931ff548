"""The table of a fleet's figures, and lines, in so many columns of a window: names and words give way, numbers do not.

Pure; called by ``station.cli.fleet_screen``.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Final

HEAD: Final = ("name", "count", "rate", "p50", "p95", "p99", "max", "errors")
WIDE: Final = 100_000
"""Columns of a pipe."""

_GIVES_WAY: Final = ("max", "p50", "p99", "rate", "p95", "count", "errors")
"""What is left out first where not all columns fit."""
_WIDTHS: Final = (20, 8, 8, 9, 9, 9, 9, 8)
_NARROW: Final = (12, 7, 7, 8, 8, 8, 8, 8)
_NAME: Final = 12
"""So much of a name stays as long as a column can be left out."""
_GAP: Final = "   "
_INDENT: Final = "   "


class Table:
    """Rows below a head, in columns that are as wide as what is in them needs.

    Where the window is narrow, names are cut, then columns are left out; what a call failed of is told on a line of its
    own where it does not fit beside the row.

    Args:
        width: of the window.
        rows: cells of each row, and the causes of its errors.
    """

    def __init__(self, width: int, rows: Sequence[tuple[Sequence[str], str]]) -> None:
        self._width = width
        self._rows = rows
        columns = zip(HEAD, *(cells for cells, _ in rows), strict=True)
        # Between two columns there is a blank at least.
        self._needed = [max(map(len, column)) + (column[0] != HEAD[0]) for column in columns]
        self._shown = list(range(len(HEAD)))
        self._widths = self._fitting(_WIDTHS)
        if self._taken > width:
            self._squeeze(_NARROW)
        if self._taken > width:
            self._leave_out()

    def _fitting(self, least: Sequence[int]) -> list[int]:
        return [max(pair) for pair in zip(least, self._needed, strict=True)]

    def _squeeze(self, least: Sequence[int]) -> None:
        self._widths = self._fitting(least)
        self._widths[0] = max(_NAME, self._widths[0] - max(0, self._taken - self._width))

    def _leave_out(self) -> None:
        self._squeeze((_NAME, *self._needed[1:]))
        for name in _GIVES_WAY[:-1]:
            if self._taken <= self._width:
                break
            self._shown.remove(HEAD.index(name))
        # What is left over the name has; and less than it wants where even that is not enough.
        others = self._taken - self._widths[0]
        self._widths[0] = max(1, min(max(_NAME, self._needed[0]), self._width - others))

    @property
    def _taken(self) -> int:
        return 1 + sum(self._widths[place] for place in self._shown)

    def lines(self) -> list[list[str]]:
        """Those of the head and of each row."""
        return [[self._line(HEAD)], *(self._row(cells, words) for cells, words in self._rows)]

    def _row(self, cells: Sequence[str], words: str) -> list[str]:
        line = self._line(cells)
        if not words:
            return [line]
        if len(line) + 1 + len(words) <= self._width:
            return [f"{line} {words}"]
        return [line, *folded(f"   ! {words}", self._width)]

    def _line(self, cells: Sequence[str]) -> str:
        name, longest = cells[0], self._widths[0]
        if len(name) > longest:
            name = name[: longest - 1] + "…"
        rest = "".join(f"{cells[place]:>{self._widths[place]}}" for place in self._shown[1:])
        return f" {name:<{longest}}{rest}".rstrip()


def folded(line: str, width: int) -> list[str]:
    """A line, or as many as it takes, broken between words."""
    if len(line) <= width:
        return [line]
    return textwrap.wrap(line, max(width, 2 * len(_INDENT)), subsequent_indent=_INDENT, break_on_hyphens=False)


def side_by_side(parts: Sequence[str], width: int = WIDE) -> list[str]:
    """Parts on as many lines as they take."""
    lines: list[str] = []
    for part in parts:
        if lines and len(lines[-1]) + len(_GAP) + len(part) <= width:
            lines[-1] += _GAP + part
        else:
            lines += folded(f" {part}", width)
    return lines
