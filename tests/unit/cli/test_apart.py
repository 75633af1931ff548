"""What is done in a process of its own comes back, and so does what went wrong."""

from __future__ import annotations

import os

import pytest

from station.cli.apart import apart
from station.config import ConfigError, Position


def test_the_answer_comes_back_and_the_process_was_another_one() -> None:
    number, words = apart(lambda: (os.getpid(), ["made", "apart"]))
    assert number != os.getpid()
    assert words == ["made", "apart"]


def test_a_mistake_keeps_its_positions() -> None:
    def wrong() -> None:
        raise ConfigError.at(Position("plan.yaml", 3, 7), "unknown key", "stations")

    with pytest.raises(ConfigError) as caught:
        apart(wrong)
    assert (caught.value.line, caught.value.column) == (3, 7)
    assert caught.value.suggestion == "stations"


def test_what_cannot_come_back_is_made_here() -> None:
    assert apart(lambda: lambda: 5)() == 5
