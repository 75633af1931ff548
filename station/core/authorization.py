"""Tokens: from a card that is shown, or a remote start, to a named result.

Every presentation ends in exactly one final result (``TokenResult``). The same token is never in process twice;
different tokens run side by side. What is said of a token, and by whom, is ``station.core.validation``'s business.

Spec: OCPP 2.0.1 C01, C09, C10-C15, E02, E03, F01, F02; OCPP 1.6 §3.5, §4.1, §5.11; EVerest Auth.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from station.core import names
from station.core.card_stops import (
    MASTER_PASS,
    ends_by_group,
    given_to,
    is_master,
    keeps_for,
    kept_from,
    let_go,
    stop,
)
from station.core.case import MOST_IN_PROCESS, REPLUG, RESERVED, Case, unfit
from station.core.charging import Grant
from station.core.choice import Choice
from station.core.context import Context
from station.core.contracts import Contracts
from station.core.effects import TokenEnded
from station.core.events import RemoteStart, TokenPresented
from station.core.evse import Evse
from station.core.journal import LOST
from station.core.own_word import known, known_group
from station.core.reservation import Reservations
from station.core.selection import Selection, available, choose
from station.core.token_store import TokenStore
from station.core.twice import flag_twice
from station.core.validation import Validation
from station.core.validators import asks_csms
from station.core.values import NO_TOKEN, IdToken, StopReason, TokenInfo, TokenResult, TokenStatus, TriggerReason

if TYPE_CHECKING:
    from station.core.pricing import Pricing

DEADLINE = "auth"


class AuthDesk:
    """All tokens in process at a station. ``token_limit`` is how long one may be."""

    __slots__ = ("cases", "choice", "ctx", "evses", "reservations", "store", "token_limit", "validation")

    def __init__(
        self,
        ctx: Context,
        evses: Sequence[Evse],
        store: TokenStore,
        reservations: Reservations,
        contracts: Contracts,
        pricing: Pricing,
    ) -> None:
        self.ctx = ctx
        self.evses = evses
        self.store = store
        self.reservations = reservations
        self.validation = Validation(ctx, store, contracts, pricing, self)
        self.cases = self.validation.cases
        self.token_limit = 36
        self.choice: Choice | None = None

    def speaks(self, token_limit: int, *, types: bool) -> None:
        """How long a token may be, and whether the CSMS's words name its type."""
        self.token_limit = token_limit
        self.validation.types_known = types

    # Presentation

    def present(self, event: TokenPresented) -> None:
        """A card was shown."""
        case = Case(self.validation.known_as(event.token), event.reader, event.evses, event.asked, began_s=self.ctx.now)
        case.contract = self.validation.contracts.shown(event)
        case.prevalidated = event.prevalidated
        about = {"technology": event.technology} if event.technology else {}
        case.note("presented", provider=event.reader, type=event.token.type, **about, token=event.token.masked)
        self._take(case)

    def remote_start(self, event: RemoteStart) -> str | None:
        """The CSMS asks to start. Answers why not, or None where it is taken up.

        Which EVSE is free is decided at once (2.0.1 F01.FR.05, .07), whether the token may by AuthorizeRemoteStart.
        """
        evses = (event.evse,) if event.evse is not None else ()
        if event.evse is None and self.ctx.plan.remote_start_without_evse == "reject":
            return "NoEvse"
        if event.token.key in self.cases or len(self.cases) >= MOST_IN_PROCESS:
            return "TokenInProcess"
        served = self._served(evses)
        free = available(served)
        if not free:
            return "NoConnector"
        if self._awaits_plug(event.token, served):
            return "TokenInProcess"
        kept = known_group(self.ctx, self.store, event.token)
        if is_master(self, event.group or kept):
            return MASTER_PASS
        group = event.group if event.names_group else kept
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
        case.note("presented", provider="csms", type=event.token.type, token=event.token.masked)
        # A refused request leaves no trace: whoever was told No is not charging a minute later.
        self.ctx.ledger.undo(lambda: self.withdraw(case.token, TokenResult.REJECTED, LOST))
        if self.ctx.flag(names.AUTHORIZE_REMOTE_START):
            self.validation.validate(case, online=self.ctx.registered)
        else:
            self._vouched(case)

    def _vouched(self, case: Case) -> None:
        """Its provider has validated it already: nobody is asked."""
        case.answered("prevalidated", TokenStatus.ACCEPTED.value)
        self._accepted(case, TokenInfo(TokenStatus.ACCEPTED, case.group))

    def _served(self, wanted: Sequence[int]) -> Sequence[Evse]:
        return [evse for evse in self.evses if evse.id in wanted] if wanted else self.evses

    def _take(self, case: Case) -> None:
        token = case.token
        problem = unfit(token, self.token_limit)
        if problem:
            self.end(case, TokenResult.REJECTED, problem)
            return
        served = self._served(case.evses)
        held = given_to(token, served)
        if (self.cases and token.key in self.cases) or (held is not None and held.state == "awaiting"):
            self._shown_again(case)
        elif held is not None:
            stop(self, case, held)
        elif (kept := keeps_for(token, served)) is not None:
            let_go(self, case, kept)
        elif self.ctx.turned_away:
            self.end(case, TokenResult.REJECTED, "NotAccepted")
        elif not (available(served) or any(evse.grant is not None or evse.kept is not None for evse in served)):
            self._none_free(case)
        elif len(self.cases) >= MOST_IN_PROCESS:
            self.end(case, TokenResult.REJECTED, "TooManyTokens")
        elif case.prevalidated:
            self._vouched(case)
        else:
            self.validation.examine(case)

    def _shown_again(self, case: Case) -> None:
        """The token is in process already; one that waits for a plug or a choice may be taken back so."""
        first = self.cases.get(case.token.key)
        if self.ctx.plan.reswipe_withdraws and (first is None or first.until_s is not None):
            case.note("withdraws")
            self.withdraw(case.token, trigger=TriggerReason.STOP_AUTHORIZED)
            self.end(case, TokenResult.WITHDRAWN, "")
        else:
            self.end(case, TokenResult.ALREADY_IN_PROCESS, "")

    def in_process(self, token: IdToken) -> bool:
        """Whether a token is being validated, or waits for a plug or a choice."""
        token = self.validation.known_as(token)
        return token.key in self.cases or self._awaits_plug(token, self.evses)

    def _awaits_plug(self, token: IdToken, evses: Iterable[Evse]) -> bool:
        """Whether one of the EVSEs is given to the token, and waits for its vehicle."""
        held = given_to(token, evses)
        return held is not None and held.state == "awaiting"

    # Validated

    def decided(self, case: Case, info: TokenInfo) -> None:
        """A validator has spoken its last word on a token."""
        case.asking = False
        if info.status is TokenStatus.ACCEPTED:
            self._accepted(case, info)
        else:
            self.end(case, TokenResult.REJECTED, info.raw or str(info.status))

    def unanswered(self, case: Case, cause: str) -> None:
        self.end(case, TokenResult.REJECTED, cause)

    # An EVSE for it

    def _accepted(self, case: Case, info: TokenInfo) -> None:
        case.info = info
        served = self._of(case)
        group = self._group(case)
        free = available(served)
        if not case.remote:
            free = [evse for evse in free if evse.kept is None or not kept_from(evse, case.token, group)]
        candidates = self._admitted(case.token, group, free)
        if group is not None and ends_by_group(self, case, group, served, candidates):
            return
        if not candidates:
            self._refused(case, free)
            return
        chosen = self._selected(case, group, candidates, len(served))
        if chosen is not None:
            self._begin(case, chosen, group)
        else:
            self._wait(case)

    def _selected(self, case: Case, group: IdToken | None, candidates: Sequence[Evse], served: int) -> Evse | None:
        """The EVSE for a token: chosen by hand, or reserved, which is a choice too, or by the rule."""
        rule = self.ctx.plan.selection
        by, chosen = "choice", self.choice.take(candidates, case.began_s) if self.choice is not None else None
        if chosen is None and self.reservations.all:
            by, chosen = "reservation", self.reservations.reserved_for(case.token, group, candidates)
        if chosen is None:
            by, chosen = "rule", choose(rule, candidates, served)
        ids = [evse.id for evse in candidates]
        case.note("selection", rule=rule, candidates=ids, by=by, evse=chosen.id if chosen else None)
        return chosen

    def _refused(self, case: Case, free: Sequence[Evse]) -> None:
        """No EVSE for it, unless the CSMS says that it is of the group that one is reserved for (H03.FR.08)."""
        if free and not case.heard and self._may_learn_group(case.token, free):
            self.validation.ask(case)
        elif free:
            case.note("reserved", evses=[evse.id for evse in free])
            self.end(case, TokenResult.REJECTED, RESERVED)
        else:
            self._none_free(case)

    def _none_free(self, case: Case) -> None:
        lapsed = any(evse.lapsed for evse in self._of(case))
        self.end(case, TokenResult.NO_CONNECTOR_AVAILABLE, REPLUG if lapsed else "")

    def _admitted(self, token: IdToken, group: IdToken | None, evses: Sequence[Evse]) -> Sequence[Evse]:
        """Those of the EVSEs that no reservation keeps from the token."""
        if not self.reservations.all:
            return evses
        return [evse for evse in evses if self.reservations.admits(evse, token, group)]

    def _may_learn_group(self, token: IdToken, evses: Sequence[Evse]) -> bool:
        """Whether the CSMS may be asked for a token's group, and it matters (H03.FR.07-08; OCPP 1.6 §5.13)."""
        ctx = self.ctx
        asks = asks_csms(ctx, ctx.registered) and known(ctx, self.store, token) is None
        return asks and self.reservations.asks_group(evses)

    def _group(self, case: Case) -> IdToken | None:
        """The group of a token, as far as it is known: said with it, or by whoever validated it, or kept."""
        said = case.info.group if case.info is not None else None
        return said or case.group or (None if case.heard else known_group(self.ctx, self.store, case.token))

    def waiting(self) -> int:
        """How many tokens that wait for a plug have an EVSE free for them."""
        waiting = [case for case in self.cases.values() if case.until_s is not None]
        return sum(bool(self._admitted(one.token, self._group(one), available(self._of(one)))) for one in waiting)

    def _of(self, case: Case) -> Sequence[Evse]:
        """The EVSEs that the token may use."""
        allowed = case.info.evses if case.info is not None else ()
        served = self._served(case.evses)
        return [evse for evse in served if evse.id in allowed] if allowed else served

    def _wait(self, case: Case) -> None:
        timeout_s = self.ctx.number(names.EV_CONNECTION_TIMEOUT)
        case.until_s = self.ctx.now + timeout_s if timeout_s > 0 else math.inf
        self.cases[case.token.key] = case
        self._set_deadline()
        self._tell(case, TokenResult.ACCEPTED, "", final=False)

    def _begin(self, case: Case, evse: Evse, group: IdToken | None) -> None:
        if self.cases:
            self.cases.pop(case.token.key, None)
        waited = case.until_s is not None
        trigger = TriggerReason.REMOTE_START if case.remote else TriggerReason.AUTHORIZED
        reservation = self.reservations.claim(evse, case.token, group) if self.reservations.all else None
        if reservation is not None:
            case.note("reservation", id=reservation, evse=evse.id)
        if len(self.evses) > 1:
            flag_twice(self, case, evse)
        grant = Grant(case.token, group, case.remote_start_id, reservation, trigger, case)
        grant.profile = case.profile
        if not evse.grant_to(grant, trigger) and evse.grant is grant and not waited:
            self._tell(case, TokenResult.ACCEPTED, "", final=False, evse=evse.id)

    def session_began(self, evse: Evse) -> None:
        """Token and plug came together."""
        if evse.grant is not None and isinstance(evse.grant.case, Case):
            case, evse.grant.case = evse.grant.case, None
            self.end(case, TokenResult.USED_TO_START, "", evse.id)

    def session_over(self, evse: Evse, grant: Grant, reason: StopReason) -> None:
        """A session ended; where its token was never used, that is its result."""
        if not isinstance(grant.case, Case):
            return
        case, grant.case = grant.case, None
        if reason is StopReason.TIMEOUT:
            self.end(case, TokenResult.TIMEOUT, "", evse.id)
        elif evse.serviceable:
            self.end(case, TokenResult.REJECTED, reason.value, evse.id)
        else:
            self.end(case, TokenResult.NO_CONNECTOR_AVAILABLE, reason.value, evse.id)

    def plugged_in(self, evse: Evse) -> None:
        """A vehicle came: the token that has waited longest for one gets it."""
        welcome = self.ctx.free and not self.ctx.turned_away
        if welcome and available([evse]) and self.reservations.admits(evse, NO_TOKEN):
            evse.grant_to(Grant(NO_TOKEN), TriggerReason.CABLE_PLUGGED_IN)
            return
        if self.cases and self.ctx.plan.selection != Selection.USER_INPUT:
            self._serve(evse, "plug")

    def choose(self, evse: Evse) -> None:
        """Somebody has chosen this EVSE: for the token that waits, or, by the rule UserInput, for the next one."""
        if not self._serve(evse, "choice") and self.ctx.plan.selection == Selection.USER_INPUT:
            if self.choice is None:
                self.choice = Choice()
            # It was meant for the token that waits: what is kept from that is no choice for the next one.
            usable = available([evse]) and not self._waiting_for(evse)
            self.choice.make(evse.id if usable else 0, self.ctx.now)

    def _serve(self, evse: Evse, by: str) -> bool:
        """Give this EVSE to the token that has waited longest. False where none waits or it is not free."""
        if not available([evse]):
            return False
        for case in self._waiting_for(evse):
            group = self._group(case)
            if self.reservations.admits(evse, case.token, group):
                case.note("selected", evse=evse.id, by=by)
                self._begin(case, evse, group)
                return True
        return False

    def _waiting_for(self, evse: Evse) -> list[Case]:
        """The tokens that wait and, but for reservations, may use this EVSE; the one that has waited longest first."""
        return [case for case in self.cases.values() if case.until_s is not None and evse in self._of(case)]

    def withdraw(
        self,
        token: IdToken,
        result: TokenResult = TokenResult.WITHDRAWN,
        reason: str = "",
        trigger: TriggerReason = TriggerReason.DEAUTHORIZED,
    ) -> None:
        """The presenter took the token back before it was used."""
        token = self.validation.known_as(token)
        case = self.cases.pop(token.key, None)
        if case is not None:
            self._set_deadline()
            self.end(case, result, reason)
            return
        for evse in self.evses:
            grant = evse.grant
            if evse.state == "awaiting" and grant is not None and grant.token.same(token):
                if isinstance(grant.case, Case):
                    case, grant.case = grant.case, None
                    self.end(case, result, reason, evse.id)
                evse.abandon(StopReason.LOCAL, trigger, token if trigger is TriggerReason.STOP_AUTHORIZED else None)

    def review(self) -> None:
        """Tokens that wait for a plug or the user end where no EVSE of theirs is in service any more."""
        for key, case in list(self.cases.items()):
            if case.until_s is None:
                continue
            serviceable = [evse for evse in self._of(case) if evse.serviceable]
            if not self._admitted(case.token, self._group(case), serviceable):
                del self.cases[key]
                self._set_deadline()
                self.end(case, TokenResult.NO_CONNECTOR_AVAILABLE, "")

    def close(self, reason: StopReason) -> None:
        """The station goes down: every token in process ends."""
        for case in list(self.cases.values()):
            self.end(case, TokenResult.REJECTED, reason.value)
        self.cases.clear()
        self._set_deadline()
        for evse in self.evses:
            grant = evse.grant
            if grant is not None and isinstance(grant.case, Case):
                case, grant.case = grant.case, None
                self.end(case, TokenResult.REJECTED, reason.value, evse.id)

    def due(self) -> None:
        """The connection time-out of tokens that wait for a plug."""
        for key, case in list(self.cases.items()):
            if case.until_s is not None and case.until_s <= self.ctx.now:
                del self.cases[key]
                self.end(case, TokenResult.TIMEOUT, "")
        self._set_deadline()

    def _set_deadline(self) -> None:
        times = [case.until_s for case in self.cases.values() if case.until_s is not None and case.until_s < math.inf]
        if times:
            self.ctx.at(DEADLINE, 0, min(times) - self.ctx.now)
        else:
            self.ctx.cancel(DEADLINE, 0)

    # Results

    def end(self, case: Case, result: TokenResult, reason: str, evse: int | None = None) -> None:
        """The one final result of a presentation."""
        self._tell(case, result, reason, final=True, evse=evse)

    def _tell(self, case: Case, result: TokenResult, reason: str, *, final: bool, evse: int | None = None) -> None:
        shown = reason or (case.info.raw or str(case.info.status) if case.info else "")
        case.trace.append({"step": "result", "result": str(result), "reason": shown, "evse": evse})
        self.ctx.ledger.promise(TokenEnded(case.token, result, shown, tuple(case.trace), case.asked, final, evse))
