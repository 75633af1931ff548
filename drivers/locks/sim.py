"""Socket lock of a private simulated bay.

A host that simulates a whole EVSE makes one ``drivers.sim.Bay`` and takes its ``lock``. Opened here, the
device has a bay of its own.

| function | support | remarks |
|---|---|---|
| feedback | yes | arrives after `delay` |
| jam | yes | `set_fault(True)` |
"""

from __future__ import annotations

from drivers.api import Clock
from drivers.registry import Driver
from drivers.sim import Bay, BayOptions, LockOptions, SimLock


def open_sim(options: LockOptions, clock: Clock | None = None) -> SimLock:
    """The lock of a new bay."""
    return Bay(BayOptions(lock=options), clock).lock


DRIVER = Driver(part="lock", name="sim", options=LockOptions, open=open_sim)
