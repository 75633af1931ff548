"""Whatever is done at a connector: it tells no change of status that the table of OCPP 1.6 §4.9 does not know."""

from __future__ import annotations

import contextlib
import json
from itertools import pairwise
from random import Random
from typing import Any

import pytest

from station.host.execution import CommandRefused
from tests.conformance.v16.flows import connector_statuses
from tests.property.test_any_requests_v16 import COMMANDS, SENSIBLE
from tests.support.rig import Rig, virtual

STATUSES = (
    *("Available", "Preparing", "Charging", "SuspendedEV", "SuspendedEVSE", "Finishing"),
    *("Reserved", "Unavailable", "Faulted"),
)
TABLE = {
    "Available": (2, 3, 4, 5, 7, 8, 9),
    "Preparing": (1, 3, 4, 5, 6, 9),
    "Charging": (1, 4, 5, 6, 8, 9),
    "SuspendedEV": (1, 3, 5, 6, 8, 9),
    "SuspendedEVSE": (1, 3, 4, 6, 8, 9),
    "Finishing": (1, 2, 8, 9),
    "Reserved": (1, 2, 8, 9),
    "Unavailable": (1, 2, 3, 4, 5, 9),
    "Faulted": (1, 2, 3, 4, 5, 6, 7, 8),
}
BESIDES = {
    # A change of availability that is accepted is told (§5.2), and so is what the connector is afterwards.
    ("Preparing", "Unavailable"),
    ("Unavailable", "Finishing"),
    # A driver who does not come leaves the reservation behind; one that goes leaves the cable.
    ("Preparing", "Reserved"),
    ("Reserved", "Finishing"),
    # A start that may not charge at all: its Preparing has no duration.
    ("Finishing", "SuspendedEVSE"),
    ("Reserved", "SuspendedEVSE"),
}
"""Ours besides."""

PROFILE = {
    "chargingProfileId": 1,
    "stackLevel": 0,
    "chargingProfilePurpose": "TxDefaultProfile",
    "chargingProfileKind": "Relative",
}
REQUESTS = (
    *(request for request in SENSIBLE if request[0] != "Reset" and request[1].get("key") != "MinimumStatusDuration"),
    ("ChangeAvailability", {"connectorId": 1, "type": "Inoperative"}),
    *(
        (
            "SetChargingProfile",
            {
                "connectorId": 1,
                "csChargingProfiles": {
                    **PROFILE,
                    "chargingSchedule": {
                        "chargingRateUnit": "A",
                        "chargingSchedulePeriod": [{"startPeriod": 0, "limit": amperes}],
                    },
                },
            },
        )
        for amperes in (0.0, 10.0)
    ),
)
ACTS: tuple[tuple[str, dict[str, Any]], ...] = (
    *(command for command in COMMANDS if command[0] not in ("drop_connection", "power_cycle")),
    ("bay_occupied", {}),
    ("bay_free", {}),
    ("plug_in", {"ready": False}),
    ("clear_fault", {}),
)


@pytest.mark.parametrize("cable", ["socket", "fixed"])
@pytest.mark.parametrize("seed", range(25))
@virtual
async def test_only_transitions_of_the_table_are_told(seed: int, cable: str) -> None:
    random = Random(seed)
    connectors = [{"id": 1, "type": "cType2", "cable": cable}]
    async with Rig(profile={"evses": [{"id": 1, "max_current": "16A", "phases": 3, "connectors": connectors}]}) as rig:
        await rig.boot()
        trail: list[Any] = []
        for number in range(40):
            if random.random() < 0.5:
                action, payload = random.choice(REQUESTS)
                rig.send(json.dumps([2, f"any-{number}", action, payload]))
                trail.append(action)
            else:
                command, params = random.choice(ACTS)
                trail.append(command)
                with contextlib.suppress(CommandRefused):
                    await rig.do(command, timeout_s=3.0, **params)
            await rig.wait(random.choice((0.05, 1, 7, 65)))
            for before, after in pairwise(connector_statuses(rig, 1)):
                known = before == after or STATUSES.index(after) + 1 in TABLE[before] or (before, after) in BESIDES
                assert known, (before, after, trail)
