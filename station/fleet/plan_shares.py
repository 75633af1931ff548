"""How many stations there are, and how many of each group.

A group has a count, a share of all, or what the others leave. The plan's own total is ``stations.count``; else the
counts, as that part of the whole which the shares leave; else ``-n``, the rows of the CSV, or the largest stage. ``-n``
then keeps the proportions. Called by ``plan_file``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from station.config import Position
from station.config.errors import Problem
from station.config.nodes import Path as Steps
from station.config.nodes import key_position
from station.fleet.interleave import dealt
from station.fleet.plan_draft import Draft
from station.fleet.plan_model import MOST_STATIONS, GroupBlock

COUNT_WITHOUT_A_PLAN: Final = 10
_EPSILON: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many stations.

    Attributes:
        count: of the population.
        weights: of the groups; they add up to 1.
        scale: by which ``-n`` changed the numbers of the plan.
    """

    count: int
    weights: tuple[float, ...]
    scale: float = 1.0


def sizes(draft: Draft, groups: Sequence[GroupBlock], rows: int) -> Sizes | None:
    """Count and weights; None: there were problems.

    Args:
        rows: of the CSV of stations; 0: there is none.
    """
    known = len(draft.problems)
    asked = draft.flags.count
    if asked is not None and not 1 <= asked <= MOST_STATIONS:
        draft.problems.append(Problem(Position("-n"), f"{asked} stations", f"write 1 to {MOST_STATIONS}"))
        return None
    total = _total(draft, groups, rows)
    if total is None:
        return None
    weights = _weights(draft, groups, total)
    count = total if asked is None else asked
    if rows and count > rows:
        where = Position("-n") if asked is not None else _csv_position(draft)
        hint = f"write -n {rows}, or add rows"
        draft.problems.append(Problem(where, f"{count} stations, and the CSV has {rows}", hint))
    if len(draft.problems) > known:
        return None
    return Sizes(count, weights, count / total)


def sizes_known(draft: Draft) -> bool:
    """Whether everything that numbers of stations depend on is sound."""
    whole: set[Steps] = {("stations",), ("groups",), ("stages",)}
    in_items = {("groups", "count"), ("groups", "share"), ("stages", "stations")}
    for path in draft.wrong:
        of_item = len(path) == 2 and path[0] in ("groups", "stages")
        if path in whole or of_item or (len(path) == 3 and (path[0], path[2]) in in_items):
            return False
    places: list[Steps] = [
        ("groups", index, key) for index in range(len(draft.model.groups or ())) for key in ("count", "share")
    ]
    places += [("stages", index, "stations") for index in range(len(draft.model.stages or ()))]
    return all(draft.sound(*steps) for steps in (("stations", "count"), ("stations", "csv"), *places))


def warn_of_empty(draft: Draft, names: Sequence[str], found: Sizes) -> None:
    """Groups that are too small a part of the fleet to have a station."""
    if min(found.weights) * found.count >= len(found.weights):
        # Nobody falls behind that far: no need to deal out a million stations.
        return
    for index, number in enumerate(dealt(found.weights, found.count)):
        if not number:
            share = f"{100 * found.weights[index]:.3g} % of {found.count}"
            where = key_position(draft.root, ("groups", index))
            draft.warn(where, f"group '{names[index][:60]}' has no station: {share}; raise its share, or take more")


def _csv_position(draft: Draft) -> Position:
    return Position("--stations") if draft.flags.stations is not None else draft.position("stations", "csv")


def _total(draft: Draft, groups: Sequence[GroupBlock], rows: int) -> int | None:
    """The number of stations that the counts of the plan are meant of."""
    counts = sum(group.count or 0 for group in groups)
    shares = sum(group.share or 0.0 for group in groups) / 100
    open_groups = any(group.count is None and group.share is None for group in groups)
    if draft.stations.count is not None:
        return draft.stations.count
    if counts and not open_groups:
        if shares >= 1 - _EPSILON:
            draft.fault(("groups",), f"the shares are {shares:.0%}, and there are groups with a count besides")
            return None
        return round(counts / (1 - shares))
    missed = draft.written and not draft.flags.only_checked
    largest = max((stage.stations or 0 for stage in draft.model.stages or ()), default=0)
    total = draft.flags.count or rows or largest or (0 if missed else COUNT_WITHOUT_A_PLAN)
    if not total:
        where = ("groups",) if draft.given("groups") else ()
        draft.fault(where, "how many stations is not said", "write stations: {count: 100}, or station fleet -n 100 …")
        return None
    return total


def _weights(draft: Draft, groups: Sequence[GroupBlock], total: int) -> tuple[float, ...]:
    """Of each group; where they cannot be told, problems are added."""
    weights: list[float | None] = []
    for index, group in enumerate(groups):
        if group.count is not None and group.share is not None:
            draft.fault(("groups", index, "share"), "a group has a count or a share, not both", key=True)
        weight = group.count / total if group.count is not None else group.share and group.share / 100
        weights.append(weight)
    given = sum(weight or 0.0 for weight in weights)
    left = 1 - given
    open_groups = weights.count(None)
    if not open_groups and abs(left) <= 0.51 / total and any(group.count for group in groups):
        # Counts beside shares seldom make a whole number of stations.
        return tuple((weight or 0.0) / given for weight in weights)
    if left < -_EPSILON or (open_groups and left <= _EPSILON):
        draft.fault(("groups",), f"the groups have {_of(given, total)} already", "lower a count or a share")
    elif not open_groups and left > _EPSILON:
        hint = "leave count and share out of one group: it has the rest"
        draft.fault(("groups",), f"the groups have {_of(given, total)}, and nobody has the rest", hint)
    return tuple(left / open_groups if weight is None else weight for weight in weights)


def _of(given: float, total: int) -> str:
    return f"{given * 100:g} % of the {total} stations ({round(given * total)})"
