"""The exit codes of every verb, and the one way to end with an error."""

from __future__ import annotations

import json
from enum import IntEnum
from typing import NoReturn

import typer


class ExitCode(IntEnum):
    """How a program ends."""

    OK = 0
    FAILED = 1
    USAGE = 2
    """Wrong usage, or a profile that cannot be used."""
    UNREACHABLE = 3
    """The CSMS cannot be reached."""
    REFUSED = 4
    """The CSMS said no."""
    HARDWARE = 5
    """A device is missing, busy or lost."""
    THRESHOLD = 99
    """A threshold of a fleet was crossed."""


def fail(message: str, hint: str | None, code: ExitCode, *, as_json: bool = False) -> NoReturn:
    """Say what is wrong and the next thing to try, and end.

    Args:
        message: one line: what, and where.
        hint: the next thing to type, or what to look at.
        as_json: on the standard output as JSON instead of text on the standard error.
    """
    if as_json:
        typer.echo(json.dumps({"ok": False, "error": message, "hint": hint}, ensure_ascii=False))
    else:
        typer.echo(error_text(message, hint), err=True)
    raise typer.Exit(code)


def error_text(message: str, hint: str | None) -> str:
    """An error as screens have it."""
    return f" x {message}" + (f"\n   try: {hint}" if hint else "")
