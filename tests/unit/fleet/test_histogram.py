"""Latencies in histograms: percentiles, merge, code."""

import base64
import random
import subprocess
import sys
import zlib

import pytest
from hdrh.histogram import HdrHistogram

from station.fleet.histogram import HIGHEST_US, BadHistogram, Histogram


def of(*values_s: float) -> Histogram:
    histogram = Histogram()
    for value in values_s:
        histogram.record(value)
    return histogram


def again(histogram: Histogram) -> Histogram:
    return Histogram.from_text(histogram.to_text(), histogram.sum_us, histogram.max_us)


def test_an_empty_histogram_tells_zeros() -> None:
    empty = Histogram()
    assert (empty.count, empty.max_s, empty.mean_s) == (0, 0.0, 0.0)
    assert empty.percentiles_s((50, 99)) == [0.0, 0.0]
    assert empty.distribution() == []
    assert again(empty).count == 0


def test_percentiles_are_within_a_thousandth_of_the_nearest_rank() -> None:
    chance = random.Random(7)
    values = sorted(chance.lognormvariate(-4, 1.5) for _ in range(5000))
    histogram = of(*values)
    for percentile in (50, 90, 95, 99, 99.9):
        exact = values[-(-int(percentile * 50) // 1) - 1]
        assert histogram.percentile_s(percentile) == pytest.approx(exact, rel=2e-3)
    assert histogram.percentile_s(100) == histogram.max_s == int(values[-1] * 1e6) / 1e6
    assert histogram.mean_s == pytest.approx(sum(values) / len(values), rel=1e-3)


def test_it_says_what_the_library_says() -> None:
    chance = random.Random(3)
    ours, theirs = Histogram(), HdrHistogram(1, HIGHEST_US, 3)
    for _ in range(2000):
        value_us = int(chance.lognormvariate(9, 2)) + 1
        ours.record(value_us / 1e6 + 1e-9)
        theirs.record_value(value_us)
    for percentile in (50, 95, 99):
        assert ours.percentile_s(percentile) * 1e6 == pytest.approx(theirs.get_value_at_percentile(percentile))
    decoded = HdrHistogram.decode(ours.to_text())
    assert decoded.get_total_count() == 2000
    assert list(decoded.counts) == list(theirs.counts)


@pytest.mark.parametrize(("value_s", "kept_s"), [(0.0, 1e-6), (-5.0, 1e-6), (1e-7, 1e-6), (7200.0, 3600.0)])
def test_a_value_out_of_range_counts_as_the_nearest_within(value_s: float, kept_s: float) -> None:
    histogram = of(value_s)
    assert histogram.count == 1
    assert histogram.percentile_s(50) == histogram.max_s == kept_s


def test_a_copy_is_on_its_own() -> None:
    first = of(0.1, 0.2)
    copy = first.copy()
    first.record(5.0)
    assert (copy.count, copy.max_s) == (2, 0.2)
    assert copy.percentile_s(100) == 0.2


def test_what_a_stretch_of_time_added() -> None:
    histogram = of(*[0.01] * 100)
    before = histogram.copy()
    for _ in range(10):
        histogram.record(2.0)
    span = histogram.since(before)
    assert span.count == 10
    assert span.percentiles_s((50, 99)) == pytest.approx([2.0, 2.0])
    assert histogram.since(None).count == 110
    assert histogram.since(histogram.copy()).percentiles_s((50,)) == [0.0]


def test_the_distribution_holds_every_value() -> None:
    histogram = of(0.000001, 0.01, 0.01, 3.0, 3000.0)
    assert [count for _, count in histogram.distribution()] == [1, 2, 1, 1]
    assert histogram.distribution()[-1][0] == 3000.0


def test_it_survives_the_way_to_another_process() -> None:
    histogram = of(*(n / 1000 for n in range(1, 500)))
    there = again(histogram)
    assert there.percentiles_s((1, 50, 99, 100)) == histogram.percentiles_s((1, 50, 99, 100))
    assert (there.count, there.sum_us, there.max_us) == (histogram.count, histogram.sum_us, histogram.max_us)
    there.record(10.0)
    there.add(histogram)
    assert there.count == 2 * histogram.count + 1


def wrapped(data: bytes) -> str:
    packed = zlib.compress(data)
    return base64.b64encode(bytes.fromhex("1c849314") + len(packed).to_bytes(4, "big") + packed).decode()


def foreign() -> str:
    other = HdrHistogram(1, 1000, 2)
    other.record_value(5)
    return str(other.encode(), "ascii")


@pytest.mark.parametrize(
    "text",
    ["", "x", "ä", base64.b64encode(b"123").decode(), wrapped(b""), wrapped(bytes(50)), wrapped(bytes(5_000_000))],
)
def test_what_is_no_histogram_is_said_to_be_none(text: str) -> None:
    with pytest.raises(BadHistogram):
        Histogram.from_text(text, 1, 1)


def test_a_histogram_of_another_kind_is_refused() -> None:
    with pytest.raises(BadHistogram, match="another kind"):
        Histogram.from_text(foreign(), 5, 5)


@pytest.mark.parametrize(("sum_us", "max_us"), [(1, -1), (-1, 100_000), (1, 7), (1, HIGHEST_US * 2)])
def test_figures_that_do_not_fit_are_refused(sum_us: int, max_us: int) -> None:
    with pytest.raises(BadHistogram, match="do not fit"):
        Histogram.from_text(of(0.1).to_text(), sum_us, max_us)


def test_where_the_library_is_missing_the_way_out_is_named() -> None:
    code = (
        "import sys; sys.modules['hdrh.histogram'] = None\n"
        "from station.errors import StationError\n"
        "from station.fleet.metrics import Metrics\n"
        "try: Metrics().took('connect', 1.0)\n"
        "except StationError as error: print(error.message, '|', error.hint)\n"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert told == "a fleet measures with hdrhistogram, which is not installed | pip install 'ocpp-station[fleet]'\n"
