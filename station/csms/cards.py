"""Which cards the embedded central system accepts. Not an authorization cache: one question, one answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

ACCEPTED = "Accepted"

STATUSES_16 = frozenset({ACCEPTED, "Blocked", "Expired", "Invalid", "ConcurrentTx"})
STATUSES_201 = STATUSES_16 | {
    "NoCredit",
    "NotAllowedTypeEVSE",
    "NotAtThisLocation",
    "NotAtThisTime",
    "Unknown",
}


@dataclass(frozen=True, slots=True)
class Card:
    """What the central system knows of a card.

    Args:
        status: an AuthorizationStatusEnumType of OCPP 2.0.1 (its 1.6 subset goes to 1.6 stations).
        group: the group (1.6: parentIdTag) that the card belongs to, if any.
    """

    status: str = ACCEPTED
    group: str | None = None

    def __post_init__(self) -> None:
        if self.status not in STATUSES_201:
            raise ValueError(f"{self.status!r} is no authorization status; one of {', '.join(sorted(STATUSES_201))}")


class CardBook:
    """The cards by number, without regard to case (1.6 IdToken and 2.0.1 identifierString are case-insensitive)."""

    def __init__(self, cards: Mapping[str, str | Card] | None = None) -> None:
        """`None` accepts every card; a mapping accepts what it names (a text is the status) and no other."""
        self._cards: dict[str, Card] | None = None
        if cards is not None:
            self._cards = {number.casefold(): _card(value) for number, value in cards.items()}

    @property
    def accepts_every_card(self) -> bool:
        """Whether there is no list at all."""
        return self._cards is None

    def look_up(self, number: str) -> Card:
        """The card with this number; a card that is not listed is Unknown."""
        if self._cards is None:
            return Card()
        return self._cards.get(number.casefold(), Card("Unknown"))


def _card(value: str | Card) -> Card:
    return value if isinstance(value, Card) else Card(value)
