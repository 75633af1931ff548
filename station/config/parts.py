"""Drivers as a profile names them: which exist, and whether their options are right.

The registry of `drivers` knows them all: a driver's module can be imported without its hardware library, so that a
profile for a charger can be checked on any machine. Called by `station.config.hardware` and for the JSON schema.
"""

from collections.abc import Mapping
from typing import Any

import drivers.options
import drivers.registry
from drivers.api import DriverError, OptionError
from station.config.errors import did_you_mean

Fault = tuple[str, str, str]
"""An option (may be empty), what is wrong, and a suggestion."""


def known_drivers(part: str) -> list[str]:
    """The names of every driver for a part."""
    return drivers.registry.names(part)


def parse(part: str, name: str, options: Mapping[str, Any]) -> tuple[Any, list[Fault]]:
    """A driver's own options, and what is wrong with its name or what was written."""
    try:
        driver = drivers.registry.find(part, name)
    except DriverError as error:
        known = known_drivers(part)
        if name in known:  # an entry point that cannot be loaded
            return None, [("driver", error.message, error.hint)]
        return None, [("driver", f"no {part} driver is called '{name[:60]}'", did_you_mean(name, known))]
    try:
        return driver.parse(options), []
    except OptionError as error:
        key = error.key.partition(".")[0]
        return None, [(key if key in options else "", f"driver {name}: {error.message}", error.hint)]


def option_names(part: str, name: str) -> dict[str, dict[str, str]]:
    """The options of a driver with what the JSON schema may say of them."""
    try:
        specs = drivers.options.specs(drivers.registry.find(part, name).options)
    except DriverError:
        return {}
    return {spec.key: {"description": spec.about} if spec.about else {} for spec in specs}
