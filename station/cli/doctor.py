"""`station doctor [PROFILE]`: everything found wrong, with what to type. The verb; `station.cli.checks` looks.

Exit codes: 0 all well (warnings count as well), 2 the profile cannot be used, 5 hardware, 1 the machine, 3 the name of
the CSMS does not resolve; of several the first in the order 5, 1, 3.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final

import typer

from station.cli import bench, checks
from station.cli.checks import Check
from station.cli.exit_codes import ExitCode, error_text, fail
from station.cli.profiles import print_problems, usable
from station.cli.service_env import ServiceEnvironment
from station.cli.text import clean
from station.config import ConfigError, Loaded, Overrides, load
from station.errors import StationError

_CODES: Final = {"hardware": ExitCode.HARDWARE, "machine": ExitCode.FAILED, "csms": ExitCode.UNREACHABLE}


def doctor(
    profile: Annotated[Path | None, typer.Argument(help="Also try each part of this profile.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The answer as JSON.")] = False,
) -> None:
    """Say what is wrong with readers, lines, permissions and this machine, and what to type."""
    environment = ServiceEnvironment(os.environ)
    loaded = None if profile is None else _loaded(profile, environment, as_json)
    found = []
    for check in _all(loaded, environment):
        found.append(check)
        if not as_json:
            typer.echo(_line(check))
    wrong = {check.kind for check in found if check.level == "error"}
    code = next((_CODES[kind] for kind in _CODES if kind in wrong), ExitCode.OK)
    if as_json:
        data = [{"level": one.level, "about": one.kind, "what": one.what, "hint": one.hint or None} for one in found]
        typer.echo(json.dumps({"ok": code is ExitCode.OK, "checks": data}, ensure_ascii=False))
    else:
        warnings = sum(check.level == "warning" for check in found)
        verdict = "nothing is in the way" if code is ExitCode.OK else "something is in the way"
        typer.echo(f" {verdict}" + (f", {warnings} warning{'s' if warnings > 1 else ''}" if warnings else ""))
    if code is not ExitCode.OK:
        raise typer.Exit(code)


def _loaded(path: Path, environment: ServiceEnvironment, as_json: bool) -> Loaded:
    try:
        return usable(load(path, Overrides(), env=environment))
    except ConfigError as error:
        if as_json:
            fail(str(error), f"station check {path}", ExitCode.USAGE, as_json=True)
        print_problems(error)
        raise typer.Exit(ExitCode.USAGE) from None


def _all(loaded: Loaded | None, environment: ServiceEnvironment) -> Iterator[Check]:
    yield from checks.readers_here()
    yield from checks.clock()
    if loaded is None:
        return
    profile = loaded.profile
    for warning in loaded.warnings:
        yield Check("warning", "machine", warning, "station check PROFILE --explain")
    yield from checks.secrets(environment.missing)
    yield from checks.storage(profile)
    yield from checks.central_system(profile)
    if profile.uses_hardware:
        yield from checks.service()
        yield from checks.wiring(profile)
    try:
        held = bench.hold(profile)
    except StationError:
        who = bench.runs(profile) or "a station runs on this profile"
        yield Check("ok", "hardware", f"{who}: its parts are in use and are not opened")
        return
    try:
        yield from checks.parts(profile)
    finally:
        for lock in held:
            lock.release()


def _line(check: Check) -> str:
    if check.level == "ok":
        return f" ok {clean(check.what)}"
    text = error_text(clean(check.what), clean(check.hint) or None)
    return text if check.level == "error" else f" !{text[2:]}"
