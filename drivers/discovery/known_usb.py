"""USB devices that read cards or carry a serial line, by vendor and product id: data, from the makers' descriptors.

Read by ``drivers.discovery``. A device that is not listed is found all the same, only without a name and a proposal.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class KnownUsb:
    """A USB device that is known.

    Attributes:
        name: maker and product.
        driver: the reader driver that a profile names; empty for an adapter: anything may be behind it.
        kernel: modules of the kernel that take it away from user programs.
        format: what a serial reader speaks, as the driver ``serial`` names it.
    """

    name: str
    driver: str = ""
    kernel: tuple[str, ...] = ()
    format: str = ""


_PN533 = ("pn533_usb", "pn533", "nfc")

KNOWN_USB: dict[str, KnownUsb] = {
    "072f:2200": KnownUsb("ACS ACR122U", "acr122u", _PN533),
    "072f:223b": KnownUsb("ACS ACR1252U", "pcsc"),
    "072f:2303": KnownUsb("ACS ACR1552U", "pcsc"),
    "04e6:5591": KnownUsb("SCM SCL3711", "pcsc", _PN533),
    "04e6:5790": KnownUsb("Identiv uTrust 3700 F", "pcsc"),
    "04cc:2533": KnownUsb("NXP PN533", "", _PN533),
    "054c:06c1": KnownUsb("Sony RC-S380/S", "", ("port100", "nfc")),
    "054c:06c3": KnownUsb("Sony RC-S380/P", "", ("port100", "nfc")),
    "076b:5022": KnownUsb("HID OMNIKEY 5022 CL", "pcsc"),
    "076b:5321": KnownUsb("HID OMNIKEY 5321", "pcsc"),
    "076b:5422": KnownUsb("HID OMNIKEY 5422", "pcsc"),
    "076b:5427": KnownUsb("HID OMNIKEY 5427 CK", "pcsc"),
    "09d8:0410": KnownUsb("Elatec TWN4 as a keyboard", "hid"),
    "09d8:0420": KnownUsb("Elatec TWN4 as a serial line", "serial", format="twn4"),
    "09d8:0425": KnownUsb("Elatec TWN4 as a smart card reader", "pcsc"),
    "08ff:0009": KnownUsb("EM4100 desk reader (keyboard)", "hid"),
    "ffff:0035": KnownUsb("Sycreader desk reader (keyboard)", "hid"),
    "16c0:27db": KnownUsb("RFID desk reader (keyboard)", "hid"),
    "0403:6001": KnownUsb("FTDI FT232R adapter"),
    "0403:6014": KnownUsb("FTDI FT232H adapter"),
    "0403:6015": KnownUsb("FTDI FT-X adapter"),
    "10c4:ea60": KnownUsb("Silicon Labs CP210x adapter"),
    "1a86:7523": KnownUsb("WCH CH340 adapter"),
    "1a86:55d3": KnownUsb("WCH CH343 adapter"),
    "1a86:55d4": KnownUsb("WCH CH9102 adapter"),
    "067b:2303": KnownUsb("Prolific PL2303 adapter"),
    "067b:23a3": KnownUsb("Prolific PL2303GC adapter"),
}
