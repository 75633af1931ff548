"""GetConfiguration and ChangeConfiguration (OCPP 1.6 §5.3, §5.8) over the table of keys."""

from __future__ import annotations

from typing import Final

from ocpp.v16 import call, call_result
from ocpp.v16.datatypes import KeyValue
from ocpp.v16.enums import ConfigurationStatus

from station.core.catalogue import Address
from station.core.effects import Outcome
from station.core.events import SetVariables
from station.ocpp.dialect import Answer, Defer, Inbound, Refuse, View
from station.ocpp.payload import decode
from station.ocpp.rules import RULES_16, ErrorKind
from station.ocpp.v16 import keys
from station.ocpp.v16.inbound.request import Payload, Request, answer

_MAX_KEYS: Final = Address("DeviceDataCtrlr", None, None, None, "ItemsPerMessage", "GetVariables")


def _get_configuration(payload: Payload, _reply: int, view: View) -> Inbound:
    """No keys, or an empty list, ask for all. More than GetConfigurationMaxKeys are refused, not answered in part."""
    asked = decode(call.GetConfiguration, payload).key or []
    limit = view.variables.integer(_MAX_KEYS)
    if limit and len(asked) > limit:
        return Refuse(RULES_16.code(ErrorKind.OCCURRENCE), f"at most {limit} keys in a request")
    rows, unknown = keys.read(view.variables, asked) if asked else (keys.read_all(view.variables), [])
    known = [KeyValue(name, read_only, value) for name, read_only, value in rows]
    return answer(call_result.GetConfiguration(known or None, unknown or None))


def _change_configuration(payload: Payload, reply: int, view: View) -> Inbound:
    """What is certain is answered at once; the core writes the rest and the answer waits until it is recorded."""
    asked = decode(call.ChangeConfiguration, payload)
    planned = keys.plan(view.variables, asked.key, asked.value)
    if isinstance(planned, str):
        return answer(call_result.ChangeConfiguration(ConfigurationStatus(planned)))
    items = tuple((address, "Actual", text) for address, text in planned)
    return Defer(SetVariables(reply, items, hand="csms_key"))


def _changed(_payload: Payload, outcome: Outcome, _view: View) -> Answer | Refuse:
    results = outcome.data or ()
    if outcome.status == "Rejected" or not all(result.accepted for result in results):
        status = ConfigurationStatus.rejected
    elif any(result.status == "RebootRequired" for result in results):
        status = ConfigurationStatus.reboot_required
    else:
        status = ConfigurationStatus.accepted
    return answer(call_result.ChangeConfiguration(status))


REQUESTS: Final = {
    "GetConfiguration": Request(_get_configuration),
    "ChangeConfiguration": Request(_change_configuration, _changed),
}
