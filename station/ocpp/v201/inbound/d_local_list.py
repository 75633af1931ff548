"""Block D, local authorization list: SendLocalList and GetLocalListVersion.

Spec: OCPP 2.0.1 D01, D02.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ocpp.v201 import call_result

from station.core.effects import Outcome
from station.core.events import SendLocalList
from station.core.values import IdToken, TokenInfo
from station.core.variables import Address
from station.ocpp.dialect import Answer, Defer, Inbound, View
from station.ocpp.v201.vocabulary import Handler, Payload, Wording, answer, status_info, token_in, token_info

_ENABLED: Final = Address("LocalAuthListCtrlr", None, None, None, "Enabled")
_STATUSES: Final = frozenset({"Accepted", "VersionMismatch"})


def send_local_list(payload: Payload, reply: int, view: View) -> Inbound:
    """Replace or change the list; refused where there is none or where it is switched off (D01, prerequisite)."""
    if not view.variables.flag(_ENABLED):
        return answer(call_result.SendLocalList(status="Failed", status_info=status_info("NotEnabled")))
    entries = tuple(_entry(entry) for entry in payload.get("localAuthorizationList", ()))
    return Defer(SendLocalList(reply, int(payload["versionNumber"]), payload["updateType"] == "Full", entries))


def _entry(data: Payload) -> tuple[IdToken, TokenInfo | None]:
    """AuthorizationData; without information the token is to be removed (D01.FR.17)."""
    info = data.get("idTokenInfo")
    return token_in(data["idToken"]), None if info is None else token_info(info)


def local_list_sent(_payload: Payload, outcome: Outcome, _view: View) -> Answer:
    """Accepted, VersionMismatch or Failed (D01.FR.02)."""
    status = outcome.status if outcome.status in _STATUSES else "Failed"
    return answer(
        call_result.SendLocalList(status=status, status_info=status_info(outcome.reason, outcome.info)),
    )


def get_local_list_version(_payload: Payload, _reply: int, view: View) -> Inbound:
    """The version of the last update, also of one that emptied the list; 0 where there is no list (D02.FR.01-03)."""
    version = view.local_list.version if view.variables.flag(_ENABLED) else 0
    return answer(call_result.GetLocalListVersion(version_number=version))


HANDLERS: Final[Mapping[str, Handler]] = {
    "SendLocalList": send_local_list,
    "GetLocalListVersion": get_local_list_version,
}
WORDINGS: Final[Mapping[str, Wording]] = {"SendLocalList": local_list_sent}
