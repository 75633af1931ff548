"""Which moment a stamp was: before the time is known, once it is, and for boots whose time was never known."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from station.core.timeline import Timeline
from station.core.values import Stamp

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def test_a_stamp_from_before_the_time_was_known_is_right_once_it_is() -> None:
    timeline = Timeline(boot=1, now=100.0)
    early = Stamp(110.0, timeline.boot)
    assert not timeline.known
    assert timeline.learn(NOON, 170.0)
    assert timeline.known
    assert timeline.utc(early) == NOON - timedelta(seconds=60)
    assert timeline.now_utc(171.5) == NOON + timedelta(seconds=1.5)


def test_less_than_a_second_is_the_travel_time_of_a_message() -> None:
    timeline = Timeline(boot=1, now=0.0)
    timeline.learn(NOON, 10.0)
    assert not timeline.learn(NOON + timedelta(seconds=0.9), 10.0)
    assert timeline.learn(NOON + timedelta(seconds=2), 10.0)
    assert timeline.now_utc(10.0) == NOON + timedelta(seconds=2)


def test_a_time_that_cannot_be_is_not_believed() -> None:
    timeline = Timeline(boot=1, now=0.0)
    for wrong in (datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)):
        assert not timeline.learn(wrong, 10.0)
    assert not timeline.known


def test_a_boot_without_a_time_lies_before_the_next_with_its_distances_kept() -> None:
    timeline = Timeline(boot=3, now=50.0)
    first, last = Stamp(5.0, boot=2), Stamp(25.0, boot=2)
    for stamp in (first, last):
        timeline.remember(stamp)
    timeline.learn(NOON, 50.0)
    assert timeline.utc(last) == NOON
    assert timeline.utc(first) == NOON - timedelta(seconds=20)


def test_what_is_settled_is_told_the_same_ever_after() -> None:
    timeline = Timeline(boot=3, now=50.0)
    older, old = Stamp(7.0, boot=1), Stamp(25.0, boot=2)
    timeline.remember(older)
    timeline.remember(old)
    timeline.learn(NOON, 50.0)
    assert sorted(timeline.settle()) == [1, 2]
    told = [timeline.utc(stamp) for stamp in (older, old)]
    assert told == sorted(told)
    timeline.learn(NOON + timedelta(hours=1), 50.0)
    assert timeline.settle() == {}
    assert [timeline.utc(stamp) for stamp in (older, old)] == told


def test_what_is_told_late_is_not_told_as_before_what_was_told_already() -> None:
    timeline = Timeline(boot=2, now=50.0)
    assert timeline.in_order(Stamp(60.0, boot=2)) == Stamp(60.0, boot=2)
    assert timeline.in_order(Stamp(55.0, boot=2)) == Stamp(60.0, boot=2)
    assert timeline.in_order(Stamp(61.0, boot=2)) == Stamp(61.0, boot=2)
    assert timeline.in_order(Stamp(900.0, boot=1)) == Stamp(900.0, boot=1)
