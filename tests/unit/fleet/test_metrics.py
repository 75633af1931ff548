"""What is counted, from when a time counts, and how totals are merged."""

from functools import partial
from typing import Any

import orjson
import pytest

from station.core.effects import AuthorizeQuery
from station.core.facts import Phase, SecurityFact, TransactionFact
from station.core.values import IdToken, Stamp, TriggerReason
from station.fleet.metrics import BadSnapshot, Metrics, Snapshot, merged, merged_all
from station.ocpp.outbox import PLAIN, FactRef, PlainRef, QueryRef, StatusRef
from station.ocpp.rpc import Answered, Failed


def answered(action: str, ref: object = PLAIN) -> Answered:
    return Answered(ref, action, {})


def failed(action: str, cause: Any, code: str = "") -> Failed:
    return Failed(PLAIN, action, cause, code, "")


def value(at_s: float, trigger: TriggerReason = TriggerReason.METER_VALUE_PERIODIC, **more: Any) -> FactRef:
    return FactRef(7, TransactionFact(Phase.UPDATED, "t", 1, Stamp(at_s, 1), trigger, 1, 1, **more))


def test_a_call_counts_from_its_sending_to_its_answer() -> None:
    metrics = Metrics()
    metrics.answered(answered("BootNotification"), 0.1)
    totals = metrics.snapshot({})
    assert totals.counts["call.BootNotification"] == 1
    assert totals.times["call.BootNotification"].percentile_s(50) == pytest.approx(0.1)


def test_a_call_that_failed_has_a_cause_and_no_time() -> None:
    metrics = Metrics()
    metrics.answered(answered("Authorize"), 0.1)
    metrics.failed(failed("Authorize", "Timeout"), 30)
    metrics.failed(failed("Authorize", "CallError", "InternalError"), 0.1)
    metrics.failed(failed("Authorize", "CallError"), 0.1)
    metrics.failed(failed("Authorize", "Disconnected"), 0.1)
    totals = metrics.snapshot({})
    assert totals.counts == {
        "call.Authorize": 5,
        "call.Authorize.error.Timeout": 1,
        "call.Authorize.error.InternalError": 1,
        "call.Authorize.error.CallError": 1,
        "call.Authorize.error.Disconnected": 1,
    }
    assert totals.times["call.Authorize"].count == 1


def test_the_words_of_the_csms_are_bounded() -> None:
    metrics = Metrics()
    for number in range(1000):
        metrics.failed(failed("Authorize", "CallError", f"{number}" + "\x1b.x" * 100), 0.1)
    causes = [name for name in metrics.snapshot({}).counts if ".error." in name]
    assert len(causes) == 21
    assert all(len(name) < 80 and name.isprintable() and name.count(".") == 3 for name in causes[:-1])
    assert metrics.snapshot({}).counts["call.Authorize.error.other"] == 980


def test_calls_of_the_csms_count_apart() -> None:
    metrics = Metrics()
    metrics.replied("RemoteStartTransaction", 0.002, "")
    metrics.replied("RemoteStartTransaction", 0.002, "NotSupported")
    totals = metrics.snapshot({})
    assert totals.counts["asked.RemoteStartTransaction"] == 2
    assert totals.counts["asked.RemoteStartTransaction.error.NotSupported"] == 1
    assert totals.times["asked.RemoteStartTransaction"].count == 1


@pytest.mark.parametrize("trigger", [TriggerReason.METER_VALUE_PERIODIC, TriggerReason.METER_VALUE_CLOCK])
def test_a_scheduled_value_counts_from_the_moment_it_was_due(trigger: TriggerReason) -> None:
    metrics = Metrics(station_now=lambda: 105.0)
    metrics.answered(answered("MeterValues", value(100.0, trigger)), 0.1)
    totals = metrics.snapshot({})
    assert totals.times["call.MeterValues"].max_s == pytest.approx(5.0)
    assert totals.times["wire.MeterValues"].max_s == pytest.approx(0.1)


