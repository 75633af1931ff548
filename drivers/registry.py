"""Finds drivers by part and name.

A driver is a module below ``drivers/<part>s/`` that defines ``DRIVER``, or an entry point of the group
``ocpp_station.drivers`` named ``<part>.<name>`` that loads one. Nothing here opens hardware; driver modules import
their hardware library only when they are opened.
"""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, Literal, Protocol, TypeVar, overload

from drivers import options as option_parser
from drivers.api import (
    PARTS,
    Button,
    Clock,
    Contactor,
    Device,
    DriverMissing,
    DriverUnsupported,
    Indicator,
    Lock,
    Meter,
    Part,
    Pilot,
    Reader,
)
from drivers.parting import Parting

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

ENTRY_POINTS = "ocpp_station.drivers"

OptionsT = TypeVar("OptionsT")
DeviceT = TypeVar("DeviceT", bound=Device)
OptionsT_contra = TypeVar("OptionsT_contra", contravariant=True)
DeviceT_co = TypeVar("DeviceT_co", bound=Device, covariant=True)


class Opener(Protocol[OptionsT_contra, DeviceT_co]):
    """Opens a device, in its safe state."""

    def __call__(self, options: OptionsT_contra, /, clock: Clock | None = None) -> DeviceT_co:
        """Raises: DriverMissing, DriverBusy, DriverUnsupported."""
        ...


@dataclass(frozen=True, slots=True)
class Driver(Generic[OptionsT, DeviceT]):
    """A kind of device.

    Attributes:
        part: what it is to a station.
        name: as in a profile's ``driver:``; the name of its module.
        options: a frozen dataclass; its fields are made with ``drivers.options.option``.
        open: opens a device from those options, in its safe state.
        example: a mapping as in a profile, for the contract tests and the documentation.
        parting: what its line has to be told when the program is gone; None: nothing helps, or nothing is needed.
    """

    part: Part
    name: str
    options: type[OptionsT]
    open: Opener[OptionsT, DeviceT]
    example: Mapping[str, Any] = field(default_factory=dict)
    parting: Callable[[OptionsT], Parting] | None = None

    def __post_init__(self) -> None:
        """``open`` takes options that a program made itself (``driver.options(pin=17)``) as well as parsed ones."""
        opener = self.open

        @functools.wraps(opener)
        def open_checked(options: OptionsT, /, clock: Clock | None = None) -> DeviceT:
            good = option_parser.checked(options)
            return opener(good) if clock is None else opener(good, clock=clock)

        object.__setattr__(self, "open", open_checked)

    def parse(self, mapping: Mapping[str, Any]) -> OptionsT:
        """Options from a profile's mapping, without its ``driver`` key. Raises: OptionError."""
        return option_parser.parse(self.options, {key: value for key, value in mapping.items() if key != "driver"})


@overload
def find(part: Literal["reader"], name: str) -> Driver[Any, Reader]: ...
@overload
def find(part: Literal["contactor"], name: str) -> Driver[Any, Contactor]: ...
@overload
def find(part: Literal["meter"], name: str) -> Driver[Any, Meter]: ...
@overload
def find(part: Literal["pilot"], name: str) -> Driver[Any, Pilot]: ...
@overload
def find(part: Literal["lock"], name: str) -> Driver[Any, Lock]: ...
@overload
def find(part: Literal["indicator"], name: str) -> Driver[Any, Indicator]: ...
@overload
def find(part: Literal["button"], name: str) -> Driver[Any, Button]: ...
@overload
def find(part: str, name: str) -> Driver[Any, Any]: ...


def find(part: str, name: str) -> Driver[Any, Any]:
    """The driver called ``name`` for a part.

    Raises:
        DriverUnsupported: there is no such part.
        DriverMissing: there is no such driver, or it cannot be loaded; the hint suggests what was meant.
    """
    _check_part(part)
    if name in _module_names(part):
        driver = _load_module(part, name)
        if driver is not None:
            return driver
    entry = _entry_points(part).get(name)
    if entry is not None:
        return _load_entry_point(part, entry)
    raise DriverMissing(f"no {part} driver is called {name!r}", option_parser.suggestion(name, names(part)))


def names(part: str) -> list[str]:
    """Names of all drivers for a part, sorted; entry points without loading them, broken modules too."""
    _check_part(part)
    own = {name for name in _module_names(part) if not _is_helper(part, name)}
    return sorted(own | set(_entry_points(part)))


def available() -> list[Driver[Any, Any]]:
    """Every driver that can be loaded, by part and name; one that is broken is left out."""
    found = []
    for part in PARTS:
        for name in names(part):
            try:
                found.append(find(part, name))
            except DriverMissing:
                continue
    return found


def _check_part(part: str) -> None:
    if part not in PARTS:
        raise DriverUnsupported(f"there is no part called {part!r}", option_parser.suggestion(part, PARTS))


def _module_names(part: str) -> list[str]:
    package = importlib.import_module(f"drivers.{part}s")
    return [module.name for module in pkgutil.iter_modules(package.__path__) if not module.name.startswith("_")]


def _load_module(part: str, name: str) -> Driver[Any, Any] | None:
    """The module's driver; None for a helper module without one. Raises: DriverMissing: it cannot be imported."""
    path = f"drivers.{part}s.{name}"
    try:
        module = importlib.import_module(path)
    except Exception as error:  # a file that somebody has added: its mistakes must not take the other drivers along
        raise DriverMissing(f"the driver {part}.{name} ({path}) cannot be loaded: {_said(error)}") from error
    driver = getattr(module, "DRIVER", None)
    return driver if isinstance(driver, Driver) else None


def _is_helper(part: str, name: str) -> bool:
    try:
        return _load_module(part, name) is None
    except DriverMissing:
        return False


def _entry_points(part: str) -> dict[str, EntryPoint]:
    from importlib.metadata import entry_points  # it brings the mail parser along

    prefix = f"{part}."
    entries = entry_points(group=ENTRY_POINTS)
    return {entry.name.removeprefix(prefix): entry for entry in entries if entry.name.startswith(prefix)}


def _load_entry_point(part: str, entry: EntryPoint) -> Driver[Any, Any]:
    try:
        driver = entry.load()
    except Exception as error:  # foreign code: whatever it raises must not end the host
        raise DriverMissing(f"the driver {entry.name!r} ({entry.value}) cannot be loaded: {_said(error)}") from error
    if not isinstance(driver, Driver):
        raise DriverMissing(f"{entry.value} is no Driver", "an entry point names a drivers.registry.Driver object")
    if driver.part != part:
        raise DriverMissing(f"{entry.value} is a {driver.part}, no {part}", f"name it {driver.part}.{driver.name}")
    return driver


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
