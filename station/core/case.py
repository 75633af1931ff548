"""One presentation of a token, from the reader or the CSMS to its result. Data; ``station.core.authorization`` acts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from station.core.contract_tasks import Contract
from station.core.smart_charging.profile import ChargingProfile
from station.core.values import IdToken, TokenInfo

RESERVED: Final = "Reserved"
"""The reason of a token that is refused because every EVSE that is free is kept for somebody else."""
MOST_IN_PROCESS: Final = 100
"""How many tokens may be asked about, or wait, at a time: a flood of made-up cards fills no memory."""
REPLUG: Final = "Replug"
"""The reason of a token that comes too late for the vehicle that is plugged in."""


def unfit(token: IdToken, limit: int) -> str:
    """Why a token cannot be a card's here, empty where it can: `limit` characters of printable ASCII.

    Source: OCPP 1.6 §2.3, CiString; OCPP 2.0.1 IdTokenType, of whose identifierString the space and such are taken too.
    """
    value = token.value
    if not value:
        return "TokenEmpty"
    if len(value) > limit:
        return "TokenTooLong"
    return "" if value.isascii() and value.isprintable() else "TokenNotPrintable"


@dataclass(slots=True, eq=False)
class Case:
    """One presentation of a token. ``until_s`` is set while it waits for a plug or for the user.

    ``asked_s`` is when the CSMS was asked, ``prevalidated`` that the provider vouches for it.
    """

    token: IdToken
    reader: str
    evses: tuple[int, ...]
    asked: int | None = None
    remote: bool = False
    remote_start_id: int | None = None
    group: IdToken | None = None
    began_s: float = 0.0
    asking: bool = False
    heard: bool = False
    until_s: float | None = None
    info: TokenInfo | None = None
    profile: ChargingProfile | None = None
    contract: Contract | None = None
    prevalidated: bool = False
    asked_s: float = 0.0
    trace: list[dict[str, Any]] = field(default_factory=list)

    def note(self, step: str, **detail: Any) -> None:
        """Add a line for people to the trace."""
        self.trace.append({"step": step, **detail})

    def answered(self, validator: str, answer: str, latency_s: float = 0.0, **detail: Any) -> None:
        """Add what a validator said, and how long that took."""
        latency_ms = round(latency_s * 1000)
        self.trace.append(
            {"step": "answered", "validator": validator, "answer": answer, "latency_ms": latency_ms, **detail}
        )
