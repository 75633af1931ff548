"""Writes down what readers see, as a file that the ``replay`` reader plays.

Used by ``station tap --record FILE``::

    with Recorder(Path("cards.jsonl")) as recorder:
        reader = recorder.around(driver.open(options))   # is a reader itself
        reader.poll()
        reader.release()

Each line is a card that lay there: ``{"at": "2.140s", "for": "1.020s", "uid": "04A1B2C3", "technology": "106A"}``,
written when it was taken away. The file has numbers of cards in it and is readable by its owner only.
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from drivers.api import Card, Clock, DriverUnsupported, Reader
from drivers.clock import SYSTEM
from drivers.presence import plausible

MAX_CARDS = 64
"""Cards at one reader at the same time that are kept; more is no reader."""


@dataclass(slots=True)
class _Stay:
    card: Card
    from_s: float
    until_s: float


class Recorder:
    """The file. Its readers may be polled by several threads."""

    def __init__(self, path: Path, clock: Clock | None = None) -> None:
        """
        Args:
            path: the file; it must not exist.
            clock: for the times in the file, which count from now.

        Raises: DriverUnsupported: the file exists or cannot be made.
        """
        self._clock = clock or SYSTEM
        self._begun_s = self._clock.now()
        self._lock = threading.Lock()
        try:
            self._file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8")
        except OSError as error:
            raise DriverUnsupported(f"{path}: {error.strerror}", "name a file that does not exist") from error

    def around(self, reader: Reader, gap_s: float = 0.5) -> Recording:
        """A reader that sees what ``reader`` sees.

        Args:
            reader: what is recorded.
            gap_s: a card unseen for so long was taken away; shorter pauses, as between two frames, are none.
        """
        return Recording(self, reader, gap_s)

    def now_s(self) -> float:
        """Seconds since the beginning."""
        return self._clock.now() - self._begun_s

    def write(self, card: Card, from_s: float, until_s: float) -> None:
        """Write down one stay. Never raises: a full disk must not end a reader."""
        line: dict[str, str | bool] = {"at": f"{from_s:.3f}s", "for": f"{until_s - from_s:.3f}s"}
        if card.uid:
            line["uid"] = card.uid.hex().upper()
        if card.text is not None:
            line["text"] = card.text
        line["technology"] = card.technology
        if card.random:
            line["random"] = True
        with self._lock, contextlib.suppress(OSError, ValueError):
            self._file.write(json.dumps(line) + "\n")
            self._file.flush()

    def close(self) -> None:
        """End the file; may be called twice."""
        with self._lock, contextlib.suppress(OSError):
            self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Recording:
    """A reader around a reader; ``Recorder.around`` makes it."""

    def __init__(self, recorder: Recorder, reader: Reader, gap_s: float) -> None:
        self._recorder = recorder
        self._reader = reader
        self._gap_s = gap_s
        self._there: dict[tuple[str, bytes, str | None], _Stay] = {}

    def poll(self) -> list[Card]:
        """What the reader sees. Raises: whatever it raises."""
        cards = self._reader.poll()
        self._note(cards)
        return cards

    def release(self) -> None:
        """Write down what still lies there and give the reader back; may be called twice."""
        while self._there:
            self._end(next(iter(self._there)))
        self._reader.release()

    def _note(self, cards: Iterable[Card]) -> None:
        now_s = self._recorder.now_s()
        for key in [key for key, stay in self._there.items() if now_s - stay.until_s >= self._gap_s]:
            self._end(key)
        for card in cards:
            key = (card.technology, card.uid, card.text)
            stay = self._there.get(key)
            if stay is not None:
                stay.until_s = now_s
            elif plausible(card) and len(self._there) < MAX_CARDS:
                self._there[key] = _Stay(card, now_s, now_s)

    def _end(self, key: tuple[str, bytes, str | None]) -> None:
        stay = self._there.pop(key)
        self._recorder.write(stay.card, stay.from_s, stay.until_s)
