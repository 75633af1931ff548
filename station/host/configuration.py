"""Names of variables as people give them: a key of 1.6, a vendor's name, or an address of 2.x."""

from __future__ import annotations

from station.core.device_model import Address
from station.host.execution import CommandRefused
from station.ocpp.v16 import keys

Item = tuple[Address, str, str]
"""Address, attribute, value."""


def set_items(name: str, value: str) -> tuple[Item, ...]:
    """What writing ``value`` under this name sets.

    Raises:
        CommandRefused: no such form, or the text is no value of this key.
    """
    if name.casefold() in keys.KEYS:
        try:
            settings = keys.settings(name, value)
        except (ValueError, KeyError) as problem:
            raise CommandRefused(str(problem).strip("'\"")) from problem
        return tuple((s.address, s.attribute, s.value) for s in settings if s.value is not None)
    address, attribute = _address(name)
    return ((address, attribute, value),)


def delete_items(name: str) -> tuple[Address, ...]:
    """The variables that this name stands for."""
    known = keys.resolve(name)
    return (known,) if known is not None else (_address(name)[0],)


def _address(name: str) -> tuple[Address, str]:
    if "." not in name:
        return keys.vendor_address(name), "Actual"
    try:
        return Address.parse(name)
    except ValueError as problem:
        raise CommandRefused(str(problem)) from problem
