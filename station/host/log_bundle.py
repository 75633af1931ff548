"""What a supporter gets to see of a station: one archive, without a secret in it and without a card's number.

``bundle`` looks at the station as it is at this moment, on the loop; ``Members.packed`` makes the archive and may run
in a thread. The security log is a file of its own (``security_lines``) and a member of the archive too.
"""

from __future__ import annotations

import io
import json
import platform
import tarfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit, urlunsplit

from station import __version__
from station.clock import utc_text
from station.config.secret import Secret
from station.core.device_model import Address, DataType, Definition, Mutability
from station.core.facts import Fact, TransactionFact
from station.core.security_events import SecurityLog
from station.core.station import Station
from station.core.values import IdToken
from station.core.variables import Variables
from station.host.process_log import PROCESS_LOG

if TYPE_CHECKING:
    from station.host.jobs.bench import Bench

MASK: Final = "***"

_CARDS: Final = frozenset({"allow", "master_group", "taps"})
"""Members of a profile that are cards or groups of cards."""
_CARD_VARIABLES: Final = frozenset({"MasterPassGroupId"})
_HIDDEN_STATUS: Final = frozenset({"token", "tagId", "idTag", "group"})
_SECRETIVE: Final = ("password", "secret", "credential")
_LEFT_OUT: Final = frozenset({"position", "short_names"})
"""Members of a profile that say where something stood, and what stands elsewhere too."""


@dataclass(frozen=True, slots=True)
class Members:
    """The files of an archive: name -> content."""

    files: Mapping[str, bytes]

    def packed(self) -> bytes:
        """The archive (``tar.gz``)."""
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w:gz") as archive:
            for name, content in self.files.items():
                info = tarfile.TarInfo(name)
                info.size, info.mtime, info.mode = len(content), int(time.time()), 0o600
                archive.addfile(info, io.BytesIO(content))
        return out.getvalue()


def bundle(
    bench: Bench, lines: Iterable[str], oldest: datetime | None = None, latest: datetime | None = None
) -> Members:
    """Everything that helps to understand a station.

    Args:
        bench: the station's surroundings.
        lines: the station's log.
        oldest: of the entries of the other logs; None: as far back as there are any.
        latest: likewise.
    """
    engine = bench.engine
    station = engine.station
    return Members(
        {
            "about.json": _json(_about(bench)),
            "profile.json": _json(plain(bench.profile)),
            "variables.json": _json(_variables(engine.variables)),
            "status.json": _json(_masked(bench.status())),
            "journal.json": _json(_journal(station)),
            "damaged.json": _json(list(station.damaged)),
            "security-log.jsonl": security_lines(station.security, oldest, latest),
            "station.log": _lines(lines),
            "process.log": _lines(PROCESS_LOG.lines(oldest, latest)),
        }
    )


def _lines(lines: Iterable[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


def security_lines(log: SecurityLog, oldest: datetime | None = None, latest: datetime | None = None) -> bytes:
    """The security log: one JSON object a line."""
    return b"".join(
        json.dumps(
            {"seq": entry.seq, "time": utc_text(entry.utc) if entry.utc else None, "type": entry.type}
            | ({"info": entry.info} if entry.info else {})
        ).encode()
        + b"\n"
        for entry in log.between(oldest, latest)
    )


def _about(bench: Bench) -> dict[str, Any]:
    engine = bench.engine
    return {
        "station": bench.profile.station.id,
        "program": __version__,
        "firmware": engine.identity.firmware,
        "ocpp": engine.dialect.version,
        "boot": engine.station.boot,
        "time": utc_text(engine.now_utc()),
        "clock_known": engine.station.ctx.timeline.known,
        "features": sorted(engine.features),
        "python": platform.python_version(),
        "platform": platform.platform(),
    }


def _variables(variables: Variables) -> list[dict[str, Any]]:
    """Variables that may be read. What only the owner may know is not among them."""
    rows = []
    for address in variables.model.addresses:
        found = variables.get(address)
        if found.definition is None or found.mutability is Mutability.WRITE_ONLY:
            continue
        value = found.value or ""
        if value and _hides(address, found.definition, variables):
            value = MASK
        rows.append({"name": str(address), "value": without_credentials(value)})
    return rows


def _hides(address: Address, definition: Definition, variables: Variables) -> bool:
    """Whether a value may be a secret: a card, a password, or a vendor's, of which nobody knows what it is."""
    if address.variable in _CARD_VARIABLES or _sounds_secret(address.variable):
        return True
    free = definition.type is not DataType.BOOLEAN and not definition.values
    return free and variables.model.catalogue.find(address) is None


def _sounds_secret(name: str) -> bool:
    return any(word in name.casefold() for word in _SECRETIVE)


def _journal(station: Station) -> dict[str, Any]:
    """What is still to be told: how much of what, and the oldest of it."""
    facts = station.ctx.ledger.facts
    return {
        "queued": len(facts),
        "kinds": dict(Counter(type(fact).__name__ for fact in facts.values())),
        "oldest": [_fact(key, facts[key]) for key in sorted(facts)[:100]],
        "transactions": {str(evse.id): evse.transaction.id for evse in station.evses if evse.transaction is not None},
        "wire_ids": dict(station.bindings),
    }


def _fact(key: int, fact: Fact) -> dict[str, Any]:
    row: dict[str, Any] = {"key": key, "kind": type(fact).__name__, "offline": fact.offline}
    if isinstance(fact, TransactionFact):
        row |= {"transaction": fact.transaction_id, "phase": fact.phase.value, "seq": fact.seq_no}
    return row


def _masked(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: MASK if key in _HIDDEN_STATUS and item else _masked(item) for key, item in value.items()}
    return [_masked(item) for item in value] if isinstance(value, list) else value


def plain(value: Any, name: str = "") -> Any:
    """A profile, or a part of it, as JSON has it: secrets and cards masked, credentials taken out of URLs.

    Values of variables are left to ``variables.json``, which knows what may be shown.
    """
    if isinstance(value, (Secret, IdToken)) or (name in _CARDS and value):
        return MASK
    if is_dataclass(value) and not isinstance(value, type):
        return {name: plain(item, name) for name, item in _members(value) if name not in _LEFT_OUT}
    if isinstance(value, Mapping):
        return {str(key): MASK if _sounds_secret(str(key)) else plain(item) for key, item in value.items()}
    if isinstance(value, (tuple, list, set, frozenset)):
        return [plain(item) for item in value]
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, str):
        return without_credentials(value)
    return str(value) if isinstance(value, (Path, datetime)) else value


def _members(value: Any) -> Iterator[tuple[str, Any]]:
    for field in fields(value):
        if field.repr:
            yield field.name, getattr(value, field.name)


def without_credentials(text: str) -> str:
    """A URL without user, password and query; any other text as it is."""
    if "://" not in text:
        return text
    try:
        parts = urlsplit(text)
        host = parts.netloc.rpartition("@")[2]
        return urlunsplit((parts.scheme, host, parts.path, MASK if parts.query else "", ""))
    except ValueError:
        return MASK


def _json(value: Any) -> bytes:
    return json.dumps(value, indent=1, default=str, ensure_ascii=False).encode() + b"\n"
