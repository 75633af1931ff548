"""One card at two EVSEs: people are told, nothing is refused.

The same token in use twice may be a copy of a card. Whether it may is the CSMS's to say (ConcurrentTx). Called by the
desk of ``station.core.authorization`` when a token gets its EVSE.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from station.core.case import Case
from station.core.evse import Evse

if TYPE_CHECKING:
    from station.core.authorization import AuthDesk


def flag_twice(desk: AuthDesk, case: Case, evse: Evse) -> None:
    """Tell people where a token that begins at an EVSE is in use already."""
    token = case.token
    grants = [(one, one.grant) for one in desk.evses if one is not evse] if token.value else []
    others = [one.id for one, grant in grants if grant is not None and grant.token.same(token)]
    if others:
        case.note("twice", evses=others)
        desk.ctx.publish("error", message=f"the same card is in use at EVSE {others[0]} and at EVSE {evse.id}")
