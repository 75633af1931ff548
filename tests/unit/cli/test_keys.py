"""Single keys: what they command, and that the terminal is given back."""

from __future__ import annotations

import asyncio
import os
import pty
import termios

import pytest

from station.cli import keys as keys_module
from station.cli.keys import CARD, Keys
from tests.support.fake_commandable import FakeCommandable


def test_each_key_is_a_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys_module, "_foreground", os.isatty)

    async def scenario() -> None:
        master, slave = pty.openpty()
        before = termios.tcgetattr(slave)
        station, said, quit_ = FakeCommandable(), [""], asyncio.Event()
        station.refusals["fault"] = "no such connector"
        keys = Keys(station, quit_.set, said.append, fd=slave)
        assert keys.start()
        os.write(master, b"pt9foozq")
        await asyncio.wait_for(quit_.wait(), 10)
        assert [name for name, _ in station.executed] == ["unplug", "tap", "fault", "go_offline", "come_online"]
        assert station.executed[1][1]["tagId"] == CARD
        while len(said) < 2:
            await asyncio.sleep(0)
        assert said == ["", " x no such connector"]
        keys.stop()
        assert termios.tcgetattr(slave) == before
        keys.stop()
        os.close(master)
        os.close(slave)

    asyncio.run(scenario())


def test_without_a_terminal_there_are_no_keys() -> None:
    async def scenario() -> None:
        source, sink = os.pipe()
        keys = Keys(FakeCommandable(), lambda: None, lambda _: None, fd=source)
        assert not keys.start()
        keys.stop()
        os.close(source)
        os.close(sink)

    asyncio.run(scenario())


def test_a_number_chooses_the_connector_and_serves_the_card_that_waits() -> None:
    async def scenario() -> None:
        station, said = FakeCommandable(), [""]
        station.refusals["select_evse"] = "no card waits for a choice"
        keys = Keys(station, lambda: None, said.append)
        keys._loop = asyncio.get_running_loop()
        keys.press("1")
        keys.press("9")
        await asyncio.sleep(0)
        assert [(name, params["connector"]) for name, params in station.executed] == [("select_evse", 1)]
        assert said == ["", " keys: connector 1"]

    asyncio.run(scenario())
