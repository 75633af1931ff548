"""The card readers of a station: their cards become tokens, their losses faults."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from typing import Any

from drivers import api, registry
from drivers.pump import Pump, ReaderLoop, Sink
from drivers.uid import AS_READ, token_of
from station.config.profile import ReaderConfig
from station.core.events import Event, FaultCleared, FaultRaised, TokenPresented
from station.core.values import Fault, IdToken

log = logging.getLogger(__name__)


class Readers:
    """Opens the readers of a profile and feeds what they see.

    Args:
        configs: the readers.
        evses: all EVSEs, for a reader that names none.
        feed: takes events of the core, in the loop's thread.
        told: takes the event ``card``.
        hand_over: brings a call into the loop's thread.
    """

    def __init__(
        self,
        configs: tuple[ReaderConfig, ...],
        evses: tuple[int, ...],
        feed: Callable[[Event], None],
        told: Callable[[str, dict[str, Any]], None],
        hand_over: Callable[[Callable[[], None]], None],
    ) -> None:
        self._configs = configs
        self._evses = evses
        self._feed = feed
        self._told = told
        self._hand_over = hand_over
        self._pumps: list[Pump] = []
        self._opened: list[Any] = []
        self._lost: set[int] = set()

    def start(self) -> None:
        """Open all; one that cannot be opened is a fault that the CSMS sees, not the end."""
        for index, config in enumerate(self._configs):
            driver = registry.find("reader", config.part.driver)
            if config.part.simulated:
                device: Any = driver.open(config.part.parsed)
                self._opened.append(device)
                if isinstance(device, api.Pushes):
                    device.subscribe(partial(self._pushed, index))
                    continue
            self._pump(index, config)

    def _pump(self, index: int, config: ReaderConfig) -> None:
        driver = registry.find("reader", config.part.driver)
        sink = Sink(
            card=lambda card: self._hand_over(lambda: self.card(index, card)),
            lost=lambda error: self._hand_over(lambda: self.lost(index, str(error))),
            back=lambda: self._hand_over(lambda: self.back(index)),
        )
        gap_s = getattr(config.part.parsed, "gap_s", 0.5)
        pump = Pump(ReaderLoop(lambda: driver.open(config.part.parsed), sink, gap_s=gap_s), config.part.driver)
        pump.start()
        self._pumps.append(pump)

    def _pushed(self, index: int, seen: Any) -> None:
        if isinstance(seen, api.Card):
            self.card(index, seen)
        elif isinstance(seen, api.ReaderState):
            if seen.present:
                self.back(index)
            else:
                self.lost(index, seen.reason)

    def card(self, index: int, card: api.Card) -> None:
        """A reader saw a card."""
        config = self._configs[index]
        text = token_of(card, config.uid or AS_READ)
        self._told(
            "card",
            {
                "reader": config.part.driver,
                "tagId": text,
                "technology": card.technology,
                "random": card.random,
            },
        )
        self._feed(TokenPresented(IdToken(text), config.part.driver, config.evses))

    def lost(self, index: int, reason: str) -> None:
        """A reader is gone: every connector it serves tells ReaderFailure, charging goes on."""
        if index not in self._lost:
            self._lost.add(index)
            log.warning("the reader %s is lost: %s", self._configs[index].part.driver, reason)
            for evse in self._served(index):
                self._feed(FaultRaised(evse, Fault.READER_FAILURE))

    def back(self, index: int) -> None:
        """A reader is there again."""
        if index in self._lost:
            self._lost.discard(index)
            still = {evse for lost in self._lost for evse in self._served(lost)}
            for evse in self._served(index):
                if evse not in still:
                    self._feed(FaultCleared(evse, Fault.READER_FAILURE))

    def _served(self, index: int) -> tuple[int, ...]:
        return self._configs[index].evses or self._evses

    @property
    def simulated(self) -> list[Any]:
        """The readers without hardware, for those who act the world."""
        return self._opened

    def release(self) -> None:
        """Give all readers back."""
        for pump in self._pumps:
            pump.stop()
        for device in self._opened:
            device.release()
