"""What a profile needs of the machine it runs on: device classes, groups, pins to open, files to read. Pure.

Not the texts of files (`unit`, `files`), and nothing is looked up on this machine. Called by `plan`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from drivers import registry
from drivers.api import DriverError
from drivers.parting import Parting
from station.config import PartConfig, Profile

_SERIAL: Final = ("ttyAMA", "ttyS", "ttyUSB", "ttyACM")
_PIN: Final = re.compile(r"(?:GPIO|BCM)?(\d{1,2})")
_GROUPS: Final = {
    "char-gpiochip": "gpio",
    "char-usb_device": "plugdev",
    "char-input": "input",
    "char-hidraw": "plugdev",
    **{f"char-{name}": "dialout" for name in _SERIAL},
}


@dataclass(frozen=True, slots=True)
class Pin:
    """An output that switches a contactor: line of the header (BCM), and the level that opens."""

    evse: int
    line: int
    open_level: int


@dataclass(frozen=True, slots=True)
class Needs:
    """What the unit and its companions have to provide.

    Args:
        pins: outputs to bring to their open level whenever the service has ended.
        partings: what controllers are told then.
        devices: for `DeviceAllow=`: classes such as `char-ttyUSB`, or paths.
        groups: of the dedicated user.
        acr122u: kernel modules and pcscd have to leave that reader alone.
        write_paths: folders outside the state directory that are written.
        remarks: what the installer has to know; one sentence each.
    """

    pins: tuple[Pin, ...] = ()
    partings: tuple[Parting, ...] = ()
    devices: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    acr122u: bool = False
    pcsc: bool = False
    write_paths: tuple[Path, ...] = ()
    remarks: tuple[str, ...] = ()

    @property
    def has_to_stop(self) -> bool:
        """Whether something is left to be done when the service has ended, by whatever."""
        return bool(self.pins or self.partings)


def needs_of(profile: Profile, state_directory: Path) -> Needs:
    """What a profile needs.

    Args:
        state_directory: what systemd provides; paths below it need nothing more.
    """
    parts = [part for part in _parts(profile) if not part.simulated]
    devices = sorted({device for part in parts for device in _devices(part)})
    pins, remarks = _pins(profile)
    outside = {path for path in (profile.store and profile.store.parent, profile.state) if path}
    return Needs(
        pins=tuple(pins),
        partings=tuple(_partings(profile)),
        devices=tuple(devices),
        groups=tuple(sorted({_GROUPS[device] for device in devices if device in _GROUPS})),
        acr122u=any(part.driver == "acr122u" for part in parts),
        pcsc=any(part.driver == "pcsc" for part in parts),
        write_paths=tuple(sorted(path for path in outside if not path.is_relative_to(state_directory))),
        remarks=(*remarks, *_remarks(profile)),
    )


def pin_line(value: Any) -> int | None:
    """The BCM number of a pin as profiles name it (17, "17", "GPIO17"); None for other ways to name one."""
    match = _PIN.fullmatch(str(value).strip())
    return int(match[1]) if match else None


def _parts(profile: Profile) -> Iterator[PartConfig]:
    for evse in profile.evses:
        yield from evse.hardware.parts
    for reader in profile.auth.readers:
        yield reader.part


def _devices(part: PartConfig) -> Iterator[str]:
    options = part.options
    if part.driver == "acr122u" or any(str(value).startswith("usb") for value in options.values()):
        yield "char-usb_device"
    if any(key == "pin" or key.endswith(("_pin", "_pins")) for key in options) and options.get("factory") != "mock":
        yield "char-gpiochip"
    for value in options.values():
        if isinstance(value, str) and value.startswith("/dev/"):
            yield from _classes(value)
    if part.driver == "hid":  # by a name, or by a link of the installer's own
        yield "char-input"


def _classes(path: str) -> Iterator[str]:
    """The device classes behind a path; a link that is not there now may be any serial line."""
    if path.startswith("/dev/input/"):
        yield "char-input"
        return
    name = os.path.basename(os.path.realpath(path))  # noqa: PTH119 - a name, not a file
    if name.startswith("hidraw"):
        yield "char-hidraw"
    elif found := next((known for known in _SERIAL if name.startswith(known)), None):
        yield f"char-{found}"
    elif path.startswith("/dev/serial/"):
        yield from ("char-ttyUSB", "char-ttyACM")
    else:
        yield from (f"char-{known}" for known in _SERIAL)


def _pins(profile: Profile) -> tuple[list[Pin], list[str]]:
    pins, remarks = [], []
    for evse in profile.evses:
        part = evse.hardware.contactor
        if part is None:
            remarks.append(
                f"EVSE {evse.id}: the controller {evse.hardware.pilot.driver} switches the power; it is told to stop"
                " when the service ends. If this machine stops, only itself, or a watchdog relay on the coil, opens it."
            )
        elif not part.simulated and part.options.get("factory") != "mock":
            written: Mapping[str, Any] = part.options
            line = pin_line(written.get("pin", ""))
            if line is None:
                remarks.append(f"EVSE {evse.id}: the contactor's pin has no number; no script opens it after a crash.")
            else:
                pins.append(Pin(evse.id, line, 1 if written.get("active") == "low" else 0))
    return pins, remarks


def _partings(profile: Profile) -> Iterator[Parting]:
    for evse in profile.evses:
        part = evse.hardware.pilot
        if not part.simulated and part.parsed is not None:
            try:
                parting = registry.find("pilot", part.driver).parting
            except DriverError:
                continue
            if parting is not None:
                yield parting(part.parsed)


def _remarks(profile: Profile) -> Iterator[str]:
    if not profile.reboot.real:
        yield "reboots are simulated: write reboot: {real: yes} so that systemd starts a new process."
    for key, program in (("reboot", profile.reboot.program), ("firmware.installer", profile.firmware.installer)):
        if program is not None:
            yield f"{key}: {program} runs as the service's user, without any right of root."
    if profile.auth.free:
        yield "auth: free: whoever plugs in, charges."
    if any(reader.part.driver == "pcsc" for reader in profile.auth.readers):
        yield "pcsc: pcscd asks polkit whether the service's user may use readers; allow org.debian.pcsc-lite."
