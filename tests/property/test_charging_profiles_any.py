"""Whatever charging profiles a CSMS words within the schemas: each request is answered, and answered soundly."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from station.core.effects import Outcome
from station.ocpp.dialect import Answer, Defer, Refuse
from station.ocpp.schema import Version, check
from station.ocpp.v16 import DIALECT as V16_DIALECT
from station.ocpp.v201 import DIALECT as V201_DIALECT
from tests.support.core_world import V16, World, two
from tests.support.fake_view import FakeEvse, FakeView

DIALECTS: dict[Version, Any] = {"1.6": V16_DIALECT, "2.0.1": V201_DIALECT}
FEATURES = frozenset({"smart_charging"})

numbers = st.sampled_from([0, 1, 2, 3, 5, 60, 86_400, 2**31, 2**62, 2**63 - 1, -1, -(2**63)])
amounts = st.sampled_from([0, 0.1, 6, 8.5, 16, 11040.0, 1e9, 1e300, -1, -0.5])
moments = st.sampled_from(
    [
        "2026-01-01T00:00:00Z",
        "2026-01-01T00:00:30.123456789+14:00",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
        "9999-12-31T23:59:59-23:59",
        "0001-01-01T00:00:00+23:59",
        "2025-12-30T00:00:00",
    ]
)
purposes = {
    "1.6": ["ChargePointMaxProfile", "TxDefaultProfile", "TxProfile"],
    "2.0.1": ["ChargingStationMaxProfile", "TxDefaultProfile", "TxProfile", "ChargingStationExternalConstraints"],
}


def maybe(name: str, values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """A member that may be left out."""
    return st.none().map(lambda _: {}) | values.map(lambda value: {name: value})


@st.composite
def requests(draw: st.DrawFn, version: Version) -> tuple[str, dict[str, Any]]:
    """SetChargingProfile with any numbers and moments."""
    starts = draw(st.lists(numbers, min_size=1, max_size=3)) if draw(st.booleans()) else [0, 60, 2**40]
    schedule: dict[str, Any] = {
        "chargingRateUnit": draw(st.sampled_from(["A", "W"])),
        "chargingSchedulePeriod": [
            {"startPeriod": start, "limit": draw(amounts), **draw(maybe("numberPhases", numbers))} for start in starts
        ],
        **draw(maybe("duration", numbers)),
        **draw(maybe("startSchedule", moments)),
        **draw(maybe("minChargingRate", amounts)),
    }
    profile: dict[str, Any] = {
        "stackLevel": draw(numbers),
        "chargingProfilePurpose": draw(st.sampled_from(purposes[version])),
        "chargingProfileKind": draw(st.sampled_from(["Absolute", "Recurring", "Relative"])),
        **draw(maybe("recurrencyKind", st.sampled_from(["Daily", "Weekly"]))),
        **draw(maybe("validFrom", moments)),
        **draw(maybe("validTo", moments)),
    }
    place = draw(st.sampled_from([0, 1, 2, 3, -1, 2**63 - 1]))
    if version == "1.6":
        profile |= {"chargingProfileId": draw(numbers), "chargingSchedule": schedule}
        profile |= draw(maybe("transactionId", numbers))
        return "SetChargingProfile", {"connectorId": place, "csChargingProfiles": profile}
    profile |= {"id": draw(numbers), "chargingSchedule": [{"id": 1, **schedule}]}
    profile |= draw(maybe("transactionId", st.sampled_from(["tx1", "tx9"])))
    return "SetChargingProfile", {"evseId": place, "chargingProfile": profile}


@st.composite
def questions(draw: st.DrawFn, version: Version) -> tuple[str, dict[str, Any]]:
    """GetCompositeSchedule for any place and time."""
    place = "connectorId" if version == "1.6" else "evseId"
    asked = {place: draw(st.sampled_from([0, 1, 2, 3, -1])), "duration": draw(numbers)}
    return "GetCompositeSchedule", asked | draw(maybe("chargingRateUnit", st.sampled_from(["A", "W"])))


class Wire:
    """A bare core behind a dialect."""

    def __init__(self, version: Version) -> None:
        self.version, self.dialect = version, DIALECTS[version]
        self.world = World(settings=V16, plan=two(max_current_a=20.0))
        self.view = FakeView(FakeEvse(1), FakeEvse(2), features=FEATURES)
        self.reply = 100

    def ask(self, action: str, payload: dict[str, Any]) -> dict[str, Any] | None:
        """The answer to a call, None for a CALLERROR; both as the schemas want them."""
        if check(self.version, action, "request", payload) is not None:
            return None
        self.reply += 1
        result = self.dialect.inbound(action, payload, self.reply, self.view)
        if isinstance(result, Refuse):
            return None
        if isinstance(result, Defer):
            self.world.send(result.event)
            outcome: Outcome = self.world.replies()[self.reply]
            result = self.dialect.reply(action, payload, outcome, self.view)
        assert isinstance(result, Answer)
        assert check(self.version, action, "response", result.payload) is None
        return dict(result.payload)


@settings(max_examples=120, deadline=None)
@given(data=st.data(), version=st.sampled_from(["1.6", "2.0.1"]))
def test_any_profiles(data: st.DataObject, version: Version) -> None:
    wire = Wire(version)
    wire.world.charge()
    for _ in range(data.draw(st.integers(1, 4))):
        answer = wire.ask(*data.draw(requests(version)))
        assert answer is None or answer["status"] in ("Accepted", "Rejected")
        answer = wire.ask(*data.draw(questions(version)))
        assert answer is None or answer["status"] in ("Accepted", "Rejected")
        wire.world.run(data.draw(st.sampled_from([0.5, 61.0, 700.0])))
        offers = [bay.offered_a or 0.0 for bay in wire.world.bays.values()]
        assert sum(offers) <= 20.0
    assert wire.world.stored() == wire.world.station.snapshot()
    wire.world.power_cycle()
    assert wire.world.station.damaged == []
