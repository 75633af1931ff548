"""Totals of a fleet: whatever is recorded, wherever, in whatever order it is merged."""

import contextlib
import math
from collections.abc import Sequence
from functools import reduce
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from station.core.facts import Phase, TransactionFact
from station.core.values import Stamp, TriggerReason
from station.fleet.histogram import Histogram
from station.fleet.metrics import BadSnapshot, Metrics, Snapshot, merged, merged_all
from station.fleet.thresholds import BadThreshold, parse
from station.fleet.words import duration
from station.ocpp.outbox import PLAIN, FactRef
from station.ocpp.rpc import Answered, Failed

TIMES = st.floats(1e-6, 3600, allow_nan=False)
NAMES = st.sampled_from(["Heartbeat", "MeterValues", "Authorize"])
DEEDS = st.lists(
    st.one_of(
        st.tuples(st.just("answered"), NAMES, TIMES),
        st.tuples(st.just("failed"), NAMES, st.sampled_from(["", "InternalError"])),
        st.tuples(st.just("took"), st.sampled_from(["connect", "recovery"]), TIMES),
        st.tuples(st.just("count"), st.sampled_from(["booted", "sessions.started"]), st.integers(0, 5)),
    ),
    max_size=12,
)


def perform(metrics: Metrics, deed: tuple[Any, ...]) -> None:
    kind, name, value = deed
    if kind == "answered":
        metrics.answered(Answered(PLAIN, name, {}), value)
    elif kind == "failed":
        metrics.failed(Failed(PLAIN, name, "CallError" if value else "Timeout", value, ""), 1.0)
    else:
        getattr(metrics, kind)(name, value)


def totals(deeds: Sequence[tuple[Any, ...]], up: int = 1) -> Snapshot:
    metrics = Metrics()
    for deed in deeds:
        perform(metrics, deed)
    return metrics.snapshot({"up": up, "worst.lag_us": up})


def plain(snapshot: Snapshot) -> tuple[Any, ...]:
    times = {name: (each.distribution(), each.sum_us, each.max_us) for name, each in snapshot.times.items()}
    return snapshot.counts, times, snapshot.gauges, snapshot.energy_wh


@settings(deadline=None, max_examples=40)
@given(DEEDS, DEEDS, DEEDS)
def test_the_order_of_a_merge_does_not_matter(first: Any, second: Any, third: Any) -> None:
    a, b, c = totals(first, 3), totals(second, 5), totals(third, 1)
    assert plain(merged(a, b)) == plain(merged(b, a))
    assert plain(merged(merged(a, b), c)) == plain(merged(a, merged(b, c)))
    assert plain(merged(a, Snapshot())) == plain(a)


@settings(deadline=None, max_examples=40)
@given(DEEDS, DEEDS)
def test_two_processes_measure_what_one_would_have(first: Any, second: Any) -> None:
    apart = merged(totals(first), totals(second))
    assert plain(apart)[:2] == plain(totals([*first, *second]))[:2]


@settings(deadline=None, max_examples=40)
@given(DEEDS)
def test_a_snapshot_survives_its_bytes(deeds: Any) -> None:
    snapshot = totals(deeds)
    assert plain(Snapshot.from_bytes(snapshot.to_bytes())) == plain(snapshot)


@settings(deadline=None, max_examples=40)
@given(DEEDS)
def test_counts_never_fall(deeds: Any) -> None:
    metrics = Metrics()
    before: dict[str, int] = {}
    for deed in deeds:
        perform(metrics, deed)
        now = metrics.snapshot({}).counts
        assert all(now[name] >= count for name, count in before.items())
        before = now


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_no_bytes_do_harm(data: bytes) -> None:
    try:
        Snapshot.from_bytes(data)
    except BadSnapshot:
        return
    pytest.fail("random bytes were taken for a snapshot")


@settings(deadline=None, max_examples=60)
@given(DEEDS, st.data())
def test_bytes_with_one_mistake_do_no_harm(deeds: Any, data: st.DataObject) -> None:
    whole = bytearray(totals(deeds).to_bytes())
    place = data.draw(st.integers(0, len(whole) - 1))
    whole[place] = data.draw(st.integers(0, 255))
    with contextlib.suppress(BadSnapshot):
        Snapshot.from_bytes(bytes(whole))


@settings(deadline=None, max_examples=80)
@given(st.lists(TIMES, min_size=1, max_size=60), st.floats(0.1, 100))
def test_percentiles_are_the_nearest_rank_within_a_thousandth(values: list[float], percentile: float) -> None:
    histogram = Histogram()
    for value in values:
        histogram.record(value)
    rank = max(1, math.ceil(len(values) * percentile / 100 - 1e-9))
    exact = sorted(values)[rank - 1]
    assert histogram.percentile_s(percentile) == pytest.approx(exact, rel=1.1e-3, abs=2e-6)
    assert histogram.percentile_s(percentile) <= histogram.max_s


@settings(deadline=None, max_examples=60)
@given(st.lists(TIMES, max_size=30), st.lists(TIMES, max_size=30))
def test_a_span_is_what_was_added(first: list[float], second: list[float]) -> None:
    histogram, alone = Histogram(), Histogram()
    for value in first:
        histogram.record(value)
    before = histogram.copy()
    for value in second:
        histogram.record(value)
        alone.record(value)
    span = histogram.since(before)
    assert span.count == len(second)
    assert span.percentiles_s((50, 99)) == pytest.approx(alone.percentiles_s((50, 99)), rel=1.1e-3, abs=2e-6)


@given(st.text(max_size=60))
def test_any_text_as_a_threshold_is_read_or_refused(text: str) -> None:
    try:
        parse(text)
    except BadThreshold as problem:
        assert problem.message.isprintable()


@given(st.floats(0, 1e6))
def test_a_time_in_words_is_short(seconds: float) -> None:
    assert len(duration(seconds)) <= 9


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(DEEDS, st.booleans()), max_size=5))
def test_many_are_merged_as_two_are_and_none_is_changed(processes: Any) -> None:
    fact = TransactionFact(Phase.UPDATED, "t", 1, Stamp(0.0, 1), TriggerReason.METER_VALUE_PERIODIC, 1, 1)
    each: list[Snapshot] = []
    for deeds, scheduled in processes:
        metrics = Metrics(station_now=(lambda: 5.0) if scheduled else None)
        metrics.answered(Answered(FactRef(1, fact), "MeterValues", {}), 0.1)
        for deed in deeds:
            perform(metrics, deed)
        each.append(metrics.snapshot({"up": 1}))
    before = [plain(one) for one in each]
    whole = merged_all(each)
    assert plain(whole) == plain(reduce(merged, each, Snapshot()))
    assert plain(whole) == plain(merged_all(reversed(each)))
    assert [plain(one) for one in each] == before
    wire, calls = whole.times.get("wire.MeterValues"), whole.times.get("call.MeterValues")
    assert wire is None or (calls is not None and wire.count == calls.count)