@pytest.mark.parametrize(
    "ref",
    [
        value(100.0, offline=True),
        value(100.0, TriggerReason.CHARGING_STATE_CHANGED),
        FactRef(1, SecurityFact("StartupOfTheDevice", Stamp(1.0, 1))),
        PLAIN,
    ],
)
def test_what_nobody_scheduled_or_arose_offline_counts_from_its_sending(ref: object) -> None:
    metrics = Metrics(station_now=lambda: 105.0)
    metrics.answered(answered("TransactionEvent", ref), 0.1)
    totals = metrics.snapshot({})
    assert totals.times["call.TransactionEvent"].max_s == pytest.approx(0.1)
    assert "wire.TransactionEvent" not in totals.times


ASKED = AuthorizeQuery(IdToken("1"))


@pytest.mark.parametrize(
    ("wish", "elapsed_s", "shown_s"),
    [
        ((95.0, 7), 0.1, 4.9 + 0.1),  # one call was before it, and took 5 s
        ((95.0, 3), 0.1, 4.5 + 0.1),  # five calls, of which four would have taken as long as it did
        ((99.9, 7), 0.1, 0.1),  # the call before it was as fast
        ((99.95, 7), 0.1, 0.1),  # and had begun before
        ((95.0, 7), 8.0, 8.0),  # it is slower than what it waited for
        ((95.0, 8), 0.1, 0.1),  # no call was before it: what kept it is not the CSMS's
        (None, 0.1, 0.1),
    ],
)
@pytest.mark.parametrize("kind", [partial(QueryRef, ASKED), partial(StatusRef, 1, 1, "Preparing"), PlainRef])
def test_waiting_counts_that_is_longer_than_the_calls_before_would_have_taken(
    kind: Any, wish: tuple[float, int] | None, elapsed_s: float, shown_s: float
) -> None:
    metrics = Metrics()
    metrics.answered(answered("Authorize", kind(wish=wish)), elapsed_s, 100.0, 8)
    metrics.closed_loop().answered(answered("Heartbeat", kind(wish=wish)), elapsed_s, 100.0, 8)
    times = metrics.snapshot({}).times
    assert times["call.Authorize"].max_s == pytest.approx(shown_s)
    assert times["call.Heartbeat"].max_s == pytest.approx(elapsed_s)
    assert ("wire.Authorize" in times) == (shown_s > elapsed_s)


def test_in_a_closed_loop_nothing_is_scheduled() -> None:
    metrics = Metrics(station_now=lambda: 105.0)
    loop = metrics.closed_loop()
    loop.answered(answered("MeterValues", value(100.0)), 0.1)
    loop.failed(failed("MeterValues", "Timeout"), 0.1)
    loop.replied("Reset", 0.1, "")
    totals = metrics.snapshot({})
    assert totals.times["call.MeterValues"].max_s == pytest.approx(0.1)
    assert totals.counts["call.MeterValues"] == 2
    assert totals.counts["asked.Reset"] == 1


def test_station_time_that_runs_faster_is_told_in_real_seconds() -> None:
    metrics = Metrics(station_now=lambda: 160.0, speed=60.0)
    metrics.answered(answered("MeterValues", value(100.0)), 0.1)
    assert metrics.snapshot({}).times["call.MeterValues"].max_s == pytest.approx(1.0)


def test_from_the_first_scheduled_value_on_the_wire_is_told_apart_for_all_calls_of_the_action() -> None:
    metrics = Metrics(station_now=lambda: 105.0)
    metrics.answered(answered("TransactionEvent"), 0.1)
    metrics.answered(answered("TransactionEvent", value(100.0)), 0.2)
    metrics.answered(answered("TransactionEvent"), 0.3)
    totals = metrics.snapshot({})
    assert totals.times["wire.TransactionEvent"].percentiles_s((1, 50, 99)) == pytest.approx([0.1, 0.2, 0.3], rel=1e-3)
    assert totals.times["call.TransactionEvent"].max_s == pytest.approx(5.0)


def test_a_stall_is_seen_by_every_value_of_that_time() -> None:
    """100 values a second apart, answered in 10 ms, but none between the 40th and the 45th second."""
    now = 0.0
    metrics = Metrics(station_now=lambda: now)
    for due in range(100):
        sent = 45.0 + (due - 40) * 0.01 if 40 <= due < 45 else float(due)
        now = sent + 0.01
        metrics.answered(answered("MeterValues", value(float(due))), 0.01)
    times = metrics.snapshot({}).times["call.MeterValues"]
    assert times.percentile_s(95) == pytest.approx(0.01, rel=1e-3)
    assert times.percentile_s(96) == pytest.approx(1.05, abs=0.01)
    assert times.percentile_s(99) == pytest.approx(4.02, abs=0.01)
    assert times.max_s == pytest.approx(5.01)


