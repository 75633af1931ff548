"""The text of a CSV: its records, and where in it each cell is, as an editor counts (lines and characters, from 1).

Python's ``csv`` reads the cells and knows no columns; where somebody has to be told, the record is gone through again.
Called by ``tables``.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from station.config import Position

_WORDS: Final = (
    ("unexpected end of data", "a quote that nothing closes", 'write "" for a quote within quotes'),
    ("expected after", "text behind a closing quote", 'write "" for a quote within quotes'),
    ("field larger than", "a cell longer than 128 KiB", "is a quote missing its partner?"),
)
"""Of Python's own, ours."""


@dataclass(frozen=True, slots=True)
class Record:
    """A row of a CSV.

    Attributes:
        source: the file.
        line: of its beginning.
        cells: without the spaces around them; empty where it is no record.
        text: as written; more than one line where a cell in quotes has some.
        problem: what is wrong with it as a CSV, and what to write instead; empty: nothing.
    """

    source: str
    line: int
    cells: list[str]
    text: str
    problem: tuple[str, str] = ("", "")

    def position(self, place: int = 0) -> Position:
        """Where a cell is, counted from 0; the end of the record where it has fewer."""
        starts = list(_starts(self.text))
        offset = starts[place] if place < len(starts) else len(self.text.rstrip("\n"))
        before = self.text[:offset]
        column = offset - (before.rfind("\n") + 1) + 1
        return Position(self.source, self.line + before.count("\n"), column)

    @property
    def last(self) -> Position:
        """Where its last cell is."""
        return self.position(max(len(list(_starts(self.text))) - 1, 0))


def records(text: str, source: str) -> Iterator[Record]:
    """Each row with something in it. Lines end with CR, LF, or both."""
    lines = _Lines(text)
    reader = csv.reader(lines, strict=True)
    while True:
        lines.taken.clear()
        line = lines.count + 1
        cells: list[str] = []
        problem = ("", "")
        try:
            cells = [cell.strip() for cell in next(reader)]
        except StopIteration:
            return
        except csv.Error as error:
            problem = _worded(str(error))
        if problem[0] or any(cells):
            yield Record(source, line, cells, "".join(lines.taken), problem)


def lines_before(text: str) -> tuple[int, int]:
    """Line and column of what stands behind a text."""
    unified = text.replace("\r\n", "\n").replace("\r", "\n")
    return unified.count("\n") + 1, len(unified) - (unified.rfind("\n") + 1) + 1


def _worded(said: str) -> tuple[str, str]:
    known = ((message, hint) for part, message, hint in _WORDS if part in said)
    return next(known, (f"no CSV: {said}", ""))


class _Lines:
    """The lines of a text, and those that were taken for the record at hand."""

    def __init__(self, text: str) -> None:
        self._lines = io.StringIO(text, newline=None)
        self.taken: list[str] = []
        self.count = 0

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self.taken.append(line)
        self.count += 1
        return line


def _starts(text: str) -> Iterator[int]:
    """Where each cell of a record begins: behind the spaces, at the quote where there is one."""
    end = len(text.rstrip("\n"))
    here = 0
    while True:
        quoted = text.startswith('"', here)
        comma = _end_of_quotes(text, here + 1) if quoted else here
        comma = text.find(",", comma, end)
        stop = end if comma < 0 else comma
        inner = text[here:stop]
        # Of an empty cell: where it would be written.
        yield here + (len(inner) - len(inner.lstrip()) if inner.strip() else 0)
        if comma < 0:
            return
        here = comma + 1


def _end_of_quotes(text: str, here: int) -> int:
    """Behind the quote that closes a cell; the end of the text where none does."""
    while True:
        quote = text.find('"', here)
        if quote < 0:
            return len(text)
        if not text.startswith('"', quote + 1):
            return quote + 1
        here = quote + 2
