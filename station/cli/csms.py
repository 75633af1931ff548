"""`station csms serve` and `station csms check`: a central system to try a station with, and a check of a real one.

The main command line mounts `app` under `csms`.
"""

from __future__ import annotations

import asyncio
import json
import signal
from collections import deque
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from station.cli.csms_check import VERSIONS, CheckOptions, Finding, check
from station.cli.exit_codes import ExitCode
from station.clock import utc_text
from station.errors import StationError

if TYPE_CHECKING:
    from station.csms import Card, EmbeddedCsms

app = typer.Typer(
    name="csms", help="A central system to try a station with, and a check of a real one.", no_args_is_help=True
)

_REMEMBERED_CALLS = 100


class Transcript:
    """Turns what crosses the wire into lines. `>` is sent by the central system, `<` by the station.

    Cards are shown: that is what one looks for here. No message that this central system takes part in carries a
    password.
    """

    def __init__(self, as_json: bool) -> None:
        self._as_json = as_json
        self._actions: dict[str, str] = {}
        self._order: deque[str] = deque()

    def on_event(self, kind: str, station_id: str, detail: dict[str, Any]) -> None:
        """Print what is worth a line."""
        line = self.line(kind, station_id, detail)
        if line is not None:
            typer.echo(line)

    def line(self, kind: str, station_id: str, detail: dict[str, Any]) -> str | None:
        """The line for an event, None for none (every message shows as `wire` already)."""
        if kind == "wire":
            return self._wire(station_id, detail["direction"], detail["text"])
        if kind not in ("connected", "disconnected", "refused"):
            return None
        if self._as_json:
            return _record(kind, {"station": station_id} | detail)
        more = " ".join(str(value) for value in detail.values())
        return _one_line(f"{_clock()} {station_id or '?'} = {kind} {more}")

    def _wire(self, station_id: str, direction: str, text: str) -> str:
        message_id, action, payload = self._parts(station_id, text)
        if self._as_json:
            data = {"station": station_id, "direction": direction, "action": action, "messageId": message_id}
            return _record("wire", data | {"payload": payload})
        shown = payload if isinstance(payload, str) else json.dumps(payload, separators=(",", ":"), ensure_ascii=False)
        return _one_line(f"{_clock()} {station_id} {direction} {action} {shown}")

    def _parts(self, station_id: str, text: str) -> tuple[str | None, str, Any]:
        try:
            frame = json.loads(text)
        except (ValueError, RecursionError):
            frame = None
        match frame:
            case [2, str(message_id), str(action), payload]:
                self._remember(f"{station_id} {message_id}", action)
                return message_id, action, payload
            case [3, str(message_id), payload]:
                return message_id, self._actions.get(f"{station_id} {message_id}", "?"), payload
            case [4, str(message_id), code, *_]:
                return message_id, self._actions.get(f"{station_id} {message_id}", "?"), f"CALLERROR {code}"
        return None, "(no OCPP message)", text[:200]

    def _remember(self, key: str, action: str) -> None:
        self._actions[key] = action
        self._order.append(key)
        if len(self._order) > _REMEMBERED_CALLS:
            self._actions.pop(self._order.popleft(), None)


