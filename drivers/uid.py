"""How the bytes of a card become the text that a central system knows: byte order, base, case, length, prefix.

Pure. Hosts apply it to ``Card.uid``; a card that was read as text keeps its text.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from drivers.api import Card
from drivers.options import option

RANDOM_UID_MARK = 0x08
"""First byte of a four-byte UID that is made up at each presentation (ISO/IEC 14443-3, 6.5.4)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UidPolicy:
    """The ``uid`` block of a reader in a profile.

    ``length`` counts digits: shorter numbers get zeros in front, of longer ones the last digits are kept. Cutting
    lets two cards share a token; it is there for systems that keep 32 bits of an EM4100.
    """

    order: Literal["as-read", "reversed"] = option("as-read", about="order of the bytes")
    format: Literal["hex", "decimal"] = option("hex", about="base of the digits")
    case: Literal["upper", "lower"] = option("upper", about="of hex digits")
    length: int | None = option(None, between=(1, 36), about="exact number of digits")
    prefix: str = option("", about="text in front of the digits")


AS_READ = UidPolicy()


def format_uid(uid: bytes, policy: UidPolicy = AS_READ) -> str:
    """The token of a UID."""
    ordered = uid if policy.order == "as-read" else uid[::-1]
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


def forms(uid: bytes) -> dict[str, str]:
    """Every usual form of a UID by name, for people who look for the one that their central system knows."""
    return {
        f"{policy.order} {policy.format} {policy.case}".removesuffix(" upper"): format_uid(uid, policy)
        for policy in (
            UidPolicy(),
            UidPolicy(case="lower"),
            UidPolicy(format="decimal"),
            UidPolicy(order="reversed"),
            UidPolicy(order="reversed", case="lower"),
            UidPolicy(order="reversed", format="decimal"),
        )
    }


def is_random(uid: bytes) -> bool:
    """Whether a type A UID is a random one."""
    return len(uid) == 4 and uid[0] == RANDOM_UID_MARK
