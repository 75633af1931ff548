"""What the variables say of tokens: who is asked about one, whose word counts, and what is kept of it.

Called by the parts that decide over tokens (``station.core.validation``, ``validators``, ``own_word``) and by
``station.core.pricing``. Spec: OCPP 2.0.1 C01, C02, C10-C15; OCPP 1.6 §3.5, §9.1.
"""

from __future__ import annotations

from dataclasses import dataclass

from station.core import names
from station.core.variables import Variables


@dataclass(frozen=True, slots=True)
class TokenRules:
    """What holds until a variable changes.

    Attributes:
        needed: somebody has to be authorised at all (AuthCtrlr.Enabled; a station that lacks it needs that).
        asks: the CSMS may be asked (AuthCtrlr.DisableRemoteAuthorization is off).
        pre_authorizes: list and cache may speak before the CSMS (LocalPreAuthorize).
        offline: they may speak while the CSMS cannot be asked (LocalAuthorizeOffline).
        unknown_offline: so may a token that nobody knows charge (OfflineTxForUnknownIdEnabled).
        listed: the local list is in use, and ``list_final`` whether its refusal is the last word.
        cached: the cache is in use, and ``cache_final`` the same of it.
        cache_life_s: how long an entry without an expiry of its own is good; 0: for ever.
        priced: costs are told and shown, and ``price_wait_s`` how long an accepted token waits for its price; 0: not.
    """

    needed: bool
    asks: bool
    pre_authorizes: bool
    offline: bool
    unknown_offline: bool
    listed: bool
    list_final: bool
    cached: bool
    cache_final: bool
    cache_life_s: float
    priced: bool
    price_wait_s: float


def token_rules(variables: Variables) -> TokenRules:
    """Read them from the variables."""
    flag = variables.flag
    priced = flag(names.COST_MESSAGES)
    return TokenRules(
        needed=variables.text(names.AUTH_ENABLED) != "false",
        asks=not flag(names.DISABLE_REMOTE_AUTHORIZATION),
        pre_authorizes=flag(names.LOCAL_PRE_AUTHORIZE),
        offline=flag(names.LOCAL_AUTHORIZE_OFFLINE),
        unknown_offline=flag(names.OFFLINE_TX_FOR_UNKNOWN),
        listed=flag(names.LOCAL_LIST_ENABLED),
        list_final=flag(names.LOCAL_LIST_DISABLE_POST_AUTHORIZE),
        cached=flag(names.CACHE_ENABLED),
        cache_final=flag(names.CACHE_DISABLE_POST_AUTHORIZE),
        cache_life_s=variables.number(names.CACHE_LIFE_TIME),
        priced=priced,
        price_wait_s=variables.number(names.USER_PRICE_WAIT_MS) / 1000 if priced else 0.0,
    )
