"""How the bytes of a card become the text that a central system knows: byte order, base, case, length, prefix.

Pure. Hosts apply it to ``Card.uid``; a card that was read as text keeps its text. ``forms`` lists what a back end may
call a card, for the person who looks for the form that it knows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from drivers.api import Card
from drivers.options import option

RANDOM_UID_MARK = 0x08
"""First byte of a four-byte UID that is made up at each presentation (ISO/IEC 14443-3, 6.5.4)."""
LIMIT_16 = 20
"""Characters of an idTag: CiString20Type (OCPP 1.6, 7.28)."""
LIMIT_201 = 36
"""Characters of an idToken: identifierString[0..36] (OCPP 2.0.1 part 2, 2.27 IdTokenType)."""

_IDENTIFIER = re.compile(r"[A-Za-z0-9*\-_=:+|@.]+")
"""The characters of an identifierString (OCPP 2.0.1 part 2, primitive data types)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UidPolicy:
    """The ``uid`` block of a reader in a profile.

    ``bytes`` keeps the last bytes, in the order that is sent; ``length`` counts digits: shorter numbers get zeros in
    front, of longer ones the last digits are kept. Cutting lets two cards share a token; it is there for systems that
    keep 32 bits of an EM4100 (printed on the card: ``{format: decimal, bytes: 4, length: 10}``).
    """

    order: Literal["as-read", "reversed"] = option("as-read", about="order of the bytes")
    bytes: int | None = option(None, between=(1, 16), about="how many of the last bytes count")
    format: Literal["hex", "decimal"] = option("hex", about="base of the digits")
    case: Literal["upper", "lower"] = option("upper", about="of hex digits")
    length: int | None = option(None, between=(1, 36), about="exact number of digits")
    prefix: str = option("", about="text in front of the digits")


AS_READ = UidPolicy()


@dataclass(frozen=True, slots=True)
class Form:
    """One way to write a card's number.

    Attributes:
        name: what it is, such as ``reversed decimal``; where several names give the same text, the first.
        text: the token.
        policy: what makes a reader send it; None: no policy does.
        fits16: an OCPP 1.6 central system can be told it.
        fits201: an OCPP 2.0.1 one can.
    """

    name: str
    text: str
    policy: UidPolicy | None
    fits16: bool
    fits201: bool


def format_uid(uid: bytes, policy: UidPolicy = AS_READ) -> str:
    """The token of a UID."""
    ordered = uid if policy.order == "as-read" else uid[::-1]
    if policy.bytes is not None:
        ordered = ordered[-policy.bytes :]
    if policy.format == "hex":
        digits = ordered.hex() if policy.case == "lower" else ordered.hex().upper()
    else:
        digits = str(int.from_bytes(ordered, "big"))
    if policy.length is not None:
        digits = digits.zfill(policy.length)[-policy.length :]
    return policy.prefix + digits


def token_of(card: Card, policy: UidPolicy = AS_READ) -> str:
    """The token of a card: its text where the reader read text, else its formatted UID."""
    return card.text if card.text is not None else format_uid(card.uid, policy)


def fits(token: str, version: Literal["1.6", "2.0.1"]) -> bool:
    """Whether a version of OCPP can carry a token.

    1.6 takes 1 to 20 printable ASCII characters, 2.0.1 (and 2.1) 1 to 36 of ``A-Z a-z 0-9 * - _ = : + | @ .``.
    """
    if version == "1.6":
        return 0 < len(token) <= LIMIT_16 and token.isascii() and token.isprintable()
    return len(token) <= LIMIT_201 and _IDENTIFIER.fullmatch(token) is not None


def forms(uid: bytes) -> list[Form]:
    """Every usual form of a UID, each text once, the likeliest first; empty for an empty UID."""
    found: dict[str, Form] = {}
    for name, text, policy in _all_forms(uid) if uid else ():
        found.setdefault(text, Form(name, text, policy, fits(text, "1.6"), fits(text, "2.0.1")))
    return list(found.values())


def is_random(uid: bytes) -> bool:
    """Whether a type A UID is a random one."""
    return len(uid) == 4 and uid[0] == RANDOM_UID_MARK


def _all_forms(uid: bytes) -> Iterator[tuple[str, str, UidPolicy | None]]:
    for name, policy in _policies(len(uid)):
        yield name, format_uid(uid, policy), policy
    ordered = (("as-read", uid), ("reversed", uid[::-1]))
    for name, data in ordered:
        yield f"{name} hex with colons", data.hex(":").upper(), None
        yield f"{name} hex lower with colons", data.hex(":"), None
    for name, data in ordered if len(uid) >= 3 else ():
        facility, card = data[-3], int.from_bytes(data[-2:], "big")
        yield f"{name} Wiegand 26, facility and number (3+5 digits)", f"{facility:03d}{card:05d}", None
        yield f"{name} Wiegand 26, facility,number", f"{facility:03d},{card:05d}", None


def _policies(size: int) -> Iterator[tuple[str, UidPolicy]]:
    """The policies worth trying for a UID of so many bytes."""
    orders: tuple[Literal["as-read", "reversed"], ...] = ("as-read", "reversed")
    for order in orders:
        yield f"{order} hex", UidPolicy(order=order)
    for order in orders:
        yield f"{order} hex lower", UidPolicy(order=order, case="lower")
    for order in orders:
        yield f"{order} decimal", UidPolicy(order=order, format="decimal")
    if size <= 4:
        for order in orders:
            yield f"{order} decimal, 10 digits", UidPolicy(order=order, format="decimal", length=10)
        return
    for order in orders:
        yield f"{order} last 4 bytes, decimal, 10 digits (8H10D)", _tail(order, "decimal", length=10)
        yield f"{order} last 4 bytes, decimal", _tail(order, "decimal")
        yield f"{order} last 4 bytes, hex", _tail(order, "hex")
        yield f"{order} last 4 bytes, hex lower", UidPolicy(order=order, bytes=4, case="lower")


def _tail(
    order: Literal["as-read", "reversed"], base: Literal["hex", "decimal"], length: int | None = None
) -> UidPolicy:
    return UidPolicy(order=order, bytes=4, format=base, length=length)
