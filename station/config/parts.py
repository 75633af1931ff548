"""Drivers as a profile names them: which exist, and whether their options are right.

The registry of `drivers` is asked first. `KNOWN` are all drivers that a profile may name, with their option names, so
that a profile for a charger can be checked on a machine where a driver is not installed. Called by
`station.config.hardware` and for the JSON schema.
"""

from collections.abc import Mapping
from typing import Any, Final

import drivers.options
import drivers.registry
from drivers.api import DriverError, OptionError
from station.config.errors import did_you_mean

Fault = tuple[str, str, str]
"""An option (may be empty), what is wrong, and a suggestion."""

_NFC: Final = ("device", "technologies", "gap", "random_uid")
KNOWN: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "reader": {
        "keyboard": (),
        "pn532": _NFC,
        "acr122u": _NFC,
        "udp": _NFC,
        "serial": ("port", "baud", "format", "gap"),
        "hid": ("device", "gap"),
        "pcsc": ("reader", "gap"),
        "replay": ("file",),
    },
    "meter": {
        "sim": (),
        "modbus": ("port", "baud", "parity", "unit", "model", "map", "poll", "silent_after"),
        "pulse": ("pin", "pulses_per_kwh"),
    },
    "contactor": {
        "sim": (),
        "gpio": (
            "pin", "active", "feedback_pin", "feedback_closed", "settle", "emergency_stop_pin", "rcd_pin", "factory",
        ),
    },
    "pilot": {
        "sim": (),
        "openevse": ("port", "heartbeat", "fallback"),
        "evse_din": ("port", "unit", "baud"),
        "modbus": ("map", "port", "baud", "parity", "unit"),
    },
    "lock": {"sim": ()},
    "indicator": {"sim": ()},
    "button": {"sim": ()},
}  # fmt: skip


def known_drivers(part: str) -> list[str]:
    """The names of every driver for a part, installed or not."""
    return sorted({*KNOWN[part], *drivers.registry.names(part)})


def parse(part: str, name: str, options: Mapping[str, Any]) -> tuple[Any, list[Fault]]:
    """A driver's own options, and what is wrong with its name or what was written.

    Returns:
        None and no fault for a known driver that is not part of this installation.
    """
    driver = _find(part, name)
    if driver is not None:
        try:
            return driver.parse(options), []
        except OptionError as error:
            key = error.key.partition(".")[0]
            return None, [(key if key in options else "", f"driver {name}: {error.message}", error.hint)]
    keys = KNOWN[part].get(name)
    if keys is None:
        hint = did_you_mean(name, known_drivers(part))
        return None, [("driver", f"no {part} driver is called '{name[:60]}'", hint)]
    return None, [
        (key, f"the {part} driver {name} has no option '{key[:60]}'", did_you_mean(key, keys))
        for key in options
        if key not in keys
    ]


def _find(part: str, name: str) -> "drivers.registry.Driver[Any, Any] | None":
    try:
        return drivers.registry.find(part, name)
    except DriverError:
        return None


def option_names(part: str, name: str) -> dict[str, dict[str, str]]:
    """The options of a driver with what the JSON schema may say of them."""
    driver = _find(part, name)
    if driver is None:
        return {key: {} for key in KNOWN[part].get(name, ())}
    specs = drivers.options.specs(driver.options)
    return {spec.key: {"description": spec.about} if spec.about else {} for spec in specs}
