"""An agent with its stations in virtual time, each against a scripted CSMS of its own; messages take a millisecond.

async with FleetRig("1.6", Behaviour("back-to-back"), stations=3) as fleet:
    await fleet.up()
    fleet.agent.go(fleet.run_s())
    await fleet.wait(10.0)
    fleet.csms(0).actions()
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from station.config import from_mapping
from station.fleet.agent import LocalAgent
from station.fleet.api import Assignment
from station.fleet.metrics import Metrics
from station.fleet.plan import Behaviour, Card, Group, Network, Plan, Stage, Station, Storm
from station.fleet.population import Population
from station.fleet.ramp import dial_times
from station.fleet.unit import Unit
from station.net import CloseReason, DialFailed, Target
from station.net.loopback import LoopbackConnection, LoopbackNetwork
from tests.support.rig import START, SUBPROTOCOLS
from tests.support.scripted_csms import ScriptedCsms
from tests.support.virtual_loop import LoopClock

LATENCY_S = 0.001


def profile_of(version: str, content: Mapping[str, Any] | None = None) -> Any:
    """A station's profile; in 2.0.1 a transaction begins with the energy, as fleets have it."""
    whole: dict[str, Any] = {
        "station": {"id": "CP", "vendor": "Acme", "model": "Wallbox"},
        "csms": {"url": "ws://csms.test/ocpp", "versions": [SUBPROTOCOLS[version]], "ping": "0s"},
        "store": "memory",
        "control": "off",
        "metering": {"sample": "60s", "record": "1h"},
        "evses": [{"id": 1, "max_current": "16A", "phases": 3}],
        "variables": {"TxCtrlr.TxStartPoint": "EnergyTransfer"} if version == "2.0.1" else {},
    }
    whole.update(content or {})
    return from_mapping(whole, Path("/nonexistent"), env={}).profile


