"""Runtime files: how a command line finds the stations and fleets that run on this machine.

`ocpp-station/<id>.json` (0600) in `$RUNTIME_DIRECTORY`, else `$XDG_RUNTIME_DIR`, else the user's state directory. The
lock of a store is not here: a file that stays behind after a kill hinders nobody.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from station.clock import utc_text
from station.config.profile import file_stem
from station.config.secret import Secret

_NAME: Final = "ocpp-station"
_SERVICE: Final = Path("/run", _NAME, _NAME)
_MAX_BYTES: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Running:
    """A running station, as its file tells.

    Args:
        control: `http://host:port` or `unix:/path`; None where HTTP is off.
        token: what requests must bear, if anything.
        started: as text, UTC.
        path: the file.
        fleet: whether it is a fleet, and the id its name.
    """

    id: str
    control: str | None
    token: Secret | None
    pid: int
    started: str
    path: Path
    fleet: bool = False


def folder(env: Mapping[str, str] | None = None) -> Path:
    """Where the files of this user, or of this service, lie."""
    env = os.environ if env is None else env
    for name in ("RUNTIME_DIRECTORY", "XDG_RUNTIME_DIR", "STATE_DIRECTORY", "XDG_STATE_HOME"):
        # systemd gives several folders with colons between them.
        first = env.get(name, "").split(":")[0]
        if first:
            return Path(first) / _NAME
    return Path.home() / ".local" / "state" / _NAME


class RuntimeFile:
    """The file of one running station. Use it as a context, or call `remove`."""

    def __init__(
        self,
        station_id: str,
        control: str | None,
        token: Secret | None,
        where: Path | None = None,
        *,
        fleet: bool = False,
    ) -> None:
        """Write the file, replacing that of a station that is gone.

        A ``fleet`` has its name in place of the id. One of the same id that still runs (on another store) keeps its
        file under another name.

        Raises:
            OSError: the folder cannot be made or written.
        """
        where = where or folder()
        stem = f"{file_stem(station_id)}.fleet" if fleet else file_stem(station_id)
        self.path = where / f"{stem}.json"
        content = {
            "id": station_id,
            "control": control,
            "token": None if token is None else token.reveal(),
            "pid": os.getpid(),
            "started": utc_text(datetime.now(UTC)),
            **({"fleet": True} if fleet else {}),
        }
        where.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._make_room()
        fresh = where / f".{secrets.token_hex(6)}.tmp"
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
                json.dump(content, stream)
            fresh.replace(self.path)
        except OSError:
            fresh.unlink(missing_ok=True)
            raise
        self._content = content

    def remove(self) -> None:
        """Remove the file, wherever it is by now; that of another process stays. Idempotent."""
        for path in (self.path, self.path.with_name(_aside(self.path, os.getpid()))):
            found = _read(path)
            if found is not None and found.pid == os.getpid() and found.started == self._content["started"]:
                path.unlink(missing_ok=True)

    def __enter__(self) -> RuntimeFile:
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()

    def _make_room(self) -> None:
        other = _read(self.path)
        if other is not None and other.pid != os.getpid() and _lives(other.pid):
            self.path.replace(self.path.with_name(_aside(self.path, other.pid)))


def running(where: Path | None = None) -> list[Running]:
    """Every station and fleet that runs, by id. A file whose process is gone counts as absent.

    Args:
        where: the folder; None: that of this user, and where nothing runs there, that of the system's service.
    """
    if where is not None:
        return _in(where)
    return _in(folder()) or _in(_SERVICE)


def read(path: Path) -> Running | None:
    """One file, or None where it is none, or its process is gone."""
    found = _read(path)
    return found if found is not None and _lives(found.pid) else None


def _in(where: Path) -> list[Running]:
    try:
        files = sorted(where.glob("*.json"))
    except OSError:
        return []
    found = [entry for entry in map(read, files) if entry is not None]
    return sorted(found, key=lambda entry: (entry.id, entry.started))


def _read(path: Path) -> Running | None:
    try:
        with path.open("rb") as stream:
            content: Any = json.loads(stream.read(_MAX_BYTES))
    except (OSError, ValueError, RecursionError):
        return None
    match content:
        case {"id": str(name), "control": str() | None as control, "pid": int(pid), "started": str(started)} if pid > 0:
            token = content.get("token")
            secret = Secret(token) if isinstance(token, str) else None
            return Running(name, control, secret, pid, started, path, content.get("fleet") is True)
    return None


def _aside(path: Path, pid: int) -> str:
    return f"{path.stem}.{pid}.json"


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except (OSError, OverflowError):
        return False
    return True
