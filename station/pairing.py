"""QR pairing: the text `ocpp://CP001?connector=1`, which names a connector of a charging station.

A driver's app scans it from a charger and asks its back end for a remote start; a charger's own QR reader takes it as
the choice of an EVSE. It is data from strangers: `parse` accepts exactly what `make` writes, and nothing is decoded
twice, normalised or guessed. Nothing is sent or drawn here (`station.cli.pair` draws).

    >>> make("CP 001", 2)
    'ocpp://CP%20001?connector=2'
    >>> parse("ocpp://CP%20001?connector=2", {"CP 001": 4})
    Pairing(station='CP 001', connector=2)
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import quote, unquote_to_bytes

from station.errors import StationError

SCHEME: Final = "ocpp://"
MAX_STATION: Final = 48
"""Characters of a charging station's identity (OCPP-J 2.0.1 §3.1.1)."""
MAX_CONNECTOR: Final = 9999
MAX_LENGTH: Final = len(SCHEME) + 12 * MAX_STATION + len("?connector=") + len(str(MAX_CONNECTOR))
"""Characters of the longest text that can be one: each character of an identity takes up to four bytes, `%XX` each."""

_UNRESERVED: Final = "-._~"
_FORM: Final = re.compile(
    r"ocpp://(?P<station>(?:[A-Za-z0-9._~-]|%[0-9A-F]{2})+)\?connector=(?P<connector>[1-9][0-9]{0,3})", re.ASCII
)
_LOOSE: Final = re.compile(r"\s*ocpp\s*:", re.IGNORECASE)

Code = Literal["Malformed", "TooLong", "BadEncoding", "BadStation", "BadConnector", "UnknownStation", "NoSuchConnector"]


class PairingError(StationError):
    """A text is no pairing, or names what is not there.

    Args:
        code: what is wrong, for programs: `Malformed` (not of the form, a port, a user, a path, a fragment, another or
            a repeated parameter), `TooLong`, `BadEncoding` (percent-encoding that `make` does not write), `BadStation`
            (no identity that OCPP allows), `BadConnector` (no number from 1), `UnknownStation`, `NoSuchConnector`.
    """

    def __init__(self, code: Code, message: str) -> None:
        super().__init__(message, f"a pairing looks like {SCHEME}CP001?connector=1")
        self.code: Code = code


@dataclass(frozen=True, slots=True)
class Pairing:
    """A connector of a station. `connector` counts from 1 within the station, as OCPP 1.6 does."""

    station: str
    connector: int

    def __str__(self) -> str:
        return make(self.station, self.connector)


Connectors = Mapping[str, int] | Callable[[str], int | None]
"""The stations that are known, and how many connectors each has: a mapping, or a look-up that answers None."""


def make(station: str, connector: int) -> str:
    """The text for a connector; the identity is percent-encoded.

    Args:
        station: the charging station's identity, 1 to 48 characters without colon and control characters.
        connector: from 1 to 9999.

    Raises:
        PairingError: `BadStation`, `BadConnector`.
    """
    _check_station(station)
    if isinstance(connector, bool) or not isinstance(connector, int) or not 1 <= connector <= MAX_CONNECTOR:
        raise PairingError("BadConnector", f"connectors count from 1 to {MAX_CONNECTOR}")
    return f"{SCHEME}{quote(station, safe=_UNRESERVED)}?connector={connector}"


def parse(text: str, known: Connectors | None = None) -> Pairing:
    """The connector that a text names.

    Args:
        text: what was scanned; hostile.
        known: the stations there are. Without it, only the form is checked.

    Raises:
        PairingError: anything but what `make` writes for a connector of a known station. The message never repeats the
            text.
    """
    if len(text) > MAX_LENGTH:
        raise PairingError("TooLong", f"a pairing has at most {MAX_LENGTH} characters")
    match = _FORM.fullmatch(text)
    if match is None:
        raise _what_is_wrong(text)
    station, connector = _decoded(match["station"]), int(match["connector"])
    _check_station(station)
    if quote(station, safe=_UNRESERVED) != match["station"]:
        raise PairingError("BadEncoding", "a character is percent-encoded that needs no encoding")
    if known is not None:
        _check_known(station, connector, known)
    return Pairing(station, connector)


def looks_like_pairing(text: str) -> bool:
    """Whether somebody meant a pairing, right or wrong: such a text is never a card's number."""
    return _LOOSE.match(text) is not None


def _check_known(station: str, connector: int, known: Connectors) -> None:
    connectors = known(station) if callable(known) else known.get(station)
    if connectors is None:
        raise PairingError("UnknownStation", "no such station is known here")
    if connector > connectors:
        raise PairingError("NoSuchConnector", f"the station has no such connector; it has {connectors}")


def _check_station(station: str) -> None:
    if not 1 <= len(station) <= MAX_STATION:
        raise PairingError("BadStation", f"a station's identity has 1 to {MAX_STATION} characters")
    if ":" in station or not station.isprintable() or station.strip() != station:
        raise PairingError("BadStation", "a station's identity has no colon, no control character, no space at an end")


def _decoded(encoded: str) -> str:
    try:
        return unquote_to_bytes(encoded).decode("utf-8", "strict")
    except UnicodeDecodeError:
        raise PairingError("BadEncoding", "the percent-encoding is no UTF-8") from None


_CONNECTOR: Final = re.compile(r"ocpp://[^/?#@:\s]+\?connector=(?P<value>[^&#]*)", re.ASCII)


def _what_is_wrong(text: str) -> PairingError:
    """Why a text is not of the form: the most telling of the reasons."""
    found = _CONNECTOR.fullmatch(text)
    if found is not None and not re.fullmatch(r"[1-9][0-9]{0,3}", found["value"], re.ASCII):
        return PairingError("BadConnector", f"the connector is no number from 1 to {MAX_CONNECTOR}")
    if found is not None:
        return PairingError("BadEncoding", "the station's identity is not percent-encoded as it has to be")
    return PairingError("Malformed", "this is no pairing")
