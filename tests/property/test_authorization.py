"""Any interleaving of cards, plugs, choices, answers, time-outs and withdrawals at two EVSEs.

Every presentation ends in exactly one final result; none is granted at two EVSEs; what is granted was accepted by
somebody; and energy flows only for a token that may charge.
"""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from station.core import effects as ef
from station.core import events as ev
from station.core.case import Case
from station.core.context import StationPlan
from station.core.values import Fault, IdToken, Reservation, TokenInfo, TokenResult, TokenStatus
from tests.support.core_world import EPOCH, V16, World, of, two

FAMILY = IdToken("FAMILY")
CARDS = [IdToken(value) for value in ("04AA0001", "04AA0002", "04AA0003", "04BAD000", "0455AA55")]
FIRST, SECOND, STRANGER, BAD, MASTER = CARDS
INFOS = {
    FIRST.value: TokenInfo(TokenStatus.ACCEPTED, FAMILY),
    SECOND.value: TokenInfo(TokenStatus.ACCEPTED, FAMILY),
    STRANGER.value: TokenInfo(TokenStatus.ACCEPTED),
    BAD.value: TokenInfo(TokenStatus.BLOCKED),
    MASTER.value: TokenInfo(TokenStatus.ACCEPTED, IdToken("SERVICE")),
}
FINAL = ("allow", "local_list", "cache", "csms", "offline")

PLANS = st.builds(
    two,
    selection=st.sampled_from(["PlugEvents", "PlugEventsLIFO", "FindFirst", "UserInput"]),
    validators=st.sampled_from([FINAL, ("csms", "allow"), ("cache", "csms", "offline"), ("csms",), ("local_list",)]),
    allow=st.sampled_from([frozenset(), frozenset({STRANGER.value})]),
    reswipe_withdraws=st.booleans(),
    replug_after_timeout=st.booleans(),
    group_card=st.sampled_from(["start-if-plugged", "start-if-free", "stop-first"]),
    master_group=st.just("SERVICE"),
    token_uses_reservation=st.booleans(),
)
SETTINGS = st.builds(
    lambda version, pre, unknown: {
        **version,
        "AuthCtrlr.LocalPreAuthorize": pre,
        "AuthCtrlr.OfflineTxForUnknownIdEnabled": unknown,
    },
    st.sampled_from([{}, V16, {"TxCtrlr.TxStartPoint": "Authorized", "TxCtrlr.TxStopPoint": "Authorized"}]),
    st.sampled_from(["true", "false"]),
    st.sampled_from(["true", "false"]),
)
CARD = st.sampled_from(CARDS)
EVSE = st.sampled_from([1, 2])
SERVED = st.sampled_from([(), (1,), (2,), (1, 2)])


