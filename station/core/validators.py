"""The validators that answer at once: the profile's own list, local list, cache and offline policy.

The profile names them in their order (``StationPlan.validators``), ``csms`` among them, and ``station.core.validation``
asks one after the other until one has a word. Whether list and cache may speak is for the variables to say.

Spec: OCPP 2.0.1 C10-C15; OCPP 1.6 §3.5.
"""

from __future__ import annotations

from typing import Final

from station.core.case import Case
from station.core.context import Context
from station.core.own_word import cached, listed, offline_word
from station.core.token_rules import TokenRules, token_rules
from station.core.token_store import TokenStore
from station.core.values import TokenInfo, TokenStatus

ALLOW: Final = "allow"
LOCAL_LIST: Final = "local_list"
CACHE: Final = "cache"
CSMS: Final = "csms"
OFFLINE: Final = "offline"
UNKNOWN: Final = "Unknown"
"""The answer of one that knows nothing of a token."""


def word(ctx: Context, store: TokenStore, rules: TokenRules, case: Case, name: str, online: bool) -> TokenInfo | None:
    """What the validator of this name says of a token; None: it may not speak, or leaves it to the others."""
    if name == ALLOW:
        return _allowed(ctx, case) if ctx.plan.allow else None
    if name == OFFLINE:
        return None if online else _offline(ctx, store, case)
    asks = online and rules.asks and CSMS in ctx.plan.validators
    # Online without being allowed to ask, the lists are all there is.
    if asks == online and not (rules.pre_authorizes if online else rules.offline):
        return None
    return _known(ctx, store, rules, case, name, asks)


def asks_csms(ctx: Context, online: bool) -> bool:
    """Whether the CSMS is asked about tokens now (2.0.1 AuthCtrlr.DisableRemoteAuthorization)."""
    return online and CSMS in ctx.plan.validators and ctx.variables.derived(token_rules).asks


def _allowed(ctx: Context, case: Case) -> TokenInfo | None:
    known = case.token.value.upper() in ctx.plan.allow
    case.answered(ALLOW, TokenStatus.ACCEPTED.value if known else UNKNOWN)
    return TokenInfo(TokenStatus.ACCEPTED) if known else None


def _known(ctx: Context, store: TokenStore, rules: TokenRules, case: Case, name: str, asks: bool) -> TokenInfo | None:
    on_list = listed(ctx, store, case.token)
    if name == LOCAL_LIST:
        enabled, said, final = rules.listed, on_list, rules.list_final
    else:
        # What the list says counts for more, even where it leaves the word to the CSMS (OCPP 1.6 §3.5.3; C13.FR.01).
        overruled = on_list is not None and LOCAL_LIST in ctx.plan.validators
        enabled, said = rules.cached and not overruled, cached(ctx, store, case.token)
        final = rules.cache_final
    if not enabled:
        return None
    case.answered(name, UNKNOWN if said is None else said.status.value)
    if said is not None and said.status is not TokenStatus.ACCEPTED and asks and not final:
        # A refusal by the station's own word is not final: the CSMS is asked (2.0.1 C10.FR.03, C14.FR.03).
        return None
    return said


def _offline(ctx: Context, store: TokenStore, case: Case) -> TokenInfo:
    info = offline_word(ctx, store, case.token)
    case.answered(OFFLINE, info.status.value)
    return info
