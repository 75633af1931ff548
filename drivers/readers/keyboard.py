"""A reader without hardware: cards are shown by calling ``show``.

It stands for the keyboard of a developer, the ``tap`` of a control line, and the reader in a test. It pushes; a pump
may poll it as well, whoever subscribes first gets the cards.

| function | support | remarks |
|---|---|---|
| UID | yes | text of hex digits is also given as bytes |
| text token | yes | exactly as shown |
| loss of the reader | yes | ``set_fault("lost")`` |
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from drivers.api import Card, Clock, DriverLost, ReaderState
from drivers.registry import Driver
from drivers.uid import is_random

WAITING_CARDS = 64
"""Cards kept for the next poll; the oldest go first."""

KeyboardFault = Literal["lost", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyboardOptions:
    """Nothing to choose."""


class KeyboardReader:
    """See the module. Not for use from several threads, except that ``show`` and ``poll`` may run in different ones."""

    instant = True

    __slots__ = ("_listeners", "_lost", "_released", "_waiting")

    def __init__(self, options: object, clock: Clock | None = None) -> None:
        del options, clock
        self._waiting: list[Card] = []
        self._listeners: list[Callable[[Any], None]] = []
        self._lost = False
        self._released = False

    def show(self, uid_text: str, technology: str = "ISO14443") -> None:
        """Present a card.

        Args:
            uid_text: the token as text.
            technology: as in ``Card``.

        Raises: DriverLost: the reader is lost or released.
        """
        self._check()
        uid = _bytes_of(uid_text)
        card = Card(uid, technology, is_random(uid), uid_text)
        if self._listeners:
            self._push(card)
        else:
            self._waiting.append(card)
            del self._waiting[:-WAITING_CARDS]

    def poll(self) -> list[Card]:
        """The cards shown since the last poll. Raises: DriverLost."""
        self._check()
        cards = self._waiting[:]
        del self._waiting[: len(cards)]
        return cards

    def subscribe(self, callback: Callable[[Any], None]) -> Callable[[], None]:
        """Push each Card and ReaderState to ``callback``; returns how to end that."""
        self._listeners.append(callback)

        def end() -> None:
            if callback in self._listeners:
                self._listeners.remove(callback)

        return end

    def set_fault(self, kind: KeyboardFault) -> None:
        """Lose the reader (``lost``) or find it again (``none``)."""
        lost = kind == "lost"
        if lost != self._lost:
            self._lost = lost
            self._push(ReaderState(not lost, "unplugged" if lost else ""))

    def release(self) -> None:
        """Forget cards and listeners."""
        self._released = True
        self._waiting.clear()
        self._listeners.clear()

    def _push(self, change: Card | ReaderState) -> None:
        for listener in tuple(self._listeners):
            listener(change)

    def _check(self) -> None:
        if self._lost or self._released:
            raise DriverLost("the simulated reader is lost" if self._lost else "the reader was released")


def _bytes_of(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        return text.encode()


DRIVER = Driver(part="reader", name="keyboard", options=KeyboardOptions, open=KeyboardReader)
