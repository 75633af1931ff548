"""Figures in words, and what charts are made of."""

import pytest

from station.fleet import html_charts as charts
from station.fleet.html_charts import Axis, Notes, Series
from station.fleet.words import causes, clock, duration, rate


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.0, "0 ms"),
        (1e-9, "0.001 ms"),
        (0.0004, "0.4 ms"),
        (0.003, "3 ms"),
        (0.0091, "9.1 ms"),
        (0.022, "22 ms"),
        (0.9, "900 ms"),
        (0.9999, "1.0 s"),
        (2.1, "2.1 s"),
        (9.99, "10 s"),
        (75.0, "75 s"),
        (210.0, "3.5 m"),
    ],
)
def test_times(seconds: float, words: str) -> None:
    assert duration(seconds) == words


@pytest.mark.parametrize(
    ("per_second", "words"), [(0.0, "-"), (0.001, "-"), (0.4, "0.4/s"), (9.96, "10/s"), (121.3, "121/s")]
)
def test_rates(per_second: float, words: str) -> None:
    assert rate(per_second) == words


def test_the_clock() -> None:
    assert [clock(each) for each in (-1, 0, 134, 3734)] == ["00:00", "00:00", "02:14", "1:02:14"]


def test_causes() -> None:
    assert causes({"Timeout": 3}) == "Timeout"
    assert causes({"InternalError": 2, "Timeout": 3}) == "Timeout 3, InternalError 2"


def test_values_are_spread_over_edges_that_hold_them_all() -> None:
    edges, counts = charts.spread([(0.001, 5), (0.0234, 7), (3.0, 1)])
    assert sum(counts) == 13
    assert edges[0] <= 0.001 and edges[-1] >= 3.0
    assert edges == sorted(edges)
    assert charts.spread([]) == ([], [])
    assert sum(charts.spread([(0.01, 4)])[1]) == 4


@pytest.mark.parametrize(("value", "words"), [(0, "0"), (950, "950"), (4200, "4200"), (12_000, "12k"), (3.1e6, "3.1M")])
def test_counts_of_an_axis(value: float, words: str) -> None:
    assert charts.count(value) == words


def test_a_chart_without_points_says_so() -> None:
    axis = Axis(str)
    assert "nothing to show" in charts.lines([], [Series("a", [], 1)], axis, axis)
    assert "nothing to show" in charts.bars([], [], axis)


def test_a_chart_of_one_point_and_of_zeros_is_drawn() -> None:
    axis = Axis(charts.count)
    for values in ([0.0], [5.0], [1e-9]):
        drawn = charts.lines([1.0], [Series("a", values, 1, area=True)], axis, axis, Notes([(1.0, "<x>")], [(0, 1)], 2))
        assert drawn.startswith("<svg") and "<x>" not in drawn and "nan" not in drawn
    assert "<svg" in charts.lines([1.0], [Series("a", [0.0], 1)], axis, Axis(duration, log=True))


def test_a_clock_axis_has_ticks_at_whole_minutes() -> None:
    axis = Axis(clock, clock=True)
    drawn = charts.lines([0.0, 300.0], [Series("a", [1.0, 2.0], 1)], axis, Axis(charts.count))
    assert [minute in drawn for minute in ("00:00", "02:00", "04:00")] == [True] * 3
    assert "01:40<" not in drawn


def test_there_is_no_tick_between_one_thing_and_the_next() -> None:
    time_axis, series = Axis(charts.count), [Series("back", [0.0, 2.0], 1)]
    assert ">0.5<" in charts.lines([10.0, 20.0], series, time_axis, Axis(charts.count))
    drawn = charts.lines([10.0, 20.0], series, time_axis, Axis(charts.count, whole=True))
    assert ">1<" in drawn and ">0.5<" not in drawn
