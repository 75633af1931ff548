"""The wire made visible: frames as events, and as lines of a file.

A result has no action of its own; it is found again by its message id. Events go to the control face, where nothing is
masked; a file is kept, so no secret may stand in it.
"""

from __future__ import annotations

import json
import logging
import re
from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from station.clock import utc_text
from station.host.state_folder import for_owner

log = logging.getLogger(__name__)

_REMEMBERED = 256
_SECRET_KEYS = frozenset({"authorizationkey", "basicauthpassword"})
_SECRET_MEMBERS = frozenset({"password", "passwd", "basicauthpassword", "authorizationkey", "apnpassword"})
_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*://)([^\"<>]*)")
_AUTHORITY = re.compile(r"[^/?#]*")
_NO_PORT = re.compile(r":(?!\d+$)[^\]]*$")
MASK = "***"


def masked(value: Any) -> Any:
    """``value`` with passwords, keys, and credentials and queries of URLs replaced."""
    if isinstance(value, list):
        return [masked(item) for item in value]
    if isinstance(value, dict):
        secret = _names_secret(value)
        return {
            name: MASK
            if name.casefold() in _SECRET_MEMBERS or (secret and "value" in name.casefold())
            else masked(item)
            for name, item in value.items()
        }
    return _URL.sub(_shown, value) if isinstance(value, str) and "://" in value else value


def _shown(url: re.Match[str]) -> str:
    """A URL without credentials and query. In a password may stand what a URL would have encoded."""
    scheme, rest = url.groups()
    authority = _AUTHORITY.match(rest)
    before, at, host = authority[0].rpartition("@") if authority is not None else ("", "", "")
    if at:
        rest = f"{MASK}@{host}{rest[len(before) + 1 + len(host) :]}"
    elif "@" in rest and _NO_PORT.search(host):
        rest = f"{MASK}@{rest.rpartition('@')[2]}"
    place, mark, _ = rest.partition("?")
    return f"{scheme}{place}?{MASK}" if mark else f"{scheme}{place}"


def _names_secret(value: dict[str, Any]) -> bool:
    """Whether an object names a secret variable or key, whose value stands beside its name."""
    variable = value.get("variable")
    name = variable.get("name") if isinstance(variable, dict) else value.get("key")
    return isinstance(name, str) and name.casefold() in _SECRET_KEYS


class Tracer:
    """Turns frames into ``(direction, action, message id, payload)`` and hands them on.

    Args:
        told: called for each frame.
        file: every frame is appended as a JSON line, with secrets masked.
    """

    def __init__(self, told: Callable[[dict[str, Any]], None] | None, file: Path | None) -> None:
        self._told = told
        self._file = None if file is None else for_owner(file, buffering=1)
        self._actions: OrderedDict[tuple[str, str], str] = OrderedDict()

    @property
    def keeps(self) -> bool:
        """Whether frames go into a file."""
        return self._file is not None

    def frame(self, direction: str, text: str | bytes) -> None:
        """A frame passed; ``direction`` is ``>`` sent or ``<`` received. Never raises."""
        action, identity, payload = self._read(direction, text)
        if self._told is not None:
            self._told({"direction": direction, "action": action, "messageId": identity, "payload": payload})
        if self._file is not None:
            record = {
                "time": utc_text(datetime.now(UTC)),
                "direction": direction,
                "action": action,
                "id": identity,
                "payload": masked(payload),
            }
            try:
                self._file.write(json.dumps(record, ensure_ascii=False) + "\n")
            except OSError as problem:
                log.error("the trace file cannot be written: %s", problem)
                self._file = None

    def close(self) -> None:
        """End the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _read(self, direction: str, text: str | bytes) -> tuple[str, str | None, Any]:
        try:
            frame = json.loads(text)
            kind, identity = frame[0], str(frame[1])
        except (ValueError, TypeError, IndexError, KeyError, RecursionError):
            return "?", None, f"{len(text)} characters that are no message"
        if kind == 2 and len(frame) > 3:
            action = str(frame[2])
            self._remember(direction, identity, action)
            return action, identity, frame[3]
        opposite = "<" if direction == ">" else ">"
        action = self._actions.pop((opposite, identity), "?")
        if kind == 3 and len(frame) > 2:
            return action, identity, frame[2]
        return f"{action} CallError" if kind == 4 else "?", identity, frame[2:]

    def _remember(self, direction: str, identity: str, action: str) -> None:
        self._actions[(direction, identity)] = action
        if len(self._actions) > _REMEMBERED:
            self._actions.popitem(last=False)
