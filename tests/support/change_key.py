"""A 1.6 key changed at once, as ChangeConfiguration does it through the core: planned, then written."""

from __future__ import annotations

from station.core.records import Record
from station.core.variables import Variables
from station.ocpp.v16 import keys


def change_key(variables: Variables, name: str, value: str) -> tuple[str, tuple[Record, ...]]:
    """The status, and the records that make it durable."""
    planned = keys.plan(variables, name, value)
    if isinstance(planned, str):
        return planned, ()
    done = [variables.set(address, text, hand="csms_key") for address, text in planned]
    records = tuple(record for outcome in done for record in outcome.records)
    reboot = any(outcome.status == "RebootRequired" for outcome in done)
    return "RebootRequired" if reboot else "Accepted", records
