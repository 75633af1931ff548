"""What stands between this machine's readers and a program, and what to type about it.

``problems`` judges what ``drivers.discovery.find`` found and looks at kernel modules, services, libraries and, on a
Raspberry Pi, the UART. It opens nothing and changes nothing. Called by ``station readers`` and ``station doctor``.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from drivers.discovery.devices import Found, find, loaded_modules, pcscd_runs
from drivers.discovery.known_usb import KNOWN_USB

Severity = Literal["error", "warning"]

LIBRARIES: dict[str, tuple[str, str]] = {
    "serial": ("serial", "serial"),
    "hid": ("evdev", "hid"),
    "pcsc": ("smartcard", "pcsc"),
    "pn532": ("nfc", "nfc"),
    "acr122u": ("nfc", "nfc"),
}
"""Driver -> library and the extra that brings it."""

_CONSOLE = re.compile(r"(?:^|\s)console=(serial\d|ttyAMA\d+|ttyS\d+)")


@dataclass(frozen=True, slots=True)
class Problem:
    """Something in the way.

    Attributes:
        what: a sentence.
        where: the device, service, module or library it is about.
        hint: what to type, or to do.
        severity: an ``error`` keeps the reader from working; a ``warning`` may.
    """

    what: str
    where: str
    hint: str
    severity: Severity = "error"


def problems(
    found: Sequence[Found] | None = None,
    root: Path = Path("/"),
    installed: Callable[[str], bool] | None = None,
) -> list[Problem]:
    """All that is in the way, errors first.

    Args:
        found: what ``find`` gave; None: it is asked.
        root: as for ``find``.
        installed: whether a library can be imported; None: asked from Python.
    """
    devices = find(root) if found is None else found
    told = [
        *_kernel(devices, root),
        *_service(devices, root),
        *_held(devices),
        *_permissions(devices),
        *_libraries(devices, installed or _can_import),
        *_uart(root),
    ]
    return sorted(dict.fromkeys(told), key=lambda problem: problem.severity != "error")


def _kernel(found: Sequence[Found], root: Path) -> Iterator[Problem]:
    loaded = loaded_modules(root)
    for device in found:
        known = KNOWN_USB.get(device.usb)
        modules = [module for module in known.kernel if module in loaded] if known and device.kind == "usb" else []
        if modules:
            holds = device.kernel_driver in modules
            yield Problem(
                f"the kernel's own driver {modules[0]} {'holds' if holds else 'may take'} the {device.name}",
                device.where,
                f"sudo modprobe -r {' '.join(modules)}; for good: printf 'blacklist %s\\n' {' '.join(modules)}"
                " | sudo tee /etc/modprobe.d/ocpp-station-nfc.conf",
                "error" if holds else "warning",
            )


def _service(found: Sequence[Found], root: Path) -> Iterator[Problem]:
    runs = pcscd_runs(root)
    for device in found:
        if device.kind != "usb":
            continue
        if runs and device.driver == "acr122u":
            yield Problem(
                f"pcscd runs and takes the {device.name} for itself",
                device.where,
                "sudo systemctl disable --now pcscd.socket pcscd.service, or name the driver pcsc",
            )
        if not runs and device.driver == "pcsc" and not (root / "run/pcscd/pcscd.comm").exists():
            yield Problem(
                f"the {device.name or 'smart card reader'} needs the service pcscd, which does not run",
                device.where,
                "sudo apt install pcscd && sudo systemctl enable --now pcscd.socket",
            )


def _held(found: Sequence[Found]) -> Iterator[Problem]:
    for device in found:
        # Whether pcscd belongs there is said of the service.
        others = [holder for holder in device.holders if not (device.kind == "usb" and holder.startswith("pcscd "))]
        if others:
            who = ", ".join(others)
            stop = "ModemManager" in who
            hint = "sudo systemctl disable --now ModemManager" if stop else "stop it, or name another device"
            yield Problem(f"{device.where} is held by {who}", device.where, hint)


def _permissions(found: Sequence[Found]) -> Iterator[Problem]:
    for device in found:
        if device.allowed or not device.device:
            continue
        if device.kind == "usb":
            vendor, _, product = device.usb.partition(":")
            rule = f'SUBSYSTEM=="usb", ATTR{{idVendor}}=="{vendor}", ATTR{{idProduct}}=="{product}", GROUP="plugdev"'
            hint = (
                f"echo '{rule}' | sudo tee /etc/udev/rules.d/60-ocpp-station.rules && sudo udevadm control --reload"
                " && sudo udevadm trigger && sudo usermod -aG plugdev $USER, then log in again"
            )
            if device.driver == "pcsc":
                continue  # pcscd opens it, not this user
        else:
            group = device.group if device.group not in ("", "root") else _usual_group(device)
            hint = f"sudo usermod -aG {group} $USER, then log in again"
        yield Problem(f"no permission for {device.where}", device.where, hint)


def _usual_group(device: Found) -> str:
    return "input" if device.kind == "keyboard" else "dialout"


def _libraries(found: Sequence[Found], installed: Callable[[str], bool]) -> Iterator[Problem]:
    for device in found:
        driver = device.driver or ("serial" if device.kind == "serial" else "")
        library, extra = LIBRARIES.get(driver, ("", ""))
        if library and not installed(library):
            severity: Severity = "error" if device.driver else "warning"
            yield Problem(
                f"the library {library} is not installed", f"driver {driver}", f"pip install 'ocpp-station[{extra}]'",
                severity,
            )  # fmt: skip


def _can_import(library: str) -> bool:
    try:
        return importlib.util.find_spec(library) is not None
    except (ImportError, ValueError):
        return False


# --- the UART of a Raspberry Pi -----------------------------------------------------------------------------------


def _uart(root: Path) -> Iterator[Problem]:
    model = _read(root / "proc/device-tree/model")
    if "Raspberry Pi" not in model:
        return
    config = "/boot/firmware/config.txt"
    console = _CONSOLE.search(_read(root / "proc/cmdline"))
    if console:
        yield Problem(
            f"the serial console uses {console[1]}: it would type into the reader",
            f"/dev/{console[1]}",
            "sudo raspi-config nonint do_serial_cons 1, then reboot",
        )
    serial0 = root / "dev/serial0"
    pi5 = "Raspberry Pi 5" in model or "Compute Module 5" in model
    if pi5:
        if not (root / "dev/ttyAMA0").exists():
            yield Problem(
                "the UART of the pin header is off", "/dev/ttyAMA0",
                f"echo 'dtparam=uart0=on' | sudo tee -a {config}, then reboot", "warning",
            )  # fmt: skip
    elif not serial0.exists():
        yield Problem(
            "the UART of the pin header is off", "/dev/serial0",
            f"echo 'enable_uart=1' | sudo tee -a {config}, then reboot", "warning",
        )  # fmt: skip
    elif serial0.resolve().name.startswith("ttyS"):
        yield Problem(
            "/dev/serial0 is the mini UART, whose speed follows the processor's clock", "/dev/serial0",
            f"echo 'dtoverlay=disable-bt' | sudo tee -a {config} && sudo systemctl disable hciuart, then reboot",
            "warning",
        )  # fmt: skip


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(4096).decode("utf-8", "replace").strip("\0\n ")
    except OSError:
        return ""
