"""Runs a reader that blocks: one thread, presence, re-opening, and a loss when it hangs.

``ReaderLoop`` is the logic, one step at a time and told nothing but its clock; ``Pump`` is the thread around it. One
more thread a process, for all pumps together, notices the reader whose vendor library does not come back.
Readers that are ``Pushes`` need none of it. Callbacks come from these threads: handing over to an event loop is the
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
HANGS_S = 3.0
"""An opening or a poll that lasts longer is a loss."""
WATCH_S = 0.5
"""How often somebody looks whether a reader hangs."""


@dataclass(frozen=True, slots=True)
class Sink:
    """Where a pump delivers.

    Attributes:
        card: a card was presented.
        lost: the reader cannot be opened, does not answer or hangs; once for each loss.
        back: it answers again; only after ``lost``.
    """

    card: Callable[[Card], None]
    lost: Callable[[DriverError], None]
    back: Callable[[], None]


@dataclass(frozen=True, slots=True)
class ReaderStats:
    """What a reader has been through since its pump began.

    Attributes:
        polls: that came back.
        cards: presentations.
        errors: polls that were disturbed and overcome, where the reader counts them (``errors``).
        losses: times it was gone, or hung.
        reason: of the last loss; empty without one.
        lost: it is gone now.
    """

    polls: int
    cards: int
    errors: int
    losses: int
    reason: str
    lost: bool


class ReaderLoop:
    """Opens, polls and re-opens a reader.

    ``step`` and ``release`` belong to one thread; ``watch``, ``mute`` and ``stats`` may be called from another.
    """

    __slots__ = (
        "_began_s",
        "_cards",
        "_clock",
        "_errors",
        "_interval_s",
        "_losses",
        "_lost",
        "_muted",
        "_open",
        "_polls",
        "_presence",
        "_reader",
        "_reason",
        "_retry_s",
        "_sink",
        "_telling",
    )

    def __init__(
        self,
        open_reader: Callable[[], Reader],
        sink: Sink,
        *,
        gap_s: float = 0.5,
        interval_s: float = 0.05,
        clock: Clock | None = None,
    ) -> None:
        """
        Args:
            open_reader: opens the reader; called again after each loss.
            sink: where cards and losses go.
            gap_s: a card that was gone that long counts as presented anew.
            interval_s: pause between two polls. A PN532 takes most of a Raspberry Pi Zero when asked without one, and a
                card is shown for longer than this.
            clock: for the presence logic and for noticing a hang.
        """
        self._open = open_reader
        self._sink = sink
        self._presence = Presence(gap_s)
        self._interval_s = interval_s
        self._clock = clock or SYSTEM
        self._reader: Reader | None = None
        self._lost = False
        self._muted = False
        self._retry_s = FIRST_RETRY_S
        self._began_s: float | None = None
        self._telling = threading.RLock()  # a callback may stop the pump
        self._polls = self._cards = self._errors = self._losses = 0
        self._reason = ""

    def step(self) -> float:
        """Open or poll once; returns the seconds to wait before the next step. Never raises.

        Vendor libraries raise anything (nfcpy: ``termios.error``, ``IndexError``), so anything counts as a loss, and so
        does what is no list of cards.
        """
        started_s = self._began_s = self._clock.now()
        try:
            if self._reader is None:
                self._reader = self._open()
                self._began_s = self._clock.now()
            cards = self._presence.seen(self._reader.poll(), self._clock.now())
        except BaseException as error:
            return self._lose(error, self._clock.now() - started_s)
        finally:
            self._began_s = None
        self._polls += 1
        self._regain()
        for card in cards:
            self._cards += 1
            if not self._muted:
                _call(self._sink.card, card)
        return self._interval_s

    def watch(self) -> None:
        """Tell the loss of a reader that hangs: its thread cannot."""
        began_s = self._began_s
        if began_s is not None and self._clock.now() - began_s > HANGS_S:
            self._tell_lost(DriverLost("it does not come back from being asked", "unplug it and plug it in again"))

    def mute(self) -> None:
        """Deliver nothing from now on."""
        with self._telling:
            self._muted = True

    def release(self) -> None:
        """Give the reader back."""
        reader, self._reader = self._reader, None
        if reader is not None:
            self._errors += _errors_of(reader)
            with contextlib.suppress(BaseException):
                reader.release()

    @property
    def stats(self) -> ReaderStats:
        """As of now."""
        reader = self._reader
        errors = self._errors + (_errors_of(reader) if reader is not None else 0)
        return ReaderStats(self._polls, self._cards, errors, self._losses, self._reason, self._lost)

    def _lose(self, error: BaseException, took_s: float) -> float:
        self.release()
        self._tell_lost(error if isinstance(error, DriverError) else DriverLost(f"{type(error).__name__}: {error}"))
        wait_s, self._retry_s = self._retry_s, min(self._retry_s * 2, LAST_RETRY_S)
        # A search over all speeds of a chip takes its time, too: from one opening to the next it is 5 s at most.
        return max(FIRST_RETRY_S, wait_s - took_s)

    def _tell_lost(self, error: DriverError) -> None:
        # The lock keeps "lost" and "back" of two threads in order.
        with self._telling:
            if self._lost:
                return
            self._lost = True
            self._losses += 1
            self._reason = str(error)
            if not self._muted:
                _call(self._sink.lost, error)

    def _regain(self) -> None:
        self._retry_s = FIRST_RETRY_S
        if not self._lost:
            return
        with self._telling:
            self._lost = False
            if not self._muted:
                _call(self._sink.back)


class Pump:
    """The thread of one reader."""

    __slots__ = ("_loop", "_stop", "_thread")

    def __init__(self, loop: ReaderLoop, name: str = "reader") -> None:
        self._loop = loop
        self._stop = threading.Event()
        # A daemon: a poll that hangs in a vendor library must not keep the process from ending.
        self._thread = threading.Thread(target=self._run, name=f"pump-{name}", daemon=True)

    @property
    def stats(self) -> ReaderStats:
        """What the reader has been through."""
        return self._loop.stats

    def start(self) -> None:
        """Begin; once."""
        self._thread.start()
        _WATCH.add(self._loop)

    def ask_to_stop(self) -> None:
        """End and release the reader when its poll comes back; deliver nothing more. Returns at once."""
        self._stop.set()
        self._loop.mute()
        _WATCH.remove(self._loop)

    def stop(self, timeout_s: float = 2.0) -> bool:
        """End and release the reader; may be called twice. Returns False when the reader hangs in a poll."""
        self.ask_to_stop()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while not self._stop.is_set():
            self._stop.wait(self._loop.step())
        self._loop.release()


class _Watch:
    """The one thread that looks after all pumps of a process; it runs while there are any."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._loops: list[ReaderLoop] = []
        self._runs = False

    def add(self, loop: ReaderLoop) -> None:
        with self._changed:
            self._loops.append(loop)
            if not self._runs:
                self._runs = True
                threading.Thread(target=self._run, name="pump-watch", daemon=True).start()

    def remove(self, loop: ReaderLoop) -> None:
        with self._changed:
            if loop in self._loops:
                self._loops.remove(loop)
            self._changed.notify_all()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait(WATCH_S)
                if not self._loops:
                    self._runs = False
                    return
                loops = tuple(self._loops)
            for loop in loops:
                loop.watch()


_WATCH = _Watch()


def _errors_of(reader: Reader) -> int:
    errors = getattr(reader, "errors", 0)
    return errors if isinstance(errors, int) else 0


def _call(callback: Callable[..., None], *args: object) -> None:
    """A callback that raises is the caller's bug and must not end the reader."""
    try:
        callback(*args)
    except Exception:
        log.exception("a reader's callback failed")
