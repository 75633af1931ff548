"""Finds a running station, or one of a running fleet, and sends it commands over the HTTP face.

Uses the standard library's HTTP client: a verb should be over before a larger one is imported.
"""

from __future__ import annotations

import http.client
import json
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlsplit

from station.config.secret import Secret
from station.control import runtime_file
from station.control.params import nearest
from station.control.runtime_file import Running
from station.errors import StationError

TOKEN_VARIABLE: Final = "STATION_TOKEN"  # noqa: S105 - the name of a variable
_UNIX: Final = "unix:"
_MARGIN_S: Final = 5.0
_RUN: Final = "station run"
_ASK_S: Final = 5.0
_API: Final = "/api/v1"
_STATIONS: Final = f"{_API}/stations"


class NotFoundError(StationError):
    """No running station was meant, or too many."""


class TalkError(StationError):
    """The station was found, but the talk with it failed."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where to send commands.

    Args:
        name: the id, or the address as it was given.
        control: `http://host:port` or `unix:/path`.
        path: where the station is there: a station of a fleet has one of its own.
    """

    name: str
    control: str
    token: Secret | None
    path: str = _API


def find(to: str | None) -> Target:
    """The station that is meant.

    Args:
        to: an id, a URL, `unix:/path`, or the path of a runtime file or socket; `FLEET/ID` or the URL of a station of
            a fleet; None: the only one that runs.

    Raises:
        NotFoundError: with the next thing to type.
    """
    if to is not None and to.startswith(("http://", _UNIX)):
        return _at_address(to)
    running = runtime_file.running()
    stations = [entry for entry in running if not entry.fleet]
    fleets = [entry for entry in running if entry.fleet]
    if to is not None and not any(entry.id == to for entry in stations):
        found = _in_fleets(to, fleets)
        if found is not None:
            return found
        if "/" in to or to.endswith(".json"):
            return _at_path(Path(to))
    if fleets and not stations:
        raise _not_in_fleets(to, fleets)
    chosen = stations if to is None else [entry for entry in stations if entry.id == to]
    if len(chosen) == 1:
        return _target(chosen[0])
    if not chosen:
        raise _none(to, stations)
    raise NotFoundError(
        f"{len(chosen)} stations run: {', '.join(_described(entry, to) for entry in chosen)}",
        f"--to {chosen[0].id if to is None else chosen[0].control}",
    )


def call(target: Target, method: str, path: str, body: Any = None, timeout_s: float = 30.0) -> Any:
    """One request.

    Args:
        timeout_s: how long the station may take; the connection itself gets a little more.

    Returns:
        the JSON of the answer, problem documents too.

    Raises:
        TalkError: nobody there, no answer, or no JSON.
    """
    connection = _connection(target, timeout_s + _MARGIN_S)
    headers = {"Content-Type": "application/json"}
    if target.token is not None:
        headers["Authorization"] = f"Bearer {target.token.reveal()}"
    try:
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        response = connection.getresponse()
        raw, status = response.read(), response.status
    except TimeoutError:
        raise TalkError(f"{target.name}: no answer within {timeout_s:g} s", "look at the station's log") from None
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise TalkError(f"{target.name} at {target.control}: {reason}", _RUN) from None
    finally:
        connection.close()
    if status == http.client.UNAUTHORIZED:
        raise TalkError(f"{target.name} wants a token", f"{TOKEN_VARIABLE}=… station …")
    try:
        return json.loads(raw)
    except ValueError:
        raise TalkError(f"{target.name}: HTTP {status}, and no JSON: this is no station", "check --to") from None


