"""Block B, provisioning: GetBaseReport, GetReport, and the NotifyReport messages that follow.

Which variables belong into a report is decided by ``station.core.variable_reports``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from ocpp.v201 import call as messages
from ocpp.v201 import call_result

from station.core.variables import Address, ReportLine, Wanted
from station.ocpp.dialect import Inbound, OutCall, View
from station.ocpp.numbers import whole
from station.ocpp.times import timestamp
from station.ocpp.v201.inbound.b_provisioning import limited
from station.ocpp.v201.vocabulary import Handler, Payload, answer, call

_PART: Final = Address("DeviceDataCtrlr", None, None, None, "ItemsPerMessage", "GetReport")
_DEFAULT_PART: Final = 100
_NUMBERS: Final = ("integer", "decimal")
_VALUES_LENGTH: Final = 1000


def get_base_report(payload: Payload, _reply: int, view: View) -> Inbound:
    """Accept a base report and send it (B07.FR.01, B07.FR.03); the three bases of the schema are all supported."""
    lines = list(view.variables.report(payload["reportBase"]))
    if not lines:
        return answer(call_result.GetBaseReport(status="EmptyResultSet"))
    return answer(call_result.GetBaseReport(status="Accepted"), notify_report(payload["requestId"], lines, view))


def get_report(payload: Payload, _reply: int, view: View) -> Inbound:
    """Accept a custom report and send it (B08.FR.01, B08.FR.03); nothing found is said at once (B08.FR.15)."""
    asked = payload.get("componentVariable", ())
    refusal = limited(payload, asked, "GetReport", view)
    if refusal is not None:
        return refusal
    lines = view.variables.select(payload.get("componentCriteria", ()), [_wanted(item) for item in asked])
    if not lines:
        return answer(call_result.GetReport(status="EmptyResultSet"))
    return answer(call_result.GetReport(status="Accepted"), notify_report(payload["requestId"], lines, view))


def _wanted(item: Payload) -> Wanted:
    """What one ComponentVariableType asks for; what is left out is any (B08.FR.20 to B08.FR.25)."""
    component, variable = item["component"], item.get("variable") or {}
    place = component.get("evse") or {}
    return Wanted(
        component["name"],
        component.get("instance") or None,
        whole(place.get("id")),
        whole(place.get("connectorId")),
        variable.get("name"),
        variable.get("instance") or None,
    )


def notify_report(request_id: int, lines: Sequence[ReportLine], view: View) -> tuple[OutCall, ...]:
    """The report in parts of ItemsPerMessage lines, numbered from 0, each but the last to be continued.

    Spec: OCPP 2.0.1 B07.FR.04, B07.FR.10, B08.FR.04, B08.FR.14.
    """
    size = view.variables.integer(_PART) or _DEFAULT_PART
    generated = timestamp(view.now_utc())
    return tuple(
        call(
            messages.NotifyReport(
                request_id=int(request_id),
                generated_at=generated,
                seq_no=number,
                report_data=[_report_data(line) for line in lines[start : start + size]],
                tbc=start + size < len(lines),
            )
        )
        for number, start in enumerate(range(0, len(lines), size))
    )


def _report_data(line: ReportLine) -> dict[str, Any]:
    """A ReportDataType (B07.FR.11, B08.FR.12)."""
    return {
        "component": _component(line.address),
        "variable": _variable(line.address),
        "variableAttribute": [
            {
                "type": attribute.type,
                **({} if attribute.value is None else {"value": attribute.value}),
                "mutability": attribute.mutability.value,
                "persistent": attribute.persistent,
                "constant": attribute.constant,
            }
            for attribute in line.attributes
        ],
        "variableCharacteristics": _characteristics(line),
    }


def _component(address: Address) -> dict[str, Any]:
    wire: dict[str, Any] = {"name": address.component}
    if address.component_instance is not None:
        wire["instance"] = address.component_instance
    if address.evse is not None:
        wire["evse"] = {"id": address.evse}
        if address.connector is not None:
            wire["evse"]["connectorId"] = address.connector
    return wire


def _variable(address: Address) -> dict[str, Any]:
    if address.variable_instance is None:
        return {"name": address.variable}
    return {"name": address.variable, "instance": address.variable_instance}


def _characteristics(line: ReportLine) -> dict[str, Any]:
    """VariableCharacteristicsType. ``minLimit`` is for numbers, ``maxLimit`` is the length of everything else."""
    found = line.characteristics
    wire: dict[str, Any] = {"dataType": found.data_type.value, "supportsMonitoring": found.supports_monitoring}
    if found.unit:
        wire["unit"] = found.unit
    if found.min_limit is not None and found.data_type in _NUMBERS:
        wire["minLimit"] = found.min_limit
    if found.max_limit is not None:
        wire["maxLimit"] = found.max_limit
    if found.values_list:
        wire["valuesList"] = _cut_list(found.values_list)
    return wire


def _cut_list(values: str) -> str:
    """A list that is longer than the message takes, ended after a whole item."""
    return values if len(values) <= _VALUES_LENGTH else values[: _VALUES_LENGTH + 1].rpartition(",")[0]


HANDLERS: Final[Mapping[str, Handler]] = {"GetBaseReport": get_base_report, "GetReport": get_report}
