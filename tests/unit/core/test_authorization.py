"""Who is asked whether a token may charge, in which order, and what is told of it (docs/authorization.md)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from station.core import effects as ef
from station.core import events as ev
from station.core.choice import CHOICE_S
from station.core.context import EvsePlan, StationPlan
from station.core.facts import Phase
from station.core.values import IdToken, TokenInfo, TokenResult, TokenStatus, TriggerReason
from tests.support.core_world import CARD, OTHER, World, of, two

ACCEPTED, BLOCKED = TokenInfo(TokenStatus.ACCEPTED), TokenInfo(TokenStatus.BLOCKED)
DEFAULT = ("allow", "local_list", "cache", "csms", "offline")
PRE = {"AuthCtrlr.LocalPreAuthorize": "true"}
NO_QUESTIONS = {"AuthCtrlr.DisableRemoteAuthorization": "true"}
UNKNOWN_OFFLINE = {"AuthCtrlr.OfflineTxForUnknownIdEnabled": "true"}


def world(
    validators: tuple[str, ...] = DEFAULT,
    settings: dict[str, str] | None = None,
    *,
    allow: str = "",
    listed: TokenInfo | None = None,
    cached: TokenInfo | None = None,
    csms: TokenInfo = ACCEPTED,
    online: bool = True,
) -> World:
    """A station with one EVSE where somebody knows something of CARD."""
    plan = StationPlan(evses=(EvsePlan(1),), validators=validators, allow=frozenset({allow.upper()} if allow else ()))
    made = World(plan=plan, settings=settings)
    made.csms.default = csms
    if listed is not None:
        made.send(ev.PutToken(CARD, listed, True))
    if cached is not None:
        made.send(ev.PutToken(CARD, cached, False))
    if not online:
        made.disconnect()
    return made


def shown(station: World, token: IdToken = CARD) -> ef.TokenEnded:
    """What became of the card that is shown after the car was plugged in."""
    station.plug()
    station.tap(token)
    station.run(5.0)
    return of(station.log, ef.TokenEnded)[-1]


def said(ended: ef.TokenEnded) -> list[tuple[str, str]]:
    """Who said what, in order."""
    return [(line["validator"], line["answer"]) for line in ended.trace if line["step"] == "answered"]


@pytest.mark.spec("C01.FR.01", "C10.FR.02", "C13.FR.01", "C14.FR.01", "C15.FR.08")
@pytest.mark.parametrize(
    ("station", "result", "answers"),
    [
        # The order as delivered
        (partial(world), "USED_TO_START", [("csms", "Accepted")]),
        (partial(world, allow="04a1b2c3"), "USED_TO_START", [("allow", "Accepted")]),
        (partial(world, allow="OTHER", csms=BLOCKED), "REJECTED", [("allow", "Unknown"), ("csms", "Blocked")]),
        (partial(world, listed=ACCEPTED, csms=BLOCKED), "REJECTED", [("csms", "Blocked")]),
        (partial(world, DEFAULT, PRE, listed=ACCEPTED, csms=BLOCKED), "USED_TO_START", [("local_list", "Accepted")]),
        (
            partial(world, DEFAULT, PRE, cached=ACCEPTED, csms=BLOCKED),
            "USED_TO_START",
            [("local_list", "Unknown"), ("cache", "Accepted")],
        ),
        (
            partial(world, DEFAULT, PRE, listed=BLOCKED),
            "USED_TO_START",
            [("local_list", "Blocked"), ("csms", "Accepted")],
        ),
        (
            partial(world, DEFAULT, PRE, listed=BLOCKED, cached=ACCEPTED, csms=BLOCKED),
            "REJECTED",
            [("local_list", "Blocked"), ("csms", "Blocked")],
        ),
        (
            partial(world, DEFAULT, NO_QUESTIONS, cached=ACCEPTED),
            "USED_TO_START",
            [("local_list", "Unknown"), ("cache", "Accepted")],
        ),
        (partial(world, DEFAULT, NO_QUESTIONS), "REJECTED", [("local_list", "Unknown"), ("cache", "Unknown")]),
        (
            partial(world, DEFAULT, UNKNOWN_OFFLINE, online=False),
            "USED_TO_START",
            [("local_list", "Unknown"), ("cache", "Unknown"), ("offline", "Accepted")],
        ),
        (partial(world, listed=ACCEPTED, online=False), "USED_TO_START", [("local_list", "Accepted")]),
        # Another order
        (partial(world, ("csms", "allow"), allow="04A1B2C3", csms=BLOCKED), "REJECTED", [("csms", "Blocked")]),
        (partial(world, ("csms", "allow"), allow="04A1B2C3", online=False), "USED_TO_START", [("allow", "Accepted")]),
        (partial(world, ("csms", "local_list"), PRE, listed=ACCEPTED, csms=BLOCKED), "REJECTED", [("csms", "Blocked")]),
        # Left out
        (
            partial(world, ("local_list", "cache"), cached=ACCEPTED),
            "USED_TO_START",
            [("local_list", "Unknown"), ("cache", "Accepted")],
        ),
        (partial(world, ("allow",)), "REJECTED", []),
        (partial(world, ("csms",), cached=ACCEPTED, online=False), "REJECTED", []),
        (partial(world, ("csms",), UNKNOWN_OFFLINE, online=False), "REJECTED", []),
        (
            partial(world, ("cache", "csms"), PRE, listed=BLOCKED, cached=ACCEPTED),
            "USED_TO_START",
            [("cache", "Accepted")],
        ),
        (
            partial(world, ("csms", "offline"), UNKNOWN_OFFLINE, listed=BLOCKED, online=False),
            "REJECTED",
            [("offline", "Blocked")],
        ),
    ],
)
def test_the_validators_are_asked_in_the_order_of_the_profile(
    station: Callable[[], World], result: str, answers: list[tuple[str, str]]
) -> None:
    ended = shown(station())
    assert (ended.result, said(ended)) == (result, answers)


@pytest.mark.parametrize(
    ("station", "reason"),
    [(partial(world, ("allow",)), "NotAllowedToAsk"), (partial(world, ("csms",), online=False), "Offline")],
)
def test_a_token_of_which_nobody_has_a_word_is_refused_and_why(station: Callable[[], World], reason: str) -> None:
    ended = shown(station())
    assert (ended.result, ended.reason) == (TokenResult.REJECTED, reason)


def test_a_connection_that_breaks_leaves_the_word_to_the_others() -> None:
    """Asked online, decided offline: both stand in the trace, with how long the CSMS was waited for."""
    station = world(allow="", cached=ACCEPTED)
    station.csms.answers = False
    station.plug()
    station.tap()
    station.run(2.0)
    station.disconnect()
    query = next(
        effect.query for effect in reversed(of(station.log, ef.Ask)) if isinstance(effect.query, ef.AuthorizeQuery)
    )
    station.send(ev.QueryFailed(query, "Disconnected"))
    station.run(1.0)
    ended = of(station.log, ef.TokenEnded)[-1]
    assert ended.result is TokenResult.USED_TO_START
    failed = next(line for line in ended.trace if line["step"] == "failed")
    assert failed == {"step": "failed", "validator": "csms", "cause": "Disconnected", "latency_ms": 2000}
    assert said(ended) == [("local_list", "Unknown"), ("cache", "Accepted")]


def test_the_trace_tells_the_whole_way_in_one_shape() -> None:
    station = World(plan=two(allow=frozenset({"X"})), reply_delay_s=0.25)
    station.run(1.0)
    station.plug(2)
    station.run(1.0)
    station.send(ev.TokenPresented(CARD, "lobby", (), None, technology="106A"))
    station.run(5.0)
    ended = of(station.log, ef.TokenEnded)[-1]
    assert list(ended.trace) == [
        {"step": "presented", "provider": "lobby", "type": "ISO14443", "technology": "106A", "token": "***C3"},
        {"step": "answered", "validator": "allow", "answer": "Unknown", "latency_ms": 0},
        {"step": "asked", "validator": "csms"},
        {"step": "answered", "validator": "csms", "answer": "Accepted", "latency_ms": 250},
        {"step": "selection", "rule": "PlugEvents", "candidates": [1, 2], "by": "rule", "evse": 2},
        {"step": "result", "result": "USED_TO_START", "reason": "Accepted", "evse": 2},
    ]
    assert CARD.value not in repr(ended.trace)


def test_a_prevalidated_token_is_taken_at_its_providers_word() -> None:
    station = World(plan=StationPlan(evses=(EvsePlan(1),), validators=("csms",)))
    station.csms.default = BLOCKED
    station.plug()
    station.send(ev.TokenPresented(CARD, "fob", prevalidated=True))
    ended = of(station.log, ef.TokenEnded)[-1]
    assert (ended.result, said(ended)) == (TokenResult.USED_TO_START, [("prevalidated", "Accepted")])


def test_free_charging_says_so() -> None:
    station = World(plan=StationPlan(evses=(EvsePlan(1),), free=True))
    station.tap()
    station.plug()
    assert said(of(station.log, ef.TokenEnded)[-1]) == [("free", "Accepted")]


@pytest.mark.parametrize(("later_s", "result"), [(CHOICE_S - 1, "USED_TO_START"), (CHOICE_S + 1, "ACCEPTED")])
def test_a_choice_waits_a_while_for_its_card(later_s: float, result: str) -> None:
    station = World(plan=two(selection="UserInput"))
    station.plug(1)
    station.plug(2)
    station.send(ev.EvseSelected(2))
    station.run(later_s)
    station.tap()
    assert of(station.log, ef.TokenEnded)[-1].result == result


@pytest.mark.parametrize("served", [(1,), (2,)])
def test_a_choice_is_for_who_may_go_there(served: tuple[int, ...]) -> None:
    """A reader of EVSE 1 does not use up the choice of EVSE 2."""
    station = World(plan=two(selection="UserInput"))
    station.plug(1)
    station.plug(2)
    station.send(ev.EvseSelected(2))
    station.tap(OTHER, *served)
    assert station.station.evses[served[0] - 1].grant is not None
    station.tap(CARD)
    assert of(station.log, ef.TokenEnded)[-1].result == ("ACCEPTED" if served == (2,) else "USED_TO_START")


@pytest.mark.parametrize("shown", ["04A1B2C3", "04a1b2c3", "04a1B2c3"])
def test_the_own_list_knows_a_card_in_whichever_case_its_reader_writes(shown: str) -> None:
    station = world(("allow",), allow="04A1b2c3")
    station.plug()
    station.tap(IdToken(shown))
    assert of(station.log, ef.TokenEnded)[-1].result == "USED_TO_START"


@pytest.mark.spec("C10.FR.03", "C14.FR.03")
@pytest.mark.parametrize(("final", "result"), [("true", "REJECTED"), ("false", "USED_TO_START")])
def test_a_refusal_of_the_local_list_is_final_where_the_csms_is_not_to_be_asked(final: str, result: str) -> None:
    settings = {**PRE, "LocalAuthListCtrlr.DisablePostAuthorize": final}
    blocked = TokenInfo(TokenStatus.BLOCKED)
    assert shown(world(settings=settings, listed=blocked)).result == result


def test_a_choice_is_used_once() -> None:
    """The EVSE is free again before the choice is too old; it is not the choice of the next card."""
    station = World(plan=two(selection="UserInput"))
    station.plug(1)
    station.plug(2)
    station.send(ev.EvseSelected(2))
    station.tap(CARD)
    station.run(2)
    station.tap(CARD)
    station.unplug(2)
    station.plug(2)
    station.tap(OTHER)
    assert of(station.log, ef.TokenEnded)[-1].result == "ACCEPTED"


def test_what_is_in_process_is_known() -> None:
    station = World(plan=two())
    desk = station.station.auth
    assert not desk.in_process(CARD)
    station.tap(CARD)
    station.tap(OTHER, 1)
    assert desk.in_process(CARD)
    assert desk.in_process(OTHER)
    station.send(ev.TokenWithdrawn(CARD))
    station.send(ev.TokenWithdrawn(OTHER))
    assert not desk.in_process(CARD)
    assert not desk.in_process(OTHER)


def test_unused_parts_take_no_memory() -> None:
    assert World().station.auth.choice is None


def test_a_masked_token_shows_two_characters_at_most() -> None:
    for value, masked in (("", "***"), ("1234", "***"), ("12345", "***45"), ("04A1B2C3D4E5F6", "***F6")):
        token: Any = IdToken(value)
        assert token.masked == masked
        assert value == "" or value not in repr(token)


@pytest.mark.parametrize("stop", ["Authorized", "EVConnected", "PowerPathClosed", "EnergyTransfer"])
@pytest.mark.parametrize("again", [False, True])
def test_a_transaction_that_began_with_the_card_alone_ends_with_its_withdrawal(stop: str, again: bool) -> None:
    settings = {"TxCtrlr.TxStartPoint": "Authorized", "TxCtrlr.TxStopPoint": stop}
    station = World(plan=StationPlan(evses=(EvsePlan(1),), reswipe_withdraws=again), settings=settings)
    station.tap()
    station.run(1.0)
    station.tap() if again else station.send(ev.TokenWithdrawn(CARD))
    station.run(1.0)
    ended = station.facts(Phase.ENDED)
    trigger = TriggerReason.STOP_AUTHORIZED if again else TriggerReason.DEAUTHORIZED
    assert [(fact.trigger, fact.id_token) for fact in ended] == [(trigger, CARD if again else None)]
    assert station.results() == [TokenResult.WITHDRAWN] * (2 if again else 1)


def test_a_flood_of_cards_is_bounded_and_stops_nobody_from_stopping() -> None:
    station = World(plan=two())
    station.charge(OTHER)
    station.csms.answers = False
    for number in range(150):
        station.tap(IdToken(f"{number:08X}"))
    assert len(station.station.auth.cases) == 100
    assert [effect.reason for effect in of(station.log, ef.TokenEnded)][-50:] == ["TooManyTokens"] * 50
    station.tap(OTHER)
    assert station.results()[-1] is TokenResult.USED_TO_STOP


@pytest.mark.parametrize("whole_cable", [True, False])
def test_a_car_that_came_too_long_ago_is_plugged_in_anew(whole_cable: bool) -> None:
    """With both ends of the cable, or with the car's only."""
    station = World(plan=StationPlan(evses=(EvsePlan(1),), replug_after_timeout=True))
    station.plug()
    station.run(61.0)
    station.tap()
    ended = of(station.log, ef.TokenEnded)[-1]
    assert (ended.result, ended.reason) == (TokenResult.NO_CONNECTOR_AVAILABLE, "Replug")
    station.unplug(station_side=whole_cable)
    station.plug()
    station.tap()
    assert station.results()[-1] is TokenResult.USED_TO_START


def test_a_cable_that_waits_without_a_car_is_not_too_late() -> None:
    station = World(plan=StationPlan(evses=(EvsePlan(1),), replug_after_timeout=True))
    station.bays[1].cable = True
    station.send(ev.CableChanged(1, 1, True))
    station.run(61.0)
    station.tap()
    station.plug()
    assert station.results() == [TokenResult.USED_TO_START]
