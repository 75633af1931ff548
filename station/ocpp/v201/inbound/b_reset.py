"""Block B, provisioning: Reset of the station or of an EVSE."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ocpp.v201 import call_result

from station.core.effects import Outcome
from station.core.events import ResetRequested
from station.core.values import BootReason, StopReason
from station.core.variables import Address
from station.ocpp.dialect import Answer, Defer, Inbound, View
from station.ocpp.numbers import whole
from station.ocpp.v201.vocabulary import (
    Handler,
    Payload,
    Wording,
    answer,
    find_evse,
    running,
    status_info,
    worded,
)


def reset(payload: Payload, reply: int, view: View) -> Inbound:
    """Reset now, or when no transaction runs.

    A single EVSE is reset only where its variable AllowReset says that it can be (B11.FR.09, B11.FR.10, B12.FR.09).
    A reset that had to wait for a transaction boots as ScheduledReset, any other as RemoteReset.
    """
    evse = whole(payload.get("evseId"))
    if evse is not None:
        if find_evse(view, evse) is None:
            return _refused("UnknownEvse")
        if not view.variables.flag(Address("EVSE", None, evse, None, "AllowReset")):
            return _refused("UnsupportedRequest")
    on_idle = payload["type"] == "OnIdle"
    waits = on_idle and any(evse is None or one.id == evse for one, _ in running(view))
    return Defer(
        ResetRequested(
            reply,
            on_idle=on_idle,
            reason=StopReason.IMMEDIATE_RESET,
            evse=evse or 0,
            boot_reason=BootReason.SCHEDULED_RESET if waits else BootReason.REMOTE_RESET,
        )
    )


def _refused(reason: str) -> Answer:
    return answer(call_result.Reset(status="Rejected", status_info=status_info(reason)))


def reset_decided(_payload: Payload, outcome: Outcome, _view: View) -> Answer:
    """Accepted, Scheduled or Rejected (B11.FR.06, B11.FR.07, B12.FR.01, B12.FR.02)."""
    return worded(call_result.Reset, outcome)


HANDLERS: Final[Mapping[str, Handler]] = {"Reset": reset}
WORDINGS: Final[Mapping[str, Wording]] = {"Reset": reset_decided}
