"""Which signals end a verb in order."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from station.cli.signals import ordered_ends


@pytest.fixture(autouse=True)
def hang_up() -> Iterator[None]:
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


def test_a_lost_terminal_is_an_ordered_end() -> None:
    assert set(ordered_ends()) == {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}


def test_nohup_is_obeyed() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    assert set(ordered_ends()) == {signal.SIGINT, signal.SIGTERM}
