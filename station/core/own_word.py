"""What the station itself knows of tokens: what list and cache say of one today, and where they learn it.

Who is asked in which order is ``station.core.validation``'s business, what follows for a card that is shown
``station.core.authorization``'s.

Spec: OCPP 2.0.1 C10, C12-C15; OCPP 1.6 §3.5.
"""

from __future__ import annotations

from station.core.context import Context
from station.core.token_rules import token_rules
from station.core.token_store import TokenStore, expired
from station.core.values import IdToken, TokenInfo, TokenStatus


def known(ctx: Context, store: TokenStore, token: IdToken) -> TokenInfo | None:
    """What the local list says of a token today, else the cache (C13.FR.01, C14.FR.01; OCPP 1.6 §3.5.3)."""
    return listed(ctx, store, token) or cached(ctx, store, token)


def known_group(ctx: Context, store: TokenStore, token: IdToken) -> IdToken | None:
    """The group of a token, where list or cache know it."""
    said = known(ctx, store, token)
    return said.group if said is not None else None


def listed(ctx: Context, store: TokenStore, token: IdToken) -> TokenInfo | None:
    """What the local list says of a token today."""
    entry = store.local_list.find(token)
    if entry is None or not ctx.variables.derived(token_rules).listed:
        return None
    return today(ctx, entry)


def cached(ctx: Context, store: TokenStore, token: IdToken) -> TokenInfo | None:
    """What the cache says of a token today."""
    entry = store.cached(token) if ctx.variables.derived(token_rules).cached else None
    return None if entry is None else today(ctx, entry)


def today(ctx: Context, info: TokenInfo) -> TokenInfo:
    """What was said of a token, as Expired where its time is over and the station knows the time."""
    return expired(info, ctx.timeline.now_utc(ctx.now)) if ctx.timeline.known else info


def offline_word(ctx: Context, store: TokenStore, token: IdToken) -> TokenInfo:
    """Whether an unknown token may charge offline.

    One that is known and not valid is no unknown one, even where list and cache authorize nobody (OCPP 1.6 §3.5.4;
    C13.FR.06, C15.FR.08).
    """
    if not ctx.variables.derived(token_rules).unknown_offline:
        return TokenInfo(TokenStatus.UNKNOWN, raw="Offline")
    return known(ctx, store, token) or TokenInfo(TokenStatus.ACCEPTED)


def learn(ctx: Context, store: TokenStore, token: IdToken, info: TokenInfo) -> None:
    """Keep what the CSMS says of a token, wherever it says it (OCPP 2.0.1 C10.FR.04; OCPP 1.6 §3.5.1).

    A listed token never enters the cache; its entry is compared instead (OCPP 1.6 §3.5.2, §3.5.3).
    """
    on_list, rules = listed(ctx, store, token), ctx.variables.derived(token_rules)
    if on_list is not None:
        store.local_list.compare(token, on_list, info)
    elif token.value and rules.cached:
        store.remember(token, info, ctx.timeline.now_utc(ctx.now), rules.cache_life_s)
