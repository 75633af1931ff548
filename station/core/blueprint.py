"""The one way in which this project uses ``transitions``.

A blueprint is a table of transitions that all objects of a kind share: one ``Machine`` without models for the whole
process. Objects are slotted and carry only their ``state``. A machine per object would cost 120 kB each; this costs
the state string's reference.

Every trigger is legal in every state: one that has no transition leaves the state as it is (physics is never an error)
and answers False. The library reads and checks the table; firing is a look at what it made of it, since its own way
through events, conditions and callbacks takes ten calls for one change of state.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from transitions import Machine


class Stateful(Protocol):
    """What a blueprint needs of an object: a writable ``state``."""

    state: str


_Move = tuple[tuple[str, ...], str, str | None]
"""The conditions, all of which have to hold; the new state; the method that runs on entry."""


class Blueprint:
    """States and transitions shared by all objects of a kind.

    Args:
        name: for error messages and drawings.
        states: names; the first is the initial one.
        table: dictionaries as ``transitions`` takes them, with ``trigger``, ``source``, ``dest`` and ``conditions``,
            which are named members of the object.
        on_enter: state -> name of the method that runs on entry.

    ``machine`` is the library's; ``fire`` does what its triggers do.
    """

    __slots__ = ("_moves", "initial", "machine", "name", "states", "table", "triggers")

    def __init__(
        self,
        name: str,
        states: Iterable[str],
        table: Iterable[dict[str, Any]],
        on_enter: dict[str, str] | None = None,
    ) -> None:
        self.name = name
        self.states = tuple(states)
        self.initial = self.states[0]
        self.table = tuple(table)
        entries = on_enter or {}
        described: list[dict[str, Any]] = [{"name": state, "on_enter": entries.get(state, [])} for state in self.states]
        self.machine = machine = Machine(
            model=None,
            states=described,
            initial=self.initial,
            transitions=[dict(row) for row in self.table],
            auto_transitions=False,
            ignore_invalid_triggers=True,
        )
        self.triggers = tuple(machine.events)
        self._moves: dict[str, dict[str, tuple[_Move, ...]]] = {
            trigger: {
                source: tuple(
                    (tuple(str(condition.func) for condition in move.conditions), move.dest, entries.get(move.dest))
                    for move in moves
                    if move.dest is not None
                )
                for source, moves in event.transitions.items()
            }
            for trigger, event in machine.events.items()
        }

    def fire(self, subject: Stateful, trigger: str) -> bool:
        """Apply ``trigger``; False when it means nothing in the present state."""
        for conditions, dest, entered in self._moves[trigger].get(subject.state, ()):
            for name in conditions:
                if not getattr(subject, name):
                    break
            else:
                subject.state = dest
                if entered is not None:
                    getattr(subject, entered)()
                return True
        return False
