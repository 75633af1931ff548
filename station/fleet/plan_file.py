"""Reads a fleet's plan: a file or none, with the flags laid over it; strict, with the position of every mistake.

The way in for the command line and tests. Files are read and nothing is dialled. Keys and defaults: docs/fleet-plan.md.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from station.config import ConfigError, Loaded, Position, Secret
from station.config.errors import Problem, ValueRefusedError
from station.fleet import plan_events, plan_tls, tables
from station.fleet.id_template import check_id_template, check_password_template
from station.fleet.overrides import FleetOverrides
from station.fleet.plan import Card, Group, Plan, Station
from station.fleet.plan_draft import Draft
from station.fleet.plan_model import CardBlock, GroupBlock
from station.fleet.plan_profiles import Profiles
from station.fleet.plan_shares import Sizes, sizes, sizes_known, warn_of_empty
from station.fleet.plan_tree import draft_of
from station.fleet.variants import with_evses

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["FleetOverrides", "LoadedPlan", "load_plan"]

T = TypeVar("T")

DEFAULT_ID: Final = "LT-{:05d}"
_ONE_GROUP: Final = (GroupBlock(name="stations"),)


@dataclass(frozen=True, slots=True)
class LoadedPlan:
    """A plan, and what works but perhaps not as it was meant (a line each, with its position)."""

    plan: Plan
    warnings: tuple[str, ...] = ()


def load_plan(
    path: Path | None = None, overrides: FleetOverrides | None = None, env: Mapping[str, str] | None = None
) -> LoadedPlan:
    """Read a plan and lay the flags over it.

    Args:
        path: the file; None: one group of simulated stations that charge and pause by the clock.
        overrides: the flags; they win.
        env: the environment for ``${VAR}``; the process's own when None.

    Raises:
        ConfigError: with every problem that was found, each with its position.
    """
    draft = draft_of(path, overrides or FleetOverrides(), os.environ if env is None else env)
    groups = tuple(draft.model.groups or _ONE_GROUP)
    listed, whole = _stations(draft)
    rows = listed or ()
    names = _names(draft, groups)
    template, password = _templates(draft, from_csv=listed is not None)
    # Numbers that are only half known would lead to problems that are none.
    size = sizes(draft, groups, len(rows)) if whole and sizes_known(draft) else None
    _check_ids(draft, template, size, from_csv=listed is not None)
    if size is not None:
        rows = rows[: size.count]
        warn_of_empty(draft, names, size)
    cards = _cards(draft)
    issuing = plan_tls.issuing(draft)
    own = issuing is not None or password is not None or any(row.password or row.cert for row in rows)
    profiles = _profiles(draft, groups, rows, brings_credentials=own)
    plan_tls.check(draft, profiles, rows, issuing)
    stages = plan_events.stages(draft, size)
    storms = tuple(plan_events.storms(draft, names, _places(names, profiles, rows)))
    thresholds = plan_events.thresholds(draft)
    draft.stop_at_problems()
    assert size is not None
    plan = Plan(
        name=draft.model.plan.name or (path.stem if path is not None else "fleet"),
        count=size.count,
        groups=tuple(_groups(draft, groups, names, profiles, size)),
        stages=stages,
        seed=draft.model.plan.seed if draft.flags.seed is None else draft.flags.seed,
        id_template=template,
        rows=rows,
        cards=cards,
        password=password,
        certificates=issuing,
        storms=storms,
        thresholds=thresholds,
        speed=draft.model.plan.speed if draft.flags.speed is None else draft.flags.speed,
        begins_s=draft.model.plan.begins,
        end_patience_s=draft.model.plan.end_patience,
    )
    return LoadedPlan(plan, tuple(draft.warnings))


def _table(draft: Draft, path: Path, read: Callable[[Path], tables.Table[T]], where: Position) -> tables.Table[T]:
    """A CSV; one that cannot be read is told where it is named."""
    try:
        table = read(path)
    except ConfigError as error:
        unreadable = error.line == 0
        table = tables.Table((), error.problems)
        draft.take(Problem(where, str(one), "") if unreadable else one for one in error.problems)
        return table
    draft.take(table.problems)
    return table


def _stations(draft: Draft) -> tuple[tuple[Station, ...] | None, bool]:
    """The sound rows of the CSV (None: there is none), and whether these are all."""
    if draft.flags.stations is not None:
        table = _table(draft, draft.flags.stations, tables.read_stations, Position("--stations"))
    elif draft.stations.csv is not None:
        where = draft.position("stations", "csv")
        table = _table(draft, draft.near(draft.stations.csv), tables.read_stations, where)
    else:
        return None, True
    return table.rows, not table.problems


def _cards(draft: Draft) -> tuple[Card, ...]:
    if draft.flags.cards is not None:
        return _table(draft, draft.flags.cards, tables.read_cards, Position("--cards")).rows
    written = draft.model.cards
    if written is None:
        return ()
    if isinstance(written, str):
        return _table(draft, draft.near(written), tables.read_cards, draft.position("cards")).rows
    return tuple(Card(one.idTag, one.type) if isinstance(one, CardBlock) else Card(one) for one in written)


def _names(draft: Draft, groups: Sequence[GroupBlock]) -> tuple[str, ...]:
    names: list[str] = []
    for index, group in enumerate(groups):
        name = group.name or f"group-{index + 1}"
        if name in names:
            steps = ("groups", index, "name") if group.name else ("groups", index)
            draft.fault(steps, f"'{name[:60]}' is the name of another group", "give each a name of its own")
        names.append(name)
    return tuple(names)


def _templates(draft: Draft, *, from_csv: bool) -> tuple[str, Secret | None]:
    """Of the ids and the passwords."""
    block, flags = draft.stations, draft.flags
    if from_csv:
        if flags.id is not None:
            said = "the stations are those of a CSV, which has ids of its own"
            draft.problems.append(Problem(Position("--id"), said, "leave one of them out"))
        elif block.id is not None and flags.stations is None:
            draft.fault(("stations", "id"), "the CSV has ids of its own", "leave one of them out")
    password = block.password
    if password is not None:
        try:
            check_password_template(password.reveal())
        except ValueRefusedError as error:
            draft.fault_at(draft.position("stations", "password"), error, "stations.password")
    if password is not None and flags.password_file is not None:
        draft.warn(Position("--password-file"), "the plan's stations.password gives way to it")
        password = None
    return str(flags.id or block.id or DEFAULT_ID), password


def _check_ids(draft: Draft, template: str, size: Sizes | None, *, from_csv: bool) -> None:
    if from_csv:
        return
    try:
        check_id_template(template, None if size is None else size.count)
    except ValueRefusedError as error:
        written = draft.flags.id is None
        draft.fault_at(draft.position("stations", "id") if written else Position("--id"), error, f"'{template[:60]}'")


def _profiles(
    draft: Draft, groups: Sequence[GroupBlock], rows: Sequence[Station], *, brings_credentials: bool
) -> list[Loaded | None]:
    """Of each group; None: there were problems."""
    read = Profiles(draft, brings_credentials=brings_credentials)
    profiles = [read.of(index, group) for index, group in enumerate(groups)]
    _check_variants(draft, profiles, rows)
    return profiles


def _check_variants(draft: Draft, profiles: Sequence[Loaded | None], rows: Sequence[Station]) -> None:
    """Whether each group's variables suit the numbers of EVSEs of the CSV."""
    from station.host.kind import Kind

    numbers = {row.connectors for row in rows if row.connectors is not None}
    for loaded in profiles:
        for number in sorted(numbers if loaded is not None else ()):
            assert loaded is not None
            try:
                Kind(with_evses(loaded.profile, number)).check()
            except ConfigError as error:
                problems = (Problem(one.position, f"with {number} EVSEs: {one.message}") for one in error.problems)
                draft.take(problems)


