"""Any sequence of drivers, reservations, time and power cuts: what is reserved is nobody else's and ends once."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from station.core import effects as ef
from station.core import events as ev
from station.core.context import ConnectorPlan, EvsePlan, StationPlan
from station.core.facts import ReservationFact
from station.core.values import Fault, IdToken, Reservation, TokenInfo, TokenStatus
from tests.support.core_world import V16, World, of

GROUP = IdToken("FLEET")
CARDS = {name: IdToken(name) for name in ("A", "B", "MEMBER1", "MEMBER2")}
PLAN = StationPlan(evses=(EvsePlan(1, (ConnectorPlan(1, type="cCCS2"),)), EvsePlan(2), EvsePlan(3)))

cards = st.sampled_from(list(CARDS.values()))
evses = st.sampled_from([1, 2, 3])
numbers = st.integers(1, 4)


def _action(name: str, *arguments: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.tuples(st.just(name), *arguments)


ACTIONS = st.one_of(
    _action(
        "reserve",
        numbers,
        cards,
        st.none() | evses,
        st.sampled_from(["", "", "cCCS2", "cType2"]),
        st.sampled_from([None, None, GROUP]),
        st.sampled_from([5, 60, 600]),
    ),
    _action("cancel", numbers),
    _action("plug", evses),
    _action("unplug", evses),
    _action("tap", cards, st.just(()) | evses.map(lambda one: (one,))),
    _action("remote", cards, st.none() | evses, st.booleans()),
    _action("fault", evses),
    _action("clear", evses),
    _action("available", st.sampled_from([0, 1, 2, 3]), st.booleans()),
    _action("run", st.sampled_from([1, 10, 100])),
    _action("link", st.booleans()),
    _action("power", st.booleans()),
)


class Drama:
    """A station, and what ought to be true of its reservations whatever happens."""

    def __init__(self, uses: bool) -> None:
        plan = replace(PLAN, token_uses_reservation=uses, selection="FindFirst")
        self.world = World(plan=plan, settings=None if uses else V16)
        self.world.csms.tokens = {
            name: TokenInfo(TokenStatus.ACCEPTED, GROUP if "MEMBER" in name else None) for name in CARDS
        }
        self.replies = 100
        self.made: Counter[int] = Counter()
        self.ended: Counter[int] = Counter()

    def act(self, action: tuple[Any, ...]) -> None:
        """One thing happens; what has to hold afterwards is checked."""
        world = self.world
        name, *arguments = action
        before = {evse.id: (evse.reserved, evse.grant) for evse in world.station.evses}
        there = {one.id: one for one in world.station.reservations.all}
        mark = len(world.log)
        getattr(self, f"_{name}")(*arguments)
        world.run(0)
        self._count(name, arguments, there, mark)
        if name in ("tap", "remote", "plug"):
            self._check_sessions(before, there)
        assert world.station.snapshot() == world.stored()

    def _count(self, name: str, arguments: list[Any], there: dict[int, Reservation], mark: int) -> None:
        """What is there is what was made and did not end."""
        log = self.world.log[mark:]
        accepted = any(reply.outcome.status == "Accepted" for reply in of(log, ef.Reply))
        told = Counter(
            effect.fact.reservation_id for effect in of(log, ef.Tell) if isinstance(effect.fact, ReservationFact)
        )
        now = {one.id for one in self.world.station.reservations.all}
        if name == "reserve" and accepted:
            self.made[arguments[0]] += 1
            self.ended[arguments[0]] += arguments[0] in there
        elif name == "cancel" and accepted:
            assert arguments[0] in there
            self.ended[arguments[0]] += 1
        self.ended += told
        for gone in there.keys() - now - told.keys():
            if name != "cancel":
                self.ended[gone] += 1
        assert {number for number in self.made if self.made[number] > self.ended[number]} == now
        assert all(self.made[number] - self.ended[number] in (0, 1) for number in self.made)

    def _check_sessions(self, before: dict[int, tuple[bool, Any]], there: dict[int, Reservation]) -> None:
        """Who began to charge at an EVSE that was kept had reserved it, or belongs to the group that had."""
        for evse in self.world.station.evses:
            was_reserved, grant = before[evse.id]
            if evse.grant is None or evse.grant is grant:
                continue
            token = evse.grant.token
            group = GROUP if "MEMBER" in token.value else None
            named = [one for one in there.values() if one.evse == evse.id]
            if was_reserved and grant is None:
                assert any(one.matches(token, group) for one in named or there.values())
        kept = self.world.station.reservations
        wanted = [one for one in kept.all if one.evse is None and not kept._claimed(one)]
        assert kept._places.served(wanted, kept._free(wanted)) == len(wanted)

    def _reserve(self, number: int, card: IdToken, evse: Any, kind: str, group: Any, seconds: int) -> None:
        self.replies += 1
        expires = self.world.utc() + timedelta(seconds=seconds)
        made = Reservation(number, card, expires, evse, connector_type=kind, group=group)
        self.world.send(ev.ReserveNow(self.replies, made))

    def _cancel(self, number: int) -> None:
        self.replies += 1
        self.world.send(ev.CancelReservation(self.replies, number))

    def _plug(self, evse: int) -> None:
        self.world.plug(evse)

    def _unplug(self, evse: int) -> None:
        self.world.unplug(evse)

    def _tap(self, card: IdToken, evses: tuple[int, ...]) -> None:
        self.world.tap(card, *evses)

    def _remote(self, card: IdToken, evse: int | None, names: bool) -> None:
        self.replies += 1
        group = GROUP if names and "MEMBER" in card.value else None
        self.world.send(ev.RemoteStart(self.replies, card, evse, 1, group, names_group=names))

    def _fault(self, evse: int) -> None:
        self.world.send(ev.FaultRaised(evse, Fault.GROUND_FAILURE))

    def _clear(self, evse: int) -> None:
        self.world.send(ev.FaultCleared(evse))

    def _available(self, evse: int, operative: bool) -> None:
        self.replies += 1
        self.world.send(ev.ChangeAvailability(self.replies, evse, 0, operative))

    def _run(self, seconds: float) -> None:
        self.world.run(seconds)

    def _link(self, up: bool) -> None:
        if up is not self.world.linked:
            (self.world.connect if up else self.world.disconnect)()

    def _power(self, online: bool) -> None:
        self.world.power_cycle(online=online)


@pytest.mark.spec("H01.FR.07", "H01.FR.09", "H03.FR.01-06", "OCPP 1.6 §5.13")
@settings(deadline=None)
@given(st.booleans(), st.lists(ACTIONS, max_size=25))
def test_what_is_reserved_is_nobody_elses_and_every_reservation_ends_once(
    uses: bool, actions: list[tuple[Any, ...]]
) -> None:
    drama = Drama(uses)
    for action in actions:
        drama.act(action)
    drama.world.run(1)
    drama._link(True)
    for evse in (0, 1, 2, 3):
        drama._available(evse, True)
    drama.world.run(5000)
    assert drama.world.station.reservations.all == ()
    assert not any(evse.reserved for evse in drama.world.station.evses)
