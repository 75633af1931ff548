"""Whether the generator keeps up, by how late its loop is."""

import asyncio
import gc

import pytest

from station.fleet.health import EVERY_S, Health, verdict
from station.fleet.metrics import Metrics, Snapshot


class Played:
    """A loop whose looks come as late as the test wants."""

    def __init__(self) -> None:
        self.metrics = Metrics()
        self.health = Health(self.metrics)
        self.now_s = 100.0
        self.health._looked_s = self.health._second_s = self.now_s

    def run(self, seconds: float, lag_s: float = 0.0) -> None:
        end_s = self.now_s + seconds
        while self.now_s < end_s - 1e-9:
            self.now_s += EVERY_S + lag_s
            self.health.look(self.now_s)

    @property
    def saturated(self) -> bool:
        return bool(self.health.gauges()["worst.saturated"])

    def totals(self) -> Snapshot:
        return self.metrics.snapshot(self.health.gauges())


def test_a_loop_in_time_is_fine() -> None:
    played = Played()
    played.run(10, 0.002)
    totals = played.totals()
    assert not played.saturated
    assert verdict(totals) == "ok"
    assert totals.times["loop_lag"].percentile_s(99) == pytest.approx(0.002, rel=0.01)
    assert totals.gauges["worst.lag_us"] == pytest.approx(2000, abs=2)
    assert "generator.saturated_s" not in totals.counts


def test_one_hiccup_is_told_but_does_not_saturate() -> None:
    played = Played()
    played.run(4)
    played.run(0.2, 0.2)
    played.run(10)
    assert verdict(played.totals()) == "ok"
    assert played.totals().times["loop_lag"].max_s == pytest.approx(0.2, rel=0.01)


def test_a_loop_that_is_late_all_the_time_is_saturated() -> None:
    played = Played()
    played.run(6, 0.3)
    assert played.saturated
    assert verdict(played.totals()) == "saturated"


def test_it_is_over_after_the_window_but_stays_in_the_totals() -> None:
    played = Played()
    played.run(5)
    played.run(2, 0.5)
    assert played.saturated
    played.run(7)
    assert not played.saturated
    assert verdict(played.totals()) == "saturated"
    assert 2 <= played.totals().counts["generator.saturated_s"] <= 8


def test_a_long_block_counts_with_every_look_that_fell_into_it() -> None:
    played = Played()
    played.run(5)
    played.run(1, 3.0)
    assert played.saturated
    times = played.totals().times["loop_lag"]
    assert times.max_s == pytest.approx(3.0, rel=1e-3)
    assert times.percentile_s(80) > 1.0
    played.run(1, 1000.0)
    assert played.totals().times["loop_lag"].count < 1200


def test_totals_without_any_lag_are_ok() -> None:
    assert verdict(Snapshot()) == "ok"


def test_it_measures_a_real_loop_and_leaves_nothing_behind() -> None:
    async def main() -> Snapshot:
        metrics = Metrics()
        health = Health(metrics)
        before = len(gc.callbacks)
        health.start()
        times = metrics.times("loop_lag")
        while times.count < 3:
            await asyncio.sleep(0.01)
        gc.collect()
        health.stop()
        health.stop()
        assert len(gc.callbacks) == before
        return metrics.snapshot(health.gauges())

    totals = asyncio.run(main())
    assert totals.times["gc_pause"].count >= 1
    assert set(totals.gauges) == {"worst.saturated", "worst.lag_us", "worst.cpu_percent"}
