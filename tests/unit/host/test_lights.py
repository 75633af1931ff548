"""Indicators follow a whole station in virtual time; they are told only what changed."""

from __future__ import annotations

from typing import Any

from drivers.api import Card, DriverLost
from station.host.lights import ANSWER_S
from tests.support.rig import Rig
from tests.support.virtual_loop import run_virtual


class Lamp:
    """Shows words."""

    instant = True

    def __init__(self) -> None:
        self.shown: list[str] = []
        self.broken = False

    def show(self, state: str) -> None:
        if self.broken:
            raise DriverLost("unplugged")
        self.shown.append(state)

    def release(self) -> None:
        pass

    def heard(self) -> list[str]:
        shown, self.shown = self.shown, []
        return shown


class LitRig(Rig):
    """A station with a lamp at each EVSE."""

    def __init__(self, evses: int = 1, **more: Any) -> None:
        self.lamps = {number: Lamp() for number in range(1, evses + 1)}
        super().__init__(
            drivers={(number, "indicator"): lamp for number, lamp in self.lamps.items()},
            profile={"evses": [{"id": number} for number in self.lamps]},
            **more,
        )


def test_a_session_in_lights() -> None:
    async def scenario() -> None:
        async with LitRig() as rig:
            lamp = rig.lamps[1]
            await rig.boot()
            assert lamp.heard() == ["available"]
            await rig.do("plug_in")
            assert lamp.heard() == ["preparing"]
            await rig.do("tap", tagId="04A1B2C3D4E5F6")
            assert lamp.heard() == ["accepted"]
            await rig.wait(ANSWER_S + 0.1)
            assert lamp.heard() == ["charging"]
            await rig.do("ev_suspend")
            await rig.wait(1)
            assert lamp.heard() == ["suspended"]
            await rig.do("ev_resume")
            await rig.wait(600)
            assert lamp.heard() == ["charging"]
            await rig.do("fault", errorCode="GroundFailure")
            assert lamp.heard()[-1] == "faulted"
            await rig.do("clear_fault")
            await rig.do("unplug")
            await rig.wait(5)
            assert lamp.heard()[-1] == "available"

    run_virtual(scenario())


def test_a_refused_card_and_a_lamp_that_is_lost() -> None:
    async def scenario() -> None:
        async with LitRig(evses=2) as rig:
            await rig.boot()
            rig.csms.answer("Authorize", {"idTagInfo": {"status": "Blocked"}})
            await rig.do("tap", tagId="04DEAD", evse=2)
            await rig.wait(ANSWER_S + 0.1)
            assert "refused" in rig.lamps[2].heard()
            rig.lamps[1].broken = True
            await rig.do("plug_in", evse=1)
            await rig.do("tap", tagId="04A1B2C3D4E5F6", evse=1)
            assert not rig.host.status()["evses"][0]["faults"]

    run_virtual(scenario())


def test_what_never_became_a_token_is_refused_in_lights_too() -> None:
    async def scenario() -> None:
        async with LitRig() as rig:
            await rig.boot()
            rig.lamps[1].heard()
            rig.host.readers.card(0, Card(b"", text="ocpp://ELSEWHERE?connector=1"))
            assert rig.told("token")[-1]["reason"] == "UnknownStation"
            await rig.wait(ANSWER_S + 0.1)
            assert rig.lamps[1].heard() == ["refused", "available"]

    run_virtual(scenario())


def test_reserved_and_out_of_service() -> None:
    async def scenario() -> None:
        async with LitRig() as rig:
            lamp = rig.lamps[1]
            await rig.boot()
            lamp.heard()
            await rig.call("ChangeAvailability", {"connectorId": 1, "type": "Inoperative"})
            assert lamp.heard() == ["unavailable"]

    run_virtual(scenario())


def test_a_station_without_lamps_has_no_lights() -> None:
    async def scenario() -> None:
        async with Rig() as rig:
            await rig.boot()
            assert rig.host._lights is None
            assert rig.host._supervision is None

    run_virtual(scenario())
