"""A thread for a device that blocks: orders at once, looks in between.

Each device has its own, so that a meter that hangs holds up no contactor. What an order gives, and what goes wrong, is
handed over to the event loop; nothing that a device does ends the thread. Called by ``host.hardware``.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import field
from functools import partial
from typing import Any

from station.core.frozen import dataclass

log = logging.getLogger(__name__)

HandOver = Callable[[Callable[[], None]], None]
_IDLE_S = 0.2
_PATIENCE_S = 2.0
"""How long the end of a thread is waited for, seconds."""


@dataclass(frozen=True, slots=True)
class Order:
    """Something to do with a device: ``act`` in the thread, then ``then`` or ``failed`` in the loop."""

    act: Callable[[], Any]
    then: Callable[[Any], None]
    failed: Callable[[Exception], None]


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
        release: gives the device back; the last thing that the thread does.
    """

    def __init__(self, name: str, hand_over: HandOver, release: Callable[[], None]) -> None:
        self.looks: list[Look] = []
        self._name = name
        self._hand_over = hand_over
        self._release = release
        self._urgent: queue.SimpleQueue[Order] = queue.SimpleQueue()
        self._orders: queue.SimpleQueue[Order | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin; ``looks`` are complete."""
        self._thread.start()

    def submit(self, order: Order, *, urgent: bool = False) -> None:
        """Have it done soon; urgent orders overtake the others."""
        if urgent:
            self._urgent.put(order)
        self._orders.put(_NOTHING if urgent else order)

    def stop(self) -> None:
        """Give the device back when all is done; does not wait."""
        self._orders.put(None)

    def join(self) -> None:
        """Wait for the end, bounded. A device that hangs is given back by another thread, at its own pace."""
        self._thread.join(_PATIENCE_S)
        if self._thread.is_alive():
            log.error("%s hangs", self._name)
            last = threading.Thread(target=self._give_back, name=f"{self._name}-release", daemon=True)
            last.start()
            last.join(_PATIENCE_S / 4)

    def _run(self) -> None:
        while True:
            try:
                order = self._orders.get(timeout=_IDLE_S)
            except queue.Empty:
                order = _NOTHING
            while not self._urgent.empty():
                self._do(self._urgent.get())
            if order is None:
                self._give_back()
                return
            self._do(order)
            self._look()

    def _look(self) -> None:
        now_s = time.monotonic()
        for look in self.looks:
            if look.due_s <= now_s and self._orders.empty():
                look.due_s = now_s + look.every_s
                self._do(look.order)

    def _do(self, order: Order) -> None:
        try:
            result = order.act()
        except Exception as error:
            self._tell(partial(order.failed, error))
        else:
            if order is not _NOTHING:
                self._tell(partial(order.then, result))

    def _tell(self, call: Callable[[], None]) -> None:
        try:
            self._hand_over(call)
        except RuntimeError:
            log.debug("%s has nobody to tell", self._name)  # the loop is closed: the process ends

    def _give_back(self) -> None:
        try:
            self._release()
        except Exception:
            log.exception("%s could not be given back", self._name)


def _nothing(*_: object) -> None:
    pass


_NOTHING = Order(_nothing, _nothing, _nothing)
