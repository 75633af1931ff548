"""Finds what card readers could hang on at this machine, and what is in the way.

Reads ``/dev``, ``/sys``, ``/proc`` and ``/run`` below a root that is given, so that it can be told of any machine; it
opens no device and starts no service. ``find`` lists, ``drivers.discovery.problems`` judges. Called by
``station readers`` and ``station doctor``. Linux only: elsewhere nothing is found.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from drivers.discovery.known_usb import KNOWN_USB, KnownUsb
from drivers.holders import holders

Kind = Literal["serial", "usb", "keyboard", "pcsc"]
Access = Callable[[Path], bool]

MOST = 200
"""Devices of one kind looked at."""
_TTY = re.compile(r"tty(USB|ACM|AMA|S|THS|mxc|SC|UL|XRUSB)\d{1,3}")
_READER_NAME = re.compile(r"rfid|reader|card|nfc|em4100|barcode|bar code|scanner|qr|elatec|twn\d|sycreader", re.I)
_CCID = "0b"
"""Interface class of smart card readers (USB CCID)."""


@dataclass(frozen=True, slots=True)
class Found:
    """A device that may be, or carry, a card reader.

    Attributes:
        kind: a serial line, a USB reader, a keyboard that types card numbers, a PC/SC reader.
        where: what a profile names: the by-id link where there is one, ``usb:072f:2200``, the PC/SC name.
        device: the device file; empty for PC/SC.
        name: product or adapter; may be empty.
        usb: vendor and product id such as ``072f:2200``; empty where it is none.
        driver: the driver that fits; empty: unknown.
        option: the driver's option that takes ``where``; empty: it needs none.
        format: what a serial reader speaks; empty: unknown.
        holders: who has it open, such as ``ModemManager (pid 812)``.
        allowed: whether this user may read and write it.
        group: that owns the device file.
        kernel_driver: the kernel's driver at a USB reader; ``usbfs`` is a program.
    """

    kind: Kind
    where: str
    device: str = ""
    name: str = ""
    usb: str = ""
    driver: str = ""
    option: str = "device"
    format: str = ""
    holders: tuple[str, ...] = ()
    allowed: bool = True
    group: str = ""
    kernel_driver: str = ""

    @property
    def settings(self) -> dict[str, str]:
        """The same as a mapping of a profile: ``driver`` and its options; empty where no driver is known."""
        if not self.driver:
            return {}
        written = {"driver": self.driver, self.option: self.where, "format": self.format}
        return {key: value for key, value in written.items() if key and value}

    @property
    def profile(self) -> str:
        """The line of a profile for it; empty where no driver is known."""
        quoted = {key: f'"{value}"' if key in ("device", "reader") else value for key, value in self.settings.items()}
        return f"{{{', '.join(f'{key}: {value}' for key, value in quoted.items())}}}" if quoted else ""


def find(root: Path = Path("/"), access: Access | None = None) -> list[Found]:
    """Everything that may read cards here, in a fixed order: USB readers, serial lines, keyboards, PC/SC readers.

    Args:
        root: where ``dev``, ``sys``, ``proc`` and ``run`` lie.
        access: whether this user may read and write a device file; None: asked from the system.
    """
    may = access or _may
    found = [*_usb_readers(root, may), *_serial_lines(root, may), *_keyboards(root, may)]
    by_service = _pcsc_readers() if root == Path("/") and pcscd_runs(root) else []
    if by_service:  # it knows the names that a profile needs
        found = [device for device in found if (device.kind, device.driver) != ("usb", "pcsc")]
    return found + by_service


def pcscd_runs(root: Path = Path("/")) -> bool:
    """Whether the PC/SC service is running; asking it would start it where systemd listens for it."""
    return any(_text(comm) == "pcscd" for comm in _glob(root / "proc", "[0-9]*/comm", most=100_000))


def loaded_modules(root: Path = Path("/")) -> frozenset[str]:
    """The kernel modules that are loaded."""
    return frozenset(line.split(" ", 1)[0] for line in _text(root / "proc/modules", 1_000_000).splitlines())


def _usb_readers(root: Path, may: Access) -> Iterator[Found]:
    for folder in _glob(root / "sys/bus/usb/devices", "*"):
        usb = _usb_id(folder)
        if not usb:
            continue
        interfaces = _glob(folder, f"{folder.name}:*")
        known = KNOWN_USB.get(usb)
        ccid = any(_text(interface / "bInterfaceClass").lower() == _CCID for interface in interfaces)
        driver = known.driver if known else "pcsc" if ccid else ""
        if (known is None and not ccid) or (known and not _is_reader(known)) or driver in ("serial", "hid"):
            continue
        device = _usb_node(root, folder)
        product = known.name if known else _text(folder / "product")
        yield Found(
            kind="usb",
            where=f"usb:{usb}",
            device=str(device),
            name=product,
            usb=usb,
            driver=driver,
            option="" if driver == "pcsc" else "device",
            holders=tuple(holders(device, root / "proc")),
            allowed=may(device),
            group=_group(device),
            kernel_driver=next((name for name in map(_bound_driver, interfaces) if name), ""),
        )


def _is_reader(known: KnownUsb) -> bool:
    return bool(known.driver or known.kernel)


def _serial_lines(root: Path, may: Access) -> Iterator[Found]:
    links = _links(root / "dev/serial/by-id")
    aliases = _links(root / "dev", "serial[0-9]")
    for entry in _glob(root / "sys/class/tty", "tty*"):
        device = root / "dev" / entry.name
        if not _TTY.fullmatch(entry.name) or not _is_wired(entry) or not os.path.lexists(device):
            continue
        usb_folder = _usb_parent(entry / "device", root)
        usb = _usb_id(usb_folder) if usb_folder else ""
        known = KNOWN_USB.get(usb)
        real = os.path.realpath(device)
        where = links.get(real) or aliases.get(real) or str(device)
        yield Found(
            kind="serial",
            where=where,
            device=str(device),
            name=known.name if known else _text(usb_folder / "product") if usb_folder else "",
            usb=usb,
            driver=known.driver if known else "",
            option="port",
            format=known.format if known else "",
            holders=tuple(holders(device, root / "proc")),
            allowed=may(device),
            group=_group(device),
        )


def _is_wired(entry: Path) -> bool:
    """Whether a UART is there: the kernel lists places for four, of type 0, where there is none."""
    return (entry / "device").exists() and _text(entry / "type") != "0"


def _keyboards(root: Path, may: Access) -> Iterator[Found]:
    links = {real: link for real, link in _links(root / "dev/input/by-id").items() if link.endswith("-event-kbd")}
    for entry in _glob(root / "sys/class/input", "event*"):
        name = _text(entry / "device/name")
        vendor, product = _text(entry / "device/id/vendor"), _text(entry / "device/id/product")
        usb = f"{vendor}:{product}".lower() if vendor and product else ""
        known = KNOWN_USB.get(usb)
        if not (known and known.driver == "hid") and not _READER_NAME.search(name):
            continue
        device = root / "dev/input" / entry.name
        if not device.exists():
            continue
        yield Found(
            kind="keyboard",
            where=links.get(os.path.realpath(device), str(device)),
            device=str(device),
            name=name or (known.name if known else ""),
            usb=usb,
            driver="hid",
            holders=tuple(holders(device, root / "proc")),
            allowed=may(device),
            group=_group(device),
        )


def _pcsc_readers() -> list[Found]:
    try:
        from drivers.readers.pcsc import reader_names

        return [Found("pcsc", where=name, name=name, driver="pcsc", option="reader") for name in reader_names()]
    except Exception:  # no library, no service: that is a problem to tell, not a reader
        return []


# --- the trees ----------------------------------------------------------------------------------------------------


def _glob(folder: Path, pattern: str, most: int = MOST) -> list[Path]:
    try:
        return sorted(folder.glob(pattern), key=_natural)[:most]
    except OSError:
        return []


def _natural(path: Path) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"([0-9]+)", str(path))]


def _text(path: Path, most: int = 4096) -> str:
    """The content of a small file, one line mostly; empty when it cannot be read."""
    try:
        with path.open("rb") as file:
            text = file.read(most).decode("utf-8", "replace")
    except OSError:
        return ""
    return "".join(char for char in text if char.isprintable() or char == "\n").strip()


def _links(folder: Path, pattern: str = "*") -> dict[str, str]:
    """Resolved device file -> the first link to it."""
    found: dict[str, str] = {}
    for link in _glob(folder, pattern):
        if link.is_symlink():
            found.setdefault(os.path.realpath(link), str(link))
    return found


def _usb_id(folder: Path) -> str:
    vendor, product = _text(folder / "idVendor"), _text(folder / "idProduct")
    return f"{vendor}:{product}".lower() if vendor and product else ""


def _usb_parent(entry: Path, root: Path) -> Path | None:
    """The USB device above an entry of sysfs."""
    top = Path(os.path.realpath(root))
    place = Path(os.path.realpath(entry))
    while place not in (top, place.parent):
        if (place / "idVendor").is_file():
            return place
        place = place.parent
    return None


def _usb_node(root: Path, folder: Path) -> Path:
    bus, number = _text(folder / "busnum"), _text(folder / "devnum")
    return root / "dev/bus/usb" / bus.zfill(3) / number.zfill(3)


def _bound_driver(interface: Path) -> str:
    link = interface / "driver"
    return Path(os.path.realpath(link)).name if link.exists() else ""


def _may(device: Path) -> bool:
    return os.access(device, os.R_OK | os.W_OK)


def _group(device: Path) -> str:
    try:
        return device.group()
    except (OSError, KeyError):
        return ""
