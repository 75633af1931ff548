"""`station pair`: the QR codes of a station's connectors, on the terminal and as files to print and stick on.

The text in them is `station.pairing`'s. Nothing is sent: a code names a connector, it authorizes nobody.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from station.cli import connection, qr
from station.cli.exit_codes import ExitCode, fail
from station.cli.profiles import print_problems, problems_as_data
from station.errors import StationError
from station.pairing import PairingError, make

_BORDER = 4
_SCALE = 8


@dataclass(frozen=True, slots=True)
class _Connectors:
    """Whose codes are made; `count` None: only the one that is named is known."""

    station: str
    count: int | None


def pair(
    profile: Annotated[
        Path | None, typer.Argument(help="the profile of the station; left out: the one that runs")
    ] = None,
    to: Annotated[str | None, typer.Option("--to", help="a running station: id, URL or runtime file")] = None,
    identity: Annotated[
        str | None, typer.Option("--id", help="a station that neither runs nor has a profile here")
    ] = None,
    connector: Annotated[
        int | None, typer.Option("--connector", min=1, help="of the station, from 1; left out: all of them (--id: 1)")
    ] = None,
    svg: Annotated[
        Path | None, typer.Option("--svg", help="write it as SVG; several get -1, -2, … in their names")
    ] = None,
    png: Annotated[
        Path | None, typer.Option("--png", help="write it as PNG; several get -1, -2, … in their names")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="the answer as JSON, without drawings")] = False,
) -> None:
    """Show the QR code that pairs a driver's app with a connector."""
    if sum(given is not None for given in (profile, to, identity)) > 1:
        fail("a profile, --to and --id exclude each other", "station pair --help", ExitCode.USAGE, as_json=as_json)
    meant = _meant(profile, to, identity, as_json=as_json)
    if meant.count is not None and connector is not None and connector > meant.count:
        message = f"{meant.station} has no connector {connector}; it has {meant.count}"
        fail(message, "station pair --help", ExitCode.USAGE, as_json=as_json)
    numbers = [connector] if connector is not None else list(range(1, (meant.count or 1) + 1))
    made = []
    for number in numbers:
        try:
            text = make(meant.station, number)
        except PairingError as error:
            fail(error.message, error.hint, ExitCode.USAGE, as_json=as_json)
        made.append(_code(text, number, _files(svg, png, number if len(numbers) > 1 else None), as_json=as_json))
    if as_json:
        typer.echo(json.dumps({"ok": True, "station": meant.station, "pairings": made}, ensure_ascii=False))


def _meant(profile: Path | None, to: str | None, identity: str | None, *, as_json: bool) -> _Connectors:
    if identity is not None:
        return _Connectors(identity, None)
    if profile is not None:
        return _of_profile(profile, as_json=as_json)
    try:
        answer = connection.command(connection.find(to), "status", {})
    except StationError as error:
        hint = error.hint if to is not None else "station pair station.yaml, or station pair --id CP001"
        fail(error.message, hint, ExitCode.FAILED, as_json=as_json)
    status = answer.get("data") or {}
    if not answer["ok"] or "id" not in status:
        fail(
            str(answer.get("error", "the answer is none of a station")), "check --to", ExitCode.FAILED, as_json=as_json
        )
    return _Connectors(str(status["id"]), len(status.get("evses") or ()))


def _of_profile(path: Path, *, as_json: bool) -> _Connectors:
    # Here and not above: the checks of a profile are worth their time only where there is one.
    from station.config import ConfigError, Overrides, load

    try:
        profile = load(path, Overrides()).profile
    except ConfigError as error:
        if as_json:
            typer.echo(json.dumps({"ok": False, "problems": problems_as_data(error)}, ensure_ascii=False))
        else:
            print_problems(error)
        raise typer.Exit(ExitCode.USAGE) from None
    return _Connectors(profile.station.id, sum(len(evse.connectors) for evse in profile.evses))


def _files(svg: Path | None, png: Path | None, number: int | None) -> dict[str, Path]:
    """Where the images of a connector go, by kind."""
    named = {"svg": svg, "png": png}
    return {
        kind: path if number is None else path.with_name(f"{path.stem}-{number}{path.suffix}")
        for kind, path in named.items()
        if path is not None
    }


def _code(text: str, number: int, files: dict[str, Path], *, as_json: bool) -> dict[str, Any]:
    """Write and draw one code; its data."""
    import segno

    code = segno.make(text, micro=False, error="m")
    for kind, path in files.items():
        try:
            code.save(str(path), kind=kind, border=_BORDER, scale=_SCALE)
        except OSError as error:
            fail(f"{path}: {error.strerror or error}", None, ExitCode.FAILED, as_json=as_json)
    if not as_json:
        typer.echo(f" connector {number}  {text}")
        for line in qr.lines(
            [list(row) for row in code.matrix_iter(border=_BORDER)], unicode=_speaks_utf8(), colours=_has_colours()
        ):
            typer.echo(line, color=True)
        for path in files.values():
            typer.echo(f" wrote {path}")
    return {"connector": number, "text": text, **{kind: str(path) for kind, path in files.items()}}


def _speaks_utf8() -> bool:
    return (sys.stdout.encoding or "").casefold().replace("-", "") == "utf8"


def _has_colours() -> bool:
    return sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb" and "NO_COLOR" not in os.environ
