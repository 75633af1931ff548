"""The texts of what stands beside the unit: user, udev rules, module blacklist, log retention, secrets. Pure.

Called by `plan`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from station.cli.install.needs import Needs

_GPIO_RULE = 'SUBSYSTEM=="gpio", KERNEL=="gpiochip*", GROUP="gpio", MODE="0660"'
_ACR122U_RULE = (
    'SUBSYSTEM=="usb", ENV{DEVTYPE}=="usb_device", ATTR{idVendor}=="072f", ATTR{idProduct}=="2200",'
    ' GROUP="plugdev", MODE="0660"'
)
_HIDRAW_RULE = 'SUBSYSTEM=="hidraw", KERNEL=="hidraw*", GROUP="plugdev", MODE="0660"'


def sysusers_text(user: str, groups: Sequence[str]) -> str:
    """The dedicated user and its groups, for systemd-sysusers; groups that do not exist are made."""
    lines = [f'u {user} - "OCPP charging station" /var/lib/ocpp-station', *(f"m {user} {group}" for group in groups)]
    return "\n".join(lines) + "\n"


def udev_text(needs: Needs) -> str:
    """Permissions of the devices. Stable names of serial lines are those of /dev/serial/by-id."""
    lines = [
        "# ModemManager sends AT commands to adapters that it does not know: readers and meters are no modems.",
        'SUBSYSTEM=="tty", SUBSYSTEMS=="usb", ENV{ID_MM_DEVICE_IGNORE}="1"',
        "# A name of your own for an adapter (udevadm info -a -n /dev/ttyUSB0 shows what to match):",
        '#SUBSYSTEM=="tty", ATTRS{idVendor}=="0403", ATTRS{serial}=="A50285BI", SYMLINK+="meter"',
    ]
    if "char-gpiochip" in needs.devices:
        lines.append(_GPIO_RULE)
    if "char-usb_device" in needs.devices:
        lines.append(_ACR122U_RULE)
    if "char-hidraw" in needs.devices:
        lines.append(_HIDRAW_RULE)
    return "\n".join(lines) + "\n"


def modprobe_text() -> str:
    """The kernel's own NFC drivers take an ACR122U before anybody else can."""
    return "blacklist pn533_usb\nblacklist pn533\nblacklist nfc\n"


def journald_text() -> str:
    """How much of its log the machine keeps; an SD card wears and fills."""
    return "[Journal]\nStorage=persistent\nSystemMaxUse=200M\nMaxRetentionSec=3month\n"


def secrets_text(names: Iterable[str]) -> str:
    """`NAME=` lines for what the profile takes from the environment."""
    lines = [
        "# Read by systemd for ${NAME} in the profile. Mode 0600; nobody else needs it.",
        *(f"{name}=" for name in names),
    ]
    return "\n".join(lines) + "\n"
