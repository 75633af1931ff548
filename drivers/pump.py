"""Runs a reader that blocks: one thread, presence, re-opening.

``ReaderLoop`` is the logic, one step at a time and told nothing but its clock; ``Pump`` is the thread around it.
Readers that are ``Pushes`` need neither. Callbacks come from the pump's thread: handing over to an event loop is the
caller's business.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

from drivers.api import Card, Clock, DriverError, DriverLost, Reader
from drivers.clock import SYSTEM
from drivers.presence import Presence

log = logging.getLogger(__name__)

FIRST_RETRY_S = 0.5
LAST_RETRY_S = 5.0


@dataclass(frozen=True, slots=True)
class Sink:
    """Where a pump delivers.

    Attributes:
        card: a card was presented.
        lost: the reader cannot be opened or does not answer; once for each loss.
        back: it answers again; only after ``lost``.
    """

    card: Callable[[Card], None]
    lost: Callable[[DriverError], None]
    back: Callable[[], None]


class ReaderLoop:
    """Opens, polls and re-opens a reader."""

    __slots__ = ("_clock", "_interval_s", "_lost", "_open", "_presence", "_reader", "_retry_s", "_sink")

    def __init__(
        self,
        open_reader: Callable[[], Reader],
        sink: Sink,
        *,
        gap_s: float = 0.5,
        interval_s: float = 0.02,
        clock: Clock | None = None,
    ) -> None:
        """
        Args:
            open_reader: opens the reader; called again after each loss.
            sink: where cards and losses go.
            gap_s: a card that was gone that long counts as presented anew.
            interval_s: pause between two polls; keeps a reader that answers at once from filling a core.
            clock: for the presence logic.
        """
        self._open = open_reader
        self._sink = sink
        self._presence = Presence(gap_s)
        self._interval_s = interval_s
        self._clock = clock or SYSTEM
        self._reader: Reader | None = None
        self._lost = False
        self._retry_s = FIRST_RETRY_S

    def step(self) -> float:
        """Open or poll once; returns the seconds to wait before the next step. Never raises.

        Vendor libraries raise anything (nfcpy: ``termios.error``, ``IndexError``), so anything counts as a loss.
        """
        try:
            if self._reader is None:
                self._reader = self._open()
            cards = self._reader.poll()
        except Exception as error:
            return self._lose(error)
        self._regain()
        for card in self._presence.seen(cards, self._clock.now()):
            _call(self._sink.card, card)
        return self._interval_s

    def release(self) -> None:
        """Give the reader back."""
        reader, self._reader = self._reader, None
        if reader is not None:
            with contextlib.suppress(Exception):
                reader.release()

    def _lose(self, error: Exception) -> float:
        self.release()
        if not self._lost:
            self._lost = True
            lost = error if isinstance(error, DriverError) else DriverLost(f"{type(error).__name__}: {error}")
            log.warning("reader lost: %s", lost)
            _call(self._sink.lost, lost)
        wait_s, self._retry_s = self._retry_s, min(self._retry_s * 2, LAST_RETRY_S)
        return wait_s

    def _regain(self) -> None:
        self._retry_s = FIRST_RETRY_S
        if self._lost:
            self._lost = False
            log.info("reader back")
            _call(self._sink.back)


class Pump:
    """The thread of one reader."""

    __slots__ = ("_loop", "_stop", "_thread")

    def __init__(self, loop: ReaderLoop, name: str = "reader") -> None:
        self._loop = loop
        self._stop = threading.Event()
        # A daemon: a poll that hangs in a vendor library must not keep the process from ending.
        self._thread = threading.Thread(target=self._run, name=f"pump-{name}", daemon=True)

    def start(self) -> None:
        """Begin; once."""
        self._thread.start()

    def stop(self, timeout_s: float = 2.0) -> bool:
        """End and release the reader; may be called twice. Returns False when the reader hangs in a poll."""
        self._stop.set()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while not self._stop.is_set():
            self._stop.wait(self._loop.step())
        self._loop.release()


def _call(callback: Callable[..., None], *args: object) -> None:
    """A callback that raises is the caller's bug and must not end the reader."""
    try:
        callback(*args)
    except Exception:
        log.exception("a reader's callback failed")
