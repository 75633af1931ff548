"""Tokens: from a card that is shown, or a remote start, to a named result.

Every presentation ends in exactly one final result (``TokenResult``). The same token is never in process twice;
different tokens run side by side. What is said of a token, and by whom, is ``station.core.validation``'s business.

Spec: OCPP 2.0.1 C01, C09, C10-C15, E02, E03, F01, F02; OCPP 1.6 §3.5, §4.1, §5.11; EVerest Auth.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

from station.core import names
from station.core.case import Case
from station.core.charging import Grant
from station.core.context import Context
from station.core.contracts import Contracts
from station.core.effects import TokenEnded
from station.core.events import RemoteStart, TokenPresented
from station.core.evse import Evse
from station.core.journal import LOST
from station.core.own_word import known
from station.core.reservation import Reservations
from station.core.selection import Selection, available, choose, plugged
from station.core.token_store import TokenStore
from station.core.validation import Validation
from station.core.values import (
    NO_TOKEN,
    IdToken,
    StopReason,
    TokenInfo,
    TokenResult,
    TokenStatus,
    TriggerReason,
)

DEADLINE = "auth"
RESERVED = "Reserved"
"""The reason of a token that is refused because every EVSE that is free is kept for somebody else."""


class AuthDesk:
    """All tokens in process at a station. ``token_limit`` is how long one may be."""

    __slots__ = ("cases", "ctx", "evses", "reservations", "store", "token_limit", "validation")

    def __init__(
        self,
        ctx: Context,
        evses: Sequence[Evse],
        store: TokenStore,
        reservations: Reservations,
        contracts: Contracts,
        hold: Callable[[Case, TokenInfo], bool] = lambda case, info: False,
    ) -> None:
        self.ctx = ctx
        self.evses = evses
        self.store = store
        self.reservations = reservations
        self.validation = Validation(ctx, store, contracts, hold, self.decided, self._unanswered)
        self.cases = self.validation.cases
        self.token_limit = 36

    def speaks(self, token_limit: int, *, types: bool) -> None:
        """How long a token may be, and whether the CSMS's words name its type."""
        self.token_limit = token_limit
        self.validation.types_known = types

    # Presentation

    def present(self, event: TokenPresented) -> None:
        """A card was shown."""
        case = Case(self.validation.known_as(event.token), event.reader, event.evses, event.asked, began_s=self.ctx.now)
        case.contract = self.validation.contracts.shown(event)
        case.note("presented", reader=event.reader, token=event.token.value)
        self._take(case)

    def remote_start(self, event: RemoteStart) -> str | None:
        """The CSMS asks to start. Answers why not, or None where it is taken up.

        Which EVSE is free is decided at once (OCPP 2.0.1 F01.FR.05, F01.FR.07); whether the token may is decided by
        AuthorizeRemoteStart.
        """
        evses = (event.evse,) if event.evse is not None else ()
        if event.evse is None and self.ctx.plan.remote_start_without_evse == "reject":
            return "NoEvse"
        if event.token.key in self.cases:
            return "TokenInProcess"
        free = available(self._served(evses))
        if not free:
            return "NoConnector"
        group = event.group if event.names_group else self._known_group(event.token)
        learns = not event.names_group and self._may_learn_group(event.token, free)
        return None if learns or self._admitted(event.token, group, free) else "Reserved"

    def take_remote(self, event: RemoteStart) -> None:
        """Carry out a remote start that was accepted."""
        case = Case(
            event.token,
            "csms",
            (event.evse,) if event.evse is not None else (),
            remote=True,
            remote_start_id=event.remote_start_id,
            group=event.group,
            began_s=self.ctx.now,
            profile=event.profile,
        )
        case.note("remote start", token=repr(event.token))
        # A refused request leaves no trace: whoever was told No is not charging a minute later.
        self.ctx.ledger.undo(lambda: self.withdraw(case.token, TokenResult.REJECTED, LOST))
        if self.ctx.flag(names.AUTHORIZE_REMOTE_START):
            self.validation.validate(case, online=self.ctx.registered)
        else:
            case.note("prevalidated", answer="Accepted")
            self._accepted(case, TokenInfo(TokenStatus.ACCEPTED, event.group))

    def _served(self, evses: Iterable[int]) -> list[Evse]:
        wanted = tuple(evses)
        return [evse for evse in self.evses if not wanted or evse.id in wanted]

    def _take(self, case: Case) -> None:
        token = case.token
        if not token.value or len(token.value) > self.token_limit:
            self._end(case, TokenResult.REJECTED, "TokenTooLong" if token.value else "TokenEmpty")
            return
        served = self._served(case.evses)
        if token.key in self.cases or any(e.state == "awaiting" and self._holds(e, token) for e in served):
            self._end(case, TokenResult.ALREADY_IN_PROCESS, "")
            return
        running = next((evse for evse in served if self._holds(evse, token)), None)
        kept = next((evse for evse in served if evse.kept is not None and evse.kept.opens(token)), None)
        if running is not None:
            self._stop(case, running)
        elif kept is not None:
            self._let_go(case, kept)
        elif self.ctx.turned_away:
            self._end(case, TokenResult.REJECTED, "NotAccepted")
        elif available(served) or any(evse.grant is not None or evse.kept is not None for evse in served):
            self.validation.examine(case)
        else:
            self._end(case, TokenResult.NO_CONNECTOR_AVAILABLE, "")

    @staticmethod
    def _holds(evse: Evse, token: IdToken) -> bool:
        return evse.grant is not None and evse.grant.token.same(token)

    def _stop(self, case: Case, evse: Evse) -> None:
        """The card, or one of its group, ends what it began (C09, E07; OCPP 1.6 §4.10)."""
        case.note("stops", evse=evse.id)
        evse.end_session(StopReason.LOCAL, TriggerReason.STOP_AUTHORIZED, case.token)
        self._end(case, TokenResult.USED_TO_STOP, "", evse.id)

    def _let_go(self, case: Case, evse: Evse) -> None:
        """A cable that was kept after the session goes to whom it belongs (E09.FR.03, E05.FR.11)."""
        case.note("unlocks", evse=evse.id)
        evse.let_go()
        self._end(case, TokenResult.USED_TO_STOP, "", evse.id)

    # Validated

    def decided(self, case: Case, info: TokenInfo) -> None:
        """A validator has spoken its last word on a token."""
        case.asking = False
        if info.status is TokenStatus.ACCEPTED:
            self._accepted(case, info)
        else:
            self._end(case, TokenResult.REJECTED, info.raw or info.status.value)

    def _unanswered(self, case: Case, cause: str) -> None:
        self._end(case, TokenResult.REJECTED, cause)

    # An EVSE for it

    def _accepted(self, case: Case, info: TokenInfo) -> None:
        case.info = info
        served = self._of(case)
        free = [evse for evse in available(served) if case.remote or not self._kept_from(evse, case.token, info.group)]
        candidates = self._admitted(case.token, self._group(case), free)
        group = info.group
        if not case.remote and group is not None and self._ends_by_group(case, group, served, candidates):
            return
        if not candidates:
            self._refused(case, free)
            return
        rule = Selection(self.ctx.plan.selection)
        # Who has reserved an EVSE has chosen it.
        chosen = self.reservations.reserved_for(case.token, self._group(case), candidates)
        chosen = chosen or choose(rule, candidates, len(served))
        case.note("selection", rule=rule.value, evse=chosen.id if chosen else None)
        if chosen is not None:
            self._begin(case, chosen)
        else:
            self._wait(case)

    def _refused(self, case: Case, free: Sequence[Evse]) -> None:
        """No EVSE for it, unless the CSMS says that it is of the group that one is reserved for (H03.FR.08)."""
        if free and not case.heard and self._may_learn_group(case.token, free):
            self.validation.ask(case)
        elif free:
            self._end(case, TokenResult.REJECTED, RESERVED)
        else:
            self._end(case, TokenResult.NO_CONNECTOR_AVAILABLE, "")

    def _admitted(self, token: IdToken, group: IdToken | None, evses: Sequence[Evse]) -> list[Evse]:
        """Those of the EVSEs that no reservation keeps from the token."""
        return [evse for evse in evses if self.reservations.admits(evse, token, group)]

    def _may_learn_group(self, token: IdToken, evses: Sequence[Evse]) -> bool:
        """Whether the CSMS may be asked for a token's group, and it matters (H03.FR.07-08; OCPP 1.6 §5.13)."""
        ctx = self.ctx
        if not ctx.registered or ctx.flag(names.DISABLE_REMOTE_AUTHORIZATION):
            return False
        if known(ctx, self.store, token)[0] is not None:
            return False
        return self.reservations.asks_group(evses)

    def _known_group(self, token: IdToken) -> IdToken | None:
        said, _ = known(self.ctx, self.store, token)
        return said.group if said is not None else None

    def _group(self, case: Case) -> IdToken | None:
        """The group of a token, as far as it is known: said with it, or by whoever validated it, or kept."""
        said = case.info.group if case.info is not None else None
        return said or case.group or (None if case.heard else self._known_group(case.token))

    def waiting(self) -> int:
        """How many tokens that wait for a plug have an EVSE free for them."""
        waiting = [case for case in self.cases.values() if case.until_s is not None]
        return sum(bool(self._admitted(one.token, self._group(one), available(self._of(one)))) for one in waiting)

    def _of(self, case: Case) -> list[Evse]:
        """The EVSEs that the token may use."""
        allowed = case.info.evses if case.info is not None else ()
        return [evse for evse in self._served(case.evses) if not allowed or evse.id in allowed]

    @staticmethod
    def _kept_from(evse: Evse, token: IdToken, group: IdToken | None) -> bool:
        """Whether a cable is locked for another card (E05.FR.11, E09.FR.03; OCPP 1.6 §3.5.4, errata 3.5)."""
        return evse.kept is not None and evse.connector.locked and not evse.kept.opens(token, group)

    def _ends_by_group(self, case: Case, group: IdToken, served: Sequence[Evse], candidates: Sequence[Evse]) -> bool:
        """Whether the card's group says that it stops rather than starts (C09.FR.03, C16.FR.02-03)."""
        if group.value and group.value.upper() == self._master_group.upper():
            running = [evse for evse in self.evses if evse.desk.running]
            for evse in running:
                evse.stop(StopReason.MASTER_PASS, TriggerReason.STOP_AUTHORIZED, case.token)
            result = TokenResult.USED_TO_STOP if running else TokenResult.REJECTED
            self._end(case, result, "" if running else "MasterPass", running[0].id if len(running) == 1 else None)
            return True
        if plugged([evse for evse in candidates if evse.kept is None]):
            return False
        for evse in served:
            if evse.grant is not None and evse.state != "awaiting" and evse.grant.opens(case.token, group):
                self._stop(case, evse)
                return True
            if evse.kept is not None and evse.kept.opens(case.token, group):
                self._let_go(case, evse)
                return True
        return False

    @property
    def _master_group(self) -> str:
        return self.ctx.variables.text(names.MASTER_PASS_GROUP) or self.ctx.plan.master_group or ""

    def _wait(self, case: Case) -> None:
        timeout_s = self.ctx.number(names.EV_CONNECTION_TIMEOUT)
        case.until_s = self.ctx.now + timeout_s if timeout_s > 0 else math.inf
        self.cases[case.token.key] = case
        self._set_deadline()
        self._tell(case, TokenResult.ACCEPTED, "", final=False)

    def _begin(self, case: Case, evse: Evse) -> None:
        self.cases.pop(case.token.key, None)
        waited = case.until_s is not None
        trigger = TriggerReason.REMOTE_START if case.remote else TriggerReason.AUTHORIZED
        group = self._group(case)
        reservation = self.reservations.claim(evse, case.token, group)
        grant = Grant(case.token, group, case.remote_start_id, reservation, trigger, case)
        grant.profile = case.profile
        if not evse.grant_to(grant, trigger) and evse.grant is grant and not waited:
            self._tell(case, TokenResult.ACCEPTED, "", final=False, evse=evse.id)

    def session_began(self, evse: Evse) -> None:
        """Token and plug came together."""
        if evse.grant is not None and isinstance(evse.grant.case, Case):
            case, evse.grant.case = evse.grant.case, None
            self._end(case, TokenResult.USED_TO_START, "", evse.id)

    def session_over(self, evse: Evse, grant: Grant, reason: StopReason) -> None:
        """A session ended; where its token was never used, that is its result."""
        if not isinstance(grant.case, Case):
            return
        case, grant.case = grant.case, None
        if reason is StopReason.TIMEOUT:
            self._end(case, TokenResult.TIMEOUT, "", evse.id)
        elif evse.serviceable:
            self._end(case, TokenResult.REJECTED, reason.value, evse.id)
        else:
            self._end(case, TokenResult.NO_CONNECTOR_AVAILABLE, reason.value, evse.id)

    def plugged_in(self, evse: Evse) -> None:
        """A vehicle came: the token that has waited longest for one gets it."""
        welcome = self.ctx.free and not self.ctx.turned_away
        if welcome and available([evse]) and self.reservations.admits(evse, NO_TOKEN):
            evse.grant_to(Grant(NO_TOKEN), TriggerReason.CABLE_PLUGGED_IN)
            return
        if Selection(self.ctx.plan.selection) is Selection.USER_INPUT:
            return
        self.select(evse)

    def select(self, evse: Evse) -> bool:
        """This EVSE is chosen for the token that has waited longest. False where none waits or it is not free."""
        if not available([evse]):
            return False
        for case in list(self.cases.values()):
            waits = case.until_s is not None and evse in self._of(case)
            if waits and self.reservations.admits(evse, case.token, self._group(case)):
                case.note("selected", evse=evse.id)
                self._begin(case, evse)
                return True
        return False

    def withdraw(self, token: IdToken, result: TokenResult = TokenResult.WITHDRAWN, reason: str = "") -> None:
        """The presenter took the token back before it was used."""
        token = self.validation.known_as(token)
        case = self.cases.pop(token.key, None)
        if case is not None:
            self._set_deadline()
            self._end(case, result, reason)
            return
        for evse in self.evses:
            grant = evse.grant
            if evse.state == "awaiting" and grant is not None and grant.token.same(token):
                if isinstance(grant.case, Case):
                    case, grant.case = grant.case, None
                    self._end(case, result, reason, evse.id)
                evse.end_session(StopReason.LOCAL, TriggerReason.DEAUTHORIZED)

    def review(self) -> None:
        """Tokens that wait for a plug or the user end where no EVSE of theirs is in service any more."""
        for key, case in list(self.cases.items()):
            serviceable = [evse for evse in self._of(case) if evse.serviceable]
            if case.until_s is not None and not self._admitted(case.token, self._group(case), serviceable):
                del self.cases[key]
                self._set_deadline()
                self._end(case, TokenResult.NO_CONNECTOR_AVAILABLE, "")

    def close(self, reason: StopReason) -> None:
        """The station goes down: every token in process ends."""
        for case in list(self.cases.values()):
            self._end(case, TokenResult.REJECTED, reason.value)
        self.cases.clear()
        self._set_deadline()
        for evse in self.evses:
            grant = evse.grant
            if grant is not None and isinstance(grant.case, Case):
                case, grant.case = grant.case, None
                self._end(case, TokenResult.REJECTED, reason.value, evse.id)

    def due(self) -> None:
        """The connection time-out of tokens that wait for a plug."""
        for key, case in list(self.cases.items()):
            if case.until_s is not None and case.until_s <= self.ctx.now:
                del self.cases[key]
                self._end(case, TokenResult.TIMEOUT, "")
        self._set_deadline()

    def _set_deadline(self) -> None:
        times = [case.until_s for case in self.cases.values() if case.until_s is not None and case.until_s < math.inf]
        if times:
            self.ctx.at(DEADLINE, 0, min(times) - self.ctx.now)
        else:
            self.ctx.cancel(DEADLINE, 0)

    # Results

    def _end(self, case: Case, result: TokenResult, reason: str, evse: int | None = None) -> None:
        self._tell(case, result, reason, final=True, evse=evse)

    def _tell(self, case: Case, result: TokenResult, reason: str, *, final: bool, evse: int | None = None) -> None:
        case.note("result", result=result.value, reason=reason)
        shown = reason or (case.info.raw or case.info.status.value if case.info else "")
        self.ctx.ledger.promise(TokenEnded(case.token, result, shown, tuple(case.trace), case.asked, final, evse))