def test_what_the_fleet_tells() -> None:
    metrics = Metrics()
    metrics.count("booted")
    metrics.count("booted", 2)
    metrics.took("connect", 0.01)
    metrics.times("loop_lag").record(0.002)
    metrics.delivered(1500.5)
    totals = metrics.snapshot({"up": 3})
    assert totals.counts == {"booted": 3}
    assert {name: each.count for name, each in totals.times.items()} == {"connect": 1, "loop_lag": 1}
    assert (totals.gauges, totals.energy_wh) == ({"up": 3}, 1500.5)


def test_a_snapshot_does_not_change_afterwards() -> None:
    metrics = Metrics()
    metrics.answered(answered("Heartbeat"), 0.1)
    first = metrics.snapshot({})
    second = metrics.snapshot({})
    metrics.answered(answered("Heartbeat"), 0.2)
    assert first.counts == second.counts == {"call.Heartbeat": 1}
    assert first.times["call.Heartbeat"] is second.times["call.Heartbeat"]
    assert metrics.snapshot({}).times["call.Heartbeat"].count == 2
    assert first.times["call.Heartbeat"].count == 1


def some(station_now: float | None = None) -> Metrics:
    metrics = Metrics(station_now=None if station_now is None else lambda: station_now)
    metrics.answered(answered("Heartbeat"), 0.1)
    metrics.answered(answered("MeterValues", value(100.0)), 0.2)
    metrics.failed(failed("Heartbeat", "Timeout"), 0.2)
    metrics.took("connect", 0.5)
    metrics.delivered(10)
    return metrics


def test_totals_are_merged() -> None:
    both = merged(some().snapshot({"up": 1, "worst.lag_us": 5}), some().snapshot({"up": 2, "worst.lag_us": 3}))
    assert both.counts["call.Heartbeat"] == 4
    assert both.counts["call.Heartbeat.error.Timeout"] == 2
    assert both.times["connect"].count == 2
    assert both.gauges == {"up": 3, "worst.lag_us": 5}
    assert both.energy_wh == 20
    assert merged_all([]).counts == {}


def test_the_wire_is_whole_though_only_one_of_two_tells_it_apart() -> None:
    scheduled, closed = some(105.0).snapshot({}), some().snapshot({})
    for both in (merged(scheduled, closed), merged(closed, scheduled)):
        assert both.times["wire.MeterValues"].count == both.times["call.MeterValues"].count == 2
        assert both.times["wire.MeterValues"].max_s == pytest.approx(0.2)
    assert "wire.MeterValues" not in closed.times


def test_a_snapshot_survives_the_way_to_another_process() -> None:
    before = some(105.0).snapshot({"up": 2})
    data = before.to_bytes()
    after = Snapshot.from_bytes(data)
    assert (after.counts, after.gauges, after.energy_wh) == (before.counts, before.gauges, before.energy_wh)
    assert {name: each.distribution() for name, each in after.times.items()} == {
        name: each.distribution() for name, each in before.times.items()
    }
    assert len(data) < 1000


def test_a_snapshot_of_another_version_is_named() -> None:
    with pytest.raises(BadSnapshot, match="another version") as told:
        Snapshot.from_bytes(orjson.dumps([99, {}, {}, {}, 0.0]))
    assert told.value.hint is not None and "every worker" in told.value.hint


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\x00",
        b"{}",
        b"[]",
        b'["1"]',
        b"[1]",
        b"[1,{},{},{}]",
        b'[1,{},{},{},"x"]',
        b"[1,{},{},{},true]",
        b'[1,{"a":1.5},{},{},0]',
        b'[1,{"a":true},{},{},0]',
        b"[1,[],{},{},0]",
        b"[1,{},[],{},0]",
        b'[1,{},{"a":[]},{},0]',
        b'[1,{},{"a":["x",1,1]},{},0]',
        b'[1,{},{"a":["",1.5,1]},{},0]',
        b'[1,{},{},{"up":null},0]',
    ],
)
def test_bytes_that_are_no_snapshot_are_refused(data: bytes) -> None:
    with pytest.raises(BadSnapshot):
        Snapshot.from_bytes(data)
