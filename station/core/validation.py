"""What is said of a token, and by whom: its contract's certificate, then the validators of the profile in their order.

The CSMS is asked here; those that answer at once are ``station.core.validators``. Which EVSE an accepted token gets is
not asked here. Called by the desk of ``station.core.authorization``.

Spec: OCPP 2.0.1 C01, C07, C10-C15; OCPP 1.6 §3.5, §4.1.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from station.core.case import Case
from station.core.context import Context
from station.core.contract_tasks import Contract
from station.core.contracts import Contracts
from station.core.effects import AuthorizeQuery
from station.core.own_word import learn, today
from station.core.token_rules import token_rules
from station.core.token_store import TokenStore
from station.core.validators import CSMS, word
from station.core.values import IdToken, TokenInfo, TokenStatus

if TYPE_CHECKING:
    from station.core.pricing import Pricing

_CARD = IdToken("").type
"""The type of a token of which nothing else is said."""
NOT_ASKED = "NotAllowedToAsk"
"""The reason of a token that nobody knows while the CSMS may not be asked."""
OFFLINE_REFUSAL = "Offline"
"""The reason of a token that nobody knows while the CSMS cannot be asked."""


class Judge(Protocol):
    """Hears what became of a token."""

    def decided(self, case: Case, info: TokenInfo) -> None:
        """The last word on it."""
        ...

    def unanswered(self, case: Case, cause: str) -> None:
        """The CSMS had none, and why."""
        ...


class Validation:
    """The validators of a station.

    ``cases`` are the tokens in process, by key. ``judge`` hears the last word on one, or that the CSMS had none and
    why. When the CSMS has answered, ``pricing`` may put a token off until it calls ``decided``. ``types_known`` False:
    the CSMS's words name no types of tokens (1.6).
    """

    __slots__ = ("cases", "contracts", "ctx", "judge", "pricing", "store", "types_known")

    def __init__(
        self,
        ctx: Context,
        store: TokenStore,
        contracts: Contracts,
        pricing: Pricing,
        judge: Judge,
    ) -> None:
        self.ctx = ctx
        self.store = store
        self.contracts = contracts
        self.pricing = pricing
        self.judge = judge
        self.cases: dict[str, Case] = {}
        self.types_known = True

    def known_as(self, token: IdToken) -> IdToken:
        """A token as it is compared with those of the CSMS's words."""
        return token if self.types_known or token.any_type or token.type == _CARD else replace(token, any_type=True)

    def examine(self, case: Case) -> None:
        """A contract certificate is checked before anything else (C07.FR.06, .08)."""
        contract = case.contract
        if contract is None or not contract.certificate:
            self.validate(case, online=self.ctx.registered)
            return
        key = case.token.key
        self.cases[key] = case

        def examined(known: Contract, problem: str) -> None:
            if self.cases.get(key) is not case:
                return
            del self.cases[key]
            case.contract = known
            case.note("examined", validator="contract", problem=problem)
            if problem:
                self.judge.decided(case, TokenInfo(TokenStatus.INVALID, raw=problem))
            else:
                self.validate(case, online=self.ctx.registered)

        self.contracts.examine(case.token, contract, examined)

    def validate(self, case: Case, *, online: bool) -> None:
        """What the validators of the profile say of it, in their order; the CSMS answers later."""
        ctx = self.ctx
        refusal = self.contracts.refusal(online) if case.contract is not None else ""
        if refusal:
            case.answered("contract", refusal)
            self.judge.decided(case, TokenInfo(TokenStatus.INVALID, raw=refusal))
            return
        rules = ctx.variables.derived(token_rules)
        if ctx.plan.free or not rules.needed:
            case.answered("free", TokenStatus.ACCEPTED.value)
            self.judge.decided(case, TokenInfo(TokenStatus.ACCEPTED))
            return
        # Online the CSMS is asked for every contract; offline it is a token like others (C07.FR.01).
        for name in (CSMS,) if case.contract is not None and online else ctx.plan.validators:
            if name != CSMS:
                info = word(ctx, self.store, rules, case, name, online)
                if info is not None:
                    self.judge.decided(case, info)
                    return
            elif online and rules.asks and CSMS in ctx.plan.validators:
                self.ask(case)
                return
        self.judge.decided(case, TokenInfo(TokenStatus.UNKNOWN, raw=NOT_ASKED if online else OFFLINE_REFUSAL))

    def ask(self, case: Case) -> None:
        """Have the CSMS say what it thinks of it."""
        self.cases[case.token.key] = case
        case.asking, case.asked_s = True, self.ctx.now
        case.note("asked", validator=CSMS)
        self.ctx.ask(AuthorizeQuery(case.token, contract=case.contract))

    def answered(self, token: IdToken, info: TokenInfo) -> None:
        """The CSMS has said what it thinks of a token."""
        token = self.known_as(token)
        if info.expires is not None:
            info = today(self.ctx, info)
        learn(self.ctx, self.store, token, info)
        key = token.key
        case = self.cases.get(key)
        if case is not None and case.asking:
            del self.cases[key]
            case.heard = True
            case.answered(CSMS, info.raw or str(info.status), self.ctx.now - case.asked_s)
            if not self.pricing.hold(case, info):
                self.judge.decided(case, info)

    def failed(self, token: IdToken, cause: str) -> None:
        """The CSMS did not answer. A lost connection leaves it to what the station may do offline."""
        token = self.known_as(token)
        case = self.cases.get(token.key)
        if case is None or not case.asking:
            return
        del self.cases[token.key]
        case.asking = False
        latency_ms = round((self.ctx.now - case.asked_s) * 1000)
        case.note("failed", validator=CSMS, cause=cause, latency_ms=latency_ms)
        if cause == "Disconnected":
            self.validate(case, online=False)
        else:
            self.judge.unanswered(case, cause)
