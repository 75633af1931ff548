"""What `station check` says of a fleet's plan. Called by `station.cli.profiles`; nothing is run or dialled."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

import typer

from station.cli.exit_codes import ExitCode
from station.cli.fleet_options import print_plan_problems
from station.cli.profiles import problems_as_data
from station.config import ConfigError
from station.config.errors import Problem
from station.fleet.overrides import FleetOverrides

if TYPE_CHECKING:
    from station.fleet.plan import Plan

_KEYS: Final = frozenset({"plan", "groups", "stations", "events", "stages", "cards"})
"""Top keys of a plan that no profile has."""

_EITHER: Final = "begin it with station: {id: CP-1}, or with groups: [{count: 100}]"


def is_plan(path: Path) -> bool:
    """Whether a file is a fleet's plan; False where it cannot be read, too."""
    from station.config.loader import read_file
    from station.config.nodes import MapNode

    try:
        root, _ = read_file(path, os.environ)
    except ConfigError:
        return False
    return isinstance(root, MapNode) and not _KEYS.isdisjoint(root.values)


def of_either(error: ConfigError) -> ConfigError:
    """The same of a file that says nothing of what it is: neither a profile nor a plan."""
    words = {
        "a profile is a mapping of blocks": ("a profile or a plan is a mapping of blocks", _EITHER),
        "the file is empty": ("the file is empty", "station init writes a profile; plans are in profiles/fleets"),
    }
    return ConfigError(
        Problem(one.position, *words.get(one.message, (one.message, one.suggestion))) for one in error.problems
    )


def check_plan(path: Path, *, explain: bool, as_json: bool) -> None:
    """Say whether a plan can be used. What the command line would say (``--csms``, ``-n``) is not missed.

    Args:
        explain: a line for each group too.

    Raises:
        typer.Exit: it cannot.
    """
    from station.fleet.plan_file import load_plan

    try:
        loaded = load_plan(path, FleetOverrides(only_checked=True))
    except ConfigError as error:
        if as_json:
            typer.echo(json.dumps({"ok": False, "problems": problems_as_data(error)}, ensure_ascii=False))
        else:
            print_plan_problems(error, path)
        raise typer.Exit(ExitCode.USAGE) from None
    if as_json:
        typer.echo(json.dumps({"ok": True, "warnings": list(loaded.warnings), **_data(loaded.plan)}))
        return
    for warning in loaded.warnings:
        typer.echo(f"! {warning}", err=True)
    for line in _groups(loaded.plan) if explain else ():
        typer.echo(line)
    typer.echo(f"{path}: ok. {_summary(loaded.plan)}")


def _data(plan: Plan) -> dict[str, object]:
    groups = [
        {"name": group.name, "stations": count, "pattern": group.behaviour.pattern}
        for group, count in zip(plan.groups, _counts(plan), strict=True)
    ]
    run_for = plan.duration_s if math.isfinite(plan.duration_s) else None
    return {"name": plan.name, "stations": plan.count, "groups": groups, "for": run_for, "events": len(plan.storms)}


def _counts(plan: Plan) -> list[int]:
    from station.fleet.interleave import dealt

    return dealt([group.weight for group in plan.groups], plan.count)


def _groups(plan: Plan) -> list[str]:
    lines = []
    for group, count in zip(plan.groups, _counts(plan), strict=True):
        profile = group.profile
        versions = ", ".join(profile.csms.versions)
        lines.append(f"{group.name}: {count} stations, {_number(len(profile.evses), 'EVSE')}, {versions}, "
                     f"{group.behaviour.pattern}")  # fmt: skip
    return lines


def _summary(plan: Plan) -> str:
    run_for = f"{plan.duration_s:g} s" if math.isfinite(plan.duration_s) else "until it is told to end"
    parts = (
        _number(plan.count, "station"),
        _number(len(plan.groups), "group"),
        _number(len(plan.stages), "stage"),
        _number(len(plan.storms), "event"),
        _number(len(plan.thresholds), "threshold"),
    )
    return f"{', '.join(parts)}; {run_for}"


def _number(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
