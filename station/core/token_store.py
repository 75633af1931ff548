"""What the station itself knows of tokens: the authorization cache, and beside it the local authorization list.

Not here: the list's own rules (``station.core.local_list``), who is asked when (``station.core.validation``).

Spec: OCPP 2.0.1 C10-C12; OCPP 1.6 §3.5.1, §3.5.3.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from station.core.codec import from_row, to_row
from station.core.frozen import dataclass
from station.core.journal import Ledger
from station.core.local_list import LocalList
from station.core.records import Json
from station.core.values import IdToken, TokenInfo, TokenStatus

CACHE: Final = "cache"
_CACHE_SIZE: Final = 1000
_HEARD: Final = "heard"
"""The member of a row that says which was written later."""


def expired(info: TokenInfo, now: datetime) -> TokenInfo:
    """``info``, as Expired where its time is over."""
    if info.status is TokenStatus.ACCEPTED and info.expires is not None and info.expires <= now:
        return replace(info, status=TokenStatus.EXPIRED, raw="")
    return info


@dataclass(frozen=True, slots=True)
class Cached:
    """An entry of the cache. ``heard`` counts up with each entry that is written."""

    info: TokenInfo
    heard: int

    @property
    def row(self) -> Json:
        """The entry as it is stored."""
        return {**to_row(self.info), _HEARD: self.heard}


def heard_at(row: Json) -> int:
    """Where a row stands in the order of writing; damaged rows come first."""
    heard = row.get(_HEARD) if isinstance(row, dict) else None
    return heard if type(heard) is int else 0


class TokenStore:
    """Cache of one station, token key -> what is known of it, the one heard of longest ago first; and its local list.

    What is heard again and says nothing new writes no row: after a boot the order is that of the last changes.
    """

    __slots__ = ("_heard", "cache", "ledger", "local_list")

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.cache: dict[str, Cached] = {}
        self.local_list = LocalList(ledger)
        self._heard = 0

    def rows(self) -> dict[str, Json]:
        """The cache's rows as they are stored."""
        return {key: entry.row for key, entry in self.cache.items()}

    def restore(self, key: str, row: Json) -> None:
        """Take over a row of the cache; to be called in the order of ``heard_at``.

        Raises:
            ValueError, TypeError, KeyError: the row is none of the cache.
        """
        self._heard = max(self._heard, heard_at(row))
        self.cache[key] = Cached(from_row(TokenInfo, row), heard_at(row))

    def cached(self, token: IdToken) -> TokenInfo | None:
        """What the cache says of a token."""
        entry = self.cache.get(token.key)
        return entry.info if entry is not None else None

    def remember(
        self, token: IdToken, info: TokenInfo, now: datetime, life_time_s: float = 0, *, undoable: bool = False
    ) -> None:
        """Keep what the CSMS said of a token (C10.FR.01, .04).

        ``life_time_s`` above 0 bounds entries without an expiry of their own (C10.FR.08). With too many entries, the
        oldest of those that are not valid any more goes, else the oldest (C10.FR.07; OCPP 1.6 §3.5.1). ``undoable``:
        unless it is recorded.
        """
        if info.expires is None and life_time_s > 0:
            info = replace(info, expires=now + timedelta(seconds=life_time_s))
        key = token.key
        known = self.cache.pop(key, None)
        if known is None or known.info != info:
            self._heard += 1
            self.cache[key] = Cached(info, self._heard)
            self.ledger.put(CACHE, key, self.cache[key].row)
            if undoable:
                self._undoable(key, known)
        else:
            self.cache[key] = known
        if len(self.cache) > _CACHE_SIZE:
            self._make_room(key, now)

    def _make_room(self, new: str, now: datetime) -> None:
        valid = TokenStatus.ACCEPTED
        oldest = next((key for key, one in self.cache.items() if expired(one.info, now).status is not valid), new)
        if oldest == new:
            oldest = next(iter(self.cache))
        del self.cache[oldest]
        self.ledger.delete(CACHE, oldest)

    def clear_cache(self) -> None:
        """Forget every entry of the cache (C11), unless that cannot be recorded."""
        for key, entry in self.cache.items():
            self.ledger.delete(CACHE, key)
            self._undoable(key, entry)
        self.cache = {}

    def _undoable(self, key: str, before: Cached | None) -> None:
        def take_back() -> None:
            if before is None:
                self.cache.pop(key, None)
            else:
                self.cache[key] = before

        self.ledger.undo(take_back, CACHE, key)
