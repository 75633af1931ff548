"""Any schedule of polls, losses, hangs and cards: losses and returns take turns, a presentation counts once.

The loop and its watch are driven by hand: a reader that hangs advances the clock, and whoever watches looks in the
middle of it, as the thread of `drivers.pump` does.
"""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.api import Card, DeviceMissing, DriverBusy, DriverError, DriverLost
from drivers.presence import Presence
from drivers.pump import HANGS_S, LAST_RETRY_S, ReaderLoop, Sink
from tests.support.driver_clock import HandClock

CARDS = (
    Card(b"\x04\x01\x02\x03", "106A"),
    Card(b"\x04\x01\x02\x03", "106B"),
    Card(b"\x01", "EM4100"),
    Card(b"", "106A", text="ABC"),
    Card(b"", "106A", text="abc"),
)
PHONES = (Card(b"\x08\x01\x02\x03", "106A", random=True), Card(b"\x08\x09\x0a\x0b", "106A", random=True))
JUNK = (Card(b"", "106A"), Card(b"x" * 33, "106A"), Card(b"", "106A", text=""), Card(b"", "106A", text="x" * 256))
ERRORS = (DriverLost("gone"), DriverBusy("held"), DeviceMissing("unplugged"), OSError(5), IndexError(), SystemExit())
GAP_S = 0.5

POLL = st.tuples(
    st.just("cards"),
    st.lists(st.sampled_from((*CARDS, *PHONES, *JUNK)), max_size=4),
    st.sampled_from((0.0, 0.0, 0.1, 0.6, HANGS_S - 0.1, HANGS_S + 0.1, 20.0)),
)
STEPS = st.lists(
    st.one_of(
        POLL,
        POLL,
        st.tuples(st.just("error"), st.sampled_from(ERRORS), st.sampled_from((0.0, 0.1, HANGS_S + 0.1))),
        st.tuples(st.just("no_opening"), st.sampled_from(ERRORS), st.sampled_from((0.0, HANGS_S + 0.1))),
        st.tuples(st.just("nonsense"), st.sampled_from((None, 7, [None], ["04A1"], "04A1")), st.just(0.0)),
        st.tuples(st.just("pause"), st.just(None), st.sampled_from((0.1, 0.6, 30.0))),
    ),
    max_size=60,
)


class _Desk:
    """A reader that does what the next step says, and everything that was told."""

    def __init__(self) -> None:
        self.clock = HandClock()
        self.heard: list[Any] = []
        self.step: tuple[str, Any, float] = ("cards", [], 0.0)
        self.opened = self.released = 0
        sink = Sink(card=self.heard.append, lost=self.heard.append, back=lambda: self.heard.append("back"))
        self.loop = ReaderLoop(self._open, sink, gap_s=GAP_S, clock=self.clock)

    def _pass(self, seconds: float) -> None:
        """A call lasts so long, and the watch looks four times meanwhile."""
        for _ in range(4):
            self.clock.advance(seconds / 4)
            self.loop.watch()

    def _open(self) -> _Desk:
        if self.step[0] == "no_opening":
            self._pass(self.step[2])
            raise self.step[1]
        self.opened += 1
        return self

    def poll(self) -> Any:
        kind, what, seconds = self.step
        self._pass(seconds)
        if kind in ("error", "no_opening"):
            raise what
        return what

    def release(self) -> None:
        self.released += 1

    def play(self, step: tuple[str, Any, float]) -> float:
        """One step; answers the pause that the loop asks for."""
        self.step = step
        if step[0] == "pause":
            self.clock.advance(step[2])
            return 0.0
        return self.loop.step()

    @property
    def losses(self) -> list[Any]:
        """What was told beside cards, in order."""
        return [told for told in self.heard if not isinstance(told, Card)]


def _alternate(losses: list[Any]) -> bool:
    return all(
        isinstance(told, DriverError) if number % 2 == 0 else told == "back" for number, told in enumerate(losses)
    )


def _same(card: Card) -> tuple[str, Any]:
    """What makes it the same card at the next poll: of phones, that they are."""
    return (card.technology, "phone") if card.random else (card.technology, (card.uid, card.text))


@settings(max_examples=200, deadline=None)
@given(STEPS, st.booleans())
def test_any_schedule(steps: list[tuple[str, Any, float]], waits: bool) -> None:
    desk = _Desk()
    away_since: dict[Any, float | None] = {}
    for step in steps:
        told = len(desk.heard)
        wait_s = desk.play(step)
        assert 0.0 <= wait_s <= LAST_RETRY_S
        assert _alternate(desk.losses), desk.losses
        cards = [card for card in desk.heard[told:] if isinstance(card, Card)]
        keys = [_same(card) for card in cards]
        assert len(keys) == len(set(keys)), "one card told twice of one poll"
        assert not set(cards) & set(JUNK)
        if step[0] == "cards":
            now_s = desk.clock.now()
            there = {_same(card) for card in step[1] if card not in JUNK}
            gone = {key for key, since_s in away_since.items() if since_s is not None and now_s - since_s >= GAP_S}
            expected = there - (away_since.keys() - gone)
            assert set(keys) == expected, (keys, expected)
            known = {key: since_s for key, since_s in away_since.items() if key not in gone} | dict.fromkeys(there)
            away_since = {
                key: None if key in there else (now_s if since_s is None else since_s) for key, since_s in known.items()
            }
            assert not desk.loop.stats.lost
            assert desk.losses[-1:] in ([], ["back"])
        elif step[0] != "pause":
            assert desk.loop.stats.lost
            assert not cards
        if waits:
            desk.clock.advance(wait_s)
        assert desk.opened - desk.released in (0, 1)
    desk.loop.release()
    assert desk.opened == desk.released
    assert desk.loop.stats.losses == sum(isinstance(told, DriverError) for told in desk.losses)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.lists(st.binary(max_size=40), max_size=8), max_size=80), st.sampled_from((0.02, 0.3)))
def test_a_flood_of_cards_is_forgotten(polls: list[list[bytes]], every_s: float) -> None:
    """What is remembered is what lay there within the gap, and no more."""
    presence, now_s = Presence(GAP_S), 0.0
    for polled in polls:
        now_s += every_s
        presence.seen([Card(uid) for uid in polled], now_s)
        within = int(GAP_S / every_s) + 3
        assert len(presence._gone_since_s) <= 8 * within
    now_s += GAP_S
    presence.seen([], now_s)
    presence.seen([], now_s + GAP_S + 0.01)
    assert not presence._gone_since_s
