"""What nfcpy and the PN532 say of a card, as a ``Card``. Pure: targets are looked at, not talked to.

Hostile cards exist: an identity of a wrong length is none.
"""

from __future__ import annotations

from typing import Any, Literal

from drivers.api import Card
from drivers.uid import is_random

Technology = Literal["106A", "106B", "212F", "424F"]

UID_LENGTHS = (4, 7, 10)
"""Type A, ISO/IEC 14443-3, 6.5.4."""
IDM_LENGTH = 8
PUPI_LENGTH = 4
_NFC_DEP = b"\x01\xfe"
"""An IDm that begins so is an NFCID2 made up for a peer (NFC Forum Digital, NFC-F)."""


def card_of(target: Any) -> Card | None:
    """The card of an ``nfc.clf.RemoteTarget``; None when it has no identity that can be used.

    Type A: UID (type 1 tags: that of RID). Type B: PUPI. FeliCa: IDm.
    """
    technology = str(target.brty)
    if technology.endswith("A"):
        uid = bytes(target.sdd_res or b"")
        if not uid and target.rid_res and len(target.rid_res) == 6:
            uid = bytes(target.rid_res[2:6])
        return type_a(uid, technology)
    if technology.endswith("B"):
        pupi = bytes(target.sensb_res or b"")[1 : 1 + PUPI_LENGTH]
        return Card(pupi, technology) if len(pupi) == PUPI_LENGTH else None
    idm = bytes(target.sensf_res or b"")[1 : 1 + IDM_LENGTH]
    return Card(idm, technology, idm.startswith(_NFC_DEP)) if len(idm) == IDM_LENGTH else None


def type_a(uid: bytes, technology: str = "106A") -> Card | None:
    """A type A card."""
    return Card(uid, technology, is_random(uid)) if len(uid) in UID_LENGTHS else None


def listed(answer: bytes) -> list[Card]:
    """The type A cards of an answer to InListPassiveTarget, without ATS (UM0701-02, 7.3.5).

    Raises: ValueError: the answer breaks off, or lists more than the chip can.
    """
    cards: list[Card] = []
    if not answer or answer[0] > 2:
        raise ValueError("no list of targets")
    rest = answer[1:]
    for _ in range(answer[0]):
        if len(rest) < 5 or len(rest) < 5 + rest[4]:
            raise ValueError("a target that breaks off")
        card = type_a(bytes(rest[5 : 5 + rest[4]]))
        if card is not None:
            cards.append(card)
        rest = rest[5 + rest[4] :]
    return cards
