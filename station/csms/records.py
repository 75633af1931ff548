"""What the embedded central system remembers of its stations, for scripts and tests to read. In memory only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from station.csms.link import Link


@dataclass(slots=True)
class CsmsTransaction:
    """A transaction as its messages told it.

    `started` and `stopped` are the station's own timestamps. `start_wh` and `last_wh` are readings of the energy
    register in Wh, None until one was told.
    """

    id: str
    evse: int
    connector: int
    token: str | None
    started: datetime | None
    start_wh: float | None = None
    last_wh: float | None = None
    stopped: datetime | None = None
    ended: bool = False
    reason: str | None = None

    @property
    def energy_wh(self) -> float:
        """Energy of the transaction so far in Wh; 0 while fewer than two readings are known."""
        if self.start_wh is None or self.last_wh is None:
            return 0.0
        return self.last_wh - self.start_wh

    def read(self, register_wh: float | None) -> None:
        """Take a register reading in Wh; None is no reading."""
        if register_wh is None:
            return
        if self.start_wh is None:
            self.start_wh = register_wh
        self.last_wh = register_wh

    def summary(self) -> dict[str, Any]:
        """The transaction as an event's detail."""
        return {
            "id": self.id,
            "evse": self.evse,
            "connector": self.connector,
            "token": self.token,
            "energy_wh": self.energy_wh,
            "reason": self.reason,
        }


@dataclass(slots=True)
class StationHandle:
    """One station, over all its connections.

    Attributes:
        version: the subprotocol of the last connection, `ocpp1.6` or `ocpp2.0.1`.
        boot: the payload of the last BootNotification (snake_case keys), None before the first.
        statuses: the last told status by (EVSE, connector); a 1.6 connector n is (n, 1), the whole station (0, 0).
        transactions: in the order of their starts.
        received: how often each action came in.
    """

    id: str
    version: str = ""
    boot: dict[str, Any] | None = None
    statuses: dict[tuple[int, int], str] = field(default_factory=dict)
    transactions: list[CsmsTransaction] = field(default_factory=list)
    received: dict[str, int] = field(default_factory=dict)
    link: Link | None = None

    @property
    def online(self) -> bool:
        """Whether the station is connected now."""
        return self.link is not None

    def transaction(self, transaction_id: str) -> CsmsTransaction | None:
        """The transaction with this id on the wire, if it was told."""
        return next((known for known in reversed(self.transactions) if known.id == transaction_id), None)

    async def call(self, action: str, payload: Mapping[str, Any], timeout_s: float = 30.0) -> dict[str, Any]:
        """Send a CALL and return the payload of the answer, both with the wire's own key names.

        Raises:
            ConnectionError: the station is not connected, or the connection went before the answer.
            TimeoutError: no answer within `timeout_s`.
            CallRefusedError: the answer was a CALLERROR.
            ocpp.exceptions.OCPPError: the payload, or the answer's, breaks the schema.
        """
        if self.link is None:
            raise ConnectionError(f"{self.id} is not connected")
        return await self.link.call(action, dict(payload), timeout_s)
