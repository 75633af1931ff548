"""Problem events: what the CSMS is told of faults beside the status of a connector.

Each fault, by each source, is told when it comes and when it is gone. What happened while nobody could be told is
reduced to what counts when the link is back: a fault that came and went meanwhile is not told (OCPP 2.0.1 N07, remark).
What was told as standing is kept over a reboot, so that its end is told even where the fault did not outlive it
(N07.FR.14). These events are hardwired: no monitor is behind them and no severity queues them (N07.FR.04 speaks of
monitors). How they are worded is a dialect's business; a version without words for them has a plan that says so.

Spec: OCPP 2.0.1 G05, N07; part 2, 2.22 EventDataType.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from station.core.codec import from_row, to_row
from station.core.faults import Standing
from station.core.frozen import dataclass
from station.core.hardware_faults import HardwareFault, hardware_fault
from station.core.records import Json
from station.core.values import Fault, Stamp

if TYPE_CHECKING:
    from station.core.context import Context
    from station.core.evse import Evse
    from station.core.faults import FaultSet

TABLE: Final = "problems"
DEADLINE: Final = "problems"
_LAST: Final = "last"
_AT_ONCE: Final = 20
"""How many events go into one message."""
_KEPT: Final = 100
"""So many wait with all their coming and going; beyond that only what counts in the end."""
_SETTLED_S: Final = 30.0
"""So long after a boot the hardware may take to show a fault again that stood before."""


@dataclass(frozen=True, slots=True)
class Condition:
    """What is wrong, and where: what a coming and a going have in common. ``connector`` 0: it is no connector's."""

    evse: int
    connector: int
    fault: Fault
    source: str = ""

    @property
    def row(self) -> HardwareFault:
        """What is known of its source."""
        return hardware_fault(self.source, self.fault)

    @property
    def key(self) -> str:
        """The same for the same condition, whichever connector is in use."""
        return f"{self.evse}/{self.fault.value}/{self.source}"


@dataclass(frozen=True, slots=True)
class Problem:
    """An event: a condition came (``active``) or went. ``id`` is unique over all boots.

    ``value`` is that of the condition's variable now: it stays true while another source says so.
    """

    id: int
    condition: Condition
    active: bool
    value: bool
    info: str
    stamp: Stamp
    transaction_id: str | None = None


@dataclass(frozen=True, slots=True)
class ProblemQuery:
    """Events that the CSMS is told together; its answer is ``ProblemsTold``."""

    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class ProblemsTold:
    """The CSMS has answered."""


class Problems:
    """The problem events of one station. Nothing is kept as long as nothing is wrong.

    ``pending`` are those that wait to be told, None where none does.
    """

    __slots__ = ("_faults", "_flying", "_last", "_told", "ctx", "evses", "pending")

    def __init__(self, ctx: Context, evses: Sequence[Evse], faults: FaultSet) -> None:
        self.ctx = ctx
        self.evses = evses
        self._faults = faults
        self._last = 0
        self._flying = False
        self.pending: list[Problem] | None = None
        self._told: dict[str, Condition] | None = None

    # What happens

    def changed(self, evse: int, fault: Standing, active: bool) -> None:
        """A fault came to stand, or is gone."""
        at = next((one for one in self.evses if one.id == evse), None)
        lock = at is not None and fault.row.component == "ConnectorPlugRetentionLock"
        condition = Condition(evse, at.active_connector if at is not None and lock else 0, fault.fault, fault.source)
        running = at.transaction.id if at is not None and at.transaction is not None else None
        value = active or self._stands(condition)
        self._add(Problem(0, condition, active, value, fault.text, self.ctx.stamp(), running))

    def _add(self, problem: Problem) -> None:
        pending = self.pending or []
        if not self.ctx.registered or len(pending) >= _KEPT:
            opposite = self._opposite(pending, problem)
            if opposite is not None:
                pending.remove(opposite)
                self.pending = pending or None
                return
        pending.append(problem)
        self.pending = pending

    @staticmethod
    def _opposite(pending: list[Problem], problem: Problem) -> Problem | None:
        """The last event of the condition that has not left yet and that this one takes back."""
        for one in reversed(pending):
            if one.condition.key == problem.condition.key:
                return one if one.active is not problem.active and not one.id else None
        return None

    def _stands(self, condition: Condition) -> bool:
        """Whether another source holds the same variable of the same place."""
        row = condition.row
        at = next((one for one in self.evses if one.id == condition.evse), None)
        standing = at.fault_table.own.standing if at is not None else self._faults.standing
        return any((one.row.component, one.row.variable) == (row.component, row.variable) for one in standing)

    # Telling

    def review(self) -> None:
        """Tell what waits, one message at a time."""
        pending = self.pending
        if pending is None or self._flying or not self.ctx.registered:
            return
        if not self.ctx.plan.tells_problems:
            self.pending = None
            return
        told, rest = pending[:_AT_ONCE], pending[_AT_ONCE:]
        numbered = tuple(self._numbered(problem) for problem in told)
        self.pending = rest or None
        self._flying = True
        self.ctx.ledger.put(TABLE, _LAST, self._last)
        self.ctx.ask(ProblemQuery(numbered))

    def _numbered(self, problem: Problem) -> Problem:
        condition, ledger = problem.condition, self.ctx.ledger
        told = self._told or {}
        if problem.active:
            told[condition.key] = condition
            ledger.put(TABLE, condition.key, to_row(condition))
        elif told.pop(condition.key, None) is not None:
            ledger.delete(TABLE, condition.key)
        self._told = told or None
        if problem.id:
            return problem
        self._last += 1
        return Problem(
            self._last,
            condition,
            problem.active,
            problem.value,
            problem.info,
            problem.stamp,
            problem.transaction_id,
        )

    def answered(self) -> None:
        """The CSMS has heard."""
        self._flying = False

    def unanswered(self, query: ProblemQuery, cause: str) -> None:
        """The events did not arrive, or the CSMS wants none. Only what the link has lost is told again."""
        self._flying = False
        if cause == "Disconnected":
            waiting, self.pending = self.pending or [], None
            for problem in (*query.problems, *waiting):
                self._add(problem)

    # Boots

    def began(self) -> None:
        """The hardware was read: what does not show again in a while has ended with the boot."""
        if self._told:
            self.ctx.at(DEADLINE, 0, _SETTLED_S)

    def due(self) -> None:
        """What was told before the boot and did not come back is gone."""
        standing = {(0, one.fault, one.source) for one in self._faults.standing}
        for evse in self.evses:
            standing |= {(evse.id, one.fault, one.source) for one in evse.fault_table.own.standing}
        ending = {problem.condition.key for problem in self.pending or () if not problem.active}
        for condition in list((self._told or {}).values()):
            if condition.key not in ending and (condition.evse, condition.fault, condition.source) not in standing:
                value = self._stands(condition)
                self._add(Problem(0, condition, False, value, condition.row.info, self.ctx.stamp()))

    def restore(self, key: str, row: Json) -> None:
        """A row as it was stored.

        Raises:
            ValueError, TypeError, KeyError: it was not written by this program.
        """
        if key == _LAST:
            self._last = int(row)
            return
        condition = from_row(Condition, row)
        if condition.key != key:
            raise ValueError("no condition of a problem event")
        self._told = {**(self._told or {}), key: condition}

    def rows(self) -> dict[str, Json]:
        """Exactly what is stored."""
        rows: dict[str, Json] = {key: to_row(condition) for key, condition in (self._told or {}).items()}
        if self._last:
            rows[_LAST] = self._last
        return rows
