"""`station install`: a profile becomes a service of systemd. The verb; `plan` decides, `apply` does."""

from __future__ import annotations

import json
import os
import re
import shlex
from pathlib import Path
from typing import Annotated, Final

import typer

from station.cli.exit_codes import ExitCode, error_text, fail
from station.cli.install import apply
from station.cli.install.plan import FOLDER, SECRETS, Plan, make_plan, service_profile
from station.cli.profiles import print_problems
from station.config import ConfigError

_USER: Final = re.compile(r"[a-z_][a-z0-9_-]{0,30}")
_ROOT: Final = Path("/")


def install(
    profile: Annotated[Path, typer.Argument(help="The profile that the service runs.", metavar="[PROFILE]")] = FOLDER
    / "station.yaml",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print every file and command; write nothing.")] = False,
    user: Annotated[str, typer.Option(help="The user that the service runs as.")] = "ocpp-station",
    prefix: Annotated[Path, typer.Option(help="Write below this folder (an image), and run nothing.")] = _ROOT,
    force: Annotated[bool, typer.Option("--force", help="Replace files that were changed by hand, too.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The answer as JSON.")] = False,
) -> None:
    """Write the systemd unit and all that goes with it: user, udev rules, the script that opens the contactors."""
    if not _USER.fullmatch(user):
        fail(f"--user {user}: is no name of a user", "--user ocpp-station", ExitCode.USAGE, as_json=as_json)
    path = Path(os.path.abspath(profile))  # noqa: PTH100 - links stay as they are written
    plan = _plan(path, user, as_json)
    if dry_run:
        _show(plan, as_json)
        return
    if prefix == _ROOT and os.geteuid() != 0:
        command = f"sudo {shlex.join(['station', 'install', str(profile)])}"
        fail("writing below /etc needs root", f"{command}, or --dry-run", ExitCode.FAILED, as_json=as_json)
    for message, hint in plan.problems:
        fail(message, hint, ExitCode.FAILED, as_json=as_json)
    _carry_out(plan, prefix, force=force, as_json=as_json)


def _plan(path: Path, user: str, as_json: bool) -> Plan:
    try:
        loaded, names = service_profile(path, os.environ)
    except ConfigError as error:
        if as_json:
            fail(str(error), f"station check {path}", ExitCode.USAGE, as_json=True)
        print_problems(error)
        raise typer.Exit(ExitCode.USAGE) from None
    return make_plan(loaded, path, names, user)


def _show(plan: Plan, as_json: bool) -> None:
    if as_json:
        files = [{"path": str(one.path), "mode": f"{one.mode:04o}", "text": apply.content(one)} for one in plan.files]
        data = {"files": files, "commands": plan.commands, "next": plan.next_steps, "remarks": plan.remarks}
        problems = [{"message": message, "hint": hint} for message, hint in plan.problems]
        typer.echo(json.dumps({"ok": not problems, **data, "problems": problems}, ensure_ascii=False))
        return
    for file in plan.files:
        typer.echo(f"=== {file.path}  (mode {file.mode:04o})\n{apply.content(file)}")
    typer.echo("=== commands")
    for command in plan.commands:
        typer.echo(shlex.join(command))
    typer.echo("\n=== then type")
    for step in plan.next_steps:
        typer.echo(step)
    _tell(plan)
    for message, hint in plan.problems:
        typer.echo(error_text(message, hint), err=True)


def _carry_out(plan: Plan, prefix: Path, *, force: bool, as_json: bool) -> None:
    try:
        written = [apply.write(file, prefix, force=force) for file in plan.files]
    except OSError as error:
        fail(f"{error.filename}: {error.strerror}", "sudo station install …", ExitCode.FAILED, as_json=as_json)
    failed = []
    if prefix == _ROOT:
        failed = [(command, why) for command in plan.commands if (why := apply.run(command)) is not None]
    theirs = prefix / SECRETS.relative_to("/")
    kept = [one.path for one in written if one.outcome == "kept" and one.path != theirs]
    if as_json:
        answer = {
            "ok": not kept,
            "files": [{"path": str(one.path), "outcome": one.outcome} for one in written],
            "failed": [{"command": shlex.join(command), "error": why} for command, why in failed],
            "next": plan.next_steps,
        }
        typer.echo(json.dumps(answer, ensure_ascii=False))
    else:
        for one in written:
            typer.echo(f" {one.outcome:<9} {one.path}" + (f"  (the old one: {one.backup})" if one.backup else ""))
        for command, why in failed:
            typer.echo(f"! {shlex.join(command)}: {why}", err=True)
        _tell(plan)
        typer.echo(" next:" if prefix == _ROOT else " on the machine itself:")
        for line in (*(() if prefix == _ROOT else map(shlex.join, plan.commands)), *plan.next_steps):
            typer.echo(f"   {line}")
    if kept:
        names = ", ".join(str(path) for path in kept)
        if not as_json:
            message = f"changed by hand, and kept: {names}"
            typer.echo(error_text(message, "--force (the old ones are kept as .bak)"), err=True)
        raise typer.Exit(ExitCode.FAILED)


def _tell(plan: Plan) -> None:
    for remark in plan.remarks:
        typer.echo(f"! {remark}", err=True)
