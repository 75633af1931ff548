"""Through the whole host, whatever is commanded: a closed contactor means plugged in, authorised, recorded and healthy.

Looked at each time the simulated contactor closes or anything is told, not only where the script ends.
"""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from drivers.api import ContactorState
from station.core.transaction import TRANSACTIONS
from tests.support.play import Play, Script, scripts
from tests.support.rig import virtual

_HARMLESS = {"ReaderFailure", "PowerMeterFailure", "WeakSignal"}
_MOVES_S = 0.3
"""A contactor that is told to open needs this long; a lawful closing may be overtaken by events for so long."""

_MORE = st.one_of(
    st.tuples(st.just("bay_occupied")),
    st.tuples(st.just("bay_free")),
    st.tuples(st.just("ev_not_ready")),
    st.tuples(st.just("drop_connection")),
    st.tuples(st.just("power_cycle")),
    st.tuples(st.just("reboot")),
)


class _Watch:
    """Every closing of the contactor is judged when it happens; what stays closed, while it does."""

    def __init__(self, rig: Play) -> None:
        self.rig = rig
        self.closings = 0
        self.wrong: list[str] = []
        self.bad_since_s: float | None = None
        self.bay = rig.host.runner.around.hardware[1].bay
        self.bay.subscribe(self.moved)
        rig.host.runner.on_turn = self.turned

    def moved(self, state: Any) -> None:
        if isinstance(state, ContactorState) and state.commanded and not state.closed:
            self.closings += 1

    def turned(self) -> None:
        self.rig.host.look()
        why = self.why_not()
        now_s = self.rig.loop.time()
        if why is None or not self.bay.contactor.closed:
            self.bad_since_s = None
        elif self.bad_since_s is None:
            self.bad_since_s = now_s
        elif now_s - self.bad_since_s > _MOVES_S:
            self.wrong.append(f"closed for {now_s - self.bad_since_s:.2f} s: {why}")
        if why is not None and self.bay.contactor.state().commanded:
            self.wrong.append(f"commanded to be closed: {why}")

    def why_not(self) -> str | None:
        """What forbids a closed contactor at this moment; None where nothing does."""
        runner = self.rig.host.runner
        if not runner.alive:
            return "the station is down"
        evse = runner.engine.station.evses[0]
        transaction = evse.transaction
        if not self.bay.plugged:
            return "nothing is plugged in"
        if evse.grant is None or transaction is None:
            return "nobody is authorised, or no transaction runs"
        if transaction.id not in self.rig.store.load().get(TRANSACTIONS, {}):
            return "the transaction is not recorded"
        bad = set(self.rig.status["faults"]) - _HARMLESS
        return f"faults {bad}" if bad else None


@settings(max_examples=70, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from(["1.6", "2.0.1"]),
    st.lists(st.one_of(scripts(size=5), st.tuples(_MORE)), min_size=1, max_size=6),
    st.booleans(),
)
def test_a_closed_contactor_is_allowed(version: str, parts: list[Script], failing: bool) -> None:
    @virtual
    async def scenario() -> None:
        async with Play(version, {"reboot": {"takes": "1s"}}) as rig:
            await rig.boot()
            watch = _Watch(rig)
            for number, script in enumerate(parts):
                if failing and number == 1:
                    rig.store.fail_next(3)
                await rig.perform(script)
            await rig.wait(30.0)
            assert not watch.wrong, watch.wrong[:3]

    scenario()


def test_the_watch_sees_closings() -> None:
    """A test of the test: a charge closes, and each way to end it opens."""

    @virtual
    async def scenario() -> None:
        async with Play("2.0.1") as rig:
            await rig.boot()
            watch = _Watch(rig)
            await rig.do("start_transaction", tagId="04A1B2C3")
            assert watch.bay.contactor.closed
            assert watch.why_not() is None
            await rig.do("fault", errorCode="GroundFailure")
            await rig.wait(1.0)
            assert not watch.bay.contactor.closed
            assert watch.why_not() is not None
            assert watch.closings == 1

    scenario()
