"""What a card may end: what it began itself, the session of another card of its group, or, as master pass, all of them.

Functions on the desk of ``station.core.authorization``, which calls them: for the card's own session before anybody is
asked, for its group once it is accepted.

Spec: OCPP 2.0.1 C09, C16, E07; OCPP 1.6 §3.5, §4.10 (parentIdTag); EVerest Auth,
prioritize_authorization_over_stopping_transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from station.core import names
from station.core.case import Case
from station.core.evse import Evse
from station.core.selection import plugged
from station.core.values import IdToken, StopReason, TokenResult, TriggerReason

if TYPE_CHECKING:
    from station.core.authorization import AuthDesk

MASTER_PASS: Final = "MasterPass"  # noqa: S105 - a reason, no password
"""The reason of a master pass that found nothing to stop, or was to start something."""
START_IF_PLUGGED: Final = "start-if-plugged"
"""It starts where a vehicle waits for a card, else it stops."""
START_IF_FREE: Final = "start-if-free"
"""It starts where an EVSE is free; it stops only where none is."""
STOP_FIRST: Final = "stop-first"
"""It stops; it starts only where nothing of its group runs."""


def given_to(token: IdToken, evses: Iterable[Evse]) -> Evse | None:
    """The EVSE that is given to the token; one that waits for its vehicle rather than another."""
    found = None
    for evse in evses:
        grant = evse.grant
        if grant is not None and grant.token.same(token) and (found is None or evse.state == "awaiting"):
            found = evse
    return found


def keeps_for(token: IdToken, evses: Iterable[Evse]) -> Evse | None:
    """The EVSE that keeps a cable locked for the token."""
    for evse in evses:
        if evse.kept is not None and evse.kept.opens(token):
            return evse
    return None


def kept_from(evse: Evse, token: IdToken, group: IdToken | None) -> bool:
    """Whether a cable is locked for another card (E05.FR.11, E09.FR.03; OCPP 1.6 §3.5.4, errata 3.5)."""
    return evse.kept is not None and evse.connector.locked and not evse.kept.opens(token, group)


def stop(desk: AuthDesk, case: Case, evse: Evse, by: str = "token") -> None:
    """The card, or one of its group, ends what it began (C09, E07; OCPP 1.6 §4.10)."""
    case.note("stops", evse=evse.id, by=by)
    evse.end_session(StopReason.LOCAL, TriggerReason.STOP_AUTHORIZED, case.token)
    desk.end(case, TokenResult.USED_TO_STOP, "", evse.id)


def let_go(desk: AuthDesk, case: Case, evse: Evse, by: str = "token") -> None:
    """A cable that was kept after the session goes to whom it belongs (E09.FR.03, E05.FR.11)."""
    case.note("unlocks", evse=evse.id, by=by)
    evse.let_go()
    desk.end(case, TokenResult.USED_TO_STOP, "", evse.id)


def ends_by_group(
    desk: AuthDesk, case: Case, group: IdToken, served: Sequence[Evse], candidates: Sequence[Evse]
) -> bool:
    """Whether the card's group says that it stops rather than starts, and so it did (C09.FR.03, C16.FR.02-03).

    A remote start stops nothing; by a master pass it starts nothing, either.
    """
    if is_master(desk, group):
        _master_pass(desk, case)
        return True
    if case.remote or _starts(desk.ctx.plan.group_card, candidates):
        return False
    for evse in served:
        if evse.grant is not None and evse.state != "awaiting" and evse.grant.opens(case.token, group):
            stop(desk, case, evse, "group")
            return True
        if evse.kept is not None and evse.kept.opens(case.token, group):
            let_go(desk, case, evse, "group")
            return True
    expected = any(e.state == "awaiting" and e.grant is not None and e.grant.opens(case.token, group) for e in served)
    if expected and (not candidates or desk.ctx.plan.group_card == STOP_FIRST):
        # One of the group waits for its plug: there is nothing to stop yet, and no second EVSE for the group.
        desk.end(case, TokenResult.ALREADY_IN_PROCESS, "")
        return True
    return False


def is_master(desk: AuthDesk, group: IdToken | None) -> bool:
    """Whether a group is the one whose cards stop everything and start nothing (C16.FR.02-03)."""
    if group is None or not group.value:
        return False
    master = desk.ctx.variables.text(names.MASTER_PASS_GROUP) or desk.ctx.plan.master_group or ""
    return group.value.upper() == master.upper()


def _starts(policy: str, candidates: Sequence[Evse]) -> bool:
    unused = [evse for evse in candidates if evse.kept is None]
    if policy == START_IF_PLUGGED:
        return bool(plugged(unused))
    return policy == START_IF_FREE and bool(unused)


def _master_pass(desk: AuthDesk, case: Case) -> None:
    """All transactions of the station end; nothing is started (C16.FR.02-03)."""
    if case.remote:
        desk.end(case, TokenResult.REJECTED, MASTER_PASS)
        return
    running = [evse for evse in desk.evses if evse.desk.running]
    case.note("stops", evses=[evse.id for evse in running], by="master")
    for evse in running:
        evse.stop(StopReason.MASTER_PASS, TriggerReason.STOP_AUTHORIZED, case.token)
    result = TokenResult.USED_TO_STOP if running else TokenResult.REJECTED
    desk.end(case, result, "" if running else MASTER_PASS, running[0].id if len(running) == 1 else None)