def _action(name: str, *arguments: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.tuples(st.just(name), *arguments)


TAP = _action("tap", CARD, SERVED, st.booleans())
ACTIONS = st.one_of(
    TAP,
    TAP,
    TAP,
    _action("plug", EVSE),
    _action("plug", EVSE),
    _action("unplug", EVSE),
    _action("choose", EVSE),
    _action("withdraw", CARD),
    _action("remote", CARD, st.sampled_from([None, 1, 2])),
    _action("answers", st.booleans()),
    _action("link", st.booleans()),
    _action("fault", EVSE, st.booleans()),
    _action("reserve", CARD, EVSE, st.booleans()),
    _action("run", st.sampled_from([0.05, 1.0, 5.0, 31.0, 61.0])),
    _action("run", st.sampled_from([0.05, 1.0, 5.0])),
)


class Desk:
    """A station of which every turn is watched."""

    def __init__(self, plan: StationPlan, variables: dict[str, str], delay_s: float) -> None:
        self.world = World(plan=plan, settings=variables, reply_delay_s=delay_s)
        self.world.csms.tokens = dict(INFOS)
        self.world.observe = lambda effect: self.check()
        self.granted: dict[int, tuple[Case, set[int]]] = {}
        self.asked = self.replies = 0

    def check(self) -> None:
        for evse in self.world.station.evses:
            case = evse.grant.case if evse.grant is not None else None
            if isinstance(case, Case):
                self.granted.setdefault(id(case), (case, set()))[1].add(evse.id)
            if evse.contactor.state in ("closing", "closed"):
                assert evse.grant is not None
                assert evse.state == "active"
                assert evse.transaction is not None
                assert evse.transaction.token is not None
                assert evse.transaction.token.same(evse.grant.token)

    def do_tap(self, card: IdToken, served: tuple[int, ...], vouched: bool) -> None:
        self.asked += 1
        vouched = vouched and card is not BAD
        self.world.send(ev.TokenPresented(card, "reader", served, self.asked, prevalidated=vouched))

    def do_plug(self, evse: int) -> None:
        self.world.plug(evse)

    def do_unplug(self, evse: int) -> None:
        self.world.unplug(evse)

    def do_choose(self, evse: int) -> None:
        self.world.send(ev.EvseSelected(evse))

    def do_withdraw(self, card: IdToken) -> None:
        self.world.send(ev.TokenWithdrawn(card))

    def do_remote(self, card: IdToken, evse: int | None) -> None:
        self.replies += 1
        self.world.send(ev.RemoteStart(self.replies, card, evse, self.replies))

    def do_answers(self, answers: bool) -> None:
        self.world.csms.answers = answers

    def do_link(self, up: bool) -> None:
        if up != self.world.linked:
            (self.world.connect if up else self.world.disconnect)()

    def do_fault(self, evse: int, stands: bool) -> None:
        event = ev.FaultRaised if stands else ev.FaultCleared
        self.world.send(event(evse, Fault.GROUND_FAILURE))

    def do_reserve(self, card: IdToken, evse: int, group: bool) -> None:
        self.replies += 1
        until = EPOCH.replace(year=2027)
        kept = Reservation(evse, card, until, evse, group=FAMILY if group else None)
        self.world.send(ev.ReserveNow(self.replies, kept))

    def do_run(self, seconds: float) -> None:
        self.world.run(seconds)

    def come_to_rest(self) -> None:
        """Everybody leaves, and all time-outs pass."""
        for evse in (1, 2):
            self.world.unplug(evse)
        self.world.run(300.0)


@settings(max_examples=600, deadline=None)
@given(
    plan=PLANS,
    variables=SETTINGS,
    delay_s=st.sampled_from([0.0, 0.02, 2.0]),
    script=st.lists(ACTIONS, min_size=5, max_size=30),
)
def test_every_presentation_has_one_result_and_one_evse(plan: Any, variables: Any, delay_s: float, script: Any) -> None:
    desk = Desk(plan, variables, delay_s)
    for name, *arguments in script:
        getattr(desk, f"do_{name}")(*arguments)
    desk.come_to_rest()
    ended = [effect for effect in of(desk.world.log, ef.TokenEnded) if effect.final]
    assert sorted(effect.asked for effect in ended if effect.asked) == list(range(1, desk.asked + 1))
    assert all(len(evses) == 1 for _, evses in desk.granted.values())
    for effect in ended:
        results = [line for line in effect.trace if line["step"] == "result" and line["result"] != "ACCEPTED"]
        assert [line["result"] for line in results] == [effect.result]
        if effect.result is TokenResult.USED_TO_START:
            said = [(line["validator"], line["answer"]) for line in effect.trace if line["step"] == "answered"]
            assert said[-1][1] == "Accepted"
            # Whom the CSMS refuses starts only where nobody asked it; a master pass of which that is known never does.
            assert effect.token.value != BAD.value or said[-1][0] in ("offline", "prevalidated")
            assert effect.token.value != MASTER.value or said[-1][0] in ("offline", "prevalidated")
    assert not desk.world.station.auth.cases
