"""QR codes on a terminal, as lines of text. Pure: a matrix in, lines out; `station.cli.pair` makes the matrix.

A code has to be dark on light. Where the terminal has colours, it is drawn so; else the light fields are drawn, which
is right on the usual dark background.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

Matrix = Sequence[Sequence[int]]
"""Rows of fields, 1 is dark; the quiet zone is part of it."""

_BLACK_ON_WHITE: Final = "\x1b[30;107m"
_RESET: Final = "\x1b[0m"
_HALVES: Final = {(0, 0): " ", (1, 0): "▀", (0, 1): "▄", (1, 1): "█"}


def lines(matrix: Matrix, *, unicode: bool, colours: bool) -> Iterator[str]:
    """The code, one text a line.

    Args:
        unicode: whether half blocks can be printed, which halves the size; else two letters are a field.
        colours: whether escape sequences for colours are understood.
    """
    drawn = matrix if colours else [[1 - field for field in row] for row in matrix]
    start, end = (_BLACK_ON_WHITE, _RESET) if colours else ("", "")
    if not unicode:
        for row in drawn:
            yield start + "".join("##" if field else "  " for field in row) + end
        return
    empty = [0 if colours else 1] * len(drawn[0])
    for number in range(0, len(drawn), 2):
        below = drawn[number + 1] if number + 1 < len(drawn) else empty
        yield start + "".join(_HALVES[upper, lower] for upper, lower in zip(drawn[number], below, strict=True)) + end
