"""The same script through simulated parts and through devices with threads gives the same transactions.

In both versions. Devices are looked at five times a second and a meter once: energy and duration may differ by what
that takes.
"""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.faulty_hardware import FaultyBay
from tests.support.lockstep import Lockstep
from tests.support.play import CARDS, NETWORK, REFUSED, Play, Script
from tests.support.rig import Rig, run_virtual

AS_IN_16 = {"TxCtrlr.TxStartPoint": "PowerPathClosed", "TxCtrlr.TxStopPoint": "EVConnected,Authorized"}
PROFILE = {"metering": {"sample": "10s"}}
_SETTLED_S = 3.0
"""Between two actions: everything that follows from the first has come about."""
_LATE_S = 1.5
_POWER_W = 3 * 230.0 * 16.0

_ACTION = st.one_of(
    st.sampled_from((("plug_in",), ("unplug",), ("ev_suspend",), ("ev_resume",))),
    st.tuples(st.just("tap"), st.sampled_from((*CARDS, REFUSED))),
    st.sampled_from((("fault", "GroundFailure"), ("fault", "ReaderFailure"), ("clear_fault",), ("stop",))),
    st.sampled_from((("run", 12.0), ("run", 45.0))),
    NETWORK,
)
SCRIPTS = st.lists(_ACTION, min_size=3, max_size=9).map(tuple)


class _Outside(Play):
    """Its world is acted by the bay of the devices."""

    def __init__(self, version: str, variables: dict[str, Any], world: FaultyBay, wiring: str) -> None:
        self.world = world
        Rig.__init__(self, version, PROFILE, variables, drivers=world.devices(wiring))

    def command(self, verb: str, *arguments: Any) -> None:
        bay = self.world.bay
        if verb == "plug_in":
            bay.plug_in()
        elif verb == "unplug":
            bay.unplug()
        elif verb in ("ev_suspend", "ev_resume"):
            if bay.plugged:
                (bay.suspend if verb == "ev_suspend" else bay.resume)()
        else:
            super().command(verb, *arguments)


def _seconds(start: dict[str, Any], stop: dict[str, Any]) -> float:
    began, ended = (datetime.fromisoformat(payload["timestamp"]) for payload in (start, stop))
    return (ended - began).total_seconds()


async def _played(version: str, wiring: str, script: Script) -> list[tuple[Any, ...]]:
    """Card, reason, energy and duration of each transaction."""
    loop = asyncio.get_running_loop()
    variables = AS_IN_16 if version == "2.0.1" else {}
    step = Lockstep(loop)
    with step.in_place():
        if wiring == "simulated":
            rig = Play(version, PROFILE, variables)
        else:
            rig = _Outside(version, variables, FaultyBay(loop, step), wiring)
        async with rig:
            await rig.host.open_hardware()
            await rig.boot()
            for action in script:
                await rig.perform((action, ("run", _SETTLED_S)))
            await rig.finish(20.0)
            rig.assert_told_well()
            stopped = rig.told("transaction_stopped")
            return [
                (told.token, made["reason"], made["energy_wh"], _seconds(told.start, told.stop or {}))
                for told, made in zip(rig.rules.transactions, stopped, strict=True)
            ]


def _assert_same(simulated: list[tuple[Any, ...]], outside: list[tuple[Any, ...]]) -> None:
    assert [made[:2] for made in simulated] == [made[:2] for made in outside]
    for one, other in zip(simulated, outside, strict=True):
        assert other[3] == pytest.approx(one[3], abs=_LATE_S)
        assert other[2] == pytest.approx(one[2], abs=2 * _LATE_S * _POWER_W / 3600.0)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(("slots", "brought", "instant", "controller")), SCRIPTS)
def test_the_same_script_gives_the_same_transactions(wiring: str, script: Script) -> None:
    simulated = run_virtual(_played("1.6", "simulated", script))
    _assert_same(simulated, run_virtual(_played("1.6", wiring, script)))
    _assert_same(simulated, run_virtual(_played("2.0.1", wiring, script)))


@pytest.mark.parametrize("wiring", ["slots", "controller"])
def test_sessions_of_some_kinds(wiring: str) -> None:
    card = CARDS[0]
    script: Script = (
        ("plug_in",), ("tap", card), ("run", 45.0), ("tap", card), ("unplug",),
        ("tap", card), ("plug_in",), ("ev_suspend",), ("ev_resume",), ("unplug",),
        ("go_offline",), ("plug_in",), ("come_online",), ("tap", card), ("fault", "GroundFailure"),
    )  # fmt: skip
    simulated = run_virtual(_played("2.0.1", "simulated", script))
    assert [made[1] for made in simulated] == ["Local", "EVDisconnected", "GroundFault"]
    _assert_same(simulated, run_virtual(_played("2.0.1", wiring, script)))
    assert simulated[0][2] > 100.0
