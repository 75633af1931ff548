"""The local authorization list: what the CSMS says in advance of tokens, under a version number of its own.

Only the CSMS changes it (and whoever holds the control face, for a bench). An update is taken as a whole or not at all,
also where it cannot be recorded. What a dialect shows of it is what is recorded.

Not here: what follows for a token that is shown (``station.core.authorization``), the authorization cache
(``station.core.token_store``). Called by ``dispatch``, ``token_store``, ``storage`` and seen by the dialects.

Spec: OCPP 2.0.1 D01, D02; OCPP 1.6 §3.5.2, §5.10, §5.15, errata 3.52.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from station.core import names
from station.core.codec import from_row, to_row
from station.core.context import Context
from station.core.effects import Outcome, Reply
from station.core.events import SendLocalList
from station.core.frozen import dataclass
from station.core.journal import Ledger
from station.core.records import Json
from station.core.values import IdToken, TokenInfo, TokenStatus

LOCAL_LIST: Final = "local_list"
"""The table: a row for each token, and one for the version."""

_VERSION: Final = "version"
"""The key of the version's row; no token's, those have a colon."""

_VALID: Final = frozenset({TokenStatus.ACCEPTED, TokenStatus.CONCURRENT_TX})
"""What marks a token as valid in a list (OCPP 1.6 §3.5.2)."""


@dataclass(frozen=True, slots=True)
class _State:
    """The list at a moment. ``strays`` are keys of rows that could not be read and still stand in the store."""

    entries: Mapping[str, TokenInfo]
    version: int
    strays: tuple[str, ...] = ()


_EMPTY: Final = _State({}, 0)
"""Shared by all stations: no state's entries are ever written."""


class LocalList:
    """The list of one station.

    ``conflict`` is what contradiction between the list and the CSMS's word on a token stands, in words without the
    token; empty where none does (OCPP 1.6 §3.5.2, LocalListConflict).
    """

    __slots__ = ("_before", "_contradicted", "_now", "conflict", "ledger")

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.conflict = ""
        self._now = _EMPTY
        self._before: _State | None = None
        self._contradicted = ""

    # What others see

    def find(self, token: IdToken) -> TokenInfo | None:
        """What the list says of a token."""
        entries = self._now.entries
        return entries.get(token.key) if entries else None

    @property
    def version(self) -> int:
        """The version as recorded; 0 before the first update (D02.FR.02)."""
        return (self._before or self._now).version

    @property
    def count(self) -> int:
        """How many tokens are listed, as recorded."""
        return len((self._before or self._now).entries)

    @property
    def busy(self) -> bool:
        """Whether an update waits to be recorded."""
        return self._before is not None

    @property
    def damaged(self) -> bool:
        """Whether entries were lost: rows of the store that could not be read."""
        return bool(self._now.strays)

    # Storage

    def rows(self) -> dict[str, Json]:
        """The rows as they are stored."""
        rows = {key: to_row(info) for key, info in self._now.entries.items()}
        return {**rows, _VERSION: self._now.version} if self._now.version else rows

    def restore(self, rows: Mapping[str, Json]) -> list[str]:
        """Read the rows back; answers the keys of those that cannot be read.

        Where an entry is lost the list is not the one that its version names: it has none until the CSMS sends a full
        list (OCPP 1.6 §5.15, OCPP 2.0.1 D01.FR.03).
        """
        entries: dict[str, TokenInfo] = {}
        strays: list[str] = []
        version = 0
        for key, row in rows.items():
            try:
                if key == _VERSION:
                    version = _version_from(row)
                else:
                    entries[key] = from_row(TokenInfo, row)
            except (ValueError, TypeError, KeyError, AttributeError, OverflowError):
                strays.append(key)
        if rows:
            self._now = _State(entries, 0 if strays else version, tuple(strays))
        return strays

    # Changes

    def change(self, version: int, changes: Mapping[str, TokenInfo | None], *, full: bool) -> None:
        """Replace the list (``full``), or write and (None) remove entries; only rows that change are written.

        Taken back where it is not recorded; until then there is no other change (``busy``).
        """
        now = self._now
        entries = {} if full else dict(now.entries)
        for key, info in changes.items():
            if info is None:
                entries.pop(key, None)
            else:
                entries[key] = info
        touched = dict.fromkeys((*now.entries, *entries, *now.strays)) if full else changes
        written = [key for key in touched if self._write(key, entries.get(key))]
        if version != now.version:
            self.ledger.put(LOCAL_LIST, _VERSION, version)
            written.append(_VERSION)
        self.conflict = self._contradicted = ""
        self._now = _State(entries, version, () if full else now.strays)
        if written:
            self._hold(now, written)

    def _write(self, key: str, info: TokenInfo | None) -> bool:
        """Have the row of a token follow; whether that changes it."""
        known = self._now.entries.get(key)
        if info is None:
            if known is None and key not in self._now.strays:
                return False
            self.ledger.delete(LOCAL_LIST, key)
            return True
        if known is info or known == info:
            return False
        self.ledger.put(LOCAL_LIST, key, to_row(info))
        return True

    def _hold(self, before: _State, written: list[str]) -> None:
        self._before = before

        def take_back() -> None:
            self._now, self._before = before, None

        def recorded() -> None:
            if self._before is before:
                self._before = None

        self.ledger.undo_rows(take_back, LOCAL_LIST, written)
        self.ledger.then(recorded, follows=False)

    def put(self, token: IdToken, info: TokenInfo, *, undoable: bool = False) -> None:
        """The owner writes an entry; the version stays the CSMS's. Not while the list is ``busy``.

        ``undoable``: unless it is recorded.
        """
        before = self.find(token)
        if not self._write(token.key, info):
            return
        self._set(token.key, info)
        if undoable:
            self.ledger.undo(lambda: self._set(token.key, before), LOCAL_LIST, token.key)

    def _set(self, key: str, info: TokenInfo | None) -> None:
        others = {one: entry for one, entry in self._now.entries.items() if one != key}
        self._now = replace(self._now, entries=others if info is None else {**others, key: info})

    # Contradictions

    def compare(self, token: IdToken, listed: TokenInfo, said: TokenInfo) -> None:
        """The CSMS says this of a token that is listed: note whether that contradicts the list.

        One contradiction stands at a time, the latest. It goes with the next update, or when the CSMS agrees.
        """
        if (listed.status in _VALID) is not (said.status in _VALID):
            self._contradicted = token.key
            self.conflict = f"{_tail(token)}list {listed.status}, CSMS {said.status}"
        elif self._contradicted == token.key:
            self.conflict = self._contradicted = ""


