"""The one way in which this project uses ``transitions``.

A blueprint is a table of transitions that all objects of a kind share: one ``Machine`` without models for the whole
process. Objects are slotted and carry only their ``state``. A machine per object would cost 120 kB each; this costs
the state string's reference.

Every trigger is legal in every state: one that has no transition leaves the state as it is (physics is never an error)
and answers False.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Protocol

from transitions import Machine


class Stateful(Protocol):
    """What a blueprint needs of an object: a writable ``state``."""

    state: str


class Blueprint:
    """States and transitions shared by all objects of a kind.

    Args:
        name: for error messages and drawings.
        states: names; the first is the initial one.
        table: dictionaries as ``transitions`` takes them (``trigger``, ``source``, ``dest``, ``conditions``, ``after``,
            ...); callbacks are named methods of the object.
        on_enter: state -> name of the method that runs on entry.
    """

    __slots__ = ("_fire", "_sources", "initial", "name", "states", "table", "triggers")

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
        machine = Machine(
            model=None,
            states=described,
            initial=self.initial,
            transitions=[dict(row) for row in self.table],
            auto_transitions=False,
            ignore_invalid_triggers=True,
        )
        self._fire: dict[str, Callable[[Any], bool]] = {
            trigger: event.trigger for trigger, event in machine.events.items()
        }
        self.triggers = tuple(self._fire)
        self._sources = {trigger: frozenset(event.transitions) for trigger, event in machine.events.items()}

    def fire(self, subject: Stateful, trigger: str) -> bool:
        """Apply ``trigger``; False when it means nothing in the present state."""
        return subject.state in self._sources[trigger] and bool(self._fire[trigger](subject))
