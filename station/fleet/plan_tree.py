"""From a plan's file to its tree and model: what is wrong is told, and left out so that the rest can be looked at.

The first step of ``plan_file``; what needs more than one key comes after it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from station.config import ConfigError, Position
from station.config.errors import Problem
from station.config.loader import read_file
from station.config.nodes import MapNode, to_plain
from station.config.nodes import Path as Steps
from station.config.validate import checked, wrong_paths
from station.fleet.overrides import FleetOverrides
from station.fleet.plan_draft import Draft
from station.fleet.plan_model import NO_WORD, PlanModel

_adapter: TypeAdapter[PlanModel] = TypeAdapter(PlanModel)

_ROUNDS: Final = 4
"""A block in place of what was none, the keys that it needs, and one more for what these bring up."""

_NEEDED: Final[Mapping[str, str]] = {"at": "0s", "do": NO_WORD, "idTag": "-", "ca": "-", "key": "-"}
"""Stands for keys that a block needs and has not, or not soundly; ``Draft.sound`` knows that nobody wrote it."""

_BLOCKS_IN_LISTS: Final = frozenset({"groups", "events", "stages"})


def draft_of(path: Path | None, flags: FleetOverrides, env: Mapping[str, str]) -> Draft:
    """The tree of a plan and its model, with the problems so far.

    Args:
        path: the file; None: there is none.

    Raises:
        ConfigError: there is no model.
    """
    if path is None:
        return Draft(MapNode(Position("command line")), PlanModel(), flags, Path.cwd(), env, written=False)
    try:
        node, problems = read_file(path, env)
    except ConfigError as error:
        raise ConfigError(_of_a_plan(one) for one in error.problems) from None
    if not isinstance(node, MapNode):
        raise ConfigError.at(node.position, "a plan is a mapping of blocks", "write it like groups: [{count: 100}]")
    model, wrong = _model(node, problems)
    return Draft(node, model, flags, path.absolute().parent, env, written=True, problems=problems, wrong=wrong)


def _of_a_plan(problem: Problem) -> Problem:
    """What the loader suggests is meant for profiles."""
    if "station init" in problem.suggestion:
        return Problem(problem.position, problem.message, "plans to begin with are in profiles/fleets")
    return Problem(problem.position, problem.message.replace("a profile is", "a plan is"), problem.suggestion)


def _model(root: MapNode, problems: list[Problem]) -> tuple[PlanModel, frozenset[Steps]]:
    """The model of what is sound, and the paths of what is not; problems are added."""
    rest = to_plain(root)
    try:
        return checked(_adapter, rest, root, (), PlanModel), frozenset()
    except ConfigError as error:
        problems.extend(error.problems)
    wrong: set[Steps] = set()
    for _ in range(_ROUNDS):
        try:
            return _adapter.validate_python(rest), frozenset(wrong)
        except ValidationError as error:
            found = wrong_paths(error)
        wrong |= found
        rest = _mended(rest, found, ())
    assert isinstance(rest, dict)
    blocks = {path[0] for path in found}
    return _adapter.validate_python({key: one for key, one in rest.items() if key not in blocks}), frozenset(wrong)


def _mended(value: Any, wrong: set[Steps], here: Steps) -> Any:
    """The same without the keys that are wrong; items of lists keep their places, and needed keys are made up."""
    if isinstance(value, dict):
        kept = {key: _mended(item, wrong, (*here, key)) for key, item in value.items() if (*here, key) not in wrong}
        missing = [path[-1] for path in wrong if path[:-1] == here and path[-1] not in value and path[-1] in _NEEDED]
        return kept | {key: _NEEDED[str(key)] for key in missing}
    if isinstance(value, list):
        instead: Any = {} if here and here[-1] in _BLOCKS_IN_LISTS else "-"
        return [
            instead if (*here, place) in wrong else _mended(item, wrong, (*here, place))
            for place, item in enumerate(value)
        ]
    return value
