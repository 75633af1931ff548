"""Readers of smart cards behind the system's PC/SC service (``pcscd``), through ``pyscard``.

| function | support | remarks |
|---|---|---|
| UID | yes | APDU FF CA 00 00 00 (PC/SC part 3, 3.2.2.1.3), once for each card put there |
| technology | where the ATR tells | 106A, 106B, ISO15693, 212F for storage cards, ISO14443 for the others |
| contact cards, SAM slots | no | they have no UID and are passed over |
| removal of the card | yes | |
| loss of the reader, of the service | yes | |
| other programs | yes | the card is shared; one that keeps it to itself for 2 s is told of |
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Any, Literal

from drivers.api import Card, Clock, DeviceMissing, DriverBusy, DriverError, DriverLost, DriverUnsupported, vendor
from drivers.clock import SYSTEM
from drivers.options import option
from drivers.registry import Driver
from drivers.uid import is_random

GET_UID = [0xFF, 0xCA, 0x00, 0x00, 0x00]
BUSY_AFTER_S = 2.0
SERVICE_HINT = "sudo apt install pcscd && sudo systemctl enable --now pcscd.socket"

# PC/SC part 3, 3.1.3.2.3.2: the ATR of a storage card holds the application provider A0 00 00 03 06, the standard
# (SS) and the name of the card (NN NN).
_STORAGE = bytes.fromhex("A000000306")
_STANDARDS = {**dict.fromkeys((1, 2, 3), "106A"), **dict.fromkeys((5, 6, 7), "106B"),
              **dict.fromkeys((9, 10, 11, 12), "ISO15693"), 17: "212F"}  # fmt: skip
_FELICA = (0xF011, 0xF012)
_CONTACTLESS = ("picc", "contactless", " cl ", "nfc")


@dataclass(frozen=True, slots=True, kw_only=True)
class PcscOptions:
    """Options of the driver."""

    reader: str = option("", about="name, a part of it, or number from 0, as station readers lists; empty: the first")
    gap_s: float = option(0.5, key="gap", unit="s", between=(0, 60), about="gone that long is a new presentation")
    random_uid: Literal["refuse", "accept"] = option(
        "refuse", about="a UID that a phone makes up anew each time is no identity; accept is for demonstrations"
    )


class PcscReader:
    """See the module."""

    __slots__ = ("_busy_since_s", "_cards", "_clock", "_context", "_known", "_name", "_scard")

    def __init__(self, options: PcscOptions, clock: Clock | None = None) -> None:
        """
        Raises:
            DriverMissing: the library is not installed.
            DeviceMissing: the service does not run, or has no such reader.
            DriverUnsupported: the name fits several readers.
        """
        self._clock = clock or SYSTEM
        self._scard = vendor("smartcard.scard", extra="pcsc")
        self._known: tuple[int, bytes] | None = None
        self._cards: list[Card] = []
        self._busy_since_s: float | None = None
        self._name = options.reader
        self._context: Any = _establish(self._scard)
        try:
            self._name = choose(options.reader, _listed(self._scard, self._context))
        except DriverError:
            self.release()
            raise

    def poll(self) -> list[Card]:
        """The card that lies there. Raises: DriverLost. DriverBusy: another program keeps the card to itself."""
        if self._context is None:
            raise DriverLost(f"{self._name}: released")
        scard = self._scard
        result, states = scard.SCardGetStatusChange(self._context, 0, [(self._name, scard.SCARD_STATE_UNAWARE)])
        if result != scard.SCARD_S_SUCCESS:
            raise self._lost(_words(scard, result))
        _, state, atr = states[0]
        if state & (scard.SCARD_STATE_UNKNOWN | scard.SCARD_STATE_UNAVAILABLE | scard.SCARD_STATE_IGNORE):
            raise self._lost("the reader is gone")
        if not state & scard.SCARD_STATE_PRESENT or state & scard.SCARD_STATE_MUTE:
            self._known, self._cards, self._busy_since_s = None, [], None
            return []
        # The upper half counts insertions and removals: the same count is the same card.
        seen = (state >> 16, bytes(atr))
        if seen != self._known:
            self._read(seen)
        return self._cards

    def release(self) -> None:
        """Leave the service."""
        context, self._context = self._context, None
        if context is not None:
            with contextlib.suppress(Exception):
                self._scard.SCardReleaseContext(context)

    def _read(self, seen: tuple[int, bytes]) -> None:
        scard = self._scard
        self._cards = []
        protocols = scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1
        result, handle, protocol = scard.SCardConnect(self._context, self._name, scard.SCARD_SHARE_SHARED, protocols)
        if result == scard.SCARD_E_SHARING_VIOLATION:
            self._busy()
            return
        self._busy_since_s = None
        if result != scard.SCARD_S_SUCCESS:
            return  # taken away meanwhile, or badly placed: the next poll tries again
        try:
            pci = scard.SCARD_PCI_T0 if protocol == scard.SCARD_PROTOCOL_T0 else scard.SCARD_PCI_T1
            result, answer = scard.SCardTransmit(handle, pci, GET_UID)
        finally:
            scard.SCardDisconnect(handle, scard.SCARD_LEAVE_CARD)
        if result == scard.SCARD_S_SUCCESS:
            self._known = seen
            self._cards = card_of(bytes(answer), seen[1])

    def _busy(self) -> None:
        now_s = self._clock.now()
        self._busy_since_s = now_s if self._busy_since_s is None else self._busy_since_s
        if now_s - self._busy_since_s >= BUSY_AFTER_S:
            raise DriverBusy(f"{self._name}: another program keeps the card to itself", "stop it: gpg-agent, opensc, …")

    def _lost(self, why: str) -> DriverLost:
        return DriverLost(f"{self._name or 'PC/SC'}: {why}", "is it plugged in, and does pcscd run? station doctor")


def card_of(answer: bytes, atr: bytes) -> list[Card]:
    """The card of an answer to the UID command: data, then 90 00. Anything else has no UID."""
    uid, status = answer[:-2], answer[-2:]
    if status != b"\x90\x00" or not 1 <= len(uid) <= 32:
        return []
    technology = technology_of(atr)
    return [Card(uid, technology, technology in ("106A", "ISO14443") and is_random(uid))]


def technology_of(atr: bytes) -> str:
    """What the ATR of a contactless card says; ``ISO14443`` for processor cards, whose ATR is made of their own."""
    at = atr.find(_STORAGE)
    if at < 0 or len(atr) < at + 8:
        return "ISO14443"
    if int.from_bytes(atr[at + 6 : at + 8], "big") in _FELICA:
        return "212F"
    return _STANDARDS.get(atr[at + 5], "")


def reader_names() -> list[str]:
    """The readers that the service has. Raises: DriverMissing, DeviceMissing."""
    scard = vendor("smartcard.scard", extra="pcsc")
    context = _establish(scard)
    try:
        return _listed(scard, context)
    finally:
        scard.SCardReleaseContext(context)


def choose(wanted: str, names: list[str]) -> str:
    """The reader of that name, part of a name, or number; of several that fit, a contactless one.

    Raises: DeviceMissing: none. DriverUnsupported: several.
    """
    if wanted.isascii() and wanted.isdigit() and len(wanted) < 4 and int(wanted) < len(names):
        return names[int(wanted)]
    fitting = [name for name in names if wanted.casefold() in name.casefold()]
    exact = [name for name in fitting if name == wanted]
    contactless = [name for name in fitting if any(word in name.casefold() for word in _CONTACTLESS)]
    found = exact or contactless or fitting
    if not found:
        there = ", ".join(names) or "none"
        raise DeviceMissing(f"no PC/SC reader {wanted!r}; there: {there}", "is it plugged in? station readers")
    if len(found) > 1 and wanted:
        raise DriverUnsupported(f"{len(found)} PC/SC readers are called {wanted!r}: {', '.join(found)}", "name one")
    return found[0]


def _establish(scard: Any) -> Any:
    result, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_USER)
    if result != scard.SCARD_S_SUCCESS:
        raise DeviceMissing(f"the PC/SC service does not answer: {_words(scard, result)}", SERVICE_HINT)
    return context


def _listed(scard: Any, context: Any) -> list[str]:
    result, names = scard.SCardListReaders(context, [])
    if result == scard.SCARD_E_NO_READERS_AVAILABLE:
        return []
    if result != scard.SCARD_S_SUCCESS:
        raise DeviceMissing(f"the PC/SC service does not answer: {_words(scard, result)}", SERVICE_HINT)
    return list(names)


def _words(scard: Any, result: int) -> str:
    return str(scard.SCardGetErrorMessage(result)).strip().rstrip(".")


DRIVER = Driver(
    part="reader", name="pcsc", options=PcscOptions, open=PcscReader, example={"reader": "ACS ACR1252 1S CL Reader"}
)
