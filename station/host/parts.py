"""The real devices that a profile names: where each will be, and what became of the first attempt to open it.

Nothing is opened here: each device is opened in the thread that uses it (``host.slot``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any, Final

from drivers import registry
from drivers.api import DeviceMissing, DriverError, DriverMissing, DriverUnsupported, OptionError
from station.config import Profile
from station.host.kind import SETTLE_S, Kind
from station.host.slot import Slot, is_instant
from station.host.worker import CONTACTOR_S

_SWITCHING: Final = ("contactor", "pilot")
_SEEN_S: Final = CONTACTOR_S + 0.25
"""How long after it happened a movement of the contacts is known at the latest: a call and a look."""


def slots_of(profile: Profile) -> dict[tuple[int, str], Slot]:
    """A slot for every real device of the EVSEs, by (EVSE, part).

    A controller named under ``pilot`` stands for the contactor too, where none is named.

    Raises:
        DriverError: a driver is not part of this installation.
    """
    for reader in profile.auth.readers:
        registry.find("reader", reader.part.driver)
    slots: dict[tuple[int, str], Slot] = {}
    for evse in profile.evses:
        for part in evse.hardware.parts:
            if not part.simulated:
                driver = registry.find(part.part, part.driver)
                slots[evse.id, part.part] = Slot(partial(_open, driver, part.parsed), name=f"{part.part} {part.driver}")
        if evse.hardware.contactor is None and (evse.id, "pilot") in slots:
            slots[evse.id, "contactor"] = slots[evse.id, "pilot"]
    return slots


def _open(driver: registry.Driver[Any, Any], options: Any) -> Any:
    return driver.open(options)


def kind_for(profile: Profile, given: Mapping[tuple[int, str], Any]) -> Kind:
    """The kind of a station with these devices or slots: what they are changes what the station is.

    A real contactor is seen a look and a call later than it moves: that much longer than it may take by itself, the
    core waits before it calls a contact welded; a driver that supervises the contact says so earlier. A meter that
    signs is told as one; one that is in a slot is not known yet.
    """
    contactors = [evse for evse in profile.evses if not given.keys().isdisjoint({(evse.id, c) for c in _SWITCHING})]
    settle_s = SETTLE_S
    if contactors:
        options = [part.parsed for evse in contactors for part in evse.hardware.parts if part.part in _SWITCHING]
        settle_s = max([SETTLE_S, *(float(getattr(one, "settle_s", 0.0)) for one in options)]) + _SEEN_S
    meters = {number: device for (number, part), device in given.items() if part == "meter"}
    signing = frozenset(number for number, meter in meters.items() if getattr(meter, "public_key", ""))
    polled = frozenset(number for number, meter in meters.items() if not is_instant(meter))
    return Kind(profile, settle_s, signing, polled)


def mends_itself(error: Exception) -> bool:
    """Whether waiting may help: a device that is not there yet, busy, or does not answer; not a missing library."""
    if isinstance(error, DeviceMissing):
        return True
    return not isinstance(error, (DriverMissing, DriverUnsupported, OptionError))


def sorted_out(errors: Iterable[tuple[str, Exception]]) -> list[str]:
    """The warnings about devices that are not there yet, one line each.

    Args:
        errors: of the first attempts, with where each device belongs.

    Raises:
        DriverError: an error that no waiting mends.
    """
    warnings = []
    for place, error in errors:
        if isinstance(error, DriverError):
            if not mends_itself(error):
                raise error
            hint = f" ({error.hint})" if error.hint else ""
            warnings.append(f"{place}: {error.message}{hint}")
        else:
            warnings.append(f"{place}: {error!r}")
    return list(dict.fromkeys(warnings))
