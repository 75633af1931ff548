"""Why a card that was shown began no session: whose doing that was, as it is counted."""

from __future__ import annotations

from typing import Final

from station.core.effects import TokenEnded
from station.core.validation import NOT_ASKED, OFFLINE_REFUSAL
from station.core.values import StopReason, TokenResult, TokenStatus

REFUSED: Final = "sessions.refused"
"""The CSMS, its list, or what it said of the card before."""
UNANSWERED: Final = "sessions.unanswered"
"""Nobody said anything of the card: Authorize had no usable answer, or there was no connection."""
UNSERVED: Final = "sessions.unserved"
"""The station: the EVSE took no card, or had no vehicle in time."""


def verdict(ended: TokenEnded) -> str:
    """The name of the count for a presentation that was of no use; the last that was said of the card decides."""
    if ended.result is not TokenResult.REJECTED:
        return UNSERVED
    if ended.reason in (OFFLINE_REFUSAL, NOT_ASKED):
        return UNANSWERED
    said = [step for step in ended.trace if step["step"] in ("answered", "failed")]
    if said and said[-1]["step"] == "failed":
        return UNANSWERED
    refused = bool(said) and said[-1]["answer"] != TokenStatus.ACCEPTED
    return REFUSED if refused or ended.reason == StopReason.DEAUTHORIZED else UNSERVED