class FleetRig:
    """See the module. Use it as an async context, inside ``run_virtual``.

    Args:
        version: ``1.6`` or ``2.0.1``.
        behaviour: of all stations.
        stations: how many there are.
        profile: members of the stations' profile, block by block.
        cards: dealt to drivers.
        storms: of the plan.
        network: of all stations.
        begins_s: time of the day at the beginning.
        rows: the stations, where they are not all alike.
    """

    def __init__(
        self,
        version: str = "1.6",
        behaviour: Behaviour | None = None,
        stations: int = 1,
        *,
        profile: Mapping[str, Any] | None = None,
        cards: tuple[Card, ...] = (),
        storms: tuple[Storm, ...] = (),
        network: Network | None = None,
        begins_s: float = 0.0,
        rows: tuple[Station, ...] = (),
    ) -> None:
        self.version = version
        self.loop = asyncio.get_running_loop()
        self._origin_s = self.loop.time()
        group = Group("all", 1.0, profile_of(version, profile), behaviour or Behaviour(), network or Network())
        self.plan = Plan(
            "test",
            stations,
            (group,),
            (Stage(stations, 0.0, 60.0),),
            rows=rows,
            cards=cards,
            storms=storms,
            begins_s=begins_s,
        )
        self.population = Population(self.plan)
        self.metrics = Metrics(self.loop.time, self.loop.time)
        self.refuse: DialFailed | None = None
        self.dials: list[tuple[str, float]] = []
        self.targets: dict[str, Target] = {}
        self.network = LoopbackNetwork(self._deliver, self._accept)
        self._csms: dict[str, ScriptedCsms] = {}
        self._ends: dict[str, LoopbackConnection] = {}
        self.agent = LocalAgent(
            self.plan, self.population, self.metrics, clock=LoopClock(self.loop), dialer=self.network.dial
        )

    def _deliver(self, call: Any) -> None:
        self.loop.call_later(LATENCY_S, call)

    async def __aenter__(self) -> FleetRig:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.agent.stop(5.0)

    # The CSMS

    def csms(self, index: int = 0) -> ScriptedCsms:
        """The central system of a station."""
        identity = self.population.member(index).id
        if identity not in self._csms:
            self._csms[identity] = ScriptedCsms(
                SUBPROTOCOLS[self.version], lambda: START + timedelta(seconds=self.loop.time() - self._origin_s)
            )
        return self._csms[identity]

    def call(self, index: int, action: str, payload: Mapping[str, Any]) -> str:
        """Call a station; the id under which its answer will stand in ``csms(index).answers``."""
        outgoing = self.csms(index).call(action, dict(payload))
        self._ends[self.population.member(index).id].send(outgoing.text)
        return outgoing.id

    def lose_connection(self, index: int = 0) -> None:
        """The network breaks off."""
        self._ends[self.population.member(index).id].abort()

    def connected(self, index: int = 0) -> bool:
        """Whether a connection stands, seen from the CSMS."""
        return self.population.member(index).id in self._ends

    def _accept(self, target: Target, end: LoopbackConnection) -> tuple[str | None, Any]:
        identity = target.url.rsplit("/", 1)[-1]
        self.dials.append((identity, self.run_s()))
        self.targets[identity] = target
        if self.refuse is not None:
            raise self.refuse
        index = self.population.index_of(identity)
        assert index is not None
        assert identity not in self._ends, f"{identity} is connected twice"
        self._ends[identity] = end
        csms = self.csms(index)
        return csms.version, _Peer(self, identity, csms, end)

    # The fleet

    def run_s(self) -> float:
        """Seconds of the run."""
        return self.loop.time() - self._origin_s

    def assign(self, ramp_s: float = 0.0, first: int = 0, count: int | None = None, attempt: int = 0) -> None:
        """Have the agent run stations."""
        count = self.plan.count if count is None else count
        times = dial_times(count, ramp_s, self.plan.seed)
        self.agent.assign([Assignment(first + at, attempt, self.run_s() + times[at]) for at in range(count)])

    async def up(self) -> None:
        """Have it run all stations, and wait until they are accepted and have told their statuses."""
        self.assign()
        await self.until(lambda: self.gauges()["up"] == self.plan.count)
        await self.wait(0.1)

    async def going(self) -> None:
        """``up``, and the sessions begin. The CSMS has forgotten what came before."""
        await self.up()
        for index in range(self.plan.count):
            self.csms(index).clear()
        self.agent.go(self.run_s())

    async def wait(self, seconds: float) -> None:
        """Let time pass."""
        await asyncio.sleep(seconds)

    async def until(self, condition: Any, timeout_s: float = 120.0) -> None:
        """Let time pass until something holds."""
        end_s = self.loop.time() + timeout_s
        while not condition():
            assert self.loop.time() < end_s, f"did not come about in {timeout_s:g} s: {self.agent.snapshot()}"
            await asyncio.sleep(0.004)

    def unit(self, index: int = 0) -> Unit:
        """A station of the agent."""
        return self.agent.units[index]

    def count(self, name: str) -> int:
        """How often something was counted."""
        return self.agent.snapshot().counts.get(name, 0)

    def gauges(self) -> dict[str, int]:
        """The gauges of this moment."""
        return self.agent.snapshot().gauges


class _Peer:
    """The CSMS's end of a connection."""

    def __init__(self, rig: FleetRig, identity: str, csms: ScriptedCsms, end: LoopbackConnection) -> None:
        self._rig, self._identity, self._csms, self._end = rig, identity, csms, end

    def text(self, data: str) -> None:
        for text in self._csms.receive(data):
            self._end.send(text)
        for delayed in self._csms.take_delayed():
            self._rig.loop.call_later(delayed.seconds, self._end.send, delayed.text)

    def binary(self, data: bytes) -> None:
        raise AssertionError("a station sent a binary message")

    def pong(self) -> None:
        pass

    def closed(self, reason: CloseReason) -> None:
        if self._rig._ends.get(self._identity) is self._end:
            del self._rig._ends[self._identity]
