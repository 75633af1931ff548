"""What is said of a token, and by whom: contract, the profile's own list, local list, cache, CSMS, offline policy.

Which EVSE an accepted token gets is not asked here. Called by the desk of ``station.core.authorization``.

Spec: OCPP 2.0.1 C01, C07, C10-C15; OCPP 1.6 §3.5, §4.1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from station.core import names
from station.core.case import Case
from station.core.context import Context
from station.core.contract_tasks import Contract
from station.core.contracts import Contracts
from station.core.effects import AuthorizeQuery
from station.core.own_word import FINAL, known, learn, offline_word, today
from station.core.token_store import TokenStore
from station.core.values import IdToken, TokenInfo, TokenStatus


class Validation:
    """The validators of a station.

    ``cases`` are the tokens in process, by key. ``decided`` hears the last word on one, ``unanswered`` that the CSMS
    had none and why. ``hold`` is asked when the CSMS has answered: True puts a token off until whoever holds it calls
    ``decided``. ``types_known`` False: the CSMS's words name no types of tokens (1.6).
    """

    __slots__ = ("cases", "contracts", "ctx", "decided", "hold", "store", "types_known", "unanswered")

    def __init__(
        self,
        ctx: Context,
        store: TokenStore,
        contracts: Contracts,
        hold: Callable[[Case, TokenInfo], bool],
        decided: Callable[[Case, TokenInfo], None],
        unanswered: Callable[[Case, str], None],
    ) -> None:
        self.ctx = ctx
        self.store = store
        self.contracts = contracts
        self.hold = hold
        self.decided = decided
        self.unanswered = unanswered
        self.cases: dict[str, Case] = {}
        self.types_known = True

    def known_as(self, token: IdToken) -> IdToken:
        """A token as it is compared with those of the CSMS's words."""
        return token if self.types_known or token.key == IdToken(token.value).key else replace(token, any_type=True)

    def examine(self, case: Case) -> None:
        """A contract certificate is checked before anything else (C07.FR.06, .08)."""
        contract, key = case.contract, case.token.key
        if contract is None or not contract.certificate:
            self.validate(case, online=self.ctx.registered)
            return
        self.cases[key] = case

        def examined(known: Contract, problem: str) -> None:
            if self.cases.get(key) is not case:
                return
            del self.cases[key]
            case.contract = known
            case.note("examined", validator="contract", problem=problem)
            if problem:
                self.decided(case, TokenInfo(TokenStatus.INVALID, raw=problem))
            else:
                self.validate(case, online=self.ctx.registered)

        self.contracts.examine(case.token, contract, examined)

    def _contract_word(self, case: Case, online: bool) -> TokenInfo | None:
        """Online the CSMS is asked for every contract (C07.FR.01); offline it is a token like others, if at all."""
        refusal = self.contracts.refusal(online)
        if refusal:
            case.note("answered", validator="contract", answer=refusal)
            return TokenInfo(TokenStatus.INVALID, raw=refusal)
        return None if online and not self.ctx.free else self._own_word(case, online)

    def validate(self, case: Case, *, online: bool) -> None:
        """What station, CSMS or offline policy say of it, in this order."""
        info = self._own_word(case, online) if case.contract is None else self._contract_word(case, online)
        if info is not None:
            self.decided(case, info)
        elif online and self.ctx.flag(names.DISABLE_REMOTE_AUTHORIZATION):
            self.decided(case, TokenInfo(TokenStatus.UNKNOWN, raw="NotAllowedToAsk"))
        elif online:
            self.ask(case)
        else:
            self._offline_policy(case)

    def ask(self, case: Case) -> None:
        """Have the CSMS say what it thinks of it."""
        self.cases[case.token.key] = case
        case.asking = True
        case.note("asked", validator="csms")
        self.ctx.ask(AuthorizeQuery(case.token, contract=case.contract))

    def _own_word(self, case: Case, online: bool) -> TokenInfo | None:
        """What the station itself may say; None where the CSMS or the offline policy has to decide."""
        ctx = self.ctx
        if ctx.free:
            return TokenInfo(TokenStatus.ACCEPTED)
        if case.token.value.upper() in ctx.plan.allow:
            case.note("answered", validator="allow", answer="Accepted")
            return TokenInfo(TokenStatus.ACCEPTED)
        asks = online and not ctx.flag(names.DISABLE_REMOTE_AUTHORIZATION)
        # Online without being allowed to ask, the lists are all there is (2.0.1 AuthCtrlr.DisableRemoteAuthorization).
        if asks == online and not ctx.flag(names.LOCAL_PRE_AUTHORIZE if online else names.LOCAL_AUTHORIZE_OFFLINE):
            return None
        said, validator = known(ctx, self.store, case.token)
        if said is None:
            return None
        case.note("answered", validator=validator, answer=said.status.value)
        if said.status is not TokenStatus.ACCEPTED and asks and not ctx.flag(FINAL[validator]):
            return None
        return said

    def _offline_policy(self, case: Case) -> None:
        info = offline_word(self.ctx, self.store, case.token)
        case.note("answered", validator="offline", answer=info.status.value)
        self.decided(case, info)

    def answered(self, token: IdToken, info: TokenInfo) -> None:
        """The CSMS has said what it thinks of a token."""
        token, info = self.known_as(token), today(self.ctx, info)
        learn(self.ctx, self.store, token, info)
        case = self.cases.get(token.key)
        if case is not None and case.asking:
            del self.cases[token.key]
            case.heard = True
            latency_ms = round((self.ctx.now - case.began_s) * 1000)
            case.note("answered", validator="csms", answer=info.raw or info.status.value, latency_ms=latency_ms)
            if not self.hold(case, info):
                self.decided(case, info)

    def failed(self, token: IdToken, cause: str) -> None:
        """The CSMS did not answer. A lost connection leaves it to what the station may do offline."""
        token = self.known_as(token)
        case = self.cases.get(token.key)
        if case is None or not case.asking:
            return
        del self.cases[token.key]
        case.asking = False
        case.note("failed", validator="csms", cause=cause)
        if cause == "Disconnected":
            self.validate(case, online=False)
        else:
            self.unanswered(case, cause)
