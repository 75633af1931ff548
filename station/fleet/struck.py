"""Who is struck by a storm, and in what order: a pure function of plan and seed."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from random import Random

from station.fleet.plan import Plan, Storm
from station.fleet.population import Population


def name_of(storm: Storm, position: int | None) -> str:
    """What tells storms apart that are alike: the position in the plan; None: it was injected."""
    return f"storm/{position}" if position is not None else f"injected/{storm.number}/{storm.do}"


def struck(storm: Storm, name: str, population: Population) -> Sequence[int]:
    """The indexes of all stations of the population that a storm strikes, those first that come first.

    The share is exact, of the whole population or of the group, and at least one station.
    """
    of = _members(storm.group, population)
    if not of:
        return of
    wanted = min(len(of), max(1, round(storm.share * len(of))))
    chance = Random(f"{population.plan.seed}/{name}")  # noqa: S311 - variety, no secret
    if wanted == len(of) and not storm.spread_s:
        return of
    return array("L", chance.sample(of, wanted))


def _members(group: str, population: Population) -> Sequence[int]:
    if not group:
        return range(population.size)
    return array("L", (index for index in range(population.size) if population.group_of(index).name == group))


def lasts_s(storm: Storm, plan: Plan) -> float | None:
    """How long until its end: ``for``; of a power cycle, how long the slowest group takes to boot; None: no end."""
    if storm.do != "power_cycle":
        return storm.for_s
    groups = [group for group in plan.groups if storm.group in ("", group.name)]
    return max((group.profile.reboot.takes_s for group in groups), default=0.0) / plan.speed


def title(storm: Storm) -> str:
    """A few words for reports: ``blackout, 20 % for 30 s``."""
    whom = f"{storm.share * 100:g} %" + (f" of {storm.group}" if storm.group else "")
    return f"{storm.do}, {whom}" + (f" for {storm.for_s:g} s" if storm.for_s is not None else "")
