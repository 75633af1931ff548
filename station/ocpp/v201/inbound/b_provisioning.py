"""Block B, provisioning: GetVariables, SetVariables, SetNetworkProfile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson
from ocpp.v201 import call_result

from station.core.effects import Outcome
from station.core.events import SetVariables
from station.core.variables import Address, SetOutcome
from station.ocpp.dialect import Answer, Defer, Inbound, Refuse, View
from station.ocpp.numbers import whole
from station.ocpp.rules import ErrorKind
from station.ocpp.v201.vocabulary import Handler, Payload, Wording, answer, status_info

_SECURITY_PROFILE: Final = Address.parse("SecurityCtrlr.SecurityProfile")[0]


def limited(payload: Payload, items: Sequence[Any], message: str, view: View) -> Refuse | None:
    """The refusal of a request that is larger than ItemsPerMessage and BytesPerMessage of ``message`` allow.

    Spec: OCPP 2.0.1 B05.FR.11, B06.FR.16, B06.FR.17, B08.FR.17, B08.FR.18.
    """
    most = view.variables.integer(Address("DeviceDataCtrlr", None, None, None, "ItemsPerMessage", message))
    if most and len(items) > most:
        return Refuse(ErrorKind.OCCURRENCE.value, f"at most {most} items in a message")
    longest = view.variables.integer(Address("DeviceDataCtrlr", None, None, None, "BytesPerMessage", message))
    if longest and len(orjson.dumps(payload)) > longest:
        return Refuse(ErrorKind.FORMAT.value, f"at most {longest} bytes in a message")
    return None


def address_of(component: Payload, variable: Payload) -> Address:
    """The address that a component and a variable of the wire denote; an empty instance is none (B06.FR.15)."""
    place = component.get("evse") or {}
    return Address(
        component["name"],
        component.get("instance") or None,
        whole(place.get("id")),
        whole(place.get("connectorId")),
        variable["name"],
        variable.get("instance") or None,
    )


def get_variables(payload: Payload, _reply: int, view: View) -> Inbound:
    """Read variables, each item with its own status (B06.FR.01)."""
    items = payload["getVariableData"]
    refusal = limited(payload, items, "GetVariables", view)
    if refusal is not None:
        return refusal
    return answer(call_result.GetVariables(get_variable_result=[_got(item, view) for item in items]))


def _got(item: Payload, view: View) -> dict[str, Any]:
    """A GetVariableResultType (B06.FR.02 to B06.FR.15)."""
    attribute = item.get("attributeType", "Actual")
    result = view.variables.get(address_of(item["component"], item["variable"]), attribute)
    wire: dict[str, Any] = {"attributeStatus": result.status, **_named(item, attribute)}
    if result.value is not None:
        wire["attributeValue"] = result.value
    info = status_info(result.reason_code or "")
    if info is not None:
        wire["attributeStatusInfo"] = info
    return wire


def _named(item: Payload, attribute: str) -> dict[str, Any]:
    """Which variable a result is about: as asked, and the attribute also where none was named (B06.FR.11)."""
    return {"attributeType": attribute, "component": item["component"], "variable": item["variable"]}


def set_variables(payload: Payload, reply: int, view: View) -> Inbound:
    """Write variables, in order; the core writes and records them."""
    items = payload["setVariableData"]
    refusal = limited(payload, items, "SetVariables", view)
    if refusal is not None:
        return refusal
    writes = tuple(
        (
            address_of(item["component"], item["variable"]),
            item.get("attributeType", "Actual"),
            item["attributeValue"],
        )
        for item in items
    )
    return Defer(SetVariables(reply, writes))


def variables_set(payload: Payload, outcome: Outcome, _view: View) -> Answer:
    """One result for every item, as the core's outcome holds them; all refused where it could not be stored."""
    items = payload["setVariableData"]
    outcomes = outcome.data or [SetOutcome("Rejected", outcome.reason, outcome.info)] * len(items)
    results = [_set(item, one) for item, one in zip(items, outcomes, strict=True)]
    return answer(call_result.SetVariables(set_variable_result=results))


def _set(item: Payload, outcome: SetOutcome) -> dict[str, Any]:
    """A SetVariableResultType (B05.FR.02 to B05.FR.10, B05.FR.12)."""
    wire = {"attributeStatus": outcome.status, **_named(item, item.get("attributeType", "Actual"))}
    info = None if outcome.accepted else status_info(outcome.reason_code or "", outcome.detail)
    if info is not None:
        wire["attributeStatusInfo"] = info
    return wire


def set_network_profile(payload: Payload, _reply: int, view: View) -> Inbound:
    """Rejected: connection profiles come with the station's own (B09.FR.02), and none is lowered (B09.FR.04)."""
    level = view.variables.integer(_SECURITY_PROFILE)
    lower = payload["connectionData"]["securityProfile"] < level
    why = status_info("ValueTooLow", f"security profile {level} is in use") if lower else None
    return answer(
        call_result.SetNetworkProfile(status="Rejected", status_info=why or status_info("UnsupportedRequest")),
    )


HANDLERS: Final[Mapping[str, Handler]] = {
    "GetVariables": get_variables,
    "SetVariables": set_variables,
    "SetNetworkProfile": set_network_profile,
}
WORDINGS: Final[Mapping[str, Wording]] = {"SetVariables": variables_set}
