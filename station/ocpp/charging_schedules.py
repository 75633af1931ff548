"""ChargingScheduleType and its periods, which all versions write alike. Called by the dialects.

Spec: OCPP 1.6 §7.13, §7.14; OCPP 2.0.1 part 2, 2.11, 2.12.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from station.core.smart_charging.profile import Period, RateUnit, Schedule
from station.ocpp.numbers import number, whole


def schedule_in(wire: Mapping[str, Any], start: datetime | None, schedule_id: int = 0) -> Schedule:
    """A schedule that passed its schema. ``start`` is what the version takes startSchedule for."""
    return Schedule(
        unit=RateUnit(wire["chargingRateUnit"]),
        periods=tuple(
            Period(int(period["startPeriod"]), float(period["limit"]), whole(period.get("numberPhases")))
            for period in wire["chargingSchedulePeriod"]
        ),
        start=start,
        duration_s=whole(wire.get("duration")),
        min_rate=number(wire.get("minChargingRate")),
        id=schedule_id,
    )


def period_out(period: Period) -> dict[str, Any]:
    """ChargingSchedulePeriodType."""
    phases = {} if period.phases is None else {"numberPhases": period.phases}
    return {"startPeriod": period.start_s, "limit": period.limit, **phases}
