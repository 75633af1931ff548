"""Opens the devices that a profile names and that are not simulated."""

from __future__ import annotations

import contextlib
from typing import Any

from drivers import registry
from drivers.api import Contactor, DriverError
from station.config import Profile


def open_parts(profile: Profile) -> dict[tuple[int, str], Any]:
    """Every real device of the EVSEs, by (EVSE, part).

    A controller named under ``pilot`` that also switches stands for the contactor where none is named. When one cannot
    be opened, those that were are given back.

    Raises:
        DriverError: a driver is not part of this installation, or its device is missing, busy or lost.
    """
    opened: dict[tuple[int, str], Any] = {}
    try:
        for reader in profile.auth.readers:
            if not reader.part.simulated:
                registry.find("reader", reader.part.driver)
        for evse in profile.evses:
            for part in evse.hardware.parts:
                if not part.simulated:
                    driver = registry.find(part.part, part.driver)
                    opened[evse.id, part.part] = driver.open(part.parsed)
            pilot = opened.get((evse.id, "pilot"))
            if evse.hardware.contactor is None and isinstance(pilot, Contactor):
                opened[evse.id, "contactor"] = pilot
    except DriverError:
        for device in opened.values():
            with contextlib.suppress(DriverError):
                device.release()
        raise
    return opened
