"""ACS ACR122U (USB 072f:2200), through nfcpy's own driver: the PN532 inside, tunnelled through CCID.

| function | support | remarks |
|---|---|---|
| type A (106A) | yes | UID of 4, 7, 10 bytes; phones whatever their SAK; no type 1 tags: RID does not pass |
| type B (106B) | yes | PUPI; one that changes when read twice is marked random |
| FeliCa (212F, 424F) | yes | IDm; one that begins with 01FE is marked random |
| random UID | marked | type A: 4 bytes, the first 08 |
| two cards at once | type A | as far as the firmware passes a list of two; nobody has confirmed it on hardware |
| lamp and buzzer | yes | ``beep: yes``; by FF 00 40 |
| firmware 1.x | no | refused with a sentence |
| pcscd beside it | no | it holds the device; the driver ``pcsc`` works with it |

Built from nfcpy 1.0.4 and ACS's API description 2.04, tested byte-exact, not on a device.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Any

from drivers.api import Card, Clock, DeviceMissing, DriverError, DriverUnsupported
from drivers.nfc.library import load
from drivers.nfc.line import Limit, UsbTransport
from drivers.nfc.options import NfcOptions
from drivers.nfc.reader import NfcReader
from drivers.nfc.usb import open_usb
from drivers.options import option
from drivers.registry import Driver

KNOWN = frozenset({(0x072F, 0x2200)})
OPENING_S = 2.0
BEEP_MS = 100
_VERSION = bytes.fromhex("FF00480000")
"""Get firmware version (ACR122U API, 6.4)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Acr122uOptions(NfcOptions):
    """Options of the driver."""

    device: str = option("usb:072f:2200", about="usb:VENDOR:PRODUCT, or usb:BUS:ADDRESS where there are several")
    beep: bool = option(False, about="red lamp and a short sound when a card was read")


class Acr122u(NfcReader):
    """See the module."""

    def __init__(self, options: Acr122uOptions, clock: Clock | None = None) -> None:
        """
        Raises:
            DriverMissing: nfcpy or libusb is not installed.
            DeviceMissing: there is no such reader, or no permission.
            DriverBusy: a module of the kernel, pcscd or another program holds it.
            DriverUnsupported: another kind of reader, or its firmware is too old.
        """
        acr122 = load("nfc.clf.acr122")
        limit = Limit(clock)
        transport = open_usb(options.device, KNOWN, limit)
        limit.start(OPENING_S)
        try:
            transport.drain()
            firmware, device = _device(acr122, transport, options.device)
            super().__init__(options.device, device, options.technologies, limit, firmware=firmware)
        except BaseException:
            transport.close()
            raise
        self._beep = options.beep
        self._beeps_next = False
        self._known: set[tuple[str, bytes | None]] = set()

    def poll(self) -> list[Card]:
        """See ``NfcReader``; the sound for a card comes after it was returned, so that it delays nothing."""
        if self._beeps_next:
            self._beeps_next = False
            self._sound()
        cards = super().poll()
        # Whatever is random on one technology is one phone.
        shown = {(card.technology, None if card.random else card.uid) for card in cards}
        self._beeps_next = self._beep and not shown <= self._known
        self._known = shown
        return cards

    def _sound(self) -> None:
        device = self._frontend.device
        if device is None:
            return
        self._limit.start(1.0)
        with contextlib.suppress(Exception):  # a reader that is gone is what the poll finds
            device.chipset.set_buzzer_and_led_to_active(BEEP_MS)
            device.chipset.set_buzzer_and_led_to_default()


def _device(acr122: Any, transport: UsbTransport, name: str) -> tuple[str, Any]:
    """The firmware and nfcpy's device."""

    class Checked(acr122.Chipset):  # type: ignore[misc]
        """Says what is wrong with the firmware, where nfcpy says "no such device"."""

        def __init__(self) -> None:
            self.transport = transport
            self.firmware = _checked(bytes(self.ccid_xfr_block(bytearray(_VERSION))), name)
            super().__init__(transport)

    try:
        chipset = Checked()
        return chipset.firmware, acr122.Device(chipset)
    except DriverError:
        raise
    except Exception as error:
        message = f"{name} answers badly: {type(error).__name__}: {error}"
        raise DeviceMissing(message, "replug it; is another program using it?") from error


def _checked(answer: bytes, name: str) -> str:
    """The firmware's name, such as ``ACR122U207``. Raises: DriverUnsupported."""
    text = "".join(char for char in answer.decode("ascii", "replace") if char.isprintable())
    if not text.startswith("ACR122U") or not text[7:8].isdigit():
        raise DriverUnsupported(f"{name} is no ACR122U: it calls itself {text[:20]!r}", "station readers lists readers")
    if text[7] < "2":
        raise DriverUnsupported(
            f"{name} has firmware {text[7:]}; 2.x is needed", "the driver pcsc (with pcscd) works with it"
        )
    return text


DRIVER = Driver(
    part="reader", name="acr122u", options=Acr122uOptions, open=Acr122u, example={"device": "usb:072f:2200"}
)
