"""Scripts of what may happen to a station, played on the whole host in virtual time, and judged by strict rules.

A script is a tuple of ``(verb, *arguments)``; `scripts` makes random ones. `Play` is a rig whose central system judges
every request (`strict_rules`), whose store can lose power at any batch, and whose process can die.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from station.core.records import Batch
from station.core.values import StopReason
from station.host.execution import CommandRefused
from station.host.host import Host
from station.store.api import Done
from tests.support.rig import SUBPROTOCOLS, Rig
from tests.support.scripted_csms import ScriptedCsms
from tests.support.stores import FaultyStore
from tests.support.strict_rules import StationRules
from tests.support.virtual_loop import LoopClock

CARDS = ("04A1B2C3", "04FFEE11")
REFUSED = "04DEAD00"
_TRANSACTIONAL = ("StartTransaction", "StopTransaction", "TransactionEvent", "MeterValues")

Action = tuple[Any, ...]
Script = tuple[Action, ...]

_WORLD = st.one_of(
    st.tuples(st.just("plug_in")),
    st.tuples(st.just("unplug")),
    st.tuples(st.just("tap"), st.sampled_from((*CARDS, REFUSED))),
    st.tuples(st.just("ev_suspend")),
    st.tuples(st.just("ev_resume")),
    st.tuples(st.just("charge"), st.sampled_from(CARDS)),
    st.tuples(st.just("stop")),
    st.tuples(st.just("fault"), st.sampled_from(("OtherError", "GroundFailure", "ReaderFailure"))),
    st.tuples(st.just("clear_fault")),
)
NETWORK = st.one_of(st.tuples(st.just("go_offline")), st.tuples(st.just("come_online")))
"""What does not depend on which messages pass."""

_LINK = st.one_of(
    NETWORK,
    st.tuples(st.just("lose")),
    st.tuples(st.just("lose_on_next")),
)
_TIME = st.tuples(st.just("run"), st.sampled_from((0.0, 0.05, 0.3, 2.0, 15.0, 90.0)))


def scripts(*, link: st.SearchStrategy[Action] = _LINK, size: int = 14) -> st.SearchStrategy[Script]:
    """Random scripts; time passes between most actions."""
    return st.lists(st.one_of(_WORLD, _WORLD, _TIME, _TIME, link), min_size=3, max_size=size).map(tuple)


class CutStore(FaultyStore):
    """Loses the power at a batch: `cut_at` counts batches down; the one at 0 and all later ones are gone.

    Attributes:
        keeps_last: whether the fatal batch became durable; nobody was told.
    """

    __slots__ = ("cut_at", "keeps_last", "on_cut")

    def __init__(self) -> None:
        super().__init__()
        self.cut_at: int | None = None
        self.keeps_last = False
        self.on_cut: Any = None

    @property
    def dead(self) -> bool:
        """Whether the power is gone."""
        return self.cut_at is not None and self.cut_at < 0

    def commit(self, batch: Batch, done: Done | None) -> None:
        if self.cut_at is None:
            super().commit(batch, done)
            return
        self.cut_at -= 1
        if self.cut_at >= 0:
            super().commit(batch, done)
        elif self.cut_at == -1:
            if self.keeps_last:
                super().commit(batch, lambda seq, problem: None)
            self.on_cut()


class JudgingCsms(ScriptedCsms):
    """Friendly, and judges every request before it answers."""

    def __init__(self, rig: Play) -> None:
        super().__init__(SUBPROTOCOLS[rig.version], rig.utc)
        self.rig = rig
        self.rules = StationRules("CP-1", SUBPROTOCOLS[rig.version])
        self.lose_next = False
        self.rebooted = False
        for action in ("Authorize", "StartTransaction", "StopTransaction", "TransactionEvent"):
            self.answer(action, lambda payload, action=action: self._judged(action, payload))

    def receive(self, text: str) -> list[str]:
        kind, identity, *rest = json.loads(text)
        if kind == 2:
            connection = len(self.rig.dials)
            if self.rebooted and connection != self.rules.connection:
                # Not before: what was on its way when the power went still arrives.
                self.rebooted = False
                self.rules.restarted()
            self.rules.connection = connection
            self.rules.request(identity, rest[0], rest[1])
            if rest[0] == "BootNotification":
                self.rules.boot_status = "Accepted"
            if self.lose_next and rest[0] in _TRANSACTIONAL:
                self.lose_next = False
                self.rig.loop.call_soon(self.rig.lose_connection)
                return []
        return super().receive(text)

    def _judged(self, action: str, payload: Mapping[str, Any]) -> dict[str, Any]:
        token = payload.get("idToken", {})
        card = payload.get("idTag") or (token.get("idToken") if isinstance(token, dict) else None)
        status = {"status": "Blocked" if card == REFUSED else "Accepted"}
        if self.version != "ocpp1.6":
            return {"idTokenInfo": status} if card is not None else {}
        answer: dict[str, Any] = {"idTagInfo": status} if card is not None else {}
        if action == "StartTransaction":
            answer["transactionId"] = self.rules.transaction_id_of(dict(payload))
        return answer


class Play(Rig):
    """See the module."""

    store: CutStore
    csms: JudgingCsms

    def make_csms(self) -> ScriptedCsms:
        return JudgingCsms(self)

    def make_store(self) -> CutStore:
        return CutStore()

    @property
    def rules(self) -> StationRules:
        """What the central system remembers."""
        return self.csms.rules

    async def perform(self, script: Script) -> None:
        """Do it all, in order; what is refused is refused. No two things happen in the same millisecond."""
        for verb, *arguments in script:
            await self.act(verb, *arguments)
            await asyncio.sleep(0.002)

    async def act(self, verb: str, *arguments: Any) -> None:
        """One action."""
        if verb == "run":
            await asyncio.sleep(arguments[0])
        elif verb == "lose":
            self.lose_connection()
        elif verb == "lose_on_next":
            self.csms.lose_next = True
        else:
            self.command(verb, *arguments)

    def command(self, verb: str, *arguments: Any) -> None:
        """A command of the control face, not waited for."""
        params: dict[str, Any] = {
            "tap": lambda card: {"tagId": card},
            "charge": lambda card: {"tagId": card},
            "fault": lambda code: {"errorCode": code},
        }.get(verb, dict)(*arguments)
        name = {"charge": "start_transaction", "stop": "stop_transaction"}.get(verb, verb)
        try:
            execution = self.host.execute(name, params)
        except CommandRefused:
            return
        execution.done.add_done_callback(lambda done: done.cancelled() or done.exception())

    # Power

    def power_off(self) -> None:
        """Everything of this boot is gone, at this very moment."""
        self.host.runner.down()
        self.csms.rebooted = True

    def power_on(self, resume: bool) -> None:
        """The same station boots again."""
        self.store.cut_at = None
        self.host.runner.stay_offline = False
        self.host.runner.restarts.power_cycle(StopReason.POWER_LOSS, resume)

    async def new_process(self) -> None:
        """The program was killed; another one opens its store. Its car is not plugged in."""
        self.store.cut_at = None
        old, self.host = self.host, None  # type: ignore[assignment]
        old.runner.restarts.cancel()
        if old._script_timer is not None:
            old._script_timer.cancel()
        await asyncio.sleep(0)
        seed = f"rig-{len(self.dials)}-{self.loop.time()}"
        self.host = Host(
            self.profile, store=self.store, clock=LoopClock(self.loop), seed=seed, dialer=self.network.dial
        )
        self.host.subscribe(self.events.append, None)
        self.host.start()

    async def finish(self, quiet_s: float = 200.0) -> None:
        """Everybody leaves, everything is told. ``quiet_s`` is how long before that nobody does anything."""
        self.csms.lose_next = False
        self.host.runner.stay_offline = False
        await self.until(lambda: self.host.runner.alive)
        self.host.runner.connect()
        await self.until(lambda: self.host.status()["boot"] == "Accepted" and self.host.status()["online"])
        await asyncio.sleep(quiet_s)
        self.command("clear_fault")
        self.command("unplug")
        await self.until(lambda: self.told_all, 400.0)

    @property
    def told_all(self) -> bool:
        """Whether nothing runs and nothing waits."""
        status = self.host.status()
        return status["online"] and status["queue"] == 0 and not any(e["transaction"] for e in status["evses"])

    def assert_told_well(self) -> None:
        """No rule was broken, and every transaction has its end."""
        broken = [f"{violation.rule}: {violation.detail}" for violation in self.rules.violations]
        assert not broken, "\n".join(broken)
        for transaction in self.rules.transactions:
            assert transaction.ended, f"{transaction.id} has no end"


class RecordingCsms(JudgingCsms):
    """Keeps the texts that the station sends, as ``texts``."""

    def __init__(self, rig: Play) -> None:
        super().__init__(rig)
        self.texts: list[str] = []

    def receive(self, text: str) -> list[str]:
        self.texts.append(text)
        return super().receive(text)


class RecordingPlay(Play):
    """A play whose frames are compared."""

    csms: RecordingCsms

    def make_csms(self) -> ScriptedCsms:
        return RecordingCsms(self)
