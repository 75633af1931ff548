"""Turns what a reader sees at each poll into presentations: one for each time a card is put there.

Pure; the time is told. ``drivers.pump`` uses it. A held card counts once, two cards side by side count once each,
and a card that was gone for ``gap_s`` counts again.
"""

from __future__ import annotations

from collections.abc import Iterable

from drivers.api import Card

UID_BYTES = range(1, 33)
TEXT_LENGTH = range(1, 256)

_Key = tuple[str, bytes, str | None]


class Presence:
    """The cards in front of one reader."""

    __slots__ = ("_gone_since_s", "gap_s")

    def __init__(self, gap_s: float = 0.5) -> None:
        """Args: gap_s: how long a card must be gone before it counts again, in seconds, from 0."""
        self.gap_s = gap_s
        self._gone_since_s: dict[_Key, float | None] = {}

    def seen(self, cards: Iterable[Card], now_s: float) -> list[Card]:
        """Tell the outcome of one poll; returns the cards that were newly presented, in the order given.

        A card is gone from the first poll that does not see it, not from the last that did: a slow poll is no gap.
        Empty and overlong identities are dropped: what a reader sends is not to be trusted.
        """
        self._forget(now_s)
        fresh: list[Card] = []
        present: set[_Key] = set()
        for card in cards:
            if not plausible(card):
                continue
            key = _key(card)
            if key not in self._gone_since_s and key not in present:
                fresh.append(card)
            present.add(key)
        for key, gone_since_s in self._gone_since_s.items():
            if key not in present and gone_since_s is None:
                self._gone_since_s[key] = now_s
        for key in present:
            self._gone_since_s[key] = None
        return fresh

    def clear(self) -> None:
        """Forget all cards: the next sight of any of them is a presentation."""
        self._gone_since_s.clear()

    def _forget(self, now_s: float) -> None:
        gone = [
            key for key, since_s in self._gone_since_s.items() if since_s is not None and now_s - since_s >= self.gap_s
        ]
        for key in gone:
            del self._gone_since_s[key]


def _key(card: Card) -> _Key:
    # A random UID is another one at each poll: whatever is random on one technology is one and the same phone.
    return (card.technology, b"random", None) if card.random else (card.technology, card.uid, card.text)


def plausible(card: Card) -> bool:
    """Whether an identity is there and not absurdly long."""
    if card.text is not None:
        return len(card.text) in TEXT_LENGTH
    return len(card.uid) in UID_BYTES
