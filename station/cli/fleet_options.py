"""The flags of `station fleet`: their table, what they mean, and which do not go together.

`station.cli.fleet` has the verb: it hands its work to `command`, which answers the function that typer registers. What
is wrong with a flag or a plan is said here, and ends the program; nothing has begun by then.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from station.cli.connection import TOKEN_VARIABLE
from station.cli.exit_codes import ExitCode, fail
from station.cli.fleet_flags import FleetOptions
from station.config import ConfigError, ControlConfig, Secret
from station.config.errors import ValueRefusedError
from station.errors import StationError
from station.fleet.overrides import FleetOverrides

if TYPE_CHECKING:
    from station.fleet.plan_file import LoadedPlan

_File = Path | None


def command(run: Callable[[FleetOptions], int]) -> Callable[..., None]:
    """The verb for typer.

    Args:
        run: gets the flags, checked; answers the exit code.
    """

    def fleet(
        plan: Annotated[_File, typer.Argument(help="The plan; left out: stations that charge and pause.")] = None,
        count: Annotated[int | None, typer.Option("-n", metavar="N", help="How many stations.")] = None,
        template: Annotated[str | None, typer.Option("--id", metavar="TEXT", help="The ids: 'LT-{:05d}'.")] = None,
        stations: Annotated[_File, typer.Option(metavar="CSV", help="id,password,cert,key,connectors,url.")] = None,
        cards: Annotated[_File, typer.Option(metavar="CSV", help="idTag,type.")] = None,
        ramp: Annotated[str | None, typer.Option(metavar="TIME", help="Within which all dial; 0s: at once.")] = None,
        run_for: Annotated[str | None, typer.Option("--for", metavar="TIME", help="Left out: until Ctrl-C.")] = None,
        threshold: Annotated[
            list[str] | None, typer.Option(metavar="TEXT", help="'boot.p95<2s'; crossed: exit code 99.")
        ] = None,
        html: Annotated[_File, typer.Option(metavar="F", help="Write the report as a page.")] = None,
        csv: Annotated[_File, typer.Option(metavar="DIR", help="Write the report as tables.")] = None,
        junit: Annotated[_File, typer.Option(metavar="F", help="Write the thresholds as JUnit XML.")] = None,
        as_json: Annotated[bool, typer.Option("--json", help="The report as JSON, in the last line.")] = False,
        workers: Annotated[int | None, typer.Option(metavar="N", help="Processes of this machine.")] = None,
        scheduler: Annotated[str | None, typer.Option(metavar="ADDR", help="A Dask scheduler.")] = None,
        insecure_scheduler: Annotated[
            bool, typer.Option("--insecure-scheduler", help="Even one elsewhere without TLS.")
        ] = False,
        virtual: Annotated[bool, typer.Option("--virtual", help="No network, no CSMS, time at full speed.")] = False,
        seed: Annotated[int | None, typer.Option(metavar="N", help="The same seed gives the same load.")] = None,
        control: Annotated[str | None, typer.Option(metavar="ADDR|off", help="The control face.")] = None,
        csms: Annotated[str | None, typer.Option(metavar="URL", help="ws:// or wss://, {id} in it or not.")] = None,
        ocpp: Annotated[str | None, typer.Option(metavar="1.6|2.0.1", help="The version.")] = None,
        password_file: Annotated[_File, typer.Option(metavar="F", help="The Basic Auth password of all.")] = None,
        ca: Annotated[_File, typer.Option(metavar="F", help="PEM file of the authority to trust.")] = None,
        cert: Annotated[_File, typer.Option(metavar="F", help="A certificate chain for all stations, PEM.")] = None,
        key: Annotated[_File, typer.Option(metavar="F", help="Its private key, PEM.")] = None,
        insecure: Annotated[bool, typer.Option("--insecure", help="Verify neither chain nor host name.")] = False,
        speed: Annotated[float | None, typer.Option(metavar="X", help="How fast station time runs.")] = None,
        debug: Annotated[bool, typer.Option("--debug", help="Log everything, and tracebacks.")] = False,
    ) -> None:
        """Run many stations, and measure the CSMS. Ctrl-C ends in order, and still reports."""
        overrides = FleetOverrides(
            count=count,
            id=template,
            stations=stations,
            cards=cards,
            ramp=ramp,
            run_for=run_for,
            thresholds=tuple(threshold or ()),
            seed=seed,
            speed=speed,
            virtual=virtual,
            csms=csms,
            ocpp=ocpp,
            password_file=password_file,
            ca=ca,
            cert=cert,
            key=key,
            insecure=insecure,
        )
        options = FleetOptions(
            plan=plan,
            overrides=overrides,
            html=html,
            csv=csv,
            junit=junit,
            json=as_json,
            workers=workers,
            scheduler=scheduler,
            insecure_scheduler=insecure_scheduler,
            control=_control(control, as_json=as_json),
            debug=debug,
        )
        _check(options)
        raise typer.Exit(run(options))

    return fleet


def _check(options: FleetOptions) -> None:
    """End the program where flags contradict each other, or a report could not be written in the end."""
    flags = options.overrides
    refusals = (
        (flags.speed is not None and not (math.isfinite(flags.speed) and flags.speed > 0),
         f"--speed {flags.speed}: must be above 0", "--speed 10"),
        (flags.seed is not None and flags.seed < 0, f"--seed {flags.seed}: must not be negative", "--seed 1"),
        (options.workers is not None and options.workers < 1,
         f"--workers {options.workers}: must be 1 or more", "--workers 2"),
        (options.workers is not None and options.scheduler is not None,
         "--workers starts processes here, --scheduler uses a cluster", "leave one of them out"),
        (options.virtual and (options.workers is not None or options.scheduler is not None),
         "a virtual fleet has one clock, and runs in this process", "leave --workers and --scheduler out"),
        (options.virtual and options.control is not None,
         "a virtual fleet is over before anybody could steer it", "leave --control out"),
    )  # fmt: skip
    for wrong, message, hint in refusals:
        if wrong:
            _refuse(message, hint, as_json=options.json)
    if options.scheduler is not None:
        _check_scheduler(options.scheduler, options)
    for flag, path in (("--html", options.html), ("--junit", options.junit)):
        if path is not None:
            _check_file(flag, path, as_json=options.json)
    if options.csv is not None:
        _check_folder("--csv", options.csv, as_json=options.json)


def _refuse(message: str, hint: str, *, as_json: bool) -> None:
    fail(message, hint, ExitCode.USAGE, as_json=as_json)


def _check_scheduler(address: str, options: FleetOptions) -> None:
    # Here and not above: no other verb needs it.
    from station.fleet.cluster.address import checked_address

    try:
        checked_address(address, insecure=options.insecure_scheduler)
    except StationError as error:
        _refuse(f"--scheduler {error.message}", error.hint or "", as_json=options.json)


def _check_file(flag: str, path: Path, *, as_json: bool) -> None:
    if path.is_dir():
        _refuse(f"{flag} {path}: is a folder", f"{flag} {path / 'report'}", as_json=as_json)
    if not path.parent.is_dir():
        _refuse(f"{flag} {path}: there is no folder {path.parent}", f"mkdir -p {path.parent}", as_json=as_json)
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        _refuse(f"{flag} {path}: cannot be written by this user", f"{flag} another path", as_json=as_json)


def _check_folder(flag: str, path: Path, *, as_json: bool) -> None:
    there = next(folder for folder in (path, *path.absolute().parents) if folder.exists())
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        _refuse(f"{flag} {path}: no folder that this user can write", f"{flag} another path", as_json=as_json)


def _control(text: str | None, *, as_json: bool) -> ControlConfig | None:
    """Where the control face listens; nowhere unless told so."""
    if text is None or text == "off":
        return None
    # Here and not above: no other verb needs them.
    from station.config.hosts import is_loopback
    from station.config.types import split_listen

    given = os.environ.get(TOKEN_VARIABLE)
    token = Secret(given) if given else None
    try:
        host, port = split_listen(text)
    except ValueRefusedError as error:
        fail(f"--control {text}: {error}", error.suggestion, ExitCode.USAGE, as_json=as_json)
    if token is None and not is_loopback(host):
        hint = f"export {TOKEN_VARIABLE}=…"
        fail(f"--control {text}: can be reached from other machines and needs a token", hint, ExitCode.USAGE,
             as_json=as_json)  # fmt: skip
    return ControlConfig(True, host, port, token)


def loaded_plan(options: FleetOptions) -> LoadedPlan:
    """The plan with the flags laid over it; its warnings are written to the standard error.

    Raises:
        typer.Exit: it cannot be used; every problem was said.
    """
    try:
        loaded = _loaded(options)
    except ConfigError as error:
        if options.json:
            from station.cli.profiles import problems_as_data

            answer = {"ok": False, "error": str(error), "problems": problems_as_data(error)}
            typer.echo(json.dumps(answer, ensure_ascii=False))
        else:
            print_plan_problems(error, options.plan)
        raise typer.Exit(ExitCode.USAGE) from None
    for warning in loaded.warnings:
        typer.echo(f"! {warning}", err=True)
    return loaded


def _loaded(options: FleetOptions) -> LoadedPlan:
    # Here and not above: it brings the profile's parts and what reads them.
    from station.fleet.plan_file import load_plan

    return load_plan(options.plan, options.overrides)


def print_plan_problems(error: ConfigError, plan: Path | None) -> None:
    """Write every problem to the standard error, one line each as compilers do, and what to type next."""
    for problem in error.problems:
        typer.echo(str(problem), err=True)
    if plan is not None and plan.is_file():
        typer.echo(f"   try: station check {plan}, when this is mended", err=True)
    else:
        typer.echo("   try: station fleet --help", err=True)
