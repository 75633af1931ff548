"""nfcpy's card over UDP: a reader without hardware that runs nfcpy's own code, for tests and for development.

The card is played by the program that listens on the address (``nfc.clf.udp`` elsewhere, or datagrams of
``106A 26``-like text). Whoever can send to this machine can play a card: not for a charger.

| function | support | remarks |
|---|---|---|
| type A (106A) | yes | UID of 4, 7, 10 bytes |
| type B (106B) | yes | PUPI; one that changes when read twice is marked random |
| FeliCa (212F, 424F) | yes | IDm |
| random UID | marked | type A: 4 bytes, the first 08 |
| two cards at once | no | nfcpy shows one a technology |
| loss | no | nobody listening looks like an empty field |

Source: nfcpy 1.0.4.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from drivers.api import Clock, DeviceMissing
from drivers.nfc.library import load
from drivers.nfc.line import Limit
from drivers.nfc.options import NfcOptions
from drivers.nfc.reader import NfcReader
from drivers.options import option
from drivers.registry import Driver

ANSWER_S = 0.15
"""How long a card may take. nfcpy waits a whole second, a technology; a field over UDP is near."""


def _checked(value: object) -> str:
    text = str(value)
    _address(text)
    return text


def _address(text: str) -> tuple[str, int]:
    """``127.0.0.1:54321`` as a pair. Raises: ValueError."""
    host, _, port = text.rpartition(":")
    if not host or not (port.isascii() and port.isdigit() and len(port) < 6) or not 0 < int(port) < 65536:
        raise ValueError("is no HOST:PORT")
    return host, int(port)


@dataclass(frozen=True, slots=True, kw_only=True)
class UdpOptions(NfcOptions):
    """Options of the driver."""

    device: str = option(
        "127.0.0.1:54321", convert=_checked, about="address of who plays the card, such as 127.0.0.1:54321"
    )


class UdpReader(NfcReader):
    """See the module."""

    def __init__(self, options: UdpOptions, clock: Clock | None = None) -> None:
        """Raises: DriverMissing: nfcpy is not installed. DeviceMissing: the host is not known."""
        udp = load("nfc.clf.udp")
        host, port = _address(options.device)
        limit = Limit(clock)
        try:
            device = _bounded(udp, limit)(host, port)
        except (OSError, UnicodeError) as error:
            raise DeviceMissing(f"{host}:{port}: {error}", "an IPv4 address or a name, and a port") from error
        super().__init__(f"udp {host}:{port}", device, options.technologies, limit, two_cards=False)


def _bounded(udp: Any, limit: Limit) -> Any:
    """nfcpy's device with a limit on each wait."""

    class Bounded(udp.Device):  # type: ignore[misc]
        def _recv_data(self, timeout: float | None, *brty: str) -> Any:
            wanted_s = ANSWER_S if timeout is None else min(timeout, ANSWER_S)
            return super()._recv_data(limit.left_s(wanted_s), *brty)

    return Bounded


DRIVER = Driver(part="reader", name="udp", options=UdpOptions, open=UdpReader, example={"device": "127.0.0.1:54321"})
