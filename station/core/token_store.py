"""What the station itself knows of tokens: the authorization cache and the local authorization list.

Spec: OCPP 2.0.1 C10-C14, D01; OCPP 1.6 §3.5.1, §3.5.2.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from station.core.codec import to_row
from station.core.journal import Ledger
from station.core.values import IdToken, TokenInfo, TokenStatus

CACHE = "cache"
LOCAL_LIST = "local_list"
_CACHE_SIZE = 1000


def expired(info: TokenInfo, now: datetime) -> TokenInfo:
    """``info``, as Expired where its time is over."""
    if info.status is TokenStatus.ACCEPTED and info.expires is not None and info.expires <= now:
        return replace(info, status=TokenStatus.EXPIRED, raw="")
    return info


class TokenStore:
    """Cache and local list of one station: token key -> what is known of it."""

    __slots__ = ("cache", "ledger", "local_list")

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.cache: dict[str, TokenInfo] = {}
        self.local_list: dict[str, TokenInfo] = {}

    def remember(
        self, token: IdToken, info: TokenInfo, now: datetime, life_time_s: float = 0, *, undoable: bool = False
    ) -> None:
        """Keep what the CSMS said of a token (C10.FR.01, .04).

        ``life_time_s`` above 0 bounds entries without an expiry of their own (C10.FR.08). With too many entries, the
        oldest of those that are not Accepted goes, else the oldest (C10.FR.07). ``undoable``: unless it is recorded.
        """
        if info.expires is None and life_time_s > 0:
            info = replace(info, expires=now + timedelta(seconds=life_time_s))
        key = token.key
        known = self.cache.pop(key, None)
        self.cache[key] = info
        if known != info:
            self.ledger.put(CACHE, key, to_row(info))
            if undoable:
                self._undoable(CACHE, key, known)
        if len(self.cache) > _CACHE_SIZE:
            oldest = next((k for k, entry in self.cache.items() if entry.status is not TokenStatus.ACCEPTED), None)
            if oldest is None or oldest == key:
                oldest = next(iter(self.cache))
            del self.cache[oldest]
            self.ledger.delete(CACHE, oldest)

    def put_local(self, token: IdToken, info: TokenInfo, *, undoable: bool = False) -> None:
        """Write an entry of the local list."""
        known = self.local_list.get(token.key)
        self.local_list[token.key] = info
        self.ledger.put(LOCAL_LIST, token.key, to_row(info))
        if undoable:
            self._undoable(LOCAL_LIST, token.key, known)

    def clear_cache(self) -> None:
        """Forget every entry of the cache (C11), unless that cannot be recorded."""
        for key, info in self.cache.items():
            self.ledger.delete(CACHE, key)
            self._undoable(CACHE, key, info)
        self.cache = {}

    def _undoable(self, name: str, key: str, before: TokenInfo | None) -> None:
        def take_back() -> None:
            now = self.cache if name == CACHE else self.local_list
            if before is None:
                now.pop(key, None)
            else:
                now[key] = before

        self.ledger.undo(take_back, name, key)