@app.command()
def serve(
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 9000,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    card: Annotated[
        list[str] | None,
        typer.Option(help="ID, ID=STATUS or ID=STATUS/GROUP; any other card is then Unknown. None: every card goes."),
    ] = None,
    ocpp: Annotated[list[str] | None, typer.Option(help="1.6 or 2.0.1; both when left out.")] = None,
    boot: Annotated[str, typer.Option(help="Accepted, Pending or Rejected.")] = "Accepted",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Serve as a central system until interrupted; prints one line a message."""
    # Here and not above: no other verb needs it, nor the library that it is built on.
    from station.csms import EmbeddedCsms

    transcript = Transcript(as_json)
    try:
        csms = EmbeddedCsms(
            host=host,
            port=port,
            versions=_subprotocols(ocpp),
            cards=_cards(card),
            boot_status=boot,
            on_event=transcript.on_event,
        )
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    try:
        asyncio.run(_serve(csms, as_json, every_card=not card))
    except OSError as error:
        typer.echo(f" x cannot listen on {host}:{port}: {error.strerror or error}", err=True)
        typer.echo("   try: station csms serve --port 0", err=True)
        raise typer.Exit(ExitCode.FAILED) from None


@app.command("check")
def check_command(
    url: Annotated[str, typer.Argument(help="ws:// or wss://, with {id} or a base to which the id is appended.")],
    station_id: Annotated[str, typer.Option("--id", help="The station to dial as.")] = "csms-check",
    ocpp: Annotated[list[str] | None, typer.Option(help="1.6 or 2.0.1, in order of preference.")] = None,
    password_file: Annotated[Path | None, typer.Option(help="File with the Basic Auth password.")] = None,
    ca: Annotated[Path | None, typer.Option(help="PEM file of the authority to trust.")] = None,
    cert: Annotated[Path | None, typer.Option(help="The station's certificate chain, PEM.")] = None,
    key: Annotated[Path | None, typer.Option(help="The station's private key, PEM.")] = None,
    insecure: Annotated[bool, typer.Option(help="Verify neither chain nor host name.")] = False,
    timeout: Annotated[float, typer.Option(min=0.1, help="Seconds for the upgrade, and again for the answer.")] = 10.0,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Dial URL as a station would and say in one sentence what happens.

    Exit codes: 0 accepted or pending, 2 usage, 3 unreachable, 4 refused.
    """
    try:
        options = CheckOptions(
            url=url,
            station_id=station_id,
            versions=_subprotocols(ocpp),
            password=None if password_file is None else _password(password_file),
            ca=ca,
            cert=cert,
            key=key,
            insecure=insecure,
            timeout_s=timeout,
        )
        finding = asyncio.run(check(options))
    except StationError as error:
        finding = Finding("usage", error.message, error.hint, ExitCode.USAGE)
    _show(finding, as_json)
    raise typer.Exit(finding.exit_code)


async def _serve(csms: EmbeddedCsms, as_json: bool, every_card: bool) -> None:
    url = await csms.start()
    if as_json:
        typer.echo(_record("ready", {"url": url}))
    else:
        typer.echo(f" CSMS  {url}  accepts {'every card' if every_card else 'the cards named'}")
        typer.echo(f"   try: station run --csms {url} --id CP-1 --wire")
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    await stopped.wait()
    await csms.stop()


def _show(finding: Finding, as_json: bool) -> None:
    ok = finding.exit_code == ExitCode.OK
    if as_json:
        record = {"ok": ok, "result": finding.result, "sentence": finding.sentence, "try": finding.advice}
        typer.echo(json.dumps(record | dict(finding.details), ensure_ascii=False))
        return
    typer.echo(f" {'ok' if ok else 'x'} {finding.sentence}", err=not ok)
    if finding.advice is not None:
        typer.echo(f"   {'next' if ok else 'try'}: {finding.advice}", err=not ok)


def _subprotocols(numbers: list[str] | None) -> tuple[str, ...]:
    unknown = [number for number in numbers or [] if number not in VERSIONS]
    if unknown:
        raise typer.BadParameter(f"{unknown[0]!r} is not spoken here; one of {', '.join(VERSIONS)}")
    return tuple(VERSIONS[number] for number in numbers or ("2.0.1", "1.6"))


def _cards(texts: list[str] | None) -> dict[str, Card] | None:
    if not texts:
        return None
    from station.csms import Card

    cards: dict[str, Card] = {}
    for text in texts:
        number, _, status = text.partition("=")
        status, _, group = status.partition("/")
        cards[number] = Card(status or "Accepted", group or None)
    return cards


def _password(file: Path) -> str:
    try:
        return file.read_text("utf-8").removesuffix("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise StationError(f"the password file cannot be read: {error}", "--password-file secret.txt") from error


def _record(event: str, data: dict[str, Any]) -> str:
    return json.dumps({"event": event, "data": data, "timestamp": utc_text(datetime.now(UTC))}, ensure_ascii=False)


def _one_line(text: str) -> str:
    """A line that a station's texts can neither break nor colour."""
    return "".join(char if char.isprintable() else "?" for char in text).rstrip()


def _clock() -> str:
    return datetime.now().astimezone().strftime("%H:%M:%S")
