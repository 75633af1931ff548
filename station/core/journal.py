"""The barrier: what is promised leaves only after what it rests on is recorded.

``Ledger`` collects the records of one ``handle()`` into a batch and holds back, in order, the effects that promise
something until ``Recorded`` comes. Of a batch that could not be stored, what was asked for is undone and refused;
what happened is kept and stored with the next batch. Results come in the order of the batches.

The journal of facts is a table of the same store; its keys count upwards and give the order of telling.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from station.core.effects import (
    STORE_FAILED,
    Ask,
    Commit,
    Effect,
    Notify,
    Publish,
    QueryEnded,
    Reboot,
    Reconnect,
    Reply,
    Tell,
    TokenEnded,
)
from station.core.facts import Fact, Phase, TransactionFact, fact_from_row, fact_to_row
from station.core.frozen import dataclass
from station.core.records import Delete, Json, Put, Record
from station.core.values import Reading, TokenResult

JOURNAL = "journal"
LOST: Final = "StoreFailed"
"""The reason of a token whose transaction could not be recorded."""

Cell = tuple[str, str]
"""Table and key."""

_FREE: Final = (Ask, Notify, QueryEnded)
"""Effects that keep their place in the order but promise nothing of the store."""


def journal_key(key: int) -> str:
    """A journal key as the store keeps it: sorts as it counts."""
    return f"{key:012d}"


def journal_rows(facts: Mapping[int, Fact]) -> dict[str, Json]:
    """The journal as the store keeps it."""
    return {journal_key(key): fact_to_row(fact) for key, fact in facts.items()}


@dataclass(frozen=True, slots=True)
class _Undo:
    """Takes a change back. ``cell`` is the row that the change wrote; None where it wrote none, or ``cells``."""

    cell: Cell | None
    take_back: Callable[[], None]
    cells: frozenset[Cell] = frozenset()


@dataclass(frozen=True, slots=True)
class _Then:
    """Something to do within the core once the turn is recorded; ``follows``: whether more may follow from it."""

    call: Callable[[], None]
    follows: bool


@dataclass(slots=True)
class _Open:
    """A batch whose result is awaited.

    ``carried`` are records of earlier batches that were not stored: they were sent with it, or it writes the same rows
    anew. ``begun`` are the ids of transactions that began with it.
    """

    seq: int
    carried: list[Record]
    own: tuple[Record, ...]
    begun: frozenset[str]

    @property
    def cells(self) -> frozenset[Cell]:
        """The rows that it writes; asked for only where a store fails."""
        return frozenset(map(_cell, self.own))


@dataclass(slots=True)
class _Waiting:
    """Something that waits for batch ``rests_on``; infinite: for the next one that is made.

    ``turn`` is the batch of the turn that it came from, 0 where that had none; for what can be refused, the first batch
    that it rested on.
    """

    turn: int
    rests_on: float
    what: Any


_REFUSABLE = (Reply, _Undo)
"""What ends with the first batch that is lost under it: nobody waits for a better day to be answered."""


def _cell(record: Record) -> Cell:
    return record.table, record.key


def _nothing() -> None:
    """Nothing follows."""


class Ledger:
    """Batches, and the effects that wait for them. One for each station.

    ``immediate``: the store keeps a batch as soon as it is told to and never fails. Then what is promised follows its
    batch within the turn, in the same order as otherwise, and neither ``Recorded`` nor ``RecordFailed`` ever comes.
    ``late``: such a store writes rows with a ``write`` when somebody loads them, as they are then, and the journal from
    ``facts``, which it follows: of facts no records are made for it.
    """

    __slots__ = (
        "_begun",
        "_next_key",
        "_open",
        "_records",
        "_turn",
        "_unsaved",
        "_waiting",
        "facts",
        "immediate",
        "late",
        "out",
        "seq",
    )

    def __init__(self) -> None:
        self.immediate = self.late = False
        self.out: list[Effect] = []
        self.seq = 0
        self.facts: dict[int, Fact] = {}
        self._next_key = 1
        self._records: list[Record] = []
        self._begun: tuple[str, ...] = ()
        self._unsaved: tuple[Record, ...] = ()
        # Lists: they are short, and an empty deque takes 760 bytes of every station.
        self._open: list[_Open] = []
        self._turn: list[Any] = []
        self._waiting: list[_Waiting] = []

    @property
    def settled(self) -> bool:
        """Whether all that was ever to be recorded is recorded, and all that was promised has left."""
        return not (self._open or self._unsaved or self._records or self._waiting)

    @property
    def untold(self) -> Iterator[Fact]:
        """Facts that are told as soon as they are stored."""
        return (waiting.what.fact for waiting in self._waiting if isinstance(waiting.what, Tell))

    @property
    def failing(self) -> bool:
        """Whether something could not be stored and has not been since."""
        return bool(self._unsaved)

    def restore(self, rows: dict[str, Json]) -> list[str]:
        """Read the journal back, in order. Answers the keys of rows that are no facts of this program."""
        damaged: list[str] = []
        for key in sorted(rows):
            try:
                number = int(key)
                self._next_key = max(self._next_key, number + 1)
                self.facts[number] = fact_from_row(rows[key])
            except (ValueError, TypeError, KeyError):
                damaged.append(key)
        return damaged

    # What a turn does

    def emit(self, effect: Effect) -> None:
        """An effect that promises nothing: leaves with this turn."""
        self.out.append(effect)

    def promise(self, effect: Effect) -> None:
        """An effect that may leave only after what was recorded so far, this turn included, is durable."""
        self._turn.append(effect)

    def then(self, call: Callable[[], None], *, follows: bool = True) -> None:
        """Call this once the turn is durable; it may emit effects. Not called for a transaction that was lost.

        ``follows`` False: it only notes something on which no decision rests, so no EVSE has to look again.
        """
        self._turn.append(_Then(call, follows))

    def undo(self, take_back: Callable[[], None], table: str = "", key: str = "") -> None:
        """How to take back a change that this turn makes for somebody who asked, should it not be recorded.

        The row under ``table`` and ``key`` belongs to the change: it is not tried again.
        """
        self._turn.append(_Undo((table, key) if table else None, take_back))

    def undo_rows(self, take_back: Callable[[], None], table: str, keys: Iterable[str]) -> None:
        """As ``undo``, of a change that wrote many rows; nothing else may write them until it is recorded."""
        self._turn.append(_Undo(None, take_back, frozenset((table, key) for key in keys)))

    def put(self, table: str, key: str, value: Any, write: Callable[[Any], Json] | None = None) -> None:
        """Write a row with this turn's batch: ``value``, or what ``write`` makes of it, which then is frozen."""
        self._records.append(Put(table, key, value, write))

    def delete(self, table: str, key: str) -> None:
        """Remove a row with this turn's batch."""
        self._records.append(Delete(table, key))

    def add(self, records: Iterable[Record]) -> None:
        """Take over records that a part has prepared."""
        self._records.extend(records)

    def tell(self, fact: Fact, reading: Reading | None = None) -> int:
        """Journal a fact, sampled from ``reading`` where it is a sample, and promise to tell it. Answers its key."""
        key = self._next_key
        self._next_key = key + 1
        self.facts[key] = fact
        if not self.late:
            self._records.append(Put(JOURNAL, journal_key(key), fact, fact_to_row))
        if not self.immediate and isinstance(fact, TransactionFact) and fact.phase is Phase.STARTED:
            self._begun = (*self._begun, fact.transaction_id)
        self._turn.append(Tell(key, fact, reading))
        return key

    def replace(self, key: int, fact: Fact) -> None:
        """Write a journalled fact again, with what has been learnt of it."""
        self.facts[key] = fact
        if not self.late:
            self.put(JOURNAL, journal_key(key), fact, fact_to_row)
        for waiting in self._waiting:
            if isinstance(waiting.what, Tell) and waiting.what.key == key:
                waiting.what = Tell(key, fact, waiting.what.reading)

    def forget(self, key: int) -> Fact | None:
        """A fact was answered: its row goes."""
        fact = self.facts.pop(key, None)
        if fact is not None and not self.late:
            self._records.append(Delete(JOURNAL, journal_key(key)))
        return fact

    def close_turn(self, follow: Callable[[], None] = _nothing) -> list[Effect]:
        """End a ``handle()``: the effects that may leave now, behind a batch of what was recorded, at most one.

        Over an ``immediate`` store, what waited for the batch comes within the turn; ``follow`` is called where more
        may follow from it, and what that records is a batch of its own.
        """
        if not self.immediate:
            if self._records or self._turn or self._waiting:
                self._submit()
        else:
            while self._records or self._turn:
                follows = False
                if self._records:
                    self.seq += 1
                    self.out.append(Commit(self.seq, tuple(self._records)))
                    self._records.clear()
                turn, self._turn = self._turn, []
                for what in turn:
                    follows |= self._let_go(what)
                if follows:
                    follow()
        out, self.out = self.out, []
        return out

    def _submit(self) -> None:
        """The batch, and what waits for it; where nothing is awaited at all, what was promised leaves."""
        rests_on: float = math.inf if self._unsaved else (self._open[-1].seq if self._open else 0)
        own = 0
        if self._records:
            rests_on = own = self._commit()
        elif not self._unsaved:
            for waiting in self._waiting:
                waiting.rests_on = min(waiting.rests_on, rests_on)
        turn, self._turn = self._turn, []
        for what in turn:
            if self._unsaved and isinstance(what, _FREE):
                self.out.append(what)
            else:
                refusable = type(what) in _REFUSABLE and not math.isinf(rests_on)
                self._waiting.append(_Waiting(int(rests_on) if refusable else own, rests_on, what))
        if not self._open and not self._unsaved:
            self._release(math.inf)

    def _commit(self) -> int:
        self.seq += 1
        carried, self._unsaved = self._unsaved, ()
        own, self._records = tuple(self._records), []
        begun, self._begun = frozenset(self._begun), ()
        self._open.append(_Open(self.seq, list(carried), own, begun))
        for waiting in self._waiting:
            waiting.rests_on = min(waiting.rests_on, self.seq)
            if waiting.turn == 0 and isinstance(waiting.what, _REFUSABLE):
                waiting.turn = self.seq
        records = own
        if carried or len(own) > 1:
            # The last word on a row is the only one: batches stay small where a store fails for long.
            records = tuple({(record.table, record.key): record for record in (*carried, *own)}.values())
        self.out.append(Commit(self.seq, records))
        return self.seq

    def retry(self) -> None:
        """Put what could not be stored into this turn's batch."""
        self._records = [*self._unsaved, *self._records]
        self._unsaved = ()

    # What came of it

    def recorded(self, seq: int) -> bool:
        """Batches up to ``seq`` are durable: what waited for them leaves. Answers whether more may follow from that."""
        while self._open and self._open[0].seq <= seq:
            self._open.pop(0)
        return self._release(seq)

    def _release(self, seq: float) -> bool:
        follows = False
        while self._waiting and self._waiting[0].rests_on <= seq:
            follows |= self._let_go(self._waiting.pop(0).what)
        return follows

    def _let_go(self, what: Any) -> bool:
        """What was promised leaves. Answers whether more may follow from it."""
        kind = type(what)
        if kind is _Then:
            what.call()
            return bool(what.follows)
        if kind is not _Undo:
            self.out.append(what)
        return False

    def failed(self, seq: int) -> frozenset[str]:
        """A batch was not stored: refuse and undo what was asked for, keep what happened for the next batch.

        Answers the transactions that never came to be. Their facts, rows and effects vanish; who holds them lets go.
        """
        lost = next((batch for batch in self._open if batch.seq == seq), None)
        if lost is None:
            return frozenset()
        self._open.remove(lost)
        later = [batch for batch in self._open if batch.seq > seq]
        undone = self._take_back(seq, frozenset().union(*(batch.cells for batch in later)))
        kept = list(self._unsaved)
        moved_to: float = 0
        for record in (*lost.carried, *(r for r in lost.own if _cell(r) not in undone)):
            heir = next((batch for batch in later if _cell(record) in batch.cells), None)
            (kept if heir is None else heir.carried).append(record)
            moved_to = max(moved_to, math.inf if heir is None else heir.seq)
        gone = {
            key: fact
            for key, fact in self.facts.items()
            if isinstance(fact, TransactionFact) and fact.transaction_id in lost.begun
        }
        for key in gone:
            del self.facts[key]
            self.delete(JOURNAL, journal_key(key))
        self._unsaved = tuple({_cell(record): record for record in kept}.values())
        # Taking a change back may have told of a transaction that never was.
        self._turn = [what for what in self._turn if not _of(what, lost.begun)]
        for waiting in self._waiting:
            # What rests on a record that the lost batch was to write, its own or one that it carried, goes with it.
            if waiting.rests_on == seq:
                waiting.rests_on = math.inf
            elif waiting.rests_on > seq:
                waiting.rests_on = max(waiting.rests_on, moved_to)
        self._refuse(seq, lost.begun, {fact.evse for fact in gone.values() if isinstance(fact, TransactionFact)})
        return lost.begun

    def _take_back(self, seq: int, later: frozenset[Cell]) -> set[Cell]:
        """Undo the changes of a batch. One that a later batch went on from becomes how that one is undone."""
        waiting = [one for one in self._waiting if isinstance(one.what, _Undo)]
        undone: set[Cell] = set()
        for one in reversed([one for one in waiting if one.turn == seq]):
            undo: _Undo = one.what
            undone |= undo.cells
            if undo.cell is not None:
                undone.add(undo.cell)
                heir = next((w for w in waiting if w.turn > seq and w.what.cell == undo.cell), None)
                if heir is not None:
                    heir.what = undo
                if undo.cell in later:
                    continue
            undo.take_back()
        return undone

    def _refuse(self, seq: int, lost: frozenset[str], evses: set[int]) -> None:
        """Sort what waited for a batch that was not stored."""
        waiting, self._waiting = self._waiting, []
        refuses = any(one.turn == seq and isinstance(one.what, Reply) for one in waiting)
        for one in waiting:
            what = one.what
            if _of(what, lost):
                continue
            if one.turn != seq:
                self._waiting.append(one)
            elif isinstance(what, Reply):
                self.out.append(Reply(what.token, STORE_FAILED))
            elif isinstance(what, TokenEnded) and what.evse in evses and what.result is TokenResult.USED_TO_START:
                self.out.append(replace(what, result=TokenResult.REJECTED, reason=LOST))
            elif isinstance(what, _FREE):
                self.out.append(what)
            elif not (isinstance(what, _Undo) or (refuses and isinstance(what, (Reboot, Reconnect)))):
                self._waiting.append(_Waiting(0, math.inf, what))


def _of(what: Any, lost: frozenset[str]) -> bool:
    """Whether an effect tells of a transaction that never came to be."""
    if isinstance(what, Tell):
        return isinstance(what.fact, TransactionFact) and what.fact.transaction_id in lost
    return isinstance(what, Publish) and what.data.get("id") in lost
