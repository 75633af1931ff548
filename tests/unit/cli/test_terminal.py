"""Lines that stay and lines that change, on a terminal and in a pipe."""

from __future__ import annotations

import os

import pytest

from station.cli.terminal import BackgroundWriter, Terminal, is_journal


def test_in_place_the_bottom_is_drawn_again_below_what_stays() -> None:
    out: list[str] = []
    terminal = Terminal(in_place=True, write=out.append, width=lambda: 80)
    terminal.progress(["one", "two"], 0)
    terminal.lines(["stays"])
    terminal.progress(["one", "two"], 1)
    terminal.progress([], 2)
    assert out == ["one\ntwo\r", "\x1b[1A\r\x1b[Jstays\none\ntwo\r", "\x1b[1A\r\x1b[J"]


def test_long_lines_are_cut_so_that_they_can_be_erased() -> None:
    out: list[str] = []
    Terminal(in_place=True, write=out.append, width=lambda: 24).progress(["x" * 100], 0)
    assert out == ["x" * 23 + "\r"]


def test_lines_that_a_narrower_terminal_has_broken_are_erased_whole() -> None:
    out: list[str] = []
    columns = [80]
    terminal = Terminal(in_place=True, write=out.append, width=lambda: columns[0])
    terminal.progress(["x" * 60, "", "y" * 60], 0)
    columns[0] = 30
    terminal.progress(["z"], 1)
    assert out[1] == "\x1b[3A\r\x1b[Jz\r"


def test_in_a_pipe_progress_comes_once_in_a_while() -> None:
    out: list[str] = []
    terminal = Terminal(in_place=False, write=out.append)
    for second in range(21):
        terminal.progress([f"at {second}"], second)
    terminal.lines([])
    assert out == ["at 0\n", "at 10\n", "at 20\n"]


def test_a_screen_that_is_gone_is_no_error() -> None:
    source, sink = os.pipe()
    os.close(source)
    writer = BackgroundWriter(sink)
    writer.write("nobody reads this\n")
    writer.close()
    os.close(sink)


def test_a_screen_that_is_stopped_is_waited_for_so_long_at_most() -> None:
    source, sink = os.pipe()
    writer = BackgroundWriter(sink)
    for _ in range(3):
        writer.write("x" * 60_000)
    writer.close(patience_s=0.05)
    heard = 0
    while heard < 180_000:
        heard += len(os.read(source, 65_536))
    writer.close(patience_s=None)
    os.close(source)
    os.close(sink)


def test_the_journal_is_known_by_its_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    read, write = os.pipe()
    try:
        where = os.fstat(write)
        assert not is_journal(write)
        monkeypatch.setenv("JOURNAL_STREAM", f"{where.st_dev}:{where.st_ino}")
        assert is_journal(write)
    finally:
        os.close(read)
        os.close(write)
    assert not is_journal(write)
