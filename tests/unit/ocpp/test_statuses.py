"""Which statuses are told, and when."""

from __future__ import annotations

from station.ocpp.dialect import Told
from station.ocpp.statuses import StatusBoard
from station.ocpp.v16 import DIALECT as V16
from tests.support.fake_view import FakeEvse, FakeView

EVSE, STATION = (1, 1), (0, 0)


class Board:
    """A board of a 1.6 station, and what its CSMS was told."""

    def __init__(self) -> None:
        self.board = StatusBoard()
        self.evse = FakeEvse()
        self.view = FakeView(self.evse)
        self.told: dict[tuple[int, int], str] = {}
        self.now = 0.0

    def become(self, state: str) -> None:
        self.evse.state = state
        self.evse.in_use = state != "idle"
        self.look()

    def look(self) -> list[str]:
        return [change.told.status for change in self.board.look(V16, self.view, self.now)]

    def due(self, minimum_s: float = 0.0) -> list[str]:
        return [told.status for _, told in self.board.due(self.told, self.now, minimum_s)]

    def answer(self) -> None:
        for place in (STATION, EVSE):
            current = self.board.current(place)
            assert current is not None
            self.told[place] = current.text
            self.board.done(place)


def booted() -> Board:
    board = Board()
    board.look()
    board.due()
    board.answer()
    return board


def test_after_a_boot_all_are_told_whatever_was_told_before() -> None:
    board = Board()
    board.look()
    assert board.board.unanswered
    assert board.due() == ["Available", "Available"]
    assert board.board.unanswered
    board.answer()
    assert not board.board.unanswered
    assert board.due() == []
    board.board.repeat_all = True
    assert board.due() == ["Available", "Available"]


def test_a_change_is_told_once() -> None:
    board = booted()
    assert board.look() == []
    board.become("plugged")
    assert board.due() == ["Preparing"]
    assert board.due() == []
    assert board.board.shown(EVSE, board.told) == "Preparing"
    board.answer()
    assert board.due() == []


def test_there_and_back_while_nobody_listened_is_not_told() -> None:
    """OCPP 1.6 §4.9: after a time offline only what is another one now."""
    board = booted()
    board.become("plugged")
    board.become("idle")
    assert board.due() == []


def test_what_was_under_way_when_the_connection_went_is_told_again() -> None:
    board = booted()
    board.become("plugged")
    assert board.due() == ["Preparing"]
    board.board.disconnected()
    assert board.due() == ["Preparing"]


def test_a_status_is_told_when_it_has_lasted() -> None:
    """OCPP 1.6 MinimumStatusDuration."""
    board = booted()
    board.now = 100.0
    board.become("plugged")
    assert board.due(5.0) == []
    assert board.board.next_deadline(board.told, 5.0) == 105.0
    board.now = 103.0
    board.become("idle")
    board.now = 120.0
    assert board.due(5.0) == []
    assert board.board.next_deadline(board.told, 5.0) is None
    board.become("plugged")
    board.now = 125.0
    assert board.due(5.0) == ["Preparing"]


def test_a_told_status_is_another_one_when_anything_of_it_is() -> None:
    told = Told("Faulted", "GroundFailure", "RCD", "E7")
    others = (
        Told("Available", "GroundFailure", "RCD", "E7"),
        Told("Faulted", "OtherError", "RCD", "E7"),
        Told("Faulted", "GroundFailure", "", "E7"),
        Told("Faulted", "GroundFailure", "RCD"),
    )
    assert told.text not in {other.text for other in others}
    assert told.text == Told("Faulted", "GroundFailure", "RCD", "E7").text
