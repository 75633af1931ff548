"""Whatever drivers, network, power and a moody CSMS do: no transaction is lost, doubled or mixed up, and all ends well.

A whole station of OCPP 1.6 in virtual time is acted upon at random (seeded); at the end everything is set right again.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Awaitable, Callable
from random import Random
from typing import Any

import pytest

from station.host.execution import CommandRefused
from tests.support.rig import CARD, Rig, virtual
from tests.support.scripted_csms import SILENCE, CallError, Delay

OTHER_CARD = "0499AABBCCDD01"
FAULTS = ("GroundFailure", "ReaderFailure", "OtherError")
AVAILABLE = ("Operative", "Operative", "Inoperative")
PAUSES = (0, 0.01, 0.1, 0.3, 1, 7, 70)
STEP_S = 0.003
"""Transactions that begin in one millisecond look the same on the wire; people are slower."""


class MoodyCsms:
    """Answers late, wrongly or never while ``moody``, and remembers which ids it gave for which start."""

    def __init__(self, random: Random, rig: Rig) -> None:
        self.random = random
        self.moody = random.random() < 0.7
        self.given: dict[int, str] = {}
        self._last = 99
        rig.csms.answer("StartTransaction", self._start)
        rig.csms.answer("StopTransaction", lambda _: self._mood({}))
        rig.csms.answer("Authorize", lambda _: self._mood(self._info()))

    def _info(self) -> dict[str, Any]:
        return {"idTagInfo": {"status": "Accepted" if self.random.random() < 0.9 else "Blocked"}}

    def _mood(self, answer: dict[str, Any]) -> Any:
        bad = (SILENCE, CallError("InternalError"), Delay(self.random.uniform(0.1, 40.0), answer))
        return self.random.choice(bad) if self.moody and self.random.random() < 0.3 else answer

    def _start(self, payload: dict[str, Any]) -> Any:
        self._last += 1
        self.given[self._last] = _text(payload)
        return self._mood({"transactionId": self._last, **self._info()})


class Chaos:
    """What may happen to a station."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        choice = self.random.choice
        self.connectors = choice((1, 1, 2))
        both = ("true", "false")
        self.variables = {
            "AllowOfflineTxForUnknownId": choice(both),
            "LocalPreAuthorize": choice(both),
            "StopTransactionOnInvalidId": choice(both),
            "StopTransactionOnEVSideDisconnect": choice(both),
            "UnlockConnectorOnEVSideDisconnect": choice(both),
            "AuthorizeRemoteTxRequests": choice(both),
            "StopTxnSampledData": choice(("", "Energy.Active.Import.Register")),
            "TransactionMessageRetryInterval": 5,
            "ConnectionTimeOut": 30,
            "MeterValueSampleInterval": 20,
        }
        evses = [{"id": number + 1, "max_current": "16A", "phases": 3} for number in range(self.connectors)]
        if choice((True, False, False)):
            cable = choice(("fixed", "socket"))
            pair = [{"id": number + 1, "type": "cType2", "cable": cable} for number in range(self.connectors)]
            evses = [{"id": 1, "max_current": "16A", "phases": 3, "connectors": pair}]
        self.profile = {"evses": evses, "transactions": {"after_power_loss": choice(("stop", "resume"))}}

    async def act(self, rig: Rig, csms: MoodyCsms) -> None:
        """One random act."""
        choice = self.random.choice
        connector, card = choice(range(self.connectors)) + 1, choice((CARD, CARD, OTHER_CARD))
        here = {"connector": connector}
        acts: list[Callable[[], Awaitable[None]]] = [
            lambda: self._session(rig, connector, card),
            lambda: self._session(rig, connector, card),
            lambda: try_to(rig, "tap", tagId=card, **choice(({}, here))),
            lambda: try_to(rig, "unplug", **here, **choice(({}, {"side": "ev"}))),
            lambda: try_to(rig, choice(("ev_suspend", "ev_resume")), **here),
            lambda: try_to(rig, choice(("go_offline", "come_online", "come_online", "drop_connection"))),
            lambda: try_to(rig, "power_cycle"),
            lambda: try_to(rig, "fault", **here, errorCode=choice(FAULTS)),
            lambda: try_to(rig, "clear_fault", **here),
            lambda: try_to(rig, "lock_failure", **here, on=choice((True, False))),
            lambda: self._ask(rig, "RemoteStartTransaction", {"idTag": card, "connectorId": connector}),
            lambda: self._ask(rig, "RemoteStopTransaction", {"transactionId": choice((1, *csms.given))}),
            lambda: self._ask(rig, "Reset", {"type": choice(("Hard", "Soft"))}),
            lambda: self._ask(rig, "UnlockConnector", {"connectorId": connector}),
            lambda: self._ask(
                rig, "ChangeAvailability", {"connectorId": choice((0, connector)), "type": choice(AVAILABLE)}
            ),
        ]
        await choice(acts)()
        await rig.wait(STEP_S + choice(PAUSES))

    async def _session(self, rig: Rig, connector: int, card: str) -> None:
        await try_to(rig, "plug_in", connector=connector)
        await rig.wait(STEP_S)
        await try_to(rig, "tap", tagId=card)

    async def _ask(self, rig: Rig, action: str, payload: dict[str, Any]) -> None:
        rig.send(rig.csms.call(action, payload).text)


