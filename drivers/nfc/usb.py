"""Opens a USB reader for nfcpy by ``usb:072f:2200`` or ``usb:001:004``, and says who is in the way.

nfcpy's own search hides what was busy or forbidden behind "no device".
"""

from __future__ import annotations

import errno
from pathlib import Path

from drivers.api import DeviceMissing, DriverBusy, DriverError, DriverMissing, DriverUnsupported
from drivers.discovery.devices import loaded_modules, pcscd_runs
from drivers.holders import holders
from drivers.nfc.library import load
from drivers.nfc.line import Limit, UsbTransport

KERNEL_MODULES = ("pn533_usb", "pn533", "nfc")
"""Linux's own NFC drivers, in the order in which they can be unloaded."""
FREE_KERNEL = "sudo modprobe -r pn533_usb pn533 nfc, and blacklist them in /etc/modprobe.d/ (station install does both)"
FREE_PCSCD = "sudo systemctl stop pcscd.socket pcscd, or name the driver pcsc instead"

_LIBUSB: dict[int | None, int] = {-3: errno.EACCES, -4: errno.ENODEV, -5: errno.ENODEV, -6: errno.EBUSY}

Ids = tuple[int, int, int, int]
"""Vendor, product, bus, address."""


def open_usb(device: str, known: frozenset[tuple[int, int]], limit: Limit, root: Path = Path("/")) -> UsbTransport:
    """The first free device that matches.

    Args:
        device: ``usb:VENDOR:PRODUCT`` in hex, or ``usb:BUS:ADDRESS`` in decimal; ``usb`` takes any that is known.
        known: vendor and product of what the driver can drive.
        limit: for the transport.
        root: where /proc is.

    Raises: DriverMissing, DeviceMissing, DriverBusy, DriverUnsupported.
    """
    transport = load("nfc.clf.transport")
    try:
        found: list[Ids] | None = transport.USB.find(device)
    except Exception as error:  # USBError is no OSError
        raise DriverMissing(f"USB cannot be searched: {error}", "sudo apt install libusb-1.0-0") from error
    if found is None:
        raise DriverUnsupported(f"{device!r} names no USB device", "usb:072f:2200, or usb:BUS:ADDRESS as lsusb shows")
    usable = [ids for ids in found if ids[:2] in known]
    if not usable:
        if found:
            raise DriverUnsupported(f"{device} is another kind of reader", "station readers lists what is there")
        raise DeviceMissing(f"{device} is not there", "is it plugged in? lsusb shows what is")
    failure: DriverError | None = None
    for ids in usable:
        try:
            return UsbTransport(transport.USB(ids[2], ids[3]), limit)
        except Exception as error:
            failure = failure or explain(device, ids, error, root)
    assert failure is not None
    raise failure


def explain(device: str, ids: Ids, error: Exception, root: Path = Path("/")) -> DriverError:
    """What an error while opening means."""
    _, _, bus, address = ids
    node = f"/dev/bus/usb/{bus:03d}/{address:03d}"
    number = _number(error)
    if number == errno.EBUSY:
        return busy(device, node, root)
    if number in (errno.EACCES, errno.EPERM):
        return DeviceMissing(
            f"{device}: no permission for {node}",
            'a udev rule is missing (station install writes it): SUBSYSTEM=="usb", ATTR{idVendor}=="072f", '
            'ATTR{idProduct}=="2200", GROUP="plugdev", MODE="0660"; then replug',
        )
    return DeviceMissing(f"{device} cannot be opened: {error}", "unplug it and plug it in again")


def _number(error: Exception) -> int | None:
    """The errno of an error; libusb's own numbers where nfcpy lets its USBError through (it reads names first)."""
    if isinstance(error, OSError):
        return error.errno
    return _LIBUSB.get(getattr(error, "value", None))


def busy(device: str, node: str, root: Path = Path("/")) -> DriverBusy:
    """Who holds the device: a module of the kernel, pcscd, or whoever has it open."""
    loaded = loaded_modules(root)
    modules = [module for module in KERNEL_MODULES if module in loaded]
    if "pn533_usb" in modules:
        return DriverBusy(f"{device} is held by the kernel ({', '.join(modules)})", FREE_KERNEL)
    names = holders(node, root / "proc")
    if pcscd_runs(root) and not any("pcscd" not in name for name in names):  # another user's holder is not listed
        return DriverBusy(f"{device} is held by pcscd", FREE_PCSCD)
    return DriverBusy(f"{device} is held by {', '.join(names) or 'another program'}", "stop it")
