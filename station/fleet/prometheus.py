"""`/metrics` of a running fleet, by ``prometheus_client``. Station ids are no labels: their number has no bound.

Called by the control face. Totals of the fleet only; those of the process are ``station.control.metrics``'.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from itertools import accumulate
from typing import Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector

from station.fleet.health import CPU_PERCENT, GC_PAUSE, LAG_US, LOOP_LAG, SATURATED, SATURATED_S
from station.fleet.histogram import Histogram
from station.fleet.report import MOMENTS, SESSIONS
from station.fleet.totals import Figure, Totals

MEDIA_TYPE: Final = CONTENT_TYPE_PLAIN_0_0_4
_BOUNDS_S: Final = (
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0
)  # fmt: skip


def render(totals: Totals) -> bytes:
    """The text of `/metrics`."""
    registry = CollectorRegistry()
    registry.register(FleetCollector(lambda: totals))
    return generate_latest(registry)


class FleetCollector(Collector):
    """The figures of a fleet for a registry.

    Args:
        totals: of the moment in which it is asked.
    """

    def __init__(self, totals: Callable[[], Totals]) -> None:
        self._totals = totals

    def collect(self) -> Iterable[Metric]:
        """All metrics."""
        totals = self._totals()
        yield from _gauges(totals)
        yield from _counts(totals)
        yield from _calls("station_fleet_call", "Calls of the stations", map(totals.call, totals.actions()))
        yield from _calls("station_fleet_asked", "Calls of the CSMS", map(totals.ask, totals.asked()))
        yield _wire(totals)
        what = "Times of connections, and of what holds the generator up"
        moments = HistogramMetricFamily("station_fleet_moment_seconds", what, labels=["name"])
        for name in (*MOMENTS, LOOP_LAG, GC_PAUSE):
            times = totals.times(name)
            if times.count:
                _add(moments, name, times)
        yield moments


def _gauges(totals: Totals) -> Iterator[Metric]:
    yield GaugeMetricFamily("station_fleet_stations", "Stations that there should be", totals.wanted)
    yield GaugeMetricFamily("station_fleet_up", "Stations connected and accepted", totals.gauge("up"))
    yield GaugeMetricFamily("station_fleet_queued", "Messages not yet answered", totals.gauge("queued"))
    evses = GaugeMetricFamily("station_fleet_evses", "EVSEs by state", labels=["state"])
    for state, count in totals.named("state.", gauges=True).items():
        evses.add_metric([state], count)
    yield evses
    lag_s, cpu = totals.gauge(LAG_US) / 1e6, totals.gauge(CPU_PERCENT) / 100
    yield GaugeMetricFamily("station_fleet_loop_lag_seconds", "Greatest lag of the last second, worst process", lag_s)
    yield GaugeMetricFamily("station_fleet_cpu_share", "Of one processor, busiest process", cpu)
    yield GaugeMetricFamily("station_fleet_saturated", "Whether a generator is saturated", totals.gauge(SATURATED))


def _counts(totals: Totals) -> Iterator[Metric]:
    sessions = CounterMetricFamily("station_fleet_sessions", "Sessions, and what befell them", labels=["what"])
    for name, count in {**dict.fromkeys(SESSIONS, 0), **totals.named("sessions.")}.items():
        sessions.add_metric([name], count)
    yield sessions
    dials = CounterMetricFamily("station_fleet_dials_failed", "Connections that did not come about", labels=["kind"])
    for kind, count in totals.named("dial.failed.").items():
        dials.add_metric([kind], count)
    yield dials
    yield CounterMetricFamily("station_fleet_boots", "Boots accepted", totals.count("booted"))
    yield CounterMetricFamily(
        "station_fleet_connections_lost", "Connections that broke", totals.count("lost_connections")
    )
    weather = CounterMetricFamily("station_fleet_weather", "What the plan's events and network did", labels=["what"])
    for name, count in {**totals.named("storms."), **totals.named("network.")}.items():
        weather.add_metric([name], count)
    yield weather
    yield CounterMetricFamily(
        "station_fleet_messages_undelivered", "Messages left when stations ended", totals.count("undelivered")
    )
    yield CounterMetricFamily(
        "station_fleet_messages_lost", "Messages that dead workers took with them", totals.count("messages.lost")
    )
    yield CounterMetricFamily("station_fleet_energy_watthours", "Energy delivered", totals.snapshot.energy_wh)
    yield CounterMetricFamily(
        "station_fleet_saturated_seconds", "How long a generator was saturated", totals.count(SATURATED_S)
    )


def _calls(name: str, what: str, figures: Iterable[Figure]) -> Iterator[Metric]:
    times = HistogramMetricFamily(f"{name}_seconds", f"{what} that were answered", labels=["action"])
    errors = CounterMetricFamily(f"{name}_errors", f"{what} without a usable answer", labels=["action", "cause"])
    for figure in figures:
        _add(times, figure.name, figure.times)
        for cause, count in figure.errors.items():
            errors.add_metric([figure.name, cause], count)
    yield times
    yield errors


def _wire(totals: Totals) -> Metric:
    what = "Calls of actions with scheduled values, from sending alone"
    family = HistogramMetricFamily("station_fleet_wire_seconds", what, labels=["action"])
    for name in totals.actions():
        times = totals.wire(name)
        if times is not None:
            _add(family, name, times)
    return family


def _add(family: HistogramMetricFamily, label: str, times: Histogram) -> None:
    points = times.distribution()
    ends = [end_s for end_s, _ in points]
    sums = [0, *accumulate(count for _, count in points)]
    buckets = [(str(bound), float(sums[bisect_right(ends, bound)])) for bound in _BOUNDS_S]
    family.add_metric([label], [*buckets, ("+Inf", float(times.count))], times.sum_us / 1e6)
