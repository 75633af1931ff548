"""What a run has to reach: how it is written, and what becomes of it."""

import pytest

from station.fleet.metrics import Metrics, Snapshot
from station.fleet.thresholds import BadThreshold, evaluate, parse
from station.fleet.totals import Held, Totals
from tests.support.fleet_run import PlayedRun


def judged(text: str, totals: Totals) -> str:
    return str(evaluate([parse(text)], totals)[0])


@pytest.fixture(scope="module")
def totals() -> Totals:
    run = PlayedRun().play()
    return run.timeline.totals(run.ticks[-1].snapshot)


@pytest.mark.parametrize(
    ("text", "name", "stat", "op", "limit", "unit"),
    [
        ("boot.p95<2s", "boot", "p95", "<", 2.0, "s"),
        ("  BOOTNotification.P99.9 <= 150 ms ", "BootNotification", "p99.9", "<=", 0.15, "s"),
        ("call.errors<0.1%", "call", "errors", "<", 0.001, "share"),
        ("call.errors<=5", "call", "errors", "<=", 5, "number"),
        ("meter.rate>=100/s", "meter", "rate", ">=", 100, "rate"),
        ("remote.max<1m", "remote", "max", "<", 60.0, "s"),
        ("loop-lag.p99<100ms", "loop_lag", "p99", "<", 0.1, "s"),
        ("sessions.finished>99%", "sessions", "finished", ">", 0.99, "share"),
        ("stations.up>=100", "stations", "up", ">=", 100, "number"),
        ("recovery.count>0", "recovery", "count", ">", 0, "number"),
        ("TriggerMessage.p50<1s", "TriggerMessage", "p50", "<", 1.0, "s"),
    ],
)
def test_how_it_is_written(text: str, name: str, stat: str, op: str, limit: float, unit: str) -> None:
    read = parse(text)
    assert (read.name, read.stat, read.op, read.limit, read.unit) == (name, stat, op, pytest.approx(limit), unit)
    assert " " not in read.text


@pytest.mark.parametrize(
    ("text", "problem", "hint"),
    [
        ("", "not NAME.STAT<VALUE", "boot.p95<2s"),
        ("boot<2s", "not NAME.STAT<VALUE", "boot.p95<2s"),
        ("boot.p95=2s", "not NAME.STAT<VALUE", "boot.p95<2s"),
        ("bot.p95<2s", "nothing is called 'bot'", "did you mean 'boot'?"),
        ("MeterValue.p95<2s", "nothing is called 'MeterValue'", "did you mean 'MeterValues'?"),
        ("boot.p96<2s", "boot has no 'p96'", "did you mean 'p9"),
        ("sessions.p95<2s", "sessions has no 'p95'", "started, finished, late, lost"),
        ("loop_lag.errors<2", "loop_lag has no 'errors'", "p50"),
        ("boot.p95<2", "p95 is a time", "with its unit"),
        ("boot.p95<2%", "p95 is a time", "with its unit"),
        ("boot.p95<fast", "'fast' is no value", "boot.p95<2s"),
        ("boot.p95<-2s", "'-2s' is no value", "boot.p95<2s"),
        ("call.count>5%", "count is a number", "without '%'"),
        ("call.errors<5s", "errors is a number", "without 's'"),
        ("call.rate>5%", "rate is a number a second", "call.rate>100/s"),
        ("x" * 10_000, "not NAME.STAT<VALUE", "boot.p95<2s"),
    ],
)
def test_a_mistake_is_named_with_what_to_write_instead(text: str, problem: str, hint: str) -> None:
    with pytest.raises(BadThreshold) as told:
        parse(text)
    assert problem in told.value.message
    assert hint in (told.value.hint or "")
    assert len(told.value.message) < 400


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("boot.p95<2s", "threshold boot.p95<2s PASS (0.022s)"),
        ("boot.p95<20ms", "threshold boot.p95<20ms FAIL (0.022s)"),
        ("boot.count>=10", "threshold boot.count>=10 PASS (10)"),
        ("MeterValues.max<1s", "threshold MeterValues.max<1s PASS (0.9s)"),
        ("call.errors<0.1%", "threshold call.errors<0.1% FAIL (1.94%)"),
        ("call.errors<=2", "threshold call.errors<=2 PASS (2)"),
        ("boot.errors<1%", "threshold boot.errors<1% PASS (0%)"),
        ("meter.rate>10/s", "threshold meter.rate>10/s PASS (10.3/s)"),
        ("boot.rate<1/s", "threshold boot.rate<1/s PASS (0/s)"),
        ("recovery.max<2s", "threshold recovery.max<2s FAIL (2.5s)"),
        ("recovery.count>1", "threshold recovery.count>1 PASS (2)"),
        ("remote.p99<10ms", "threshold remote.p99<10ms PASS (0.002s)"),
        ("RemoteStartTransaction.p99<10ms", "threshold RemoteStartTransaction.p99<10ms PASS (0.002s)"),
        ("loop_lag.p99<100ms", "threshold loop_lag.p99<100ms PASS (0.003s)"),
        ("sessions.finished>=90%", "threshold sessions.finished>=90% FAIL (75%)"),
        ("sessions.started>=4", "threshold sessions.started>=4 PASS (4)"),
        ("sessions.lost<=0", "threshold sessions.lost<=0 PASS (0)"),
        ("stations.up>=100%", "threshold stations.up>=100% PASS (100%)"),
    ],
)
def test_what_becomes_of_it(totals: Totals, text: str, line: str) -> None:
    assert judged(text, totals) == line


@pytest.mark.parametrize(
    "text", ["authorize.p95<2s", "authorize.errors<1%", "authorize.errors<1", "tls.max<1s", "stop.mean<1s"]
)
def test_what_never_happened_does_not_pass(totals: Totals, text: str) -> None:
    assert judged(text, totals) == f"threshold {text} FAIL (no data)"


@pytest.mark.parametrize("text", ["call.p99<9s", "stations.up>=90%", "sessions.finished>90%", "loop_lag.p99<1s"])
def test_a_run_in_which_nothing_happened_passes_nothing(text: str) -> None:
    assert judged(text, Totals(Snapshot())) == f"threshold {text} FAIL (no data)"


def test_an_action_that_was_only_counted_as_failed_has_errors_but_no_times() -> None:
    run = PlayedRun()
    run.fail("Authorize")
    totals = Totals(run.metrics.snapshot({}))
    assert judged("authorize.errors<1%", totals) == "threshold authorize.errors<1% FAIL (100%)"
    assert judged("authorize.p95<9s", totals) == "threshold authorize.p95<9s FAIL (no data)"


def test_large_values_are_written_out() -> None:
    metrics = Metrics()
    metrics.took("recovery", 1234.5)
    totals = Totals(metrics.snapshot({}), Held({}, {}, 0.0))
    assert judged("recovery.max<1s", totals).endswith("(1234s)")
