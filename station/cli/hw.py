"""`station hw …`: tries each part of a charger by hand, safely. The verbs; `station.cli.trials` does it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from drivers.options import Unit, quantity
from station.cli import bench, trials
from station.cli.exit_codes import ExitCode, fail

MOST_CLOSED_S = 10.0
app = typer.Typer(help="Try each part of a charger by hand.", no_args_is_help=True, rich_markup_mode=None)

_Profile = Annotated[Path, typer.Argument(help="The profile that names the parts.")]
_Evse = Annotated[int, typer.Option("--evse", help="The EVSE, from 1.")]
_Json = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]
_Force = Annotated[bool, typer.Option("--force", help="Although a vehicle is there, or nobody can say.")]
_Count = Annotated[int | None, typer.Option("--count", min=1, help="Stop after so many; else Ctrl-C.")]


@app.command()
def relay(
    profile: _Profile,
    evse: _Evse = 1,
    close: Annotated[str | None, typer.Option(metavar="2s", help="Close it so long, at most 10 s.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    force: _Force = False,
    as_json: _Json = False,
) -> None:
    """Where the contactor is; with --close, switch it and time it. It is open at the end, however that comes."""
    close_s = _quantity("--close", close, "s", (0.05, MOST_CLOSED_S), as_json)
    with bench.opened(profile, evse, as_json=as_json) as parts:
        if close_s is None:
            trials.show_contactor(parts)
            return
        trials.check_vehicle(parts, force=force)
        if not yes:
            _confirm(f"EVSE {evse}: close the contactor for {close_s:g} s? Its outlet is live then.", as_json)
        trials.close_contactor(parts, close_s)


@app.command()
def meter(profile: _Profile, evse: _Evse = 1, count: _Count = None, as_json: _Json = False) -> None:
    """What the meter reads, every second."""
    with bench.opened(profile, evse, as_json=as_json) as parts:
        trials.read_meter(parts, count)


@app.command()
def pilot(
    profile: _Profile,
    evse: _Evse = 1,
    offer: Annotated[str | None, typer.Option(metavar="6A", help="Offer a current meanwhile.")] = None,
    count: _Count = None,
    force: _Force = False,
    as_json: _Json = False,
) -> None:
    """What the control pilot shows, at each change. Nothing is offered at the end."""
    offer_a = _quantity("--offer", offer, "A", (6, 80), as_json)
    with bench.opened(profile, evse, as_json=as_json) as parts:
        if offer_a is not None:
            trials.check_vehicle(parts, force=force)
        trials.watch_pilot(parts, offer_a, count)


@app.command()
def lock(
    profile: _Profile,
    evse: _Evse = 1,
    wanted: Annotated[bool | None, typer.Option("--lock/--unlock", help="Move the bolt.")] = None,
    as_json: _Json = False,
) -> None:
    """Where the bolt of the socket is; with --lock or --unlock, move it and time it."""
    with bench.opened(profile, evse, as_json=as_json) as parts:
        trials.move_lock(parts, wanted)


@app.command()
def led(
    profile: _Profile,
    evse: _Evse = 1,
    show: Annotated[str, typer.Option(metavar="STATE|all", help="Which state.")] = "all",
    each: Annotated[str, typer.Option("--for", metavar="3s", help="How long each.")] = "3s",
    as_json: _Json = False,
) -> None:
    """Show states on lamps and buzzer."""
    each_s = _quantity("--for", each, "s", (0.05, 3600), as_json) or 3.0
    with bench.opened(profile, evse, as_json=as_json) as parts:
        trials.show_states(parts, show, each_s)


@app.command()
def button(profile: _Profile, evse: _Evse = 1, count: _Count = None, as_json: _Json = False) -> None:
    """Wait for presses of the EVSE's button."""
    with bench.opened(profile, evse, as_json=as_json) as parts:
        trials.watch_button(parts, count)


def _quantity(flag: str, text: str | None, unit: Unit, between: tuple[float, float], as_json: bool) -> float | None:
    if text is None:
        return None
    low, high = between
    try:
        value = quantity(text, unit)
        if not low <= value <= high:
            raise ValueError(f"{text} is out of range ({low:g} to {high:g}{unit})")
    except ValueError as error:
        fail(f"{flag}: {error}", f"{flag} {low:g}{unit}", ExitCode.USAGE, as_json=as_json)
    return value


def _confirm(question: str, as_json: bool) -> None:
    """Ask; without an answer nothing is switched."""
    try:
        agreed = not as_json and typer.confirm(f" {question}", default=False, err=True)
    except typer.Abort:
        agreed = False
    if not agreed:
        fail("not confirmed: nothing was switched", "the same with --yes", ExitCode.FAILED, as_json=as_json)
