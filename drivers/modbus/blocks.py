"""Which registers are read together.

The fewest requests that a device and a line allow; among those the ones that carry the fewest registers. Registers
between two wanted ones come along and are ignored. Nothing here does I/O.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

Table = Literal["coil", "discrete", "input", "holding"]
BITS: frozenset[Table] = frozenset({"coil", "discrete"})


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Consecutive registers (or bits) of one table."""

    table: Table
    address: int
    count: int

    @property
    def end(self) -> int:
        """The first address behind it."""
        return self.address + self.count


def group(wanted: Iterable[Span], most: int) -> tuple[Span, ...]:
    """The requests that bring everything wanted, at most `most` registers each (a single value is never cut)."""
    found: list[Span] = []
    by_table: dict[Table, list[Span]] = {}
    for span in sorted(set(wanted)):
        by_table.setdefault(span.table, []).append(span)
    for spans in by_table.values():
        found.extend(_fewest(spans, most))
    return tuple(found)


def finer(wanted: Iterable[Span], refused: Span) -> tuple[Span, ...]:
    """What a block that a device refuses is made of: without the gaps, else value by value; nothing if it is one value.

    Some devices do not read across registers that they have not, some have not all that their relatives have.
    """
    inside = sorted(
        {
            span
            for span in wanted
            if span.table == refused.table and refused.address <= span.address and span.end <= refused.end
        }
    )
    parts: list[Span] = []
    for span in inside:
        if parts and span.address <= parts[-1].end:
            first = parts[-1]
            parts[-1] = Span(first.table, first.address, max(first.end, span.end) - first.address)
        else:
            parts.append(span)
    if parts != [refused]:
        return tuple(parts)
    return tuple(span for span in inside if span != refused)


def _fewest(spans: Sequence[Span], most: int) -> list[Span]:
    """Spans of one table in order of address; the best cut into blocks, found from behind."""
    best: list[tuple[int, int, list[Span]]] = [(0, 0, [])]
    for first in range(len(spans) - 1, -1, -1):
        choices = []
        end = spans[first].end
        for last in range(first, len(spans)):
            end = max(end, spans[last].end)
            size = end - spans[first].address
            if size > most and last > first:
                break
            blocks, total, rest = best[len(spans) - 1 - last]
            choices.append((blocks + 1, total + size, [Span(spans[first].table, spans[first].address, size), *rest]))
        best.append(min(choices, key=lambda choice: choice[:2]))
    return best[-1][2]
