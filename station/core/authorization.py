"""Tokens: from a card that is shown, or a remote start, to a named result.

Every presentation ends in exactly one final result (``TokenResult``). The same token is never in process twice;
different tokens run side by side. Validators are asked in order: the profile's own list, the local list, the cache,
the CSMS, and without connection the offline policy.

Spec: OCPP 2.0.1 C01, C09, C10-C15, E02, E03, F01, F02; OCPP 1.6 §3.5, §4.1, §5.11; EVerest Auth.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from station.core import names
from station.core.charging import Grant
from station.core.context import Context
from station.core.effects import AuthorizeQuery, TokenEnded
from station.core.events import RemoteStart, TokenPresented
from station.core.evse import Evse
from station.core.journal import LOST
from station.core.selection import Selection, available, choose, plugged
from station.core.token_store import TokenStore, expired
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


@dataclass(slots=True, eq=False)
class Case:
    """One presentation of a token. ``until_s`` is set while it waits for a plug or for the user."""

    token: IdToken
    reader: str
    evses: tuple[int, ...]
    asked: int | None = None
    remote: bool = False
    remote_start_id: int | None = None
    group: IdToken | None = None
    began_s: float = 0.0
    asking: bool = False
    until_s: float | None = None
    info: TokenInfo | None = None
    trace: list[dict[str, Any]] = field(default_factory=list)

    def note(self, step: str, **detail: Any) -> None:
        """Add a line for people to the trace."""
        self.trace.append({"step": step, **detail})


class AuthDesk:
    """All tokens in process at a station."""

    __slots__ = ("cases", "ctx", "evses", "store", "token_limit")

    def __init__(self, ctx: Context, evses: Sequence[Evse], store: TokenStore) -> None:
        self.ctx = ctx
        self.evses = evses
        self.store = store
        self.cases: dict[str, Case] = {}
        self.token_limit = 36

    # Presentation

    def present(self, event: TokenPresented) -> None:
        """A card was shown."""
        case = Case(event.token, event.reader, event.evses, event.asked, began_s=self.ctx.now)
        case.note("presented", reader=event.reader, token=repr(event.token))
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
        if not available(self._served(evses)):
            return "NoConnector"
        return None

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
        )
        case.note("remote start", token=repr(event.token))
        # A refused request leaves no trace: whoever was told No is not charging a minute later.
        self.ctx.ledger.undo(lambda: self.withdraw(case.token, TokenResult.REJECTED, LOST))
        if self.ctx.flag(names.AUTHORIZE_REMOTE_START):
            self._validate(case, online=self.ctx.registered)
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
            self._validate(case, online=self.ctx.registered)
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

    # Validation

    def _validate(self, case: Case, *, online: bool) -> None:
        info = self._own_word(case, online)
        if info is not None:
            self._decided(case, info)
        elif online and self.ctx.flag(names.DISABLE_REMOTE_AUTHORIZATION):
            self._decided(case, TokenInfo(TokenStatus.UNKNOWN, raw="NotAllowedToAsk"))
        elif online:
            self.cases[case.token.key] = case
            case.asking = True
            case.note("asked", validator="csms")
            self.ctx.ask(AuthorizeQuery(case.token))
        else:
            self._offline_policy(case)

    def _own_word(self, case: Case, online: bool) -> TokenInfo | None:
        """What the station itself may say; None where the CSMS or the offline policy has to decide."""
        ctx, key = self.ctx, case.token.key
        if ctx.free:
            return TokenInfo(TokenStatus.ACCEPTED)
        if case.token.value.upper() in ctx.plan.allow:
            case.note("answered", validator="allow", answer="Accepted")
            return TokenInfo(TokenStatus.ACCEPTED)
        asks = online and not ctx.flag(names.DISABLE_REMOTE_AUTHORIZATION)
        # Online without being allowed to ask, the lists are all there is (2.0.1 AuthCtrlr.DisableRemoteAuthorization).
        if asks == online and not ctx.flag(names.LOCAL_PRE_AUTHORIZE if online else names.LOCAL_AUTHORIZE_OFFLINE):
            return None
        known = self.store.local_list.get(key) if ctx.flag(names.LOCAL_LIST_ENABLED) else None
        validator, final = "local_list", names.LOCAL_LIST_DISABLE_POST_AUTHORIZE
        if known is None and ctx.flag(names.CACHE_ENABLED):
            known, validator = self.store.cache.get(key), "cache"
            final = names.CACHE_DISABLE_POST_AUTHORIZE
        if known is None:
            return None
        known = expired(known, ctx.timeline.now_utc(ctx.now)) if ctx.timeline.known else known
        case.note("answered", validator=validator, answer=known.status.value)
        if known.status is not TokenStatus.ACCEPTED and asks and not ctx.flag(final):
            return None
        return known

    def _offline_policy(self, case: Case) -> None:
        accepted = self.ctx.flag(names.OFFLINE_TX_FOR_UNKNOWN)
        status = TokenStatus.ACCEPTED if accepted else TokenStatus.UNKNOWN
        case.note("answered", validator="offline", answer=status.value)
        self._decided(case, TokenInfo(status, raw="" if accepted else "Offline"))

    def answered(self, token: IdToken, info: TokenInfo) -> None:
        """The CSMS has said what it thinks of a token."""
        ctx = self.ctx
        if ctx.timeline.known:
            info = expired(info, ctx.timeline.now_utc(ctx.now))
        self.learnt(token, info)
        case = self.cases.get(token.key)
        if case is not None and case.asking:
            del self.cases[token.key]
            latency_ms = round((ctx.now - case.began_s) * 1000)
            case.note("answered", validator="csms", answer=info.raw or info.status.value, latency_ms=latency_ms)
            self._decided(case, info)

    def learnt(self, token: IdToken, info: TokenInfo) -> None:
        """Keep what the CSMS says of a token, wherever it says it (OCPP 2.0.1 C10.FR.04; OCPP 1.6 §3.5.1)."""
        ctx = self.ctx
        listed = ctx.flag(names.LOCAL_LIST_ENABLED) and token.key in self.store.local_list
        if ctx.flag(names.CACHE_ENABLED) and not listed:
            now = ctx.timeline.now_utc(ctx.now)
            self.store.remember(token, info, now, ctx.number(names.CACHE_LIFE_TIME))

    def failed(self, token: IdToken, cause: str) -> None:
        """The CSMS did not answer. A lost connection leaves it to what the station may do offline."""
        case = self.cases.get(token.key)
        if case is None or not case.asking:
            return
        del self.cases[token.key]
        case.asking = False
        case.note("failed", validator="csms", cause=cause)
        if cause == "Disconnected":
            self._validate(case, online=False)
        else:
            self._end(case, TokenResult.REJECTED, cause)

    def _decided(self, case: Case, info: TokenInfo) -> None:
        case.asking = False
        if info.status is TokenStatus.ACCEPTED:
            self._accepted(case, info)
        else:
            self._end(case, TokenResult.REJECTED, info.raw or info.status.value)

    # An EVSE for it

    def _accepted(self, case: Case, info: TokenInfo) -> None:
        case.info = info
        served = self._of(case)
        candidates = available(served)
        group = info.group
        if not case.remote and group is not None and self._ends_by_group(case, group, served, candidates):
            return
        if not candidates:
            self._end(case, TokenResult.NO_CONNECTOR_AVAILABLE, "")
            return
        rule = Selection(self.ctx.plan.selection)
        chosen = choose(rule, candidates, len(served))
        case.note("selection", rule=rule.value, evse=chosen.id if chosen else None)
        if chosen is not None:
            self._begin(case, chosen)
        else:
            self._wait(case)

    def _of(self, case: Case) -> list[Evse]:
        """The EVSEs that the token may use."""
        allowed = case.info.evses if case.info is not None else ()
        return [evse for evse in self._served(case.evses) if not allowed or evse.id in allowed]

    def _ends_by_group(self, case: Case, group: IdToken, served: Sequence[Evse], candidates: Sequence[Evse]) -> bool:
        """Whether the card's group says that it stops rather than starts (C09.FR.03, C16.FR.02-03)."""
        if group.value and group.value.upper() == self._master_group.upper():
            running = [evse for evse in self.evses if evse.desk.running]
            for evse in running:
                evse.stop(StopReason.MASTER_PASS, TriggerReason.STOP_AUTHORIZED, case.token)
            result = TokenResult.USED_TO_STOP if running else TokenResult.REJECTED
            self._end(case, result, "" if running else "MasterPass", running[0].id if len(running) == 1 else None)
            return True
        if plugged(candidates):
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
        info = case.info or TokenInfo(TokenStatus.ACCEPTED)
        trigger = TriggerReason.REMOTE_START if case.remote else TriggerReason.AUTHORIZED
        grant = Grant(case.token, info.group or case.group, case.remote_start_id, trigger=trigger, case=case)
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
        if welcome and evse.grant is None and evse.serviceable and not evse.reserved:
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
            if case.until_s is not None and evse in self._of(case):
                case.note("selected", evse=evse.id)
                self._begin(case, evse)
                return True
        return False

    def withdraw(self, token: IdToken, result: TokenResult = TokenResult.WITHDRAWN, reason: str = "") -> None:
        """The presenter took the token back before it was used."""
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
            if case.until_s is not None and not any(evse.serviceable for evse in self._of(case)):
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

    # A late word on a running transaction

    def judged(self, evse: Evse, info: TokenInfo) -> None:
        """The CSMS refuses, late, the token of a running transaction.

        Where it stops for that, the cable stays locked until its owner comes.

        Spec: OCPP 2.0.1 C15.FR.03-07, E05.FR.02-03, .09-.11; OCPP 1.6 errata 3.17.
        """
        transaction, ctx = evse.transaction, self.ctx
        if transaction is None or info.status is TokenStatus.ACCEPTED:
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
