"""A simulated charging bay: a car, a cable, and the parts of an EVSE, made of arithmetic.

Nothing here has a thread or a timer. The state is brought up to date when it is looked at, ``Bay.next_change`` says
when to look next. The devices of a bay satisfy the Protocols of ``drivers.api``.
"""

from drivers.sim.bay import Bay, Impossible
from drivers.sim.behaviour import Action, CarScript
from drivers.sim.car import Car
from drivers.sim.config import (
    BayOptions,
    CarOptions,
    ContactorOptions,
    GivenTexts,
    LockOptions,
    MeterOptions,
    PilotOptions,
)
from drivers.sim.devices import SimContactor, SimLock, SimPilot
from drivers.sim.meter import SimMeter
from drivers.sim.telling import BayState

__all__ = [
    "Action",
    "Bay",
    "BayOptions",
    "BayState",
    "Car",
    "CarOptions",
    "CarScript",
    "ContactorOptions",
    "GivenTexts",
    "Impossible",
    "LockOptions",
    "MeterOptions",
    "PilotOptions",
    "SimContactor",
    "SimLock",
    "SimMeter",
    "SimPilot",
]
