"""The machine of a firmware update and what is stored of one: names and a table, no behaviour.

What follows from a state is ``station.core.firmware``'s.
Spec: OCPP 2.0.1 L01, figure "Firmware status transitions".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from station.core.blueprint import Blueprint
from station.core.updates import FirmwareRequest, FirmwareStatus

BLUEPRINT: Final = Blueprint(
    "firmware",
    ["scheduled", "downloading", "verifying", "postponed", "waiting", "installing", "activating", "ended"],
    [
        {"trigger": "fetch", "source": "scheduled", "dest": "downloading"},
        {"trigger": "verify", "source": "downloading", "dest": "verifying"},
        {"trigger": "postpone", "source": ["downloading", "verifying"], "dest": "postponed"},
        {"trigger": "wait", "source": ["downloading", "verifying", "postponed"], "dest": "waiting"},
        {"trigger": "install", "source": "waiting", "dest": "installing"},
        {"trigger": "activate", "source": "installing", "dest": "activating"},
        {"trigger": "end", "source": ["downloading", "verifying", "installing", "activating"], "dest": "ended"},
    ],
)
"""``scheduled`` waits for the moment of retrieval, ``postponed`` for that of installation, ``waiting`` for the end of
transactions, ``activating`` for the reboot. ``ended`` failed; one that succeeded leaves nothing behind."""

COMMITTED: Final = ("installing", "activating")
"""From here on an update is not cancelled."""


@dataclass(slots=True, eq=False)
class Update:
    """What is stored of an update. ``state`` is the machine's.

    ``name`` is that of its download, ``file`` that of the file once it is whole; ``before`` is the version that ran
    when the installation began, ``version`` the one that was installed, empty where nobody knows.
    """

    request: FirmwareRequest
    name: str
    state: str = BLUEPRINT.initial
    told: FirmwareStatus | None = None
    attempts: int = 0
    file: str = ""
    before: str = ""
    version: str = ""
