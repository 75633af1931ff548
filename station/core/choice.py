"""The EVSE that somebody has chosen before showing a card (selection UserInput).

Not the choice for a card that waits already: ``station.core.authorization`` serves that at once, and calls this for the
rest. No deadline: a choice that nobody used is simply too old when the next card comes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from station.core.evse import Evse

CHOICE_S: Final = 30.0
"""How long a choice waits for a card."""


class Choice:
    """The last choice at a station, until a token has used it."""

    __slots__ = ("_evse", "_until_s")

    def __init__(self) -> None:
        self._evse = 0
        self._until_s = 0.0

    @property
    def evse(self) -> int:
        """The EVSE that was chosen last; 0: none, or it is used up."""
        return self._evse

    def make(self, evse: int, now: float) -> None:
        """This EVSE was chosen; an earlier choice is forgotten."""
        self._evse, self._until_s = evse, now + CHOICE_S

    def take(self, candidates: Sequence[Evse], shown_s: float) -> Evse | None:
        """The chosen EVSE for a token that was shown then; it is used up where it is one of the candidates."""
        chosen = next((evse for evse in candidates if evse.id == self._evse), None)
        if chosen is None or shown_s > self._until_s:
            return None
        self._evse = 0
        return chosen
