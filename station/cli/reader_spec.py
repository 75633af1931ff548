"""A reader as the command line names it: `pn532:/dev/ttyAMA0`, `usb:072f:2200`, `serial:/dev/ttyUSB0:rdm6300`, ….

| written | reader |
|---|---|
| `usb:072f:2200` | acr122u at that USB device |
| `/dev/ttyAMA0` | pn532 at that line; `/dev/input/…`: hid |
| `127.0.0.1:54321` | nfcpy's udp |
| `DRIVER` or `DRIVER:DEVICE` | any driver; `serial:PATH:FORMAT` names the format of the frames, too |
| `DRIVER:DEVICE,key=value,…` | with more of the driver's options |
| `{driver: …, …}` | a line of a profile, `uid` included |

Nothing is opened here. Called by `station tap` and `station doctor`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import yaml

from drivers import options as driver_options
from drivers import registry
from drivers.api import OptionError, Reader
from drivers.registry import Driver
from drivers.uid import AS_READ, UidPolicy
from station.config import ReaderConfig

_ADDRESS: Final = re.compile(r"[\w.\-]+:\d{1,5}")
_MAIN: Final = ("device", "port", "reader", "file", "listen")
_NOT_THE_DRIVERS: Final = frozenset({"driver", "evses", "uid", "name", "prevalidated"})
_FORMAT: Final = re.compile(r"(?P<path>.+):(?P<format>[a-z][a-z0-9]*)")


@dataclass(frozen=True, slots=True)
class ReaderSpec:
    """A reader that can be opened.

    Args:
        name: for people, such as `pn532 /dev/ttyAMA0`.
        parsed: the driver's options.
        uid: how its UIDs become tokens.
    """

    name: str
    driver: Driver[Any, Reader]
    parsed: Any
    uid: UidPolicy = AS_READ

    @property
    def gap_s(self) -> float:
        """How long a card must be gone to count anew."""
        return float(getattr(self.parsed, "gap_s", 0.5))

    def open(self) -> Reader:
        """Open it. Raises: DriverError."""
        return self.driver.open(self.parsed)


def parse(text: str) -> ReaderSpec:
    """A reader from the command line.

    Raises:
        DriverError: the driver is unknown or not installed, or an option is wrong.
    """
    text = text.strip()
    if text.startswith("{"):
        return from_mapping(_mapping(text))
    if text.startswith("usb:"):
        return from_mapping({"driver": "acr122u", "device": text})
    if text.startswith("/"):
        return from_mapping({"driver": "hid" if text.startswith("/dev/input/") else "pn532", "device": text})
    if _ADDRESS.fullmatch(text) and text.partition(":")[0] not in registry.names("reader"):
        return from_mapping({"driver": "udp", "device": text})
    name, _, rest = text.partition(":")
    return from_mapping({"driver": name, **_written(_driver(name), rest)})


def from_mapping(written: Mapping[str, Any]) -> ReaderSpec:
    """A reader from a line of a profile.

    Raises:
        DriverError: as `parse`.
    """
    name = written.get("driver")
    if not isinstance(name, str):
        known = ", ".join(registry.names("reader"))
        raise OptionError("driver", "is needed", f"known: {known}")
    driver = _driver(name)
    uid = written.get("uid")
    policy = driver_options.parse(UidPolicy, uid, "uid.") if isinstance(uid, Mapping) else AS_READ
    rest = {key: value for key, value in written.items() if key not in _NOT_THE_DRIVERS}
    return ReaderSpec(_shown(name, rest), driver, driver.parse(rest), policy)


def from_config(config: ReaderConfig) -> ReaderSpec:
    """A reader of a profile.

    Raises:
        DriverError: its driver is not part of this installation.
    """
    part = config.part
    driver = registry.find("reader", part.driver)
    parsed = part.parsed if part.parsed is not None else driver.parse(part.options)
    return ReaderSpec(_shown(part.driver, part.options), driver, parsed, config.uid or AS_READ)


def _driver(name: str) -> Driver[Any, Reader]:
    known = registry.names("reader")
    if name not in known:
        raise OptionError("", f"no reader driver is called {name!r}", driver_options.suggestion(name, known))
    return registry.find("reader", name)


def _mapping(text: str) -> Mapping[str, Any]:
    try:
        # BaseLoader: everything stays text, as the drivers' options want it.
        written = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506 - makes plain text, lists and mappings only
    except yaml.YAMLError:
        written = None
    if not isinstance(written, dict):
        raise OptionError("", f"{text} is no line of a profile", "--reader '{driver: pn532, device: /dev/ttyAMA0}'")
    return written


def _written(driver: Driver[Any, Reader], rest: str) -> dict[str, str]:
    """What stands behind the driver's name, as its options. A PC/SC name may have commas: it has no more options."""
    keys = {spec.key for spec in driver_options.specs(driver.options)}
    main = next((key for key in _MAIN if key in keys), "")
    first, *more = [rest] if driver.name == "pcsc" else rest.split(",")
    written = {}
    for entry in more:
        key, equals, value = entry.partition("=")
        if not equals:
            raise OptionError(key.strip(), "is no option", f"--reader {driver.name}:{first},key=value")
        written[key.strip()] = value.strip()
    match = _FORMAT.fullmatch(first) if "format" in keys else None
    if match and "/" not in match["format"] and not match["path"].endswith(":"):
        first, written["format"] = match["path"], match["format"]
    if first:
        if not main:
            raise OptionError("", f"the reader {driver.name} has no device", f"--reader {driver.name}")
        written[main] = first
    return written


def _shown(name: str, options: Mapping[str, Any]) -> str:
    place = next((str(options[key]) for key in _MAIN if key in options), "")
    return f"{name} {place}".strip()
