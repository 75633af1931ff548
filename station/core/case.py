"""One presentation of a token, from the reader or the CSMS to its result. Data; ``station.core.authorization`` acts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from station.core.contract_tasks import Contract
from station.core.smart_charging.profile import ChargingProfile
from station.core.values import IdToken, TokenInfo


@dataclass(slots=True, eq=False)
class Case:
    """One presentation of a token. ``until_s`` is set while it waits for a plug or for the user."""

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
    trace: list[dict[str, Any]] = field(default_factory=list)

    def note(self, step: str, **detail: Any) -> None:
        """Add a line for people to the trace."""
        self.trace.append({"step": step, **detail})
