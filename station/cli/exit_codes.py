"""The exit codes of every verb, and the one way to end with an error."""

from __future__ import annotations

import json
import sys
from enum import IntEnum
from typing import NoReturn


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
    """Say what is wrong and the next thing to try (see ``say``), and end the verb."""
    # Here and not above: a fleet's process has no use for it.
    import typer

    say(message, hint, as_json=as_json)
    raise typer.Exit(code)


def say(message: str, hint: str | None, *, as_json: bool = False) -> None:
    """Say what is wrong and the next thing to try.

    Args:
        message: one line: what, and where.
        hint: the next thing to type, or what to look at.
        as_json: on the standard output as JSON instead of text on the standard error.
    """
    if as_json:
        print(error_json(message, hint), flush=True)
    else:
        print(error_text(message, hint), file=sys.stderr, flush=True)


def error_json(message: str, hint: str | None) -> str:
    """An error as programs read it."""
    return json.dumps({"ok": False, "error": message, "hint": hint}, ensure_ascii=False)


def error_text(message: str, hint: str | None) -> str:
    """An error as screens have it."""
    return f" x {message}" + (f"\n   try: {hint}" if hint else "")
