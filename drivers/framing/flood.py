"""Keeps a reader that is broken, or held by somebody with a random generator, from flooding its host with cards."""

from __future__ import annotations

from collections.abc import Iterable

from drivers.api import Card

A_POLL = 4
A_SECOND = 10


class Flood:
    """Lets at most four cards a poll and ten different ones a second through; the rest is dropped."""

    __slots__ = ("_begun_s", "_seen")

    def __init__(self) -> None:
        self._begun_s = 0.0
        self._seen: set[tuple[bytes, str | None]] = set()

    def limit(self, cards: Iterable[Card], now_s: float) -> list[Card]:
        """The cards of one poll that get through, each once."""
        if now_s - self._begun_s >= 1.0:
            self._begun_s = now_s
            self._seen.clear()
        kept: dict[tuple[bytes, str | None], Card] = {}
        for card in cards:
            # A phone has another random UID at each poll and is still one phone.
            key = (b"random", None) if card.random else (card.uid, card.text)
            if len(kept) == A_POLL:
                break
            if key not in self._seen and len(self._seen) == A_SECOND:
                continue
            self._seen.add(key)
            kept.setdefault(key, card)
        return list(kept.values())
