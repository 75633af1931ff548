from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from drivers.api import Card
from drivers.presence import Presence

A, B = Card(b"\x04\x01\x02\x03", "106A"), Card(b"\x04\x0a\x0b\x0c", "106A")


def test_held_card_counts_once() -> None:
    presence = Presence()
    shown = [presence.seen([A], at / 10) for at in range(100)]
    assert shown[0] == [A]
    assert not any(shown[1:])


def test_card_gone_for_the_gap_counts_again() -> None:
    presence = Presence(gap_s=0.5)
    assert presence.seen([A], 0.0) == [A]
    assert presence.seen([], 0.1) == []
    assert presence.seen([A], 0.5) == []
    assert presence.seen([], 0.6) == []
    assert presence.seen([A], 1.1) == [A]


def test_a_slow_poll_is_no_gap() -> None:
    presence = Presence(gap_s=0.5)
    presence.seen([A], 0.0)
    assert presence.seen([A], 30.0) == []


def test_two_cards_side_by_side_count_once_each_even_when_seen_in_turn() -> None:
    presence = Presence()
    assert presence.seen([A, B], 0.0) == [A, B]
    assert [card for at in range(1, 50) for card in presence.seen([A if at % 2 else B], at / 10)] == []


def test_a_card_that_comes_and_goes_below_the_gap_is_one_presentation() -> None:
    presence, now, shown = Presence(gap_s=0.5), 0.0, 0
    for poll in range(400):
        now += 0.03
        shown += len(presence.seen([A] if poll % 15 < 2 else [], now))
    assert shown == 1


def test_lifted_and_put_back_is_seen_while_another_card_lies_there() -> None:
    presence = Presence(gap_s=0.5)
    assert presence.seen([A, B], 0.0) == [A, B]
    assert [presence.seen([A], at) for at in (0.1, 0.4, 0.7)] == [[], [], []]
    assert presence.seen([B, A], 0.8) == [B]


def test_random_uid_is_one_phone() -> None:
    presence = Presence()
    phones = [Card(bytes([8, 1, 2, number]), "106A", random=True) for number in range(5)]
    assert [len(presence.seen([phone], at / 10)) for at, phone in enumerate(phones)] == [1, 0, 0, 0, 0]


def test_hostile_identities_are_dropped() -> None:
    assert Presence().seen([Card(b""), Card(b"x" * 100), Card(b"", text="x" * 1000), Card(b"", text="")], 0.0) == []


@given(st.lists(st.tuples(st.floats(0.01, 2), st.lists(st.sampled_from([A, B]), max_size=3)), max_size=30))
def test_a_presentation_needs_a_gap_before_it(polls: list[tuple[float, list[Card]]]) -> None:
    presence, now, unseen_since = Presence(gap_s=0.5), 0.0, {A: -1.0, B: -1.0}
    for pause, cards in polls:
        now += pause
        for card in presence.seen(cards, now):
            assert unseen_since[card] >= -1.0
            assert now - unseen_since[card] >= 0.5
        for card in (A, B):
            if card in cards:
                unseen_since[card] = float("inf")
            elif unseen_since[card] == float("inf"):
                unseen_since[card] = now
