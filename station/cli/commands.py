"""Every command of the registry as a verb: `station plug-in --connector 1 --to CP-1`.

The verbs are generated; only `tap` takes its card without an option. They talk to a running station and never run one.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from station.cli import connection
from station.cli.exit_codes import ExitCode, fail
from station.cli.text import answer_lines
from station.control import registry
from station.control.commandable import CommandRefused
from station.control.params import Kind, Param
from station.control.registry import COMMANDS, Command
from station.errors import StationError

_TYPES: Final[Mapping[Kind, Any]] = {
    Kind.TEXT: str | None,
    Kind.INTEGER: int | None,
    Kind.NUMBER: float | None,
    Kind.BOOLEAN: bool | None,
    Kind.OBJECT: str | None,
}
_METAVARS: Final = {"tagId": "CARD", "payload": "JSON"}


_DESK: Final[Mapping[str, tuple[Any, Any, Any]]] = {
    "reader": (
        list[str] | None,
        typer.Option("--reader", help="usb:072f:2200, pn532:/dev/ttyAMA0, serial:/dev/ttyUSB0:rdm6300; several may be"),
        None,
    ),
    "profile": (Path | None, typer.Option("--profile", help="the readers of this profile", metavar="FILE"), None),
    "watch": (bool, typer.Option("--watch", help="go on until Ctrl-C"), False),
    "accept_random": (bool, typer.Option("--accept-random", help="send random UIDs with --to, too"), False),
    "record": (Path | None, typer.Option("--record", help="write what is seen to a new file, for replay"), None),
}
"""Options of `tap` that concern real readers: type, description, default."""


def register(app: typer.Typer) -> None:
    """Add every command of the registry."""
    for command in COMMANDS.values():
        app.command(command.verb, help=f"{command.doc}.")(_verb(command))


def run(command: Command, given: Mapping[str, Any], to: str | None, *, as_json: bool, explain: bool = False) -> None:
    """Send a command to a running station, print the answer, and end with its exit code.

    Args:
        given: parameters as the command line had them.
        explain: print the trace of a card, too.

    Raises:
        typer.Exit: always, but where all went well.
    """
    try:
        params = registry.checked(command.name, given)
    except CommandRefused as error:
        fail(error.message, error.hint or f"station {command.verb} --help", ExitCode.USAGE, as_json=as_json)
    try:
        answer = connection.command(connection.find(to), command.name, params)
    except StationError as error:
        fail(error.message, error.hint, ExitCode.FAILED, as_json=as_json)
    code = exit_code(command.name, answer)
    if as_json:
        typer.echo(json.dumps(answer, ensure_ascii=False))
    elif not answer["ok"]:
        fail(str(answer.get("error")), answer.get("hint"), code)
    else:
        for line in answer_lines(command.name, answer.get("data") or {}, explain=explain):
            typer.echo(line)
    if code is not ExitCode.OK:
        raise typer.Exit(code)


def exit_code(name: str, answer: Mapping[str, Any]) -> ExitCode:
    """How a verb ends after this answer: `connect` tells an unreachable CSMS, `connect`, `tap` and `authorize` a no."""
    if not answer["ok"]:
        return ExitCode.UNREACHABLE if name == "connect" else ExitCode.FAILED
    data = answer.get("data") or {}
    if name == "tap" and data.get("result") == "REJECTED":
        return ExitCode.REFUSED
    if name == "connect" and data.get("boot") == "Rejected":
        return ExitCode.REFUSED
    if name == "authorize" and data.get("status", "Accepted") != "Accepted":
        return ExitCode.REFUSED
    return ExitCode.OK


def _verb(command: Command) -> Callable[..., None]:
    """A function whose signature typer reads: one option a parameter."""
    tap = command.name == "tap"

    def verb(**given: Any) -> None:
        to, as_json, explain = given.pop("to"), given.pop("as_json"), given.pop("explain", False)
        given.pop("debug")
        desk = {name: given.pop(name) for name in _DESK} if tap else {}
        if tap:
            card = given.pop("card")  # an empty one was typed, too: a script's variable that is not set
            given["tagId"] = given["tagId"] if card is None else card
            if given["tagId"] == "":
                hint = "station tap 04A1B2C3D4E5F6, or no card at all to read real readers"
                fail("the card's number is empty", hint, ExitCode.USAGE, as_json=as_json)
        params = {name: _value(command, name, value, as_json) for name, value in given.items() if value is not None}
        if tap and "tagId" not in params:
            _read_cards(params, desk, to, as_json=as_json, explain=explain)
        elif tap and explain and not _explain_typed(params["tagId"], to, as_json=as_json):
            return
        run(command, params, to, as_json=as_json, explain=explain)

    parameters = [_option(param) for param in command.by_name.values()]
    if tap:
        parameters.insert(
            0,
            _parameter(
                "card",
                str | None,
                typer.Argument(help="its number; left out, cards are read from real readers", metavar="[CARD]"),
            ),
        )
        parameters += [_parameter(name, *described) for name, described in _DESK.items()]
        about = "every form of the UID, and why it ended so"
        parameters.append(_parameter("explain", bool, typer.Option("--explain", help=about), False))
    parameters += [
        _parameter(
            "to", str | None, typer.Option("--to", help="id, URL or runtime file; the only one that runs if left out")
        ),
        _parameter("as_json", bool, typer.Option("--json", help="the answer as JSON"), False),
        _parameter("debug", bool, typer.Option("--debug", help="tracebacks", hidden=True), False),
    ]
    verb.__name__ = command.name
    verb.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    verb.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return verb


def _read_cards(
    params: Mapping[str, Any], desk: Mapping[str, Any], to: str | None, *, as_json: bool, explain: bool
) -> None:
    """`tap` without a card: from real readers."""
    # Here and not above: no other verb needs the readers.
    from station.cli import tap

    tap.read(
        tap.TapOptions(
            readers=tuple(desk["reader"] or ()),
            profile=desk["profile"],
            to=to,
            params=tuple(params.items()),
            watch=desk["watch"],
            explain=explain,
            accept_random=desk["accept_random"],
            record=desk["record"],
            as_json=as_json,
        )
    )


def _explain_typed(card: str, to: str | None, *, as_json: bool) -> bool:
    """Every form of a card that was typed; whether a station is there to which it can be shown."""
    from station.cli import tap_text

    alone = None
    if to is None:
        try:
            connection.find(None)
        except connection.NotFoundError as error:
            alone = error.message
    if as_json:
        if alone is not None:
            typer.echo(json.dumps({"tagId": card, "forms": tap_text.typed_forms(card)}, ensure_ascii=False))
        return alone is None
    for line in tap_text.typed_lines(card, alone=alone is not None):
        typer.echo(line)
    if alone is not None:
        typer.echo(f" shown to no station: {alone}", err=True)
    return alone is None


def _parameter(name: str, kind: Any, info: Any, default: Any = None) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[kind, info])


def _option(param: Param) -> inspect.Parameter:
    spellings = {hyphenated(param.name), param.flag or "", param.name} - {""}
    flags = sorted(
        (f"--{spelling}" for spelling in spellings), key=lambda flag: (flag != f"--{hyphenated(param.name)}", flag)
    )
    if param.kind is Kind.BOOLEAN:
        flags = [f"--{hyphenated(param.name)}/--no-{hyphenated(param.name)}"]
    choices = f" ({', '.join(param.choices)})" if 0 < len(param.choices) <= 4 else ""
    default = f" [{param.default}]" if param.default not in (None, {}) else ""
    info = typer.Option(*flags, help=f"{param.doc}{choices}{default}", metavar=_METAVARS.get(param.name))
    return _parameter(param.name, _TYPES[param.kind], info)


def hyphenated(name: str) -> str:
    """`tagId` and `evse_connector` as the command line spells them: `tag-id`, `evse-connector`."""
    return "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in name).replace("_", "-")


def _value(command: Command, name: str, value: Any, as_json: bool) -> Any:
    if command.by_name[name].kind is not Kind.OBJECT:
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError) as error:
        hint = f"station {command.verb} … --{name} '{{\"key\": 1}}'"
        fail(f"--{name} is no JSON: {error}", hint, ExitCode.USAGE, as_json=as_json)
