"""Finds a running station and sends it commands over its HTTP face.

Uses the standard library's HTTP client: a verb should be over before a larger one is imported.
"""

from __future__ import annotations

import http.client
import json
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from station.config.secret import Secret
from station.control import runtime_file
from station.control.params import nearest
from station.control.runtime_file import Running
from station.errors import StationError

TOKEN_VARIABLE: Final = "STATION_TOKEN"  # noqa: S105 - the name of a variable
_UNIX: Final = "unix:"
_MARGIN_S: Final = 5.0
_RUN: Final = "station run"


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
    """

    name: str
    control: str
    token: Secret | None


def find(to: str | None) -> Target:
    """The station that is meant.

    Args:
        to: an id, a URL, `unix:/path`, or the path of a runtime file or socket; None: the only one that runs.

    Raises:
        NotFoundError: with the next thing to type.
    """
    if to is not None and to.startswith(("http://", _UNIX)):
        control = to.rstrip("/")
        known = [entry for entry in runtime_file.running() if entry.control == control]
        return Target(to, control, _token(known[0] if known else None))
    if to is not None and ("/" in to or to.endswith(".json")) and not _is_id(to):
        return _at_path(Path(to))
    stations = runtime_file.running()
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
    answer = call(target, "POST", f"/api/v1/commands/{name}?wait={wait_s:g}", dict(params), wait_s)
    if not isinstance(answer, dict) or not isinstance(answer.get("ok"), bool):
        raise TalkError(f"{target.name}: the answer is none of a station", "check --to")
    return answer


def _is_id(text: str) -> bool:
    return any(entry.id == text for entry in runtime_file.running())


def _at_path(path: Path) -> Target:
    if path.is_socket():
        return Target(str(path), f"{_UNIX}{path.absolute()}", _token(None))
    found = runtime_file.read(path)
    if found is None:
        raise NotFoundError(f"{path} is no runtime file of a station that runs", _RUN)
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
