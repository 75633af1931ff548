"""Random days at a station of two EVSEs: whatever people, cars, the network and the CSMS do, the story told is whole.

Every transaction that was heard of has one start, one end, no gap in its numbers and no step back in time; energy flows
in transactions only; nothing is left in the queue, and everything can be used again afterwards.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from random import Random
from typing import Any

import pytest

from station.host.execution import CommandRefused
from tests.conformance.v201.flows import (
    OTHER_CARD,
    TWO_EVSES,
    check_sequence_numbers,
    events,
    evse_status,
    id_info,
    statuses,
    token,
)
from tests.support.rig import CARD, Rig, virtual
from tests.support.scripted_csms import DEFAULT, SILENCE, CallError

POINTS = ("ParkingBayOccupancy", "EVConnected", "Authorized", "PowerPathClosed", "EnergyTransfer")
STEPS = 40
SETTINGS = {
    "OCPPCommCtrlr.MessageAttempts[TransactionEvent]": 1000,
    "OCPPCommCtrlr.MessageAttemptInterval[TransactionEvent]": 3,
    "OCPPCommCtrlr.RetryBackOffWaitMinimum": 2,
    "OCPPCommCtrlr.RetryBackOffRandomRange": 1,
    "OCPPCommCtrlr.RetryBackOffRepeatTimes": 1,
    "SampledDataCtrlr.TxUpdatedInterval": 7,
    "TxCtrlr.EVConnectionTimeOut": 20,
}
FLAGS = (
    "AuthCtrlr.OfflineTxForUnknownIdEnabled",
    "AuthCtrlr.LocalPreAuthorize",
    "OCPPCommCtrlr.UnlockOnEVSideDisconnect",
    "TxCtrlr.StopTxOnEVSideDisconnect",
    "TxCtrlr.StopTxOnInvalidId",
)


class Day:
    """What may happen, one step after the other."""

    def __init__(self, rig: Rig, rng: Random) -> None:
        self.rig = rig
        self.rng = rng
        self.steps: tuple[Callable[[int, str], Awaitable[None]], ...] = (
            *[lambda evse, _: self.do("plug_in", evse=evse)] * 4,
            *[lambda evse, card: self.do("tap", tagId=card, evse=evse)] * 4,
            lambda _, card: self.do("tap", tagId=card),
            *[lambda evse, _: self.do("unplug", evse=evse, side=rng.choice(["ev", "both", "station"]))] * 2,
            lambda evse, _: self.do(rng.choice(["ev_suspend", "ev_resume", "ev_not_ready"]), evse=evse),
            lambda evse, _: self.do(rng.choice(["bay_occupied", "bay_free"]), evse=evse),
            lambda evse, _: self.do(rng.choice(["fault", "clear_fault"]), evse=evse),
            lambda evse, _: self.do("lock_failure", evse=evse, on=rng.random() < 0.5),
            lambda evse, _: self.do("contactor_fault", evse=evse, kind=rng.choice(["none", "stuck_open", "weld"])),
            lambda *_: self.do("power_cycle"),
            lambda *_: self.network(),
            lambda *_: self.csms(),
            lambda *_: self.call("Reset", type=rng.choice(["OnIdle", "Immediate"])),
            lambda evse, card: self.call(
                "RequestStartTransaction", idToken=token(card), remoteStartId=rng.randrange(1000), evseId=evse
            ),
            lambda _, card: self.call("RequestStartTransaction", idToken=token(card), remoteStartId=1),
            lambda evse, _: self.remote_stop(evse),
            lambda evse, _: self.call("UnlockConnector", evseId=evse, connectorId=1),
            lambda evse, _: self.call("ChangeAvailability", operationalStatus="Inoperative", evse={"id": evse}),
            lambda *_: self.call("ChangeAvailability", operationalStatus=rng.choice(["Operative", "Inoperative"])),
        )

    async def do(self, command: str, **params: Any) -> None:
        """A command, which may be refused."""
        with suppress(CommandRefused):
            await self.rig.do(command, timeout_s=3, **params)

    async def call(self, action: str, **payload: Any) -> None:
        """A request of the CSMS, while there is a connection."""
        if self.rig.host.status()["online"]:
            self.rig.send(self.rig.csms.call(action, payload).text)
            await self.rig.wait(0.1)

    async def remote_stop(self, evse: int) -> None:
        """Stop what runs there."""
        running = evse_status(self.rig, evse)["transaction"]
        await self.call("RequestStopTransaction", transactionId=running["id"] if running else "none")

    async def network(self) -> None:
        """The connection breaks, and may not come back at once."""
        if self.rig.refuse is not None:
            self.rig.refuse = None
        else:
            if self.rng.random() < 0.5:
                self.rig.refuse_with(503)
            self.rig.lose_connection()

    async def csms(self) -> None:
        """The CSMS answers otherwise."""
        refusal: Any = lambda event: id_info("Invalid") if "idToken" in event else {}  # noqa: E731
        answers = [DEFAULT, DEFAULT, SILENCE, CallError("InternalError"), refusal]
        self.rig.csms.answer("TransactionEvent", self.rng.choice(answers))

    async def step(self) -> None:
        """One of all these, and some time."""
        await self.rng.choice(self.steps)(self.rng.choice([1, 2]), self.rng.choice([CARD, OTHER_CARD]))
        await self.rig.wait(self.rng.choice([0, 0.05, 0.3, 2, 8, 40]))
        for evse in self.rig.host.status()["evses"]:
            assert evse["contactor"] != "closed" or evse["transaction"] is not None

    async def online(self) -> None:
        """Wait for a connection, past a reset that may have waited until now."""
        await self.rig.wait(60)
        await self.rig.until(lambda: self.rig.host.status()["online"], 500)

    async def evening(self) -> None:
        """Everything is repaired, everybody leaves."""
        self.rig.refuse = None
        self.rig.csms.answer("TransactionEvent", DEFAULT)
        await self.online()
        for evse in (1, 2):
            await self.do("lock_failure", evse=evse, on=False)
            await self.do("contactor_fault", evse=evse, kind="none")
            await self.rig.wait(2)
            await self.do("clear_fault", evse=evse)
            await self.do("bay_free", evse=evse)
            await self.do("unplug", evse=evse, side="ev")
            await self.remote_stop(evse)
        await self.online()
        for evse in (1, 2):
            await self.remote_stop(evse)
            await self.call("UnlockConnector", evseId=evse, connectorId=1)
            await self.do("unplug", evse=evse)
            await self.call("ChangeAvailability", operationalStatus="Operative", evse={"id": evse})
        await self.call("ChangeAvailability", operationalStatus="Operative")
        await self.rig.wait(200)


def check_story(rig: Rig) -> None:
    """Every transaction is told from its start to its end, and forward in time."""
    told: dict[str, dict[int, dict[str, Any]]] = {}
    for event in events(rig):
        told.setdefault(event["transactionInfo"]["transactionId"], {})[event["seqNo"]] = event
    for by_number in told.values():
        assert sorted(by_number) == list(range(len(by_number)))
        own = [by_number[number] for number in sorted(by_number)]
        kinds = [event["eventType"] for event in own]
        assert kinds == ["Started", *["Updated"] * (len(kinds) - 2), "Ended"]
        moments = [event["timestamp"] for event in own]
        assert moments == sorted(moments)


@pytest.mark.spec("E01.FR.07", "E11.FR.01", "E12.FR.01", "E13.FR.02", "G01.FR.01")
@pytest.mark.parametrize("seed", range(40))
@virtual
async def test_any_day_is_told_whole(seed: int, caplog: pytest.LogCaptureFixture) -> None:
    rng = Random(seed)
    variables: dict[str, Any] = {**SETTINGS, **{name: rng.random() < 0.6 for name in FLAGS}}
    for name in ("TxCtrlr.TxStartPoint", "TxCtrlr.TxStopPoint"):
        variables[name] = ",".join(rng.sample(POINTS, rng.choice([1, 2])))
    profile = {**TWO_EVSES, "transactions": {"after_power_loss": rng.choice(["stop", "resume"])}}
    async with Rig("2.0.1", profile, variables, str(seed)) as own:
        await own.boot()
        day = Day(own, rng)
        for _ in range(STEPS):
            await day.step()
        await day.evening()
        check_sequence_numbers(own)
        check_story(own)
        assert own.host.status()["queue"] == 0
        assert not [record for record in caplog.records if record.levelno >= logging.ERROR]
        last = {(evse, connector): status for evse, connector, status in statuses(own)}
        assert last == {(1, 1): "Available", (2, 1): "Available"}
