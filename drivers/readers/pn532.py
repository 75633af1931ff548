"""NXP PN532 on a UART (HSU), through nfcpy: breakout boards on a Pi's serial port or a USB adapter.

| function | support | remarks |
|---|---|---|
| type A (106A) | yes | UID of 4, 7, 10 bytes; type 1 tags; phones whatever their SAK |
| type B (106B) | yes | PUPI; one that changes when read twice is marked random |
| FeliCa (212F, 424F) | yes | IDm; one that begins with 01FE is marked random |
| random UID | marked | type A: 4 bytes, the first 08 |
| two cards at once | type A | the chip lists two at most; of type B and FeliCa it shows one |
| any path | yes | symlinks, by-id links |
| chip left at another speed | yes | found at 9,600 to 1,288,000 baud and set back; no power cycle |
| speed | 115,200 | all the time: a crash leaves nothing behind, and it is fast enough |
| release | yes | field off, asleep, woken by the line |
| I2C, SPI | no | set the board's switches to HSU |

Source: NXP UM0701-02; nfcpy 1.0.4.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from drivers.api import Clock, DeviceMissing, DriverBusy, DriverError
from drivers.holders import holders
from drivers.nfc.library import LOG, load
from drivers.nfc.line import Limit, SerialTransport
from drivers.nfc.options import NfcOptions
from drivers.nfc.reader import NfcReader
from drivers.nfc.wake import BAUD, wake
from drivers.options import option
from drivers.registry import Driver
from drivers.serial_port import SerialPort


@dataclass(frozen=True, slots=True, kw_only=True)
class Pn532Options(NfcOptions):
    """Options of the driver."""

    device: str = option(about="path of the line, such as /dev/serial0 or /dev/serial/by-id/…")


class Pn532(NfcReader):
    """See the module. ``found_at_baud`` is the speed that the chip answered at when it was opened."""

    def __init__(self, options: Pn532Options, clock: Clock | None = None) -> None:
        """
        Raises:
            DriverMissing: nfcpy, pyserial or libusb is not installed.
            DeviceMissing: there is no such line, no permission, or no PN532 on it.
            DriverBusy: somebody else holds the line.
            DriverUnsupported: it is no serial line, or another chip.
        """
        pn532 = load("nfc.clf.pn532")
        limit = Limit(clock)
        path = options.device
        transport = SerialTransport(SerialPort(path, BAUD), path, BAUD, limit)
        try:
            chip = self._wake(transport)
            device = self._device(pn532, transport)
            super().__init__(path, device, options.technologies, limit, firmware=chip.firmware)
        except BaseException:
            transport.close()
            raise
        self.found_at_baud = chip.found_at_baud

    @staticmethod
    def _wake(transport: SerialTransport) -> Any:
        try:
            return wake(transport)
        except DeviceMissing as error:
            others = holders(transport.port)
            if others:  # a console or a daemon that does not lock the line takes the answers
                raise DriverBusy(f"{transport.port} is held by {', '.join(others)}", "stop it") from error
            raise

    @staticmethod
    def _device(pn532: Any, transport: SerialTransport) -> Any:
        """nfcpy's device without nfcpy's opening, which takes few paths and raises the speed."""
        try:
            return pn532.Device(pn532.Chipset(transport, LOG), LOG)
        except DriverError:
            raise
        except Exception as error:
            message = f"the PN532 on {transport.port} answers badly: {type(error).__name__}: {error}"
            raise DeviceMissing(message, "a loose wire? too long a cable? enough power?") from error


DRIVER = Driver(
    part="reader", name="pn532", options=Pn532Options, open=Pn532, example={"device": "/dev/serial0", "gap": "0.5s"}
)
