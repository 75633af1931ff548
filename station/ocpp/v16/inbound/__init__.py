"""The calls of the CSMS in OCPP 1.6, by feature: which there are and who handles them.

A function that the station lacks is left out, and so refused with CALLERROR NotSupported, except where its message
has a word of its own for that. Called by ``station.ocpp.v16.dialect``.
"""

from __future__ import annotations

from collections.abc import Mapping

from station.ocpp.v16.inbound import (
    authorization,
    availability,
    certificates,
    configuration,
    firmware,
    lacking,
    local_list,
    logs,
    reservation,
    smart_charging,
    transactions,
    trigger,
)
from station.ocpp.v16.inbound.data_transfer import Vendor, data_transfer
from station.ocpp.v16.inbound.request import Request


def requests(features: frozenset[str], vendors: Mapping[str, Vendor]) -> dict[str, Request]:
    """Action -> handler for a station with these features; ``vendors`` are the known vendorIds of DataTransfer."""
    found: dict[str, Request] = {
        **lacking.REQUESTS,
        **authorization.REQUESTS,
        **availability.REQUESTS,
        **configuration.REQUESTS,
        **local_list.REQUESTS,
        **transactions.REQUESTS,
        "DataTransfer": data_transfer(vendors),
    }
    if "firmware" in features:
        found.update(firmware.REQUESTS)
        found.update(logs.REQUESTS)
    if "reservation" in features:
        found.update(reservation.REQUESTS)
    if "smart_charging" in features:
        found.update(smart_charging.REQUESTS)
    if "remote_trigger" in features:
        found["TriggerMessage"] = trigger.TRIGGER_MESSAGE
    if "security" in features:
        found["ExtendedTriggerMessage"] = trigger.EXTENDED_TRIGGER_MESSAGE
        found.update(certificates.REQUESTS)
    return found
