"""Control pilot of a private simulated bay.

A host that simulates a whole EVSE makes one ``drivers.sim.Bay`` and takes its ``pilot``. Opened here, the
device has a bay of its own.

| function | support | remarks |
|---|---|---|
| states A, B, C | yes | D, E and F do not occur |
| proximity | yes | `cable_limit`, sockets only |
"""

from __future__ import annotations

from drivers.api import Clock
from drivers.registry import Driver
from drivers.sim import Bay, BayOptions, PilotOptions, SimPilot


def open_sim(options: PilotOptions, clock: Clock | None = None) -> SimPilot:
    """The pilot of a new bay."""
    return Bay(BayOptions(pilot=options), clock).pilot


DRIVER = Driver(part="pilot", name="sim", options=PilotOptions, open=open_sim)
