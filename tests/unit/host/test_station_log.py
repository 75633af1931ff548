"""The lines of a station, in memory and in a file; those of the process."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path

from station.host.process_log import ProcessLog
from station.host.station_log import FILE, LogRing, StationLog

START = datetime(2026, 1, 1, tzinfo=UTC)


class Clock:
    """A clock that a test turns."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def now(self) -> float:
        return self.seconds

    def utc(self) -> datetime:
        return START + timedelta(seconds=self.seconds - 100)


def lines(log: StationLog, **bounds: datetime) -> list[str]:
    """What is kept."""
    return asyncio.run(log.lines(**bounds))


def test_lines_say_what_and_when_but_not_what_is_in_it() -> None:
    clock, ring = Clock(), LogRing(100)
    log, other = StationLog(clock, clock, ring=ring), StationLog(clock, clock, ring=ring)
    log.frame(">", '[2,"id-1","Authorize",{"idTag":"04AABB"}]')
    other.note("=", "somebody else")
    clock.seconds += 60
    log.frame("<", '[3,"id-1",{"idTagInfo":{"parentIdTag":"04AABB"}}]')
    log.frame("<", '[4,"id-2","NotSupported","04AABB",{}]')
    log.frame("<", "04AABB")
    log.event("token", {"tagId": "04AABB", "result": "ACCEPTED", "trace": [{"token": "04AABB"}]})
    log.event("error", {"message": "no\nroom"})
    log.event("meter_value", {"energy_wh": 1})
    assert lines(log) == [
        "2026-01-01T00:00:00.000Z > CALL Authorize id-1",
        "2026-01-01T00:01:00.000Z < RESULT id-1",
        "2026-01-01T00:01:00.000Z < ERROR NotSupported id-2",
        "2026-01-01T00:01:00.000Z < something that is no OCPP message",
        '2026-01-01T00:01:00.000Z = token {"tagId": "***", "result": "ACCEPTED", "trace": "***"}',
        '2026-01-01T00:01:00.000Z ! error {"message": "no\\nroom"}',
    ]
    assert len(lines(log, latest=START + timedelta(seconds=30))) == 1
    assert len(lines(log, oldest=START + timedelta(seconds=30))) == 5


def test_the_ring_is_bounded() -> None:
    clock = Clock()
    log = StationLog(clock, clock, ring=LogRing(10))
    for number in range(100):
        log.note("=", f"line {number}")
    assert len(lines(log)) == 10


def test_a_file_is_written_later_and_turned_over(tmp_path: Path) -> None:
    async def scenario() -> None:
        clock = Clock()
        log = StationLog(clock, clock, lambda: tmp_path)
        log.note("=", "one")
        assert not (tmp_path / FILE).exists()
        assert [line[-3:] for line in await log.lines()] == ["one"], "what is not written yet is shown all the same"
        await log.flush()
        assert (tmp_path / FILE).read_text().endswith("= one\n")
        assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600
        for _ in range(3):
            for _ in range(1200):
                log.note("=", "x" * 400)
            await log.flush()
        log.note("=", "two")
        assert sum(file.stat().st_size for file in tmp_path.iterdir()) < 1_600_000
        assert (await log.lines())[-1].endswith("two")
        await log.flush()

    asyncio.run(scenario())


def test_a_disk_that_takes_nothing_loses_lines_only(tmp_path: Path) -> None:
    async def scenario() -> None:
        clock = Clock()
        log = StationLog(clock, clock, lambda: tmp_path / "gone")
        log.note("=", "one")
        await log.flush()
        assert (await log.lines()) == []

    asyncio.run(scenario())


def test_the_process_keeps_its_warnings_without_what_exceptions_say() -> None:
    handler = ProcessLog()
    logger = logging.getLogger("station.test_process_log")
    logger.addHandler(handler)
    try:
        logger.info("not this")
        logger.warning("a %s\nof two lines", "warning")
        try:
            raise ValueError("04AABB")
        except ValueError:
            logger.exception("it fell over")
    finally:
        logger.removeHandler(handler)
    first, second = handler.lines()
    assert "WARNING station.test_process_log: a warning of two lines" in first
    assert "[ValueError at test_station_log.py:" in second
    assert "04AABB" not in second
