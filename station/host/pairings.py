"""A QR code that a station's own reader has read: which EVSE it chooses, and what becomes of it where it chooses none.

The text's form is `station.pairing`'s business, the readers are `station.host.readers`'.
"""

from __future__ import annotations

from typing import Any

from station.config.profile import EvseConfig
from station.core.values import IdToken, TokenResult
from station.pairing import PairingError, parse

NOT_SERVED = "NotServed"
"""The reason of a code for an EVSE that the reader does not serve."""


class Pairings:
    """The pairings of one station.

    Args:
        station: its identity.
        evses: its EVSEs, in their order.
    """

    __slots__ = ("_evses", "_station")

    def __init__(self, station: str, evses: tuple[EvseConfig, ...]) -> None:
        self._station = station
        self._evses = evses

    def evse_of(self, text: str) -> int:
        """The EVSE of the connector that a code names.

        Raises:
            PairingError: it names none of this station.
        """
        places = [evse.id for evse in self._evses for _ in evse.connectors]
        return places[parse(text, {self._station: len(places)}).connector - 1]

    def chosen(self, text: str, served: tuple[int, ...]) -> tuple[int | None, str]:
        """The EVSE that a code chooses at a reader that serves these (none: all), or why it chooses none."""
        try:
            evse = self.evse_of(text)
        except PairingError as error:
            return None, error.code
        return (evse, "") if not served or evse in served else (None, NOT_SERVED)


def refused(reader: str, technology: str, text: str, reason: str) -> dict[str, Any]:
    """The data of the event `token` for what a reader read and the station never took for a token."""
    token = IdToken(text)
    presented = {"step": "presented", "provider": reader, "type": token.type, "technology": technology}
    result = TokenResult.REJECTED.value
    return {
        "tagId": text,
        "result": result,
        "reason": reason,
        "trace": [
            {**presented, "token": token.masked},
            {"step": "result", "result": result, "reason": reason, "evse": None},
        ],
    }
