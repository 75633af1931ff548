"""Readers of a profile: cards become tokens, losses faults of the EVSEs they serve."""

from __future__ import annotations

import queue
from collections.abc import Callable
from pathlib import Path
from typing import Any

from drivers.api import Card, DeviceMissing
from station.config import from_mapping
from station.core.events import TokenPresented
from station.core.hardware_faults import cleared, raised
from station.core.values import Fault
from station.host.pairings import Pairings
from station.host.readers import Readers

PROFILE = {
    "station": {"id": "CP-1"},
    "evses": [{"id": 1}, {"id": 2}],
    "auth": {
        "readers": [
            {"driver": "keyboard"},
            {"driver": "keyboard", "evses": [2], "uid": {"order": "reversed", "format": "hex", "case": "lower"}},
        ]
    },
}


class Heard:
    def __init__(self) -> None:
        self.events: list[Any] = []
        self.told: list[tuple[str, dict[str, Any]]] = []
        self.up = True
        profile = from_mapping(PROFILE, Path("/nonexistent"), env={}).profile
        self.readers = Readers(
            profile.auth.readers,
            (1, 2),
            self.feed,
            lambda *told: self.told.append(told),
            lambda call: call(),
            Pairings(profile.station.id, profile.evses),
        )

    def feed(self, event: Any) -> bool:
        self.events.append(event)
        return self.up


CARD = Card(bytes.fromhex("04a1b2c3"), "106A", False)


def test_a_card_is_told_and_presented_as_its_reader_spells_it() -> None:
    heard = Heard()
    heard.readers.card(0, CARD)
    heard.readers.card(1, CARD)
    assert [(event.token.value, event.evses) for event in heard.events] == [("04A1B2C3", (1, 2)), ("c3b2a104", (2,))]
    assert all(isinstance(event, TokenPresented) for event in heard.events)
    assert heard.told[0] == (
        "card", {"reader": "keyboard", "tagId": "04A1B2C3", "technology": "106A", "random": False},
    )  # fmt: skip


def test_a_card_that_is_shown_before_the_station_is_up_is_refused_with_a_word() -> None:
    heard = Heard()
    heard.up = False
    heard.readers.card(0, CARD)
    assert [name for name, _ in heard.told] == ["card", "token"]
    refused = heard.told[1][1]
    assert (refused["tagId"], refused["result"], refused["reason"]) == ("04A1B2C3", "REJECTED", "NotAccepted")
    assert [step["step"] for step in refused["trace"]] == ["presented", "result"]


def test_a_lost_reader_is_a_fault_of_what_it_serves_once() -> None:
    heard = Heard()
    for _ in range(3):
        heard.readers.lost(0, "unplugged")
    assert heard.events == [raised(1, "reader_lost#1"), raised(2, "reader_lost#1")]
    assert {event.fault for event in heard.events} == {Fault.READER_FAILURE}
    heard.events.clear()
    heard.readers.lost(1, "unplugged")
    assert heard.events == [raised(2, "reader_lost#2")]
    heard.events.clear()
    heard.readers.back(0)
    heard.readers.back(0)
    assert heard.events == [cleared(1, "reader_lost#1"), cleared(2, "reader_lost#1")]


def test_what_is_lost_is_told_to_each_boot() -> None:
    heard = Heard()
    heard.readers.lost(1, "unplugged")
    heard.events.clear()
    heard.readers.booted()
    assert heard.events == [raised(2, "reader_lost#2")]
    heard.readers.back(1)
    heard.events.clear()
    heard.readers.booted()
    assert heard.events == []


def test_what_became_of_the_first_attempt_to_open_is_known_before_the_start() -> None:
    """In the pump's thread; the loss is told when a core listens."""
    port = {"driver": "serial", "port": "/dev/nonexistent", "format": "rdm6300"}
    content = {"csms": "none", "auth": {"readers": [port], "local": {"allow": ["04A1B2C3"]}}}
    profile = from_mapping(content, Path("/nonexistent"), env={}).profile
    calls: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
    events: list[Any] = []
    pairings = Pairings(profile.station.id, profile.evses)
    readers = Readers(profile.auth.readers, (1,), events.append, lambda *told: None, calls.put, pairings)
    readers.open()
    assert readers.untried == {0}
    while readers.untried or not events:
        calls.get(timeout=5)()
    ((index, error),) = readers.first_errors
    assert (index, type(error)) == (0, DeviceMissing)
    assert events == [raised(1, "reader_lost#1")]
    readers.booted()
    assert events == [raised(1, "reader_lost#1")] * 2
    readers.start()  # it is open already
    readers.quiet()
