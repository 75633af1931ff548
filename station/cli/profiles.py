"""The verbs `check`, `schema` and `init`: what a profile says, how one is written, and a first one.

Not the place that runs anything. `station.cli.verbs` registers these functions; other verbs use `print_problems`.
"""

import json
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from station.cli.exit_codes import ExitCode
from station.config import ConfigError, Explained, Loaded, Overrides, Profile, explain, json_schema, load, template
from station.config.errors import Position, Problem
from station.config.nodes import value_position


def check(
    profile: Annotated[Path, typer.Argument(help="the profile to check, or a fleet's plan")],
    explain_values: Annotated[bool, typer.Option("--explain", help="every value and where it came from")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="the answer as JSON")] = False,
) -> None:
    """Check a profile, or a plan, without running it. Exit code 0: it can be used; 2: it cannot."""
    # Here and not above: it comes back here for what both say.
    from station.cli import fleet_check

    if fleet_check.is_plan(profile):
        fleet_check.check_plan(profile, explain=explain_values, as_json=as_json)
        return
    try:
        loaded = usable(load(profile, Overrides()))
    except ConfigError as refused:
        error = fleet_check.of_either(refused)
        if as_json:
            typer.echo(json.dumps({"ok": False, "problems": problems_as_data(error)}, ensure_ascii=False))
        else:
            print_problems(error)
        raise typer.Exit(ExitCode.USAGE) from None
    entries = explain(loaded) if explain_values else []
    if as_json:
        typer.echo(json.dumps(_as_data(loaded, entries), ensure_ascii=False))
        return
    for warning in loaded.warnings:
        typer.echo(f"! {warning}", err=True)
    for entry in entries:
        typer.echo(f"{entry.path} = {entry.value}    # {entry.source}")
    typer.echo(f"{profile}: ok. {summary(loaded.profile)}")


def usable(loaded: Loaded) -> Loaded:
    """The same, once its variables are known to suit the catalogue, and its TLS files to be usable.

    Raises:
        ConfigError: they are not.
    """
    # Here and not above: it brings the catalogue and the dialects, which `schema` and `init` do without.
    from station.host import tls_check
    from station.host.kind import Kind

    Kind(loaded.profile).check()
    problems = [
        Problem(_security_position(loaded, one.key), f"csms.security.{one.key}: {one.message}", one.hint)
        for one in tls_check.unusable(loaded.profile)
    ]
    if problems:
        raise ConfigError(problems)
    warnings = (
        f"{_security_position(loaded, one.key)}: {one.message}; {one.hint}"
        for one in (*tls_check.exposed(loaded.profile), *tls_check.doubtful(loaded.profile))
    )
    return replace(loaded, warnings=(*loaded.warnings, *warnings))


def _security_position(loaded: Loaded, key: str) -> Position:
    return value_position(loaded.root, ("csms", "security", key))


def schema(
    fleet: Annotated[bool, typer.Option("--fleet", help="of plans of fleets, in place of profiles")] = False,
) -> None:
    """Write the JSON schema of profiles to the standard output, for editors."""
    if fleet:
        from station.fleet.schema import plan_schema

        typer.echo(json.dumps(plan_schema(), indent=2, ensure_ascii=False))
        return
    typer.echo(json.dumps(json_schema(), indent=2, ensure_ascii=False))


def init(
    path: Annotated[Path, typer.Argument(help="the file to write")] = Path("station.yaml"),
) -> None:
    """Write a first, commented profile. An existing file is never overwritten (exit code 2)."""
    try:
        with path.open("x", encoding="utf-8") as stream:
            stream.write(template())
    except FileExistsError:
        typer.echo(f" x {path} exists and is not overwritten\n   try: station check {path}", err=True)
        raise typer.Exit(ExitCode.USAGE) from None
    except OSError as error:
        typer.echo(f" x {path}: {error.strerror or error}", err=True)
        raise typer.Exit(ExitCode.FAILED) from None
    typer.echo(f"wrote {path}\n   try: station run {path}")


def print_problems(error: ConfigError) -> None:
    """Write every problem to the standard error, one line each as compilers do, and what to type next."""
    for problem in error.problems:
        typer.echo(str(problem), err=True)
    file = error.file
    if file.startswith("-"):
        typer.echo("   try: station run --help", err=True)
    elif not Path(file).exists():
        typer.echo(f"   try: station init {file}", err=True)
    else:
        typer.echo(f"   try: station check {file} --explain, when this is mended", err=True)


def problems_as_data(error: ConfigError) -> list[dict[str, str | int]]:
    """The problems for `--json`."""
    return [
        {
            "file": problem.position.source,
            "line": problem.position.line,
            "column": problem.position.column,
            "message": problem.message,
            "suggestion": problem.suggestion,
        }
        for problem in error.problems
    ]


def summary(profile: Profile) -> str:
    """One line about a profile: identity, EVSEs, CSMS, store."""
    # Here and not above: `run` without a screen has no use for it.
    from station.net.explain import plain_url

    count = len(profile.evses)
    csms = {"none": "no CSMS", "embedded": "the embedded CSMS"}.get(profile.csms.mode) or plain_url(
        profile.station_url or ""
    )
    store = "in memory" if profile.store is None else str(profile.store)
    return f"{profile.station.id}, {count} EVSE{'s' if count > 1 else ''}, {csms}, store {store}"


def _as_data(loaded: Loaded, entries: list[Explained]) -> dict[str, object]:
    data: dict[str, object] = {"ok": True, "id": loaded.profile.station.id, "warnings": list(loaded.warnings)}
    if entries:
        data["values"] = [{"path": entry.path, "value": entry.value, "source": entry.source} for entry in entries]
    return data
