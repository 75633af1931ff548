"""The card readers of a station: their cards become tokens, their losses faults."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from typing import Any

from drivers import api, registry
from drivers.pump import Pump, ReaderLoop, Sink
from drivers.uid import AS_READ, token_of
from station.config.profile import ReaderConfig
from station.core.events import Event, EvseSelected, TokenPresented
from station.core.hardware_faults import cleared, raised
from station.core.values import IdToken
from station.host.pairings import Pairings, refused
from station.pairing import looks_like_pairing

log = logging.getLogger(__name__)

RANDOM_UID = "RandomUid"
"""The reason of a card that shows another UID each time, where the reader's options refuse those."""
NOT_ACCEPTED = "NotAccepted"
"""The reason of a card that is shown while the station is not up: it starts, or reboots."""


def only_real(configs: tuple[ReaderConfig, ...], evse: int | None) -> bool:
    """Whether an EVSE (None: the station) has readers, and every one of them is hardware."""
    serving = [config for config in configs if evse is None or not config.evses or evse in config.evses]
    return bool(serving) and not any(config.part.simulated for config in serving)


class Readers:
    """Opens the readers of a profile and feeds what they see.

    Args:
        configs: the readers.
        evses: all EVSEs, for a reader that names none.
        feed: takes events of the core, in the loop's thread; False where the station is not up.
        told: takes the event ``card``, and ``token`` for what never became one.
        hand_over: brings a call into the loop's thread.
        pairings: knows the QR codes that choose an EVSE.
    """

    def __init__(
        self,
        configs: tuple[ReaderConfig, ...],
        evses: tuple[int, ...],
        feed: Callable[[Event], bool | None],
        told: Callable[[str, dict[str, Any]], None],
        hand_over: Callable[[Callable[[], None]], None],
        pairings: Pairings,
    ) -> None:
        self._configs = configs
        self._evses = evses
        self._feed = feed
        self._told = told
        self._hand_over = hand_over
        self._pairings = pairings
        self._pumped: list[tuple[int, Pump]] = []
        self._opened: list[Any] = []
        self._lost: set[int] = set()
        self._booted = False
        self.untried: frozenset[int] = frozenset()
        self.first_errors: tuple[tuple[int, Exception], ...] = ()

    def open(self) -> None:
        """Begin to open all, each in its own thread; what was lost is told when the station has started.

        ``untried`` are those of which nobody knows yet whether they can be opened, ``first_errors`` those that cannot.
        """
        if self._pumped or self._opened:
            return
        self._open_all()

    def start(self) -> None:
        """Open all that are not open yet; one that cannot be opened is a fault that the CSMS sees, not the end."""
        self.open()

    def booted(self) -> None:
        """Another core listens: what is lost is news to it."""
        self._booted = True
        for index in sorted(self._lost):
            self._tell_lost(index)

    def _open_all(self) -> None:
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
        opener = partial(self._opening, index, lambda: driver.open(config.part.parsed))
        pump = Pump(ReaderLoop(opener, sink, gap_s=gap_s), config.part.driver)
        self.untried |= {index}
        pump.start()
        self._pumped.append((index, pump))

    def _opening(self, index: int, opener: Callable[[], Any]) -> Any:
        """Open a reader, in the pump's thread; what came of the first time is noted."""
        problem: Exception | None = None
        try:
            return opener()
        except Exception as error:
            problem = error
            raise
        finally:
            if index in self.untried:
                self._hand_over(partial(self._tried, index, problem))

    def _tried(self, index: int, problem: Exception | None) -> None:
        if index in self.untried:
            self.untried -= {index}
            if problem is not None:
                self.first_errors = (*self.first_errors, (index, problem))

    def name(self, index: int) -> str:
        """What a reader is called."""
        return self._configs[index].name

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
                "reader": config.name,
                "tagId": text,
                "technology": card.technology,
                "random": card.random,
            },
        )
        reason = self._refusal(config, card, text)
        if reason:
            self._told("token", refused(config.name, card.technology, text, reason))

    def _refusal(self, config: ReaderConfig, card: api.Card, text: str) -> str:
        """Why a card never becomes a token; empty: it is one now, or has chosen an EVSE."""
        if card.random and getattr(config.part.parsed, "random_uid", "accept") == "refuse":
            return RANDOM_UID
        if card.text is not None and looks_like_pairing(text):
            evse, reason = self._pairings.chosen(text, config.evses)
            heard = self._feed(EvseSelected(evse)) if evse is not None else None
        else:
            reason = ""
            shown = TokenPresented(
                IdToken(text),
                config.name,
                config.evses,
                technology=card.technology,
                prevalidated=config.prevalidated,
            )
            heard = self._feed(shown)
        return NOT_ACCEPTED if heard is False else reason

    def lost(self, index: int, reason: str) -> None:
        """A reader is gone: every connector it serves tells ReaderFailure, charging goes on."""
        if index not in self._lost:
            self._lost.add(index)
            if self._booted:  # Before, whoever opens them says what became of that.
                log.warning("the reader %s is lost: %s", self.name(index), reason)
            self._tell_lost(index)

    def _tell_lost(self, index: int) -> None:
        for evse in self._served(index):
            self._feed(raised(evse, f"reader_lost#{index + 1}"))

    def back(self, index: int) -> None:
        """A reader is there again."""
        if index in self._lost:
            self._lost.discard(index)
            for evse in self._served(index):
                self._feed(cleared(evse, f"reader_lost#{index + 1}"))

    def _served(self, index: int) -> tuple[int, ...]:
        return self._configs[index].evses or self._evses

    def shown(self) -> list[dict[str, Any]]:
        """How the readers that are hardware fare, for the status and the metrics."""
        return [
            {
                "reader": self._configs[index].name,
                "lost": index in self._lost,
                "reason": pump.stats.reason,
                "cards": pump.stats.cards,
                "errors": pump.stats.errors,
                "losses": pump.stats.losses,
            }
            for index, pump in self._pumped
        ]

    @property
    def simulated(self) -> list[Any]:
        """The readers without hardware, for those who act the world."""
        return self._opened

    def quiet(self) -> None:
        """No card and no loss is told any more; the readers are given back as soon as they come back from a poll."""
        for _, pump in self._pumped:
            pump.ask_to_stop()
        for device in self._opened:
            device.release()

    async def release(self) -> None:
        """Give all readers back; waits for theirs, bounded, off the loop: a PN532 is put to sleep."""
        self.quiet()
        await asyncio.gather(*(asyncio.to_thread(pump.stop) for _, pump in self._pumped))
