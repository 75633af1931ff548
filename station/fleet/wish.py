"""An event that somebody wishes for while a fleet runs: from plain data (HTTP) to a ``plan.Storm``.

The members are those of an event in a plan: ``do``, ``share``, ``for``, ``group``, ``spread``, ``params``, and ``at``,
counted from now. A text carries its unit; a number is seconds, and of a share (``drop`` and ``reset`` of a network,
too) a number up to 1: ``"20%"`` and ``0.2`` are the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from station.config.errors import ValueRefusedError, did_you_mean
from station.fleet.plan import Plan, Storm
from station.fleet.storm_words import StormRefused, check, seconds, share

_MEMBERS: Final = ("do", "share", "for", "group", "spread", "at", "params")
_LONGEST_S: Final = 366 * 86_400.0


def storm_of(wish: Mapping[str, Any], plan: Plan, number: int) -> Storm:
    """The storm that is wished for.

    Args:
        number: how many were wished for before: decides, with the seed, which stations are struck.

    Raises:
        StormRefused: with what would do.
    """
    for name in wish:
        if name not in _MEMBERS:
            suggestion = did_you_mean(str(name), _MEMBERS) or f"known: {', '.join(_MEMBERS)}"
            raise StormRefused(f"an event has no member {str(name)[:60]!r}", suggestion)
    do, group, params = wish.get("do"), wish.get("group", ""), wish.get("params", {})
    if not isinstance(do, str):
        raise StormRefused("an event needs what it does", '{"do": "go_offline", "share": "20%", "for": "30s"}')
    names = [one.name for one in plan.groups]
    if group and group not in names:
        raise StormRefused(f"there is no group {str(group)[:60]!r}", f"groups: {', '.join(names)}")
    if not isinstance(params, Mapping):
        raise StormRefused("params must be an object", None)
    for_s = _seconds("for", wish["for"]) if wish.get("for") is not None else None
    return Storm(
        at_s=_seconds("at", wish.get("at", 0)),
        do=do,
        share=_share(wish.get("share", 1.0)),
        for_s=for_s,
        params=check(do, params, for_s),
        group=group,
        spread_s=_seconds("spread", wish.get("spread", 0)),
        number=number,
    )


def _seconds(name: str, value: Any) -> float:
    try:
        found = seconds(value)
    except ValueRefusedError as problem:
        raise _refused(name, value, problem, "30s") from None
    if found > _LONGEST_S:
        raise StormRefused(f"{name} cannot be {_shown(value)}: more than a year", f'"{name}": "30s"')
    return found


def _share(value: Any) -> float:
    try:
        found = share(value)
    except ValueRefusedError as problem:
        raise _refused("share", value, problem, "20%") from None
    if not found:
        raise StormRefused(f"share cannot be {_shown(value)}", '"share": "20%"')
    return found


def _refused(name: str, value: Any, problem: ValueRefusedError, example: str) -> StormRefused:
    said = f"{name} cannot be {_shown(value)}: {problem.message}"
    return StormRefused(said, problem.suggestion or f'"{name}": "{example}"')


def _shown(value: Any) -> str:
    return str(value)[:40]
