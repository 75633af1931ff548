"""The table of a running fleet, as a user reads it."""

import json
import os

import pytest

from station.cli.fleet_screen import FleetScreen, Look, final_lines, first_line, live_lines, progress_json
from station.cli.terminal import Terminal
from tests.support.fleet_run import PlayedRun


@pytest.fixture(scope="module")
def run() -> PlayedRun:
    return PlayedRun().play()


def test_the_first_line_says_how_the_fleet_is(run: PlayedRun) -> None:
    look = Look(run.ticks[5], run.ticks[4], 9.0)
    assert first_line(look) == (
        " up 10/10  charging 5  faulted 0   calls/s 10   generator ok (lag p99 3 ms)   00:04 / 00:09 ====>-----"
    )


@pytest.mark.parametrize(
    ("tick", "of_s", "paused", "end"),
    [
        (0, 2.0, False, "   ramp 00:01 / 00:02 =====>----"),
        (10, 9.0, False, "   00:09 / 00:09 =========="),
        (5, None, False, "   00:04"),
        (5, float("inf"), False, "   00:04"),
        (0, 0.1, False, "   ramp 00:01"),
        (5, 9.0, True, "   paused  00:04 / 00:09 ====>-----"),
        (11, 9.0, False, "   ending 00:12"),
    ],
)
def test_where_the_run_is(run: PlayedRun, tick: int, of_s: float | None, paused: bool, end: str) -> None:
    assert first_line(Look(run.ticks[tick], None, of_s, paused)).endswith(end)


def test_a_saturated_generator_is_said_to_be_one(run: PlayedRun) -> None:
    assert "generator saturated" in first_line(Look(run.ticks[6], run.ticks[5], None))


def test_the_table_has_a_row_for_each_action(run: PlayedRun) -> None:
    _, head, boots, values = live_lines(Look(run.ticks[5], run.ticks[4], 9.0))
    assert head.split() == ["name", "count", "rate", "p50", "p95", "p99", "max", "errors"]
    assert boots == " BootNotification          10       -    22 ms    22 ms    22 ms    22 ms       0"
    assert values.startswith(" MeterValues               43    10/s     9 ms     9 ms   900 ms   900 ms       2 ")
    assert values.endswith("Timeout 1")


@pytest.mark.parametrize(("height", "last"), [(4, " MeterValues"), (3, " … and 2 more"), (1, " … and 2 more")])
def test_a_small_terminal_gets_as_many_rows_as_fit(run: PlayedRun, height: int, last: str) -> None:
    lines = live_lines(Look(run.ticks[5], run.ticks[4], 9.0), height)
    assert len(lines) == max(3, height)
    assert lines[-1].startswith(last)


def test_on_80_columns_all_is_there(run: PlayedRun) -> None:
    lines = live_lines(Look(run.ticks[5], run.ticks[4], 9.0), 22, 79)
    assert lines[:2] == [
        " up 10/10  charging 5  faulted 0   calls/s 10   generator ok (lag p99 3 ms)",
        " 00:04 / 00:09 ====>-----",
    ]
    assert lines[2].split() == ["name", "count", "rate", "p50", "p95", "p99", "max", "errors"]
    assert all(len(line) <= 79 for line in lines[:-1])
    assert lines[-1].startswith("   ! ") and lines[-1].endswith("Timeout 1")


def test_a_long_name_is_cut_rather_than_the_errors() -> None:
    run = PlayedRun()
    run.answer("GetInstalledCertificateIdsReport", 0.01, 12)
    run.look(1.0, run.snapshot())
    (*_, head, row) = live_lines(Look(run.ticks[0], None), 22, 79)
    assert head.endswith(" errors") and row.endswith("  0") and len(row) <= 79
    assert row.startswith(" GetInstalledCertificate…     12 ")


def _numbers(lines: list[str]) -> set[str]:
    return {word for word in " ".join(lines).replace(",", " ").split() if word[0].isdigit()}


def _busy() -> PlayedRun:
    """A run with long names, great numbers and errors of many causes."""
    run = PlayedRun().play()
    run.metrics.count("call.MeterValues", 123_456)
    run.metrics.count("sessions.started", 123_456)
    for cause in ("InternalError", "Timeout", "PropertyConstraintViolation", "Disconnected"):
        for _ in range(4321):
            run.fail("MeterValues", cause)
    run.look(13.0, run.snapshot(), "done")
    return run


@pytest.mark.parametrize("width", [*range(24, 80, 5), 99])
def test_whatever_the_width_no_line_is_longer_and_no_number_is_cut(width: int) -> None:
    run = _busy()
    look, report = Look(run.ticks[-1], run.ticks[5], 9.0), run.report("boot.p95<2s", "authorize.p95<2s")
    for lines, whole in (
        (live_lines(look, 100, width), live_lines(look)),
        (final_lines(report, 99, width), final_lines(report, 99)),
    ):
        assert all(len(line) <= width for line in lines)
        assert _numbers(lines) <= _numbers(whole)
        (head,) = (line.split() for line in lines if line.startswith(" name"))
        assert head[-1] == "errors"
        assert width < 39 or {"count", "p95"} <= set(head)


