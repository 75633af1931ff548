"""What follows when the CSMS says late what it thinks of the token of a running transaction.

Called by ``station.core.delivery`` when a fact was answered.
"""

from __future__ import annotations

from station.core import names
from station.core.context import Context
from station.core.evse import Evse
from station.core.values import StopReason, TokenInfo, TokenStatus, TriggerReason


def judged(ctx: Context, evse: Evse, info: TokenInfo) -> None:
    """The CSMS tells the group of a token, or refuses it, while its transaction runs.

    Where it stops for that, the cable stays locked until its owner, or one of the group, comes. What was already done
    about a refusal is not done again.

    Spec: OCPP 2.0.1 C09.FR.12, C15.FR.03-07, E05.FR.02-03, .09-.11; OCPP 1.6 §4.8, errata 3.5, 3.17.
    """
    transaction = evse.transaction
    if transaction is None:
        return
    if info.group is not None and not info.group.same(transaction.group):
        transaction.group = info.group
        if evse.grant is not None:
            evse.grant.group = info.group
        evse.desk.store()
    if info.status is TokenStatus.ACCEPTED or transaction.suspended or transaction.limit_wh is not None:
        return
    extra_wh = ctx.number(names.MAX_ENERGY_ON_INVALID_ID)
    if ctx.flag(names.STOP_ON_INVALID_ID):
        if evse.grant is not None:
            evse.end_session(StopReason.DEAUTHORIZED, TriggerReason.DEAUTHORIZED, unlock=False)
    elif extra_wh > 0:
        transaction.limit_wh = transaction.last_wh + extra_wh
        evse.desk.store()
    else:
        evse.suspend(TriggerReason.CHARGING_STATE_CHANGED)