def _places(
    names: Sequence[str], profiles: Sequence[Loaded | None], rows: Sequence[Station]
) -> dict[str, dict[str, int]]:
    """How many EVSEs and connectors a station of each group has at most, where that is known."""
    most_evses = max((row.connectors or 0 for row in rows), default=0)
    found: dict[str, dict[str, int]] = {}
    for name, loaded in zip(names, profiles, strict=True):
        if loaded is not None:
            profile = with_evses(loaded.profile, max(most_evses, len(loaded.profile.evses)))
            connectors = sum(len(evse.connectors) for evse in profile.evses)
            found[name] = {"evse": len(profile.evses), "connector": connectors}
    return found


def _groups(
    draft: Draft, blocks: Sequence[GroupBlock], names: Sequence[str], profiles: Sequence[Loaded | None], size: Sizes
) -> list[Group]:
    made: list[Group] = []
    for index, (block, loaded) in enumerate(zip(blocks, profiles, strict=True)):
        assert loaded is not None
        network = block.network or draft.model.plan.network
        group = Group(
            name=str(names[index]),
            weight=size.weights[index],
            profile=loaded.profile,
            behaviour=plan_events.behaviour(draft, index, block.behaviour),
            network=plan_events.network(network),
        )
        made.append(group)
    return made
