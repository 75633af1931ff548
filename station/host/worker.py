"""A thread for a device that blocks: orders at once, looks in between.

Each device has its own, so that a meter that hangs holds up no contactor. What an order gives, and what goes wrong, is
handed over to the event loop; nothing that a device does ends the thread. A call that takes longer than it may is a
hang: the thread cannot tell, whoever asks ``hangs`` can; when the call comes back at last, the device counts as lost.
Called by ``host.outside``.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import field
from functools import partial
from typing import Any, Final

from drivers.api import DriverLost
from station.core.frozen import dataclass
from station.host.slot import Slot, as_driver_error

log = logging.getLogger(__name__)

HandOver = Callable[[Callable[[], None]], None]
_IDLE_S = 0.2
_PATIENCE_S = 2.0
"""How long the end of threads is waited for, seconds."""
_QUEUED: Final = 32
"""Orders that wait. A device that hangs is asked for ever more; what is beyond this fails at once."""
CALL_S: Final = 2.0
"""How long a call may take: a driver promises to return within one second; twice that is a hang."""
CONTACTOR_S: Final = 1.0
"""A contactor's call has no second second: what hangs there may be an opening."""
OPENING_S: Final = 5.0
"""How long an opening may take: some controllers boot when their line is opened."""


@dataclass(frozen=True, slots=True)
class Order:
    """Something to do with a device: ``act`` with it, in the thread; then ``then`` or ``failed`` in the loop."""

    act: Callable[[Any], Any]
    then: Callable[[Any], None]
    failed: Callable[[Exception], None]

    def on(self, device: Any) -> None:
        """Do it here and now, in the loop."""
        try:
            result = self.act(device)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            # SystemExit or CancelledError from a device is its loss, not the end of the loop.
            self.failed(error if isinstance(error, Exception) else as_driver_error(error))
        else:
            self.then(result)


@dataclass(slots=True)
class Look:
    """An order that is carried out again and again."""

    every_s: float
    order: Order
    due_s: float = field(default=0.0)


class Worker:
    """See the module.

    Args:
        name: of the thread.
        hand_over: brings a call into the loop's thread.
        slot: where the device is.
    """

    def __init__(self, name: str, hand_over: HandOver, slot: Slot) -> None:
        self.looks: list[Look] = []
        self.slot = slot
        self.limit_s = CALL_S
        self._name = name
        self._hand_over = hand_over
        self._began_s: float | None = None
        self._urgent: queue.SimpleQueue[Order] = queue.SimpleQueue()
        self._orders: queue.SimpleQueue[Order | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin; ``looks`` are complete."""
        self._thread.start()

    def submit(self, order: Order, *, urgent: bool = False) -> None:
        """Have it done soon; urgent orders overtake the others and are never refused."""
        if urgent:
            self._urgent.put(order)
            self._orders.put(_NOTHING)
        elif self._orders.qsize() < _QUEUED:
            self._orders.put(order)
        else:
            self._hand_over(partial(order.failed, DriverLost("too much waits for it")))

    def look_now(self) -> None:
        """Look as soon as possible, whenever the last look was."""
        for look in self.looks:
            look.due_s = 0.0
        if self._orders.empty():
            self._orders.put(_NOTHING)

    def hangs(self) -> bool:
        """Whether the device is in a call, or its opening, for longer than it may be."""
        began_s = self._began_s
        limit_s = OPENING_S if self.slot.opening else self.limit_s
        return began_s is not None and time.monotonic() - began_s > limit_s

    def rescue(self, calm: Callable[[Any], None]) -> None:
        """The device hangs and is dangerous: have it go into its safe state from another thread (``Slot.rescue``)."""
        threading.Thread(target=self.slot.rescue, args=(calm,), name=f"{self._name}-rescue", daemon=True).start()

    def stop(self) -> None:
        """Give the device back when all is done; does not wait."""
        self._orders.put(None)

    def join(self) -> None:
        """Wait for the end, bounded. See ``join_all``."""
        join_all([self])

    def _run(self) -> None:
        while True:
            try:
                order = self._orders.get(timeout=self._idle_s())
            except queue.Empty:
                order = _NOTHING
            while not self._urgent.empty():
                self._do(self._urgent.get())
            if order is None:
                self.slot.release()
                return
            if order is not _NOTHING:
                self._do(order)
            self._look()

    def _idle_s(self) -> float:
        """How long to wait for orders: until the next look."""
        if not self.looks or not self.slot.due:
            return _IDLE_S
        soon_s = min(look.due_s for look in self.looks) - time.monotonic()
        return min(_IDLE_S, max(0.0, soon_s))

    def _look(self) -> None:
        now_s = time.monotonic()
        for look in self.looks:
            if look.due_s <= now_s and self._orders.empty() and self.slot.due:
                look.due_s = now_s + look.every_s
                self._do(look.order)

    def _do(self, order: Order) -> None:
        self._began_s = time.monotonic()
        try:
            device = self.slot.device()
            self._began_s = began_s = time.monotonic()
            result = order.act(device)
            took_s = time.monotonic() - began_s
            if took_s > self.limit_s:
                raise DriverLost(f"no answer for {took_s:.1f} s")
        except BaseException as error:
            # SystemExit from a device's library, too: a thread that ended would leave the contactor as it is.
            problem = error if isinstance(error, Exception) else as_driver_error(error)
            # Told first: giving back what is lost may take its time.
            self._tell(partial(order.failed, problem))
            self.slot.failed(problem)
        else:
            self.slot.answered()
            self._tell(partial(order.then, result))
        finally:
            self._began_s = None

    def _tell(self, call: Callable[[], None]) -> None:
        try:
            self._hand_over(call)
        except RuntimeError:
            log.debug("%s has nobody to tell", self._name)  # the loop is closed: the process ends

    def end_by(self, end_s: float) -> bool:
        """Wait for the end of the thread until then; whether it came."""
        self._thread.join(max(0.0, end_s - time.monotonic()))
        return not self._thread.is_alive()

    def give_back_aside(self) -> threading.Thread:
        """The thread hangs: another one gives the device back, at its own pace."""
        log.error("%s hangs", self._name)
        last = threading.Thread(target=self.slot.release, name=f"{self._name}-release", daemon=True)
        last.start()
        return last


def join_all(workers: Iterable[Worker]) -> None:
    """Wait for the end of those that were stopped, two and a half seconds for all of them together."""
    end_s = time.monotonic() + _PATIENCE_S
    hanging = [worker for worker in workers if not worker.end_by(end_s)]
    last = [worker.give_back_aside() for worker in hanging]
    end_s = time.monotonic() + _PATIENCE_S / 4
    for thread in last:
        thread.join(max(0.0, end_s - time.monotonic()))


def _nothing(*_: object) -> None:
    pass


_NOTHING = Order(_nothing, _nothing, _nothing)
