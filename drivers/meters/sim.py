"""Energy meter of a private simulated bay.

A host that simulates a whole EVSE makes one ``drivers.sim.Bay`` and takes its ``meter``. Opened here, the
device has a bay of its own.

| function | support | remarks |
|---|---|---|
| energy, power, currents, voltages, frequency, SoC | yes | read on demand |
| register a session | yes | `counts: session` |
| signed values | yes | OCMF, or given texts |
| silence | yes | `set_fault("silent")` |
"""

from __future__ import annotations

from drivers.api import Clock
from drivers.registry import Driver
from drivers.sim import Bay, BayOptions, MeterOptions, SimMeter


def open_sim(options: MeterOptions, clock: Clock | None = None) -> SimMeter:
    """The meter of a new bay."""
    return Bay(BayOptions(meter=options), clock).meter


DRIVER = Driver(part="meter", name="sim", options=MeterOptions, open=open_sim)