def test_a_window_of_40_by_10_shows_calls_times_and_errors() -> None:
    run = _busy()
    lines = live_lines(Look(run.ticks[-1], run.ticks[5], 9.0), 9, 39)
    assert len(lines) <= 9
    assert lines[-3:] == [
        " name         count   rate   p95 errors",
        " BootNotific…    10      - 22 ms      0",
        " MeterValues  17377 2476/s  9 ms  17286",
    ]


def test_counts_of_a_long_run_keep_apart() -> None:
    run = PlayedRun()
    run.metrics.count("call.MeterValues", 1_234_567_890)
    run.look(1.0, run.snapshot())
    assert " 1234567890 " in live_lines(Look(run.ticks[0], None))[2]


def test_the_words_of_others_do_not_steer_the_terminal() -> None:
    run = PlayedRun()
    run.fail("MeterValues", "\x1b[2Jgone")
    run.look(1.0, run.snapshot())
    assert not any("\x1b" in line for line in live_lines(Look(run.ticks[0], None)))


def test_the_final_table_says_all(run: PlayedRun) -> None:
    lines = final_lines(run.report("boot.p95<2s", "authorize.p95<2s"), 99)
    text = "\n".join(lines)
    assert lines[0] == (
        " up 10/10   sessions 4 started, 3 finished   12.3 kWh   generator saturated (lag p99 3 ms)   00:12"
    )
    assert f" {'all calls':<22}{103:>8}" in text
    assert f" {'recovery':<22}{2:>8}       -    1.5 s    2.5 s    2.5 s    2.5 s" in text
    assert " RemoteStartTransaction" in text
    assert " ! the generator was saturated from 00:06 to 00:08" in text
    assert " ! connections that failed: 1 refused.401" in text
    assert lines[-2:] == [
        " threshold boot.p95<2s PASS (0.022s)",
        " threshold authorize.p95<2s FAIL (no data)     exit 99",
    ]


def test_sessions_that_went_wrong_are_told_at_the_end() -> None:
    run = PlayedRun()
    run.metrics.count("sessions.started", 3)
    run.metrics.count("sessions.refused", 121)
    run.metrics.count("sessions.turned_away")
    run.play()
    assert " ! sessions that went wrong: 121 refused, 1 turned away" in final_lines(run.report(), 0)


def test_what_the_generator_lost_is_not_blamed_on_the_csms() -> None:
    run = PlayedRun().play()
    run.metrics.count("sessions.lost", 3)
    run.metrics.count("messages.lost", 40)
    run.metrics.count("undelivered", 4)
    run.look(13.0, run.snapshot(0, queued=3), "done")
    lines = final_lines(run.report(), 0)
    assert " ! lost by the generator, not by the CSMS: 3 sessions, 40 messages" in lines
    assert " ! 7 messages were not delivered when the run ended" in lines


def test_in_a_pipe_there_is_a_line_every_ten_seconds_and_the_final_table(run: PlayedRun) -> None:
    printed: list[str] = []
    now_s = [0.0]
    screen = FleetScreen(Terminal(in_place=False, write=printed.append), in_place=False, now_s=lambda: now_s[0])
    for tick in run.ticks:
        now_s[0] = tick.at_s
        screen.look(tick, of_s=9.0)
    screen.say("20 % offline")
    assert [text.split()[1] for text in printed] == ["5/10", "10/10", "%"]
    screen.end(run.report("boot.p95<2s"), 0)
    assert printed[-1].endswith("threshold boot.p95<2s PASS (0.022s)     exit 0\n")


def test_on_a_terminal_the_table_changes_in_place(run: PlayedRun) -> None:
    printed: list[str] = []
    terminal = Terminal(in_place=True, write=printed.append, width=lambda: 200)
    screen = FleetScreen(terminal, in_place=True, size=lambda: os.terminal_size((200, 24)))
    screen.look(run.ticks[2], of_s=9.0)
    screen.look(run.ticks[3], of_s=9.0)
    assert printed[0].count("\n") == 3
    assert printed[1].startswith("\x1b[3A\r\x1b[J up 10/10")


def test_progress_as_json(run: PlayedRun) -> None:
    line = json.loads(json.dumps(progress_json(run.ticks[5], run.ticks[4])))
    assert line["event"] == "progress"
    assert (line["phase"], line["up"], line["stations"], line["calls_per_s"]) == ("run", 10, 10, 10.0)
    assert (line["calls"], line["errors"], line["generator"]) == (53, 2, "ok")
