"""SetChargingProfile, ClearChargingProfile and GetCompositeSchedule (OCPP 1.6 §5.5, §5.7, §5.16).

Profiles become those of 2.x: ChargePointMaxProfile is the station's, a schedule without a start is relative to the
transaction (§7.13), and one that limits the station without saying since when does so from now on.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ocpp.v16 import call_result
from ocpp.v16.enums import (
    ChargingProfilePurposeType,
    ChargingProfileStatus,
    ClearChargingProfileStatus,
    GetCompositeScheduleStatus,
)

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
from station.core.smart_charging.requests import ClearChargingProfile, GetCompositeSchedule, SetChargingProfile
from station.ocpp.charging_schedules import period_out, schedule_in
from station.ocpp.dialect import Answer, Defer, Inbound, Refuse, View
from station.ocpp.numbers import whole
from station.ocpp.rules import RULES_16, ErrorKind
from station.ocpp.times import moment, timestamp
from station.ocpp.v16.inbound.request import Payload, Request, answer, by_status

_PURPOSES: Final[Mapping[str, Purpose]] = {
    ChargingProfilePurposeType.charge_point_max_profile: Purpose.STATION_MAX,
    ChargingProfilePurposeType.tx_default_profile: Purpose.TX_DEFAULT,
    ChargingProfilePurposeType.tx_profile: Purpose.TX,
}


def enabled(view: View) -> bool:
    """Whether profiles are taken; a station may have the function and have it switched off."""
    return view.variables.text(names.SMART_CHARGING_ENABLED) != "false"


def profile_of(wire: Mapping[str, Any], place: tuple[int, int], view: View) -> ChargingProfile | None:
    """A ChargingProfile (§7.8) for an EVSE and connector; None where it names a transaction that is not running.

    A transactionId is only valid in a TxProfile.
    """
    purpose = _PURPOSES[wire["chargingProfilePurpose"]]
    transaction = None
    if "transactionId" in wire:
        transaction = view.transaction_of(str(int(wire["transactionId"]))) if purpose is Purpose.TX else None
        if transaction is None:
            return None
    kind, schedule = Kind(wire["chargingProfileKind"]), wire["chargingSchedule"]
    start = moment(schedule.get("startSchedule")) if kind is not Kind.RELATIVE else None
    if start is None and kind is not Kind.RECURRING:
        kind = Kind.RELATIVE
        if purpose is Purpose.STATION_MAX:
            kind, start = Kind.ABSOLUTE, view.now_utc().replace(microsecond=0)
    repeats = wire.get("recurrencyKind") if kind is Kind.RECURRING else None
    return ChargingProfile(
        id=int(wire["chargingProfileId"]),
        evse=place[0],
        stack_level=int(wire["stackLevel"]),
        purpose=purpose,
        kind=kind,
        schedule=schedule_in(schedule, start),
        recurrency=Recurrency(repeats) if repeats is not None else None,
        valid_from=moment(wire.get("validFrom")),
        valid_to=moment(wire.get("validTo")),
        transaction_id=transaction,
        connector=place[1],
    )


def _place(number: int, view: View) -> tuple[int, int] | None:
    """EVSE and connector of a connectorId; (0, 0) is the station, connector 0 the only one of an EVSE."""
    if number == 0:
        return 0, 0
    place = view.place(number)
    if place is None:
        return None
    alone = next(len(evse.connector_ids) == 1 for evse in view.evses if evse.id == place[0])
    return (place[0], 0) if alone else place


def _set(payload: Payload, reply: int, view: View) -> Inbound:
    """A connectorId that does not exist is a CALLERROR (errata 3.39)."""
    place = _place(int(payload["connectorId"]), view)
    if place is None:
        return Refuse(RULES_16.code(ErrorKind.PROPERTY), "no such connector")
    if not enabled(view):
        return answer(call_result.SetChargingProfile(ChargingProfileStatus.not_supported))
    profile = profile_of(payload["csChargingProfiles"], place, view)
    if profile is None:
        return answer(call_result.SetChargingProfile(ChargingProfileStatus.rejected))
    return Defer(SetChargingProfile(reply, profile, replaces=True))


def _clear(payload: Payload, reply: int, view: View) -> Inbound:
    """What is left out matches all; an id alone decides (errata 3.25, 3.26)."""
    purpose = payload.get("chargingProfilePurpose")
    asked = ClearChargingProfile(
        reply,
        whole(payload.get("id")),
        purpose=_PURPOSES[purpose] if purpose is not None else None,
        stack_level=whole(payload.get("stackLevel")),
    )
    if asked.id is None and "connectorId" in payload:
        place = _place(int(payload["connectorId"]), view)
        if place is None:
            return answer(call_result.ClearChargingProfile(ClearChargingProfileStatus.unknown))
        asked = ClearChargingProfile(reply, None, *place, asked.purpose, asked.stack_level)
    return Defer(asked)


def _composite(payload: Payload, reply: int, view: View) -> Inbound:
    """Without a unit the station's first; connector 0 is what the station takes from the grid (errata 3.30)."""
    place = _place(int(payload["connectorId"]), view)
    if place is None:
        return answer(call_result.GetCompositeSchedule(GetCompositeScheduleStatus.rejected))
    unit = payload.get("chargingRateUnit")
    asked = RateUnit(unit) if unit is not None else None
    return Defer(GetCompositeSchedule(reply, place[0], int(payload["duration"]), asked, place[1]))


def _composed(payload: Payload, outcome: Outcome, _view: View) -> Answer | Refuse:
    made = outcome.data
    if outcome.status != "Accepted" or not isinstance(made, CompositeSchedule):
        return answer(call_result.GetCompositeSchedule(GetCompositeScheduleStatus.rejected))
    schedule = {
        "duration": made.duration_s,
        "chargingRateUnit": made.unit.value,
        "chargingSchedulePeriod": [period_out(period) for period in made.periods],
    }
    start = timestamp(made.start)
    return answer(
        call_result.GetCompositeSchedule(GetCompositeScheduleStatus.accepted, payload["connectorId"], start, schedule)
    )


REQUESTS: Final = {
    "SetChargingProfile": Request(
        _set,
        by_status(
            call_result.SetChargingProfile,
            {"Accepted": ChargingProfileStatus.accepted},
            ChargingProfileStatus.rejected,
        ),
    ),
    "ClearChargingProfile": Request(
        _clear,
        by_status(
            call_result.ClearChargingProfile,
            {"Accepted": ClearChargingProfileStatus.accepted},
            ClearChargingProfileStatus.unknown,
        ),
    ),
    "GetCompositeSchedule": Request(_composite, _composed),
}
