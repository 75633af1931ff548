"""`station run`: one station until it is told to stop. Parses flags and reads the profile; the host does the rest."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import Annotated

import typer

from drivers.api import DriverError
from station.cli.exit_codes import ExitCode, fail
from station.cli.profiles import print_problems, usable
from station.config import ConfigError, Loaded, Overrides, load
from station.errors import StationError
from station.host.options import RunOptions

_File = Path | None


def run(
    profile: Annotated[Path | None, typer.Argument(help="The profile; left out: a demo station.")] = None,
    csms: Annotated[
        str | None, typer.Option(metavar="URL", help="ws:// or wss://; left out: the embedded one.")
    ] = None,
    station_id: Annotated[str | None, typer.Option("--id", help="The station's identity.")] = None,
    ocpp: Annotated[str | None, typer.Option(metavar="1.6|2.0.1", help="The version; several with commas.")] = None,
    password_file: Annotated[_File, typer.Option(help="File with the Basic Auth password.")] = None,
    ca: Annotated[_File, typer.Option(help="PEM file of the authority to trust.")] = None,
    cert: Annotated[_File, typer.Option(help="The station's certificate chain, PEM.")] = None,
    key: Annotated[_File, typer.Option(help="The station's private key, PEM.")] = None,
    insecure: Annotated[bool, typer.Option("--insecure", help="Verify neither chain nor host name.")] = False,
    offline: Annotated[bool, typer.Option("--offline", help="Do not dial until told to connect.")] = False,
    wire: Annotated[bool, typer.Option("--wire", help="One line a message, secrets masked.")] = False,
    trace: Annotated[_File, typer.Option(help="Append every message to this file.")] = None,
    control: Annotated[str | None, typer.Option(metavar="stdio|ADDR|off", help="The control face.")] = None,
    speed: Annotated[float, typer.Option(help="How fast station time runs.")] = 1.0,
    as_json: Annotated[bool, typer.Option("--json", help="Events as JSON lines.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Log everything, and tracebacks.")] = False,
) -> None:
    """Run one station. SIGTERM, SIGINT and the end of the control lines stop it in order."""
    lines = control == "stdio"
    flags = Overrides(
        csms=csms,
        id=station_id,
        ocpp=ocpp,
        password_file=password_file,
        ca=ca,
        cert=cert,
        key=key,
        insecure=insecure,
        control=control,
    )
    options = RunOptions(
        offline=offline,
        wire=wire,
        trace=trace,
        speed=_speed(speed, as_json),
        json=as_json,
        debug=debug,
        lines=lines,
        interactive=not (lines or as_json) and sys.stdin.isatty() and sys.stdout.isatty(),
        insecure=insecure,
    )
    loaded = _loaded(profile, flags, as_json)
    raise typer.Exit(_run(loaded, options))


def _speed(speed: float, as_json: bool) -> float:
    if not (math.isfinite(speed) and speed > 0):
        fail(f"--speed {speed:g}: must be above 0", "--speed 10", ExitCode.USAGE, as_json=as_json)
    return speed


def _loaded(profile: Path | None, flags: Overrides, as_json: bool) -> Loaded:
    try:
        loaded = usable(load(profile, flags))
    except ConfigError as error:
        if as_json:
            fail(str(error), "station check …", ExitCode.USAGE, as_json=True)
        print_problems(error)
        raise typer.Exit(ExitCode.USAGE) from None
    for warning in loaded.warnings:
        typer.echo(f"! {warning}", err=True)
    return loaded


def _run(loaded: Loaded, options: RunOptions) -> int:
    # Here and not above: every other verb is over before this would be imported.
    from station.cli.app import main

    try:
        return main(loaded, options)
    except StationError as error:
        if options.debug:
            raise
        fail(error.message, error.hint, ExitCode.FAILED, as_json=options.json)
    except DriverError as error:
        if options.debug:
            raise
        fail(error.message, error.hint or None, ExitCode.HARDWARE, as_json=options.json)
