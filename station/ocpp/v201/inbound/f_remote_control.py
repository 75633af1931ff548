"""Block F, remote control: RequestStartTransaction, RequestStopTransaction, UnlockConnector."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ocpp.v201 import call_result

from station.core.effects import Outcome
from station.core.events import RemoteStart, RemoteStop, UnlockRequested
from station.core.smart_charging.profile import ChargingProfile
from station.core.values import RegistrationStatus
from station.ocpp.dialect import Answer, Defer, Inbound, View
from station.ocpp.numbers import whole
from station.ocpp.v201.inbound import k_smart_charging
from station.ocpp.v201.vocabulary import (
    Handler,
    Payload,
    Wording,
    answer,
    find_evse,
    running_id,
    status_info,
    token_in,
    worded,
)

_UNLOCK_STATUSES: Final = frozenset({"Unlocked", "UnlockFailed", "OngoingAuthorizedTransaction", "UnknownConnector"})
_FIXED_CABLE: Final = "NotSupported"
"""The core's word for a connector that has no lock to open."""


def request_start(payload: Payload, reply: int, view: View) -> Inbound:
    """Start for a token; without ``evseId`` the core selects the EVSE (F01.FR.20, F02.FR.22).

    What depends on the state of the EVSE (reserved, occupied, faulted) is the core's to decide.
    """
    refused = _start_refused(payload, view)
    if refused:
        return answer(call_result.RequestStartTransaction(status="Rejected", status_info=status_info(refused)))
    group = payload.get("groupIdToken")
    return Defer(
        RemoteStart(
            reply,
            token_in(payload["idToken"]),
            whole(payload.get("evseId")),
            int(payload["remoteStartId"]),
            None if group is None else token_in(group),
            profile=_profile(payload, view),
        )
    )


def _start_refused(payload: Payload, view: View) -> str:
    """Why a start is refused whatever the EVSEs do (B02.FR.05, F01.FR.26, F02.FR.27); empty where it is not."""
    if view.registration is not RegistrationStatus.ACCEPTED:
        return "CSNotAccepted"
    evse = payload.get("evseId")
    if evse is not None and find_evse(view, evse) is None:
        return "UnknownEvse"
    token = payload["idToken"]
    if not token["idToken"] and token["type"] != "NoAuthorization":
        return "InvalidIdToken"
    profile = payload.get("chargingProfile")
    return "InvalidProfile" if profile is not None and _is_invalid(profile, view) else ""


def _is_invalid(profile: Payload, view: View) -> bool:
    """A profile for a start is a TxProfile without a transaction; without smart charging it is ignored (F01.FR.12)."""
    if not k_smart_charging.enabled(view):
        return False
    is_tx_profile = profile["chargingProfilePurpose"] == "TxProfile" and profile.get("transactionId") is None
    return not is_tx_profile or bool(k_smart_charging.wrong(profile))


def _profile(payload: Payload, view: View) -> ChargingProfile | None:
    """The profile for the transaction that is to start; its EVSE is open until then (K05)."""
    wire = payload.get("chargingProfile")
    return k_smart_charging.profile_in(wire, 0) if wire is not None and k_smart_charging.enabled(view) else None


def start_decided(_payload: Payload, outcome: Outcome, _view: View) -> Answer:
    """Accepted or Rejected, with the id of a transaction that had begun before (F01.FR.13)."""
    return answer(
        call_result.RequestStartTransaction(
            status=outcome.status,
            status_info=status_info(outcome.reason, outcome.info),
            transaction_id=outcome.data if isinstance(outcome.data, str) else None,
        )
    )


def request_stop(payload: Payload, reply: int, view: View) -> Inbound:
    """Stop the transaction of this id (B02.FR.05, F03.FR.07, F03.FR.08)."""
    if view.registration is not RegistrationStatus.ACCEPTED:
        return _stop_refused("CSNotAccepted")
    own = running_id(view, payload["transactionId"])
    return _stop_refused("UnknownTxId") if own is None else Defer(RemoteStop(reply, own))


def _stop_refused(reason: str) -> Answer:
    return answer(call_result.RequestStopTransaction(status="Rejected", status_info=status_info(reason)))


def stop_decided(_payload: Payload, outcome: Outcome, _view: View) -> Answer:
    """Accepted or Rejected."""
    return worded(call_result.RequestStopTransaction, outcome)


def unlock(payload: Payload, reply: int, view: View) -> Inbound:
    """Unlock a connector; a transaction is never ended by it (F05.FR.02, F05.FR.03)."""
    evse = find_evse(view, payload["evseId"])
    connector = int(payload["connectorId"])
    if evse is None or connector not in evse.connector_ids:
        return answer(call_result.UnlockConnector(status="UnknownConnector"))
    return Defer(UnlockRequested(reply, evse.id, connector, ends_transaction=False))


def unlock_decided(_payload: Payload, outcome: Outcome, _view: View) -> Answer:
    """How it ended (F05.FR.02 to F05.FR.06); what is refused otherwise is a failure to unlock."""
    status = outcome.status if outcome.status in _UNLOCK_STATUSES else "UnlockFailed"
    reason = "FixedCable" if outcome.status == _FIXED_CABLE else outcome.reason
    return answer(call_result.UnlockConnector(status=status, status_info=status_info(reason, outcome.info)))


HANDLERS: Final[Mapping[str, Handler]] = {
    "RequestStartTransaction": request_start,
    "RequestStopTransaction": request_stop,
    "UnlockConnector": unlock,
}
WORDINGS: Final[Mapping[str, Wording]] = {
    "RequestStartTransaction": start_decided,
    "RequestStopTransaction": stop_decided,
    "UnlockConnector": unlock_decided,
}
