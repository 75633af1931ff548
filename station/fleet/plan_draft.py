"""What the readers of a plan share: its tree with positions, its model, the flags, and what was found so far.

Called by ``plan_file`` and its helpers (``plan_shares``, ``plan_profiles``, ``plan_events``, ``plan_tls``).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from station.config import ConfigError, Position, Problem
from station.config.context import absolute
from station.config.errors import ValueRefusedError
from station.config.nodes import ListNode, MapNode, Node, find, key_position, spell, value_position
from station.config.nodes import Path as Steps
from station.fleet.overrides import FleetOverrides
from station.fleet.plan_model import PlanModel, StationsBlock


@dataclass(slots=True)
class Draft:
    """A plan on its way from the model to ``station.fleet.plan.Plan``.

    Attributes:
        base: the folder of the plan.
        written: whether there is a plan file.
        wrong: paths of what the model was made without.
    """

    root: MapNode
    model: PlanModel
    flags: FleetOverrides
    base: Path
    env: Mapping[str, str]
    written: bool
    problems: list[Problem] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    wrong: frozenset[Steps] = frozenset()

    def fault(self, steps: Steps, message: str, suggestion: str = "", *, key: bool = False) -> None:
        """A problem at a value of the plan, or at its key."""
        position = key_position(self.root, steps) if key else value_position(self.root, steps)
        self.problems.append(Problem(position, f"{spell(steps)}: {message}" if steps else message, suggestion))

    def fault_at(self, position: Position, error: ValueRefusedError, what: str = "") -> None:
        """A problem that a parser found."""
        self.problems.append(Problem(position, f"{what}: {error.message}" if what else error.message, error.suggestion))

    def take(self, problems: Iterable[Problem]) -> None:
        """Problems that somebody else found."""
        self.problems.extend(problems)

    def warn(self, position: Position, message: str) -> None:
        """Something that works, but perhaps not as it was meant."""
        self.warnings.append(f"{position}: {message}")

    def position(self, *steps: str | int) -> Position:
        """Where a value of the plan was written."""
        return value_position(self.root, steps)

    def given(self, *steps: str | int) -> bool:
        """Whether somebody wrote this in the plan."""
        return find(self.root, steps) is not None

    def sound(self, *steps: str | int) -> bool:
        """Whether the model holds what somebody wrote there (nothing, too), with all that is below it.

        A check of several keys is made only where all are sound: what was left out is not missed.
        """
        below = any(path[: len(steps)] == steps for path in self.wrong)
        return self.known(*steps) and not below and _complete(find(self.root, steps))

    def known(self, *steps: str | int) -> bool:
        """Whether the model holds what somebody wrote there (nothing, too), perhaps without something below it."""
        for length in range(1, len(steps) + 1):
            if steps[:length] in self.wrong:
                return False
            parent, step = find(self.root, steps[: length - 1]), steps[length - 1]
            if isinstance(parent, MapNode) and step in parent.keys and step not in parent.values:
                return False
        return True

    def file(self, text: str) -> Path:
        """A path of the plan, made absolute."""
        return Path(os.path.normpath(absolute(text, self.base)))

    def near(self, text: str) -> Path:
        """A path of the plan, relative to the working folder where the plan's own was: for what is read at once."""
        folder = Path(self.root.position.source).parent if self.written else Path()
        return Path(os.path.normpath(absolute(text, folder)))

    @property
    def stations(self) -> StationsBlock:
        """Who the stations are; a CSV in place of the block is its member ``csv``."""
        block = self.model.stations
        return block if isinstance(block, StationsBlock) else StationsBlock(csv=block)

    def stop_at_problems(self) -> None:
        """Go no further where something is wrong.

        Raises:
            ConfigError: every problem once, in the order of the files.
        """
        if self.problems:
            unique = dict.fromkeys(self.problems)
            first = str(self.root.position.source)
            raise ConfigError(sorted(unique, key=lambda one: _order(one.position, first)))


def _complete(node: Node | None) -> bool:
    """Whether every value below is known."""
    if isinstance(node, MapNode):
        return node.keys.keys() == node.values.keys() and all(map(_complete, node.values.values()))
    return all(map(_complete, node.items)) if isinstance(node, ListNode) else True


def _order(position: Position, first: str) -> tuple[bool, str, int, int]:
    """The plan before everything else, then by file and place."""
    return position.source != first, position.source, position.line, position.column
