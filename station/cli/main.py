"""`station`: the verbs, and what happens to an error that nobody foresaw.

Composes the application; each verb lives in a module of its own.
"""

from __future__ import annotations

import sys
import traceback
from typing import Annotated

import typer

from station import __version__
from station.cli.exit_codes import ExitCode, error_text


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"ocpp-station {__version__}")
        raise typer.Exit


def build(verb: str = "") -> typer.Typer:
    """The application with all its verbs; ``fleet`` alone where it is that one: the others' imports take memory."""
    app = typer.Typer(
        name="station",
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

    if verb == "fleet":
        from station.cli.fleet import fleet

        app.command("fleet")(fleet)
    else:
        _add_all(app)
    return app


def _add_all(app: typer.Typer) -> None:
    from station.cli import commands, csms, doctor, fleet, hw, install, pair, profiles, readers, run

    app.command("run")(run.run)
    for verb in (profiles.check, profiles.schema, profiles.init):
        app.command(verb.__name__)(verb)
    app.command("pair")(pair.pair)
    app.command("fleet")(fleet.fleet)
    app.add_typer(csms.app, name="csms")
    app.command("readers")(readers.readers)
    app.command("doctor")(doctor.doctor)
    app.command("install")(install.install)
    app.add_typer(hw.app, name="hw")
    commands.register(app)


def main() -> None:
    """The entry point. Ends the process with an exit code of `ExitCode`."""
    try:
        build(*sys.argv[1:2])()
    except KeyboardInterrupt:
        sys.exit(ExitCode.FAILED)
    except BrokenPipeError:
        # Who read our output has seen enough.
        sys.stderr.close()
        sys.exit(ExitCode.FAILED)
    except Exception as error:
        if "--debug" in sys.argv:
            traceback.print_exc()
        else:
            print(error_text(f"{type(error).__name__}: {error}", "the same with --debug"), file=sys.stderr)
        sys.exit(ExitCode.FAILED)
