"""Any sequence of what people, cars, hardware, CSMS and store can do: the core's promises hold after every turn."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from station.core import effects as ef
from station.core import energy
from station.core import events as ev
from station.core.facts import Phase
from station.core.values import (
    Fault,
    IdToken,
    Pilot,
    Reading,
    RegistrationStatus,
    StopReason,
    TokenInfo,
    TokenStatus,
)
from tests.support.core_world import CARD, OTHER, V16, PowerCut, World, of, two

POINTS = ["ParkingBayOccupancy", "EVConnected", "Authorized", "PowerPathClosed", "EnergyTransfer"]
CARDS = st.sampled_from([CARD, OTHER, IdToken("BAD")])
EVSES = st.sampled_from([1, 2])
CONFIGURATIONS = st.one_of(
    st.just({}),
    st.just(V16),
    st.builds(
        lambda start, stop, side, invalid, extra: {
            "TxCtrlr.TxStartPoint": ",".join(start),
            "TxCtrlr.TxStopPoint": ",".join(stop),
            "TxCtrlr.StopTxOnEVSideDisconnect": side,
            "TxCtrlr.StopTxOnInvalidId": invalid,
            "TxCtrlr.MaxEnergyOnInvalidId": extra,
            "SampledDataCtrlr.TxEndedInterval": "20",
        },
        st.lists(st.sampled_from(POINTS), min_size=1, max_size=3, unique=True),
        st.lists(st.sampled_from(POINTS), min_size=1, max_size=3, unique=True),
        st.sampled_from(["true", "false"]),
        st.sampled_from(["true", "false"]),
        st.sampled_from(["0", "100"]),
    ),
)


def _action(name: str, *arguments: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.tuples(st.just(name), *arguments)


CHARGE = _action("charge", CARDS, EVSES)
RUN = _action("run", st.sampled_from([0.05, 0.6, 3.0, 6.0, 70.0]))
ACTIONS = st.one_of(
    CHARGE,
    CHARGE,
    CHARGE,
    RUN,
    RUN,
    _action("plug", EVSES),
    _action("tap", CARDS, EVSES),
    _action("tap_anywhere", CARDS),
    _action("unplug", EVSES, st.booleans()),
    _action("link", st.booleans()),
    _action("fault", st.sampled_from([0, 1, 2]), st.sampled_from([Fault.GROUND_FAILURE, Fault.READER_FAILURE])),
    _action("clear", st.sampled_from([0, 1, 2])),
    _action("pilot", EVSES, st.sampled_from(list(Pilot))),
    _action("contactor", EVSES, st.sampled_from(["weld", "stick", "ok"])),
    _action("moved", EVSES, st.booleans()),
    _action("lock", EVSES, st.booleans()),
    _action("meter", EVSES, st.sampled_from(["silent", "ok", "falls"])),
    _action("bay", EVSES, st.booleans()),
    _action("remote", CARDS, st.sampled_from([None, 1, 2])),
    _action("remote_stop"),
    _action("owner_stop", EVSES, st.sampled_from([StopReason.LOCAL, StopReason.OTHER])),
    _action("operative", st.sampled_from([0, 1, 2]), st.booleans()),
    _action("reset", st.booleans(), st.sampled_from([0, 1])),
    _action("unlock", EVSES, st.booleans()),
    _action("store", st.booleans()),
    _action("judge", st.booleans()),
    _action("csms", st.booleans()),
    _action("hungry", EVSES, st.booleans()),
    _action("variable", st.sampled_from(["0", "7", "30"])),
    _action("withdraw", CARDS),
)
SCRIPTS = st.lists(ACTIONS, min_size=8, max_size=30)


class Play:
    """Carries out a script and checks every turn."""

    def __init__(self, configuration: dict[str, str], *, delay_s: float = 0.0) -> None:
        self.world = World(plan=two(), settings=configuration, start=False, reply_delay_s=delay_s)
        self.world.csms.tokens["BAD"] = TokenInfo(TokenStatus.BLOCKED)
        self.reply = 0
        self.presented = 0
        self._watch()
        self.world.boot()

    def _watch(self) -> None:
        station = self.world.station
        plain_handle, plain_tick = station.handle, station.tick

        class Watched:
            """The station, checked after every turn."""

            def __getattr__(self, name: str) -> Any:
                return getattr(station, name)

            def handle(self, event: Any, now: float) -> list[Any]:
                out = plain_handle(event, now)
                check()
                return out

            def tick(self, now: float) -> list[Any]:
                out = plain_tick(now)
                check()
                return out

        check = self.check
        self.world.station = Watched()  # type: ignore[assignment]

    def check(self) -> None:
        ctx = self.world.station.ctx
        assert ctx.registered == (ctx.online and ctx.boot_status is RegistrationStatus.ACCEPTED)
        for evse in self.world.station.evses:
            # Whatever a turn has changed, offer and contactor have followed when it ends.
            assert evse.offered_a == energy.offer_a(evse)
            bolt = evse.connector
            assert bolt.secured == (not bolt.lockable or (bolt.locked and bolt.wanted is not False))
            if evse.contactor.state not in ("closing", "closed"):
                continue
            assert evse.pilot in (Pilot.C, Pilot.D)
            assert evse.ev
            assert evse.state == "active"
            assert evse.grant is not None
            assert not evse.faulted()
            assert evse.connector.secured
            assert evse.transaction is not None
            assert evse.transaction.token is not None
            assert evse.transaction.token.same(evse.grant.token)
            assert evse.desk.running
            assert evse.desk.recorded
            assert evse.transaction.id in self.world.rows["transactions"]

    def play(self, script: list[tuple[Any, ...]]) -> None:
        for name, *arguments in script:
            getattr(self, f"do_{name}")(*arguments)

    def do_plug(self, evse: int) -> None:
        self.world.plug(evse)

    def do_charge(self, token: IdToken, evse: int) -> None:
        self.presented += 1
        self.world.charge(token, evse)

    def do_tap(self, token: IdToken, evse: int) -> None:
        self.presented += 1
        self.world.tap(token, evse)

    def do_tap_anywhere(self, token: IdToken) -> None:
        self.presented += 1
        self.world.tap(token)

    def do_unplug(self, evse: int, station_side: bool) -> None:
        self.world.unplug(evse, station_side=station_side)

    def do_run(self, seconds: float) -> None:
        self.world.run(seconds)

    def do_link(self, up: bool) -> None:
        if up != self.world.linked:
            (self.world.connect if up else self.world.disconnect)()

    def do_fault(self, evse: int, fault: Fault) -> None:
        self.world.send(ev.FaultRaised(evse, fault))

    def do_clear(self, evse: int) -> None:
        self.world.send(ev.FaultCleared(evse))

    def do_pilot(self, evse: int, pilot: Pilot) -> None:
        self.world.bays[evse].pilot = pilot
        self.world.send(ev.PilotChanged(evse, pilot))

    def do_contactor(self, evse: int, what: str) -> None:
        bay = self.world.bays[evse]
        bay.welded, bay.stuck = what == "weld" and bay.closed, what == "stick"

    def do_moved(self, evse: int, closed: bool) -> None:
        self.world.bays[evse].closed = closed
        self.world.send(ev.ContactorMoved(evse, closed))

    def do_lock(self, evse: int, broken: bool) -> None:
        self.world.bays[evse].lock_broken = broken

    def do_meter(self, evse: int, what: str) -> None:
        self.world.bays[evse].silent = what == "silent"
        if what == "falls":
            self.world.send(ev.MeterRead(evse, Reading(1.0)))

    def do_bay(self, evse: int, occupied: bool) -> None:
        self.world.send(ev.BayChanged(evse, occupied))

    def do_remote(self, token: IdToken, evse: int | None) -> None:
        self.reply += 1
        self.world.send(ev.RemoteStart(self.reply, token, evse, self.reply))

    def do_remote_stop(self) -> None:
        self.reply += 1
        running = [e.transaction.id for e in self.world.station.evses if e.transaction is not None]
        self.world.send(ev.RemoteStop(self.reply, running[0] if running else "none"))

    def do_owner_stop(self, evse: int, reason: StopReason) -> None:
        self.world.stop(reason, evse)

    def do_operative(self, evse: int, operative: bool) -> None:
        self.reply += 1
        self.world.send(ev.ChangeAvailability(self.reply, evse, 0, operative))

    def do_reset(self, on_idle: bool, evse: int) -> None:
        if evse:
            self.reply += 1
            self.world.send(ev.ResetRequested(self.reply, on_idle, StopReason.IMMEDIATE_RESET, evse))

    def do_unlock(self, evse: int, ends: bool) -> None:
        self.reply += 1
        self.world.send(ev.UnlockRequested(self.reply, evse, 1, ends))

    def do_store(self, works: bool) -> None:
        self.world.store_works = works

    def do_judge(self, refuses: bool) -> None:
        self.world.csms.judged = TokenInfo(TokenStatus.BLOCKED) if refuses else None

    def do_csms(self, answers: bool) -> None:
        self.world.csms.answers = answers

    def do_hungry(self, evse: int, hungry: bool) -> None:
        bay = self.world.bays[evse]
        bay.hungry = hungry
        if bay.pilot in (Pilot.B, Pilot.C):
            bay.pilot = Pilot.C if hungry and bay.offered_a else Pilot.B
            self.world.send(ev.PilotChanged(evse, bay.pilot))

    def do_variable(self, value: str) -> None:
        self.reply += 1
        items = (("SampledDataCtrlr.TxUpdatedInterval", "Actual", value),)
        self.world.send(ev.SetVariables(self.reply, items))

    def do_withdraw(self, token: IdToken) -> None:
        self.world.send(ev.TokenWithdrawn(token))

    def settle(self) -> None:
        """The store works again and all is written."""
        self.world.store_works = True
        self.world.run(40.0)
        for _ in range(20):
            if not self.world.station.settled:
                self.world.run(0.05)


def told_well(world: World) -> None:
    """Every transaction that was told: one Started, at most one Ended and that last, no gaps, no falling register."""
    by_id: dict[str, dict[int, Any]] = {}
    for fact in world.told:
        known = by_id.setdefault(fact.transaction_id, {}).setdefault(fact.seq_no, fact)
        assert (known.phase, known.meter_wh, known.stamp) == (fact.phase, fact.meter_wh, fact.stamp)
    running = {e.transaction.id for e in world.station.evses if e.transaction is not None}
    for identity, facts in by_id.items():
        assert sorted(facts) == list(range(len(facts)))
        ordered = [facts[number] for number in sorted(facts)]
        phases = [fact.phase for fact in ordered]
        assert phases[0] is Phase.STARTED
        assert phases.count(Phase.STARTED) == 1
        assert phases.count(Phase.ENDED) == (0 if identity in running else 1)
        assert Phase.ENDED not in phases[:-1]
        registers = [fact.meter_wh for fact in ordered]
        assert registers == sorted(registers)
    for evse in (1, 2):
        ends = [facts[max(facts)].meter_wh for facts in by_id.values() if facts[0].evse == evse]
        assert ends == sorted(ends)


@settings(max_examples=1000, deadline=None)
@given(configuration=CONFIGURATIONS, script=SCRIPTS, delay_s=st.sampled_from([0.0, 0.02]))
def test_safe_told_once_and_stored_as_it_is(configuration: Any, script: Any, delay_s: float) -> None:
    play = Play(configuration, delay_s=delay_s)
    play.play(script)
    play.settle()
    world = play.world
    told_well(world)
    assert world.station.settled
    assert world.station.snapshot() == world.stored()
    keys = [effect.key for effect in of(world.log, ef.Tell)]
    assert keys == sorted(set(keys))


@settings(max_examples=300, deadline=None)
@given(configuration=CONFIGURATIONS, script=SCRIPTS)
def test_every_token_ends_in_one_result(configuration: Any, script: Any) -> None:
    play = Play(configuration)
    play.play([action for action in script if action[0] != "remote"])
    play.settle()
    for evse in (1, 2):
        play.world.unplug(evse)
    play.settle()
    play.world.run(200.0)
    assert len(play.world.results()) == play.presented


@settings(max_examples=200, deadline=None)
@given(configuration=CONFIGURATIONS, script=SCRIPTS)
def test_every_request_is_answered_once(configuration: Any, script: Any) -> None:
    play = Play(configuration)
    play.play(script)
    play.settle()
    replies = [effect.token for effect in of(play.world.log, ef.Reply)]
    assert sorted(replies) == list(range(1, play.reply + 1))


@settings(max_examples=100, deadline=None)
@given(configuration=CONFIGURATIONS, script=SCRIPTS)
def test_same_events_same_effects(configuration: Any, script: Any) -> None:
    logs = []
    for _ in range(2):
        play = Play(configuration)
        play.play(script)
        logs.append(play.world.log)
    assert logs[0] == logs[1]


@settings(max_examples=1000, deadline=None)
@given(
    configuration=CONFIGURATIONS,
    script=SCRIPTS,
    cuts=st.lists(st.tuples(st.integers(0, 24), st.integers(0, 12)), min_size=1, max_size=3),
)
def test_power_may_be_cut_anywhere(configuration: Any, script: Any, cuts: Any) -> None:
    """Between any two effects, before or after a batch: nothing told is forgotten, doubled or lowered."""
    play = Play(configuration)
    world = play.world
    planned = dict(cuts)
    for index, action in enumerate(script):
        world.cut_after = planned.get(index)
        try:
            play.play([action])
        except PowerCut:
            world.power_cycle()
            play._watch()
        world.cut_after = None
    play.settle()
    world.power_cycle()
    play.settle()
    told_well(world)
    assert world.station.snapshot() == world.stored()


@settings(max_examples=100, deadline=None)
@given(configuration=CONFIGURATIONS, script=SCRIPTS)
def test_what_is_stored_comes_back(configuration: Any, script: Any) -> None:
    play = Play(configuration)
    play.play(script)
    play.settle()
    world = play.world
    again = world._make(world.station.registration.reason)
    before, after = world.station.snapshot(), again.snapshot()
    before.pop("meta")
    after.pop("meta")
    assert after == before
