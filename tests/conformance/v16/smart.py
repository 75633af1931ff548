"""Charging profiles as OCPP 1.6 words them. Not a test module; imported by those beside it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from tests.support.rig import Rig

TWO = {"evses": [{"id": 1, "max_current": "16A", "phases": 3}, {"id": 2, "max_current": "16A", "phases": 3}]}
DEFAULT, TX, MAX = "TxDefaultProfile", "TxProfile", "ChargePointMaxProfile"


def at(rig: Rig, seconds: float = 0.0) -> str:
    """The CSMS's time so many seconds from now."""
    moment: datetime = rig.utc() + timedelta(seconds=seconds)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def schedule(*periods: tuple[int, float], unit: str = "A", **more: Any) -> dict[str, Any]:
    """A chargingSchedule of (startPeriod, limit)."""
    wire = [{"startPeriod": start, "limit": limit, "numberPhases": 3} for start, limit in periods]
    return {"chargingRateUnit": unit, "chargingSchedulePeriod": wire, **more}


def profile(purpose: str, plan: dict[str, Any], kind: str | None = None, **more: Any) -> dict[str, Any]:
    """A ChargingProfile; absolute where its schedule has a start."""
    return {
        "chargingProfileId": 1,
        "stackLevel": 0,
        "chargingProfilePurpose": purpose,
        "chargingProfileKind": kind or ("Absolute" if "startSchedule" in plan else "Relative"),
        "chargingSchedule": plan,
        **more,
    }


async def set_profile(rig: Rig, connector: int, wire: dict[str, Any]) -> str:
    """SetChargingProfile; the status of the answer."""
    answer = await rig.call("SetChargingProfile", {"connectorId": connector, "csChargingProfiles": wire})
    status: str = answer["status"]
    await rig.quiet()
    return status


async def accepted(rig: Rig, connector: int, wire: dict[str, Any]) -> None:
    """SetChargingProfile that has to be taken."""
    assert await set_profile(rig, connector, wire) == "Accepted"


async def composite(rig: Rig, connector: int = 1, duration: int = 300, **more: Any) -> dict[str, Any]:
    """GetCompositeSchedule that has to be answered."""
    answer = await rig.call("GetCompositeSchedule", {"connectorId": connector, "duration": duration, **more})
    assert answer["status"] == "Accepted"
    return answer


async def limits(rig: Rig, connector: int = 1, duration: int = 300, **more: Any) -> list[tuple[int, float]]:
    """The periods of the composite schedule."""
    answer = await composite(rig, connector, duration, **more)
    return [(one["startPeriod"], one["limit"]) for one in answer["chargingSchedule"]["chargingSchedulePeriod"]]


async def clear(rig: Rig, **criteria: Any) -> str:
    """ClearChargingProfile; the status of the answer."""
    status: str = (await rig.call("ClearChargingProfile", criteria))["status"]
    await rig.quiet()
    return status


def offered(rig: Rig, evse: int = 1) -> float | None:
    """What an EVSE offers."""
    found = next(one for one in rig.host.status()["evses"] if one["evse"] == evse)
    limit: float | None = found["limit_a"]
    return limit