def command(target: Target, name: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
    """Run a command and wait for its answer: `{"ok": …}`.

    Raises:
        TalkError: see `call`.
    """
    wait_s = float(params.get("timeout", 30.0))
    answer = call(target, "POST", f"{target.path}/commands/{name}?wait={wait_s:g}", dict(params), wait_s)
    if not isinstance(answer, dict) or not isinstance(answer.get("ok"), bool):
        raise TalkError(f"{target.name}: the answer is none of a station", "check --to")
    return answer


def _at_address(to: str) -> Target:
    control, _, station = to.partition(f"{_STATIONS}/") if not to.startswith(_UNIX) else (to, "", "")
    control = control.rstrip("/")
    known = [entry for entry in runtime_file.running() if entry.control == control]
    if known and known[0].fleet and not station:
        raise _not_in_fleets(None, known)
    token = _token(known[0] if known else None)
    return Target(to, control, token, f"{_STATIONS}/{station.rstrip('/')}" if station else _API)


def _in_fleets(to: str, fleets: list[Running]) -> Target | None:
    """The station of a fleet that is meant by `FLEET/ID`, or by an id that only one fleet has; None: there is none."""
    name, slash, station = to.rpartition("/")
    named = [fleet for fleet in fleets if slash and fleet.id == name]
    wanted, asked = (station, named) if named else (to, fleets)
    found = [fleet for fleet in asked if _has(fleet, wanted)]
    if len(found) > 1:
        places = ", ".join(f"{fleet.id} at {fleet.control} (pid {fleet.pid})" for fleet in found)
        hint = f"--to {found[0].id}/{wanted}" if not named else f"--to {found[0].control}{_STATIONS}/{wanted}"
        raise NotFoundError(f"{len(found)} fleets have a station {wanted!r}: {places}", hint)
    if not found:
        if named:
            raise _not_in_fleets(wanted, named)
        return None
    return replace(_target(found[0]), name=wanted, path=f"{_STATIONS}/{quote(wanted, safe='')}")


def _has(fleet: Running, station: str) -> bool:
    answer = _asked(fleet, f"{_STATIONS}/{quote(station, safe='')}")
    return answer.get("id") == station


def _asked(fleet: Running, path: str) -> Mapping[str, Any]:
    """The answer of a fleet; nothing where it does not give any."""
    if fleet.control is None:
        return {}
    try:
        answer = call(_target(fleet), "GET", path, timeout_s=_ASK_S)
    except TalkError:
        return {}
    return answer if isinstance(answer, dict) else {}


def _not_in_fleets(to: str | None, fleets: list[Running]) -> NotFoundError:
    """What to type instead, where fleets run and no station does."""
    names = ", ".join(fleet.id for fleet in fleets)
    ids = [one["id"] for one in _asked(fleets[0], f"{_STATIONS}?limit=1").get("stations", ())]
    hint = f"--to {ids[0] if ids else 'STATION'}"
    one = f"the fleet {names} runs" if len(fleets) == 1 else f"{len(fleets)} fleets run ({names})"
    if to is None:
        return NotFoundError(f"{one} here: say which of its stations" if len(fleets) == 1 else f"{one} here", hint)
    return NotFoundError(f"no station {to!r} runs here; {one}, and has none of this id", hint)


def _at_path(path: Path) -> Target:
    if path.is_socket():
        return Target(str(path), f"{_UNIX}{path.absolute()}", _token(None))
    found = runtime_file.read(path)
    if found is None:
        raise NotFoundError(f"{path} is no runtime file of a station that runs", _RUN)
    if found.fleet:
        raise _not_in_fleets(None, [found])
    return _target(found)


def _target(entry: Running) -> Target:
    if entry.control is None:
        raise NotFoundError(
            f"{entry.id} runs (pid {entry.pid}) without an HTTP control face", "station run … --control 127.0.0.1:0"
        )
    return Target(entry.id, entry.control, _token(entry))


def _token(entry: Running | None) -> Secret | None:
    given = os.environ.get(TOKEN_VARIABLE)
    return Secret(given) if given else (None if entry is None else entry.token)


def _none(to: str | None, stations: list[Running]) -> NotFoundError:
    if to is None or not stations:
        return NotFoundError("no station runs here" if to is None else f"no station {to!r} runs here", _RUN)
    ids = [entry.id for entry in stations]
    return NotFoundError(f"no station {to!r} runs here{nearest(to, ids)}", f"--to {' | '.join(ids)}")


def _described(entry: Running, to: str | None) -> str:
    return entry.id if to is None else f"{entry.id} at {entry.control} (pid {entry.pid})"


def _connection(target: Target, timeout_s: float) -> http.client.HTTPConnection:
    if target.control.startswith(_UNIX):
        return _UnixConnection(target.control[len(_UNIX) :], timeout_s)
    try:
        parts = urlsplit(target.control)
        return http.client.HTTPConnection(parts.hostname or "", parts.port or 80, timeout=timeout_s)
    except ValueError:
        raise TalkError(f"{target.control} is no address of a station", "--to http://127.0.0.1:PORT") from None


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str, timeout_s: float) -> None:
        super().__init__("localhost", timeout=timeout_s)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)
