"""`station readers`: the card readers of this machine, what a profile says for each, and what is in the way.

Opens nothing: `station tap` does, and `station doctor PROFILE`.
"""

from __future__ import annotations

import dataclasses
import json
from typing import Annotated

import typer

from drivers import discovery
from drivers.discovery import Found, Problem
from station.cli.exit_codes import ExitCode, error_text
from station.cli.text import clean


def readers(
    as_json: Annotated[bool, typer.Option("--json", help="The answer as JSON.")] = False,
) -> None:
    """List card readers and serial lines, the driver and the profile line of each. Exit code 5: none is usable."""
    found = discovery.find()
    problems = discovery.problems(found)
    usable = bool(found) and not any(problem.severity == "error" for problem in problems)
    if as_json:
        typer.echo(json.dumps(_data(found, problems, usable), ensure_ascii=False))
    else:
        for device in found:
            for line in device_lines(device):
                typer.echo(line)
        for problem in problems:
            typer.echo(problem_text(problem), err=True)
        if not found:
            typer.echo(error_text("no reader and no serial line was found", "is it plugged in? lsusb"), err=True)
    if not usable:
        raise typer.Exit(ExitCode.HARDWARE)


def device_lines(device: Found) -> list[str]:
    """A device with the line that a profile needs for it."""
    held = f"   held by {', '.join(device.holders)}" if device.holders else ""
    what = " ".join(part for part in (device.name, f"({device.usb})" if device.usb else "") if part)
    lines = [f" {device.kind:<9} {clean(device.where)}   {clean(what)}{clean(held)}".rstrip()]
    if device.profile:
        return [*lines, f"   profile: {clean(device.profile)}"]
    if device.kind == "serial":
        where = device.where
        lines.append("   what hangs on it cannot be seen; as a reader it may be one of")
        lines.append(f"   profile: {{driver: pn532, device: {where}}}")
        lines.append(f"   profile: {{driver: serial, port: {where}, format: rdm6300}}   id12la, line, twn4, wiegand")
    else:
        lines.append("   no driver knows it")
    return lines


def problem_text(problem: Problem) -> str:
    """A problem as screens have it."""
    text = error_text(f"{clean(problem.where)}: {clean(problem.what)}", clean(problem.hint))
    return text if problem.severity == "error" else f" !{text[2:]}"


def _data(found: list[Found], problems: list[Problem], usable: bool) -> dict[str, object]:
    devices = [dataclasses.asdict(device) | {"profile": device.profile or None} for device in found]
    return {"ok": usable, "readers": devices, "problems": [dataclasses.asdict(problem) for problem in problems]}
