"""Block K, smart charging: SetChargingProfile, GetChargingProfiles, ClearChargingProfile, GetCompositeSchedule.

The core speaks the words of this block already; what is decided here is what only the wire can say wrong.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any, Final

from ocpp.v201 import call as messages
from ocpp.v201 import call_result

from station.core import names
from station.core.effects import Outcome
from station.core.smart_charging.profile import (
    ChargingProfile,
    CompositeSchedule,
    Kind,
    Purpose,
    RateUnit,
    Recurrency,
)
from station.core.smart_charging.requests import (
    ClearChargingProfile,
    GetChargingProfiles,
    GetCompositeSchedule,
    SetChargingProfile,
)
from station.core.smart_charging.rules import source
from station.ocpp.charging_schedules import period_out, schedule_in
from station.ocpp.dialect import Answer, Defer, Inbound, OutCall, Refuse, View
from station.ocpp.numbers import whole
from station.ocpp.rules import ErrorKind
from station.ocpp.times import moment, timestamp
from station.ocpp.v201.vocabulary import (
    Handler,
    Payload,
    Wording,
    answer,
    call,
    running_id,
    status_info,
    worded,
)


def enabled(view: View) -> bool:
    """Whether the station has smart charging, and has it switched on."""
    return "smart_charging" in view.features and view.variables.text(names.SMART_CHARGING_ENABLED) != "false"


def wrong(wire: Payload) -> str:
    """What is wrong with a ChargingProfileType on the wire alone: a reason code, empty where nothing is.

    One schedule, since there is no ISO 15118 session (K01.FR.34); no phaseToUse, since phases are not switched
    (K01.FR.20, .48).
    """
    schedules = wire["chargingSchedule"]
    if len(schedules) != 1:
        return "InvalidSchedule"
    chosen = any("phaseToUse" in period for period in schedules[0]["chargingSchedulePeriod"])
    return "UnsupportedParam" if chosen else ""


def profile_in(wire: Payload, evse: int, transaction_id: str | None = None) -> ChargingProfile:
    """A ChargingProfileType with which ``wrong`` found no fault. ``transaction_id`` is ours."""
    schedule = wire["chargingSchedule"][0]
    kind = Kind(wire["chargingProfileKind"])
    repeats = wire.get("recurrencyKind") if kind is Kind.RECURRING else None
    return ChargingProfile(
        id=int(wire["id"]),
        evse=evse,
        stack_level=int(wire["stackLevel"]),
        purpose=Purpose(wire["chargingProfilePurpose"]),
        kind=kind,
        schedule=schedule_in(schedule, moment(schedule.get("startSchedule")), int(schedule["id"])),
        recurrency=None if repeats is None else Recurrency(repeats),
        valid_from=moment(wire.get("validFrom")),
        valid_to=moment(wire.get("validTo")),
        transaction_id=transaction_id,
    )


def _profile_out(profile: ChargingProfile) -> dict[str, Any]:
    schedule = profile.schedule
    wire_schedule = {
        "id": schedule.id,
        "startSchedule": None if schedule.start is None else timestamp(schedule.start),
        "duration": schedule.duration_s,
        "chargingRateUnit": schedule.unit.value,
        "chargingSchedulePeriod": [period_out(period) for period in schedule.periods],
        "minChargingRate": schedule.min_rate,
    }
    wire = {
        "id": profile.id,
        "stackLevel": profile.stack_level,
        "chargingProfilePurpose": profile.purpose.value,
        "chargingProfileKind": profile.kind.value,
        "recurrencyKind": None if profile.recurrency is None else profile.recurrency.value,
        "validFrom": None if profile.valid_from is None else timestamp(profile.valid_from),
        "validTo": None if profile.valid_to is None else timestamp(profile.valid_to),
        "transactionId": profile.transaction_id,
        "chargingSchedule": [{name: value for name, value in wire_schedule.items() if value is not None}],
    }
    return {name: value for name, value in wire.items() if value is not None}


def set_profile(payload: Payload, reply: int, view: View) -> Inbound:
    """Install a profile; a TxProfile names its transaction (K01.FR.03, .29, .33)."""
    if not enabled(view):
        return Refuse(ErrorKind.NOT_SUPPORTED.value)
    wire = payload["chargingProfile"]
    reason = wrong(wire)
    transaction = None
    if not reason and "transactionId" in wire:
        transaction = running_id(view, wire["transactionId"])
        reason = "" if transaction is not None else "TxNotFound"
    elif not reason and wire["chargingProfilePurpose"] == Purpose.TX:
        reason = "MissingParam"
    if reason:
        return answer(call_result.SetChargingProfile(status="Rejected", status_info=status_info(reason)))
    profile = profile_in(wire, int(payload["evseId"]), transaction)
    return Defer(SetChargingProfile(reply, profile, binding_phases=True))


def profile_set(_payload: Payload, outcome: Outcome, _view: View) -> Answer:
    """Accepted or Rejected."""
    return worded(call_result.SetChargingProfile, outcome)


def get_profiles(payload: Payload, reply: int, view: View) -> Inbound:
    """Report what matches; ids make the other criteria needless (K09.FR.03)."""
    if not enabled(view):
        return Refuse(ErrorKind.NOT_SUPPORTED.value)
    asked = payload["chargingProfile"]
    purpose = asked.get("chargingProfilePurpose")
    return Defer(
        GetChargingProfiles(
            reply,
            evse=whole(payload.get("evseId")),
            ids=tuple(int(one) for one in asked.get("chargingProfileId", ())),
            purpose=None if purpose is None else Purpose(purpose),
            stack_level=whole(asked.get("stackLevel")),
            sources=tuple(asked.get("chargingLimitSource", ())),
        )
    )


def profiles_found(payload: Payload, outcome: Outcome, _view: View) -> Answer:
    """NoProfiles, or Accepted and the reports."""
    found: tuple[ChargingProfile, ...] = outcome.data or ()
    if outcome.status != "Accepted" or not found:
        return answer(call_result.GetChargingProfiles(status="NoProfiles"))
    return answer(call_result.GetChargingProfiles(status="Accepted"), _reports(int(payload["requestId"]), found))


def _reports(request_id: int, profiles: Sequence[ChargingProfile]) -> tuple[OutCall, ...]:
    """A message for each place and source, all but the last to be continued (K09.FR.01-02)."""

    def place(profile: ChargingProfile) -> tuple[int, str]:
        return profile.evse, source(profile)

    groups = [(where, list(inside)) for where, inside in groupby(sorted(profiles, key=place), key=place)]
    return tuple(
        call(
            messages.ReportChargingProfiles(
                request_id=request_id,
                charging_limit_source=where[1],
                charging_profile=[_profile_out(profile) for profile in inside],
                evse_id=where[0],
                tbc=number < len(groups),
            )
        )
        for number, (where, inside) in enumerate(groups, 1)
    )


def clear_profiles(payload: Payload, reply: int, view: View) -> Inbound:
    """Remove a profile by its id, or all that match (K10.FR.03-04)."""
    if not enabled(view):
        return Refuse(ErrorKind.NOT_SUPPORTED.value)
    asked = payload.get("chargingProfileCriteria") or {}
    purpose = asked.get("chargingProfilePurpose")
    return Defer(
        ClearChargingProfile(
            reply,
            id=whole(payload.get("chargingProfileId")),
            evse=whole(asked.get("evseId")),
            purpose=None if purpose is None else Purpose(purpose),
            stack_level=whole(asked.get("stackLevel")),
        )
    )


def profiles_cleared(_payload: Payload, outcome: Outcome, _view: View) -> Answer:
    """Accepted or Unknown; this message has no word for a failure."""
    status = "Accepted" if outcome.status == "Accepted" else "Unknown"
    return answer(call_result.ClearChargingProfile(status=status, status_info=status_info(outcome.reason)))


def get_composite(payload: Payload, reply: int, view: View) -> Inbound:
    """What an EVSE or the station may take from now on (K08)."""
    if not enabled(view):
        return Refuse(ErrorKind.NOT_SUPPORTED.value)
    unit = payload.get("chargingRateUnit")
    return Defer(
        GetCompositeSchedule(
            reply,
            evse=int(payload["evseId"]),
            duration_s=int(payload["duration"]),
            unit=None if unit is None else RateUnit(unit),
        )
    )


def composed(_payload: Payload, outcome: Outcome, _view: View) -> Answer:
    """The schedule, or Rejected (K08.FR.05, .07)."""
    made = outcome.data
    if outcome.status != "Accepted" or not isinstance(made, CompositeSchedule):
        return answer(call_result.GetCompositeSchedule(status="Rejected", status_info=status_info(outcome.reason)))
    schedule: Any = {
        "evseId": made.evse,
        "duration": made.duration_s,
        "scheduleStart": timestamp(made.start),
        "chargingRateUnit": made.unit.value,
        "chargingSchedulePeriod": [period_out(period) for period in made.periods],
    }
    return answer(call_result.GetCompositeSchedule(status="Accepted", schedule=schedule))


HANDLERS: Final[Mapping[str, Handler]] = {
    "SetChargingProfile": set_profile,
    "GetChargingProfiles": get_profiles,
    "ClearChargingProfile": clear_profiles,
    "GetCompositeSchedule": get_composite,
}
WORDINGS: Final[Mapping[str, Wording]] = {
    "SetChargingProfile": profile_set,
    "GetChargingProfiles": profiles_found,
    "ClearChargingProfile": profiles_cleared,
    "GetCompositeSchedule": composed,
}
