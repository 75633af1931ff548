"""An event that somebody wishes for while a fleet runs: from plain data (HTTP) to a ``plan.Storm``.

The members are those of an event in a plan: ``do``, ``share``, ``for``, ``group``, ``spread``, ``params``, and ``at``,
counted from now. Durations are texts with a unit, or numbers of seconds; a share is ``20%`` or a number up to 1.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

from station.config.errors import ValueRefusedError, did_you_mean
from station.config.units import parse_duration, parse_quantity
from station.fleet.plan import Plan, Storm
from station.fleet.storm_words import StormRefused, check

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
        seconds = parse_duration(value) if isinstance(value, str) else _number(value)
    except ValueRefusedError as problem:
        raise StormRefused(f"{name}: {problem.message}", problem.suggestion or None) from None
    if not 0 <= seconds <= _LONGEST_S:
        raise StormRefused(f"{name} cannot be {value}", f'"{name}": "30s"')
    return seconds


def _share(value: Any) -> float:
    try:
        share = parse_quantity(value, "percentage") / 100 if isinstance(value, str) else _number(value)
    except ValueRefusedError as problem:
        raise StormRefused(f"share: {problem.message}", problem.suggestion or None) from None
    if not 0 < share <= 1:
        raise StormRefused(f"share cannot be {value}", '"share": "20%"')
    return share


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise ValueRefusedError(f"{str(value)[:40]!r} is no number")
    return float(value)
