"""The verbs of `station` as one application; each lives in a module of its own. `main` runs it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from station import __version__
from station.cli.exit_codes import ExitCode, say
from station.cli.fleet_flags import FleetOptions


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"ocpp-station {__version__}")
        raise typer.Exit


class _Verbs(TyperGroup):
    """All verbs; who asked for ``--json`` gets wrong usage as JSON, too."""

    def main(self, args: Sequence[str] | None = None, *more: Any, **options: Any) -> Any:
        asked = sys.argv[1:] if args is None else args
        if "--json" not in asked or not options.get("standalone_mode", True):
            return super().main(args, *more, **options)
        try:
            code = super().main(args, *more, **options | {"standalone_mode": False})
        except Exception as error:
            # typer has the class of these errors from another place with each of its versions.
            words = getattr(error, "format_message", None)
            if words is None:
                raise
            context = getattr(error, "ctx", None)
            say(words(), f"{context.command_path} -h" if context is not None else "station -h", as_json=True)
            sys.exit(getattr(error, "exit_code", ExitCode.USAGE))
        sys.exit(code or 0)


def build(fleet: Callable[..., None] | None = None) -> typer.Typer:
    """The application with all its verbs.

    Args:
        fleet: the verb of that name, and no other one: the others' imports take time.
    """
    app = typer.Typer(
        name="station",
        cls=_Verbs,
        help="A charging station for OCPP 1.6J and 2.0.1: firmware, simulator and card reader.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        # Boxes break messages into pieces that no program and no search finds.
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )

    @app.callback()
    def root(
        version: Annotated[
            bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
        ] = False,
    ) -> None:
        """A charging station for OCPP 1.6J and 2.0.1: firmware, simulator and card reader."""

    if fleet is not None:
        app.command("fleet")(fleet)
    else:
        _add_all(app)
    return app


def _run_fleet(options: FleetOptions) -> int:
    from station.cli.fleet import run
    from station.cli.fleet_options import loaded_plan

    return run(options, loaded_plan(options).plan)


def _add_all(app: typer.Typer) -> None:
    from station.cli import commands, csms, doctor, fleet_options, hw, install, pair, profiles, readers, run

    app.command("run")(run.run)
    for verb in (profiles.check, profiles.schema, profiles.init):
        app.command(verb.__name__)(verb)
    app.command("pair")(pair.pair)
    app.command("fleet")(fleet_options.command(_run_fleet))
    app.add_typer(csms.app, name="csms")
    app.command("readers")(readers.readers)
    app.command("doctor")(doctor.doctor)
    app.command("install")(install.install)
    app.add_typer(hw.app, name="hw")
    commands.register(app)
