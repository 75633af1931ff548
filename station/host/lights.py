"""Indicators: what an EVSE is doing, in the words of ``drivers.api.Indicator.show``, and what became of a card.

Looked at after every turn of the station, told only what changed; there is no timer but the one that ends the word
about a card. Made only for stations with an indicator. Called by ``host.host``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Final

from station.core.effects import TokenEnded
from station.core.evse import Evse
from station.core.values import ChargingState, TokenResult
from station.host.hardware import EvseHardware
from station.host.outside import OutsideHardware
from station.host.supervision import real_ones

ANSWER_S: Final = 1.5
"""How long the answer to a card is shown, of real time: people look at it."""
_ACCEPTED: Final = frozenset({TokenResult.ACCEPTED, TokenResult.USED_TO_START, TokenResult.USED_TO_STOP})
_REFUSED: Final = frozenset(
    {TokenResult.REJECTED, TokenResult.ALREADY_IN_PROCESS, TokenResult.NO_CONNECTOR_AVAILABLE, TokenResult.TIMEOUT}
)
_ENERGY: Final = {
    ChargingState.CHARGING: "charging",
    ChargingState.SUSPENDED_EV: "suspended",
    ChargingState.SUSPENDED_EVSE: "suspended",
}
_SESSION: Final = {
    "plugged": "preparing",
    "awaiting": "preparing",
    "active": "preparing",
    "interrupted": "suspended",
    "finishing": "finishing",
}


def word_for(evse: Evse) -> str:
    """What an indicator shows of an EVSE."""
    if evse.faulted():
        return "faulted"
    if evse.state == "active" and evse.charging_state in _ENERGY:
        return _ENERGY[evse.charging_state]
    if evse.state in _SESSION:
        return _SESSION[evse.state]
    if not evse.operative(evse.active_connector):
        return "unavailable"
    return "reserved" if evse.reserved else "available"


class Lights:
    """The indicators of one station.

    Args:
        hardware: of those EVSEs that have one.
        loop: the event loop.
    """

    def __init__(self, hardware: Sequence[OutsideHardware], loop: asyncio.AbstractEventLoop) -> None:
        self._hardware = {one.evse: one for one in hardware}
        self._loop = loop
        self._words: dict[int, str] = {}
        self._shown: dict[int, str] = {}
        self._answers: dict[int, asyncio.TimerHandle] = {}

    def look(self, evses: Iterable[Evse]) -> None:
        """Show what has changed."""
        for evse in evses:
            if evse.id in self._hardware:
                self._words[evse.id] = word_for(evse)
                if evse.id not in self._answers:
                    self._show(evse.id, self._words[evse.id])

    def token_ended(self, effect: TokenEnded) -> None:
        """A card was accepted or refused: say so for a moment, at its EVSE or, where it has none, everywhere."""
        accepted = effect.result in _ACCEPTED
        if not accepted and effect.result not in _REFUSED:
            return
        self._answer("accepted" if accepted else "refused", effect.evse)

    def refused(self) -> None:
        """A reader saw what never became a token (a phone's random UID, a code that names nothing): say no."""
        self._answer("refused", None)

    def _answer(self, word: str, at: int | None) -> None:
        for evse in [at] if at is not None else list(self._hardware):
            if evse in self._hardware:
                self.close(evse)
                self._show(evse, word)
                self._answers[evse] = self._loop.call_later(ANSWER_S, self._answered, evse)

    def _answered(self, evse: int) -> None:
        self.close(evse)
        self._show(evse, self._words.get(evse, ""))

    def close(self, evse: int | None = None) -> None:
        """Wait no more for the end of an answer, or of all."""
        for one in [evse] if evse is not None else list(self._answers):
            timer = self._answers.pop(one, None)
            if timer is not None:
                timer.cancel()

    def _show(self, evse: int, word: str) -> None:
        if word != self._shown.get(evse):
            self._shown[evse] = word
            self._hardware[evse].show(word)


def lights_of(hardware: Iterable[EvseHardware], loop: asyncio.AbstractEventLoop) -> Lights | None:
    """The lights of a station; None where there are none."""
    lit = [one for one in real_ones(hardware) if "indicator" in one.outside]
    return Lights(lit, loop) if lit else None