def _text(payload: dict[str, Any]) -> str:
    return json.dumps(payload, sort_keys=True)


async def try_to(rig: Rig, command: str, **params: Any) -> None:
    """Carry out a command that may be refused, or take too long."""
    with contextlib.suppress(CommandRefused):
        await rig.do(command, timeout_s=2.0, **params)


def is_safe(rig: Rig) -> bool:
    """No contactor is closed without a transaction; the connectors of an EVSE share one."""
    rows = rig.host.status()["evses"]
    return {one["evse"] for one in rows if one["contactor"] == "closed"} <= {
        one["evse"] for one in rows if one["transaction"]
    }


async def set_right(rig: Rig, connectors: int) -> None:
    """Bring the station back to where every connector is free, and let it tell everything."""
    await rig.wait(20)
    await try_to(rig, "come_online")
    await rig.wait(120)
    for number in range(1, connectors + 1):
        await try_to(rig, "lock_failure", connector=number, on=False)
        await try_to(rig, "clear_fault", connector=number)
    for number in range(connectors + 1):
        await rig.call("ChangeAvailability", {"connectorId": number, "type": "Operative"})
    for number in range(1, connectors + 1):
        await try_to(rig, "stop_transaction", connector=number)
        await rig.call("UnlockConnector", {"connectorId": number})
        await try_to(rig, "unplug", connector=number)
    await rig.wait(300)


def check(rig: Rig, csms: MoodyCsms) -> None:
    """Every transaction was told once, with its own id, and nothing is left over."""
    status = rig.host.status()
    assert status["queue"] == 0
    assert [(one["status"], one["contactor"], one["locked"]) for one in status["evses"]] == [
        ("Available", "open", False) for _ in status["evses"]
    ]
    starts = dict.fromkeys(map(_text, rig.heard_all("StartTransaction")))
    stops = [json.loads(text) for text in dict.fromkeys(map(_text, rig.heard_all("StopTransaction")))]
    assert len(stops) == len(starts)
    told = [made["transactionId"] for made in stops if made["transactionId"] != -1]
    assert len(told) == len({csms.given[number] for number in told})
    for made in stops:
        if made["transactionId"] != -1:
            begun = json.loads(csms.given[made["transactionId"]])
            assert begun["meterStart"] <= made["meterStop"]
            assert begun["timestamp"] <= made["timestamp"]
    assert {one.get("transactionId", -1) for one in rig.heard_all("MeterValues")} <= {-1, *csms.given}
    assert [entry for entry in rig.log() if entry.direction == "in" and entry.kind == "error"] == []
    assert rig.csms.unparsed == []


@pytest.mark.spec("OCPP 1.6 §3.7", "OCPP 1.6 §4.8", "OCPP 1.6 §4.10")
@pytest.mark.parametrize("seed", range(40))
@virtual
async def test_transactions_survive_everything(seed: int) -> None:
    chaos = Chaos(seed)
    async with Rig(variables=chaos.variables, profile=chaos.profile) as rig:
        csms = MoodyCsms(chaos.random, rig)
        await rig.boot()
        for _ in range(chaos.random.randint(5, 40)):
            await chaos.act(rig, csms)
            assert is_safe(rig)
        csms.moody = False
        await set_right(rig, chaos.connectors)
        check(rig, csms)
