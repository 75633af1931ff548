"""Contactor of a private simulated bay.

A host that simulates a whole EVSE makes one ``drivers.sim.Bay`` and takes its ``contactor``. Opened here, the
device has a bay of its own.

| function | support | remarks |
|---|---|---|
| feedback | yes | arrives after `delay` |
| weld, stuck open | yes | `set_fault` |
"""

from __future__ import annotations

from drivers.api import Clock
from drivers.registry import Driver
from drivers.sim import Bay, BayOptions, ContactorOptions, SimContactor


def open_sim(options: ContactorOptions, clock: Clock | None = None) -> SimContactor:
    """The contactor of a new bay."""
    return Bay(BayOptions(contactor=options), clock).contactor


DRIVER = Driver(part="contactor", name="sim", options=ContactorOptions, open=open_sim)
