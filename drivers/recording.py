"""Writes down what a reader sees, as a file that the ``replay`` reader plays.

Used by ``station tap --record FILE``::

    reader = Recording(driver.open(options), Path("cards.jsonl"))   # is a reader itself
    reader.poll()
    reader.release()                                                # gives both back

Each line is a card that lay there: ``{"at": "2.140s", "for": "1.020s", "uid": "04A1B2C3", "technology": "106A"}``,
written when it was taken away. The file has numbers of cards in it and is readable by its owner only.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from drivers.api import Card, Clock, DriverUnsupported, Reader
from drivers.clock import SYSTEM
from drivers.presence import plausible

MAX_CARDS = 64
"""Cards there at the same time that are kept; more is no reader."""


@dataclass(slots=True)
class _Stay:
    card: Card
    from_s: float
    until_s: float


class Recording:
    """A reader around a reader."""

    def __init__(self, reader: Reader, path: Path, *, gap_s: float = 0.5, clock: Clock | None = None) -> None:
        """
        Args:
            reader: what is recorded.
            path: the file; it must not exist.
            gap_s: a card unseen for so long was taken away; shorter pauses, as between two frames, are none.
            clock: for the times in the file, which count from now.

        Raises: DriverUnsupported: the file exists or cannot be made.
        """
        self._reader = reader
        self._gap_s = gap_s
        self._clock = clock or SYSTEM
        self._begun_s = self._clock.now()
        self._there: dict[tuple[str, bytes, str | None], _Stay] = {}
        try:
            self._file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8")
        except OSError as error:
            raise DriverUnsupported(f"{path}: {error.strerror}", "name a file that does not exist") from error

    def poll(self) -> list[Card]:
        """What the reader sees. Raises: whatever it raises."""
        cards = self._reader.poll()
        self.note(cards)
        return cards

    def note(self, cards: Iterable[Card]) -> None:
        """Write down the outcome of one poll, or a card that a reader has pushed."""
        now_s = self._clock.now() - self._begun_s
        for card in cards:
            key = (card.technology, card.uid, card.text)
            stay = self._there.get(key)
            if stay is not None and now_s - stay.until_s < self._gap_s:
                stay.until_s = now_s
            elif plausible(card) and (stay is not None or len(self._there) < MAX_CARDS):
                if stay is not None:
                    self._write(stay)
                self._there[key] = _Stay(card, now_s, now_s)
        for key, stay in list(self._there.items()):
            if now_s - stay.until_s >= self._gap_s:
                self._write(self._there.pop(key))

    def release(self) -> None:
        """End the file and give the reader back; may be called twice."""
        while self._there:
            self._write(self._there.pop(next(iter(self._there))))
        with contextlib.suppress(OSError):
            self._file.close()
        self._reader.release()

    def _write(self, stay: _Stay) -> None:
        line = {"at": f"{stay.from_s:.3f}s", "for": f"{stay.until_s - stay.from_s:.3f}s"}
        if stay.card.uid:
            line["uid"] = stay.card.uid.hex().upper()
        if stay.card.text is not None:
            line["text"] = stay.card.text
        line["technology"] = stay.card.technology
        with contextlib.suppress(OSError, ValueError):  # a full disk must not end the reader
            self._file.write(json.dumps(line) + "\n")
            self._file.flush()