def _version_from(row: Json) -> int:
    if type(row) is not int or row < 0:
        raise ValueError("no version number")
    return row


def _tail(token: IdToken) -> str:
    """So much of a token as tells two of them apart; the rest is nobody's business."""
    return f"***{token.value[-2:]}: " if len(token.value) > 4 else ""


# The request


def send_local_list(ctx: Context, listed: LocalList, event: SendLocalList) -> None:
    """OCPP 2.0.1 D01; OCPP 1.6 §5.15. Answers Accepted, Failed or VersionMismatch with a reason."""
    outcome = _refusal(ctx, listed, event)
    if outcome is None:
        changes = {token.key: info for token, info in event.entries}
        listed.change(event.version, changes, full=event.full)
        outcome = Outcome("Accepted")
    ctx.ledger.promise(Reply(event.reply, outcome))


def _refusal(ctx: Context, listed: LocalList, event: SendLocalList) -> Outcome | None:
    """Why an update is not taken; None where it is."""
    known = 0 if event.empty_is_zero and not listed.count else listed.version
    if not event.full and event.version <= known:
        return Outcome("VersionMismatch", info=f"the list has version {known}")
    if event.version <= 0:
        return Outcome("Failed", "ValuePositiveOnly", "a version is above 0")
    if listed.busy:
        return Outcome("Failed", info="the update before is not stored yet")
    if listed.damaged and not event.full:
        return Outcome("Failed", info="entries of the stored list were lost: send the full list")
    return _unfit(ctx, listed, event)


def _unfit(ctx: Context, listed: LocalList, event: SendLocalList) -> Outcome | None:
    """What is wrong with the entries of an update (D01.FR.06, D01.FR.11, AuthorizationData); None where nothing is."""
    limit = ctx.number(names.LOCAL_LIST_ITEMS)
    if len(event.entries) > limit:
        return Outcome("Failed", "TooManyElements", f"at most {limit:g} entries in a message")
    keys = {token.key for token, _ in event.entries}
    if len(keys) != len(event.entries):
        return Outcome("Failed", "InvalidValue", "a token is listed twice")
    if event.full and any(info is None for _, info in event.entries):
        return Outcome("Failed", "MissingParam", "an entry of a full list says nothing of its token")
    room = capacity(ctx)
    new = sum(info is not None and (event.full or listed.find(token) is None) for token, info in event.entries)
    gone = 0 if event.full else sum(info is None and listed.find(token) is not None for token, info in event.entries)
    if new - gone + (0 if event.full else listed.count) > room:
        return Outcome("Failed", "OutOfStorage", f"at most {room} entries in the list")
    return None


def capacity(ctx: Context) -> int:
    """How many tokens the list may hold: the upper limit of LocalAuthListCtrlr.Entries (D01.FR.12)."""
    definition = ctx.variables.definition(names.LOCAL_LIST_ENTRIES)
    return int(definition.maximum) if definition is not None and definition.maximum is not None else 0
