"""SendLocalList and GetLocalListVersion (OCPP 1.6 §5.15, §5.10).

A list that is switched off is none: both answer as a station does that has no lists.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ocpp.v16 import call, call_result
from ocpp.v16.enums import UpdateStatus, UpdateType

from station.core.device_model import Address
from station.core.events import SendLocalList
from station.core.values import IdToken, TokenInfo
from station.ocpp.dialect import Defer, Inbound, View
from station.ocpp.payload import decode
from station.ocpp.v16 import vocabulary as words
from station.ocpp.v16.inbound.request import Payload, Request, answer, by_status

_ENABLED: Final = Address("LocalAuthListCtrlr", None, None, None, "Enabled")
_NO_LISTS: Final = -1
"""The version of the list of a station without lists (§5.10)."""


def _send_local_list(payload: Payload, reply: int, view: View) -> Inbound:
    """An empty list has version 0 (§5.10), so any version above that may change it."""
    if not view.variables.flag(_ENABLED):
        return answer(call_result.SendLocalList(UpdateStatus.not_supported))
    asked = decode(call.SendLocalList, payload)
    entries = tuple(_entry(entry) for entry in payload.get("localAuthorizationList", ()))
    full = asked.update_type == UpdateType.full
    return Defer(SendLocalList(reply, asked.list_version, full, entries, empty_is_zero=True))


def _entry(data: Mapping[str, Any]) -> tuple[IdToken, TokenInfo | None]:
    """AuthorizationData (§7.1)."""
    info = data.get("idTagInfo")
    return words.id_token(data["idTag"]), None if info is None else words.id_tag_info(info)


def _get_local_list_version(_payload: Payload, _reply: int, view: View) -> Inbound:
    """0 for an empty list, -1 where there are no lists."""
    listed = view.local_list
    if not view.variables.flag(_ENABLED):
        version = _NO_LISTS
    else:
        version = listed.version if listed.count else 0
    return answer(call_result.GetLocalListVersion(version))


REQUESTS: Final = {
    "SendLocalList": Request(
        _send_local_list,
        by_status(
            call_result.SendLocalList,
            {"Accepted": UpdateStatus.accepted, "VersionMismatch": UpdateStatus.version_mismatch},
            UpdateStatus.failed,
        ),
    ),
    "GetLocalListVersion": Request(_get_local_list_version),
}
