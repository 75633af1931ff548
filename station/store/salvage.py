"""What happens to a damaged store: it is set aside, and the rows that can still be read begin a new one.

Nothing is deleted. The damaged files are kept as ``<name>.damaged-<utc>`` (with ``-wal``) for whoever wants to look.
Called by ``station.store.sqlite`` at opening, under the store's lock. Not a repair: a page that is lost stays lost, and
the owners of the rows must bear what is missing.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import struct
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from station.store import schema
from station.store.api import decode

_CORRUPT, _NOT_A_DATABASE = 11, 26
_MAGIC = b"SQLite format 3\x00"
_WAL_MAGICS = (0x377F0682, 0x377F0683)
_WAL_HEADER = 32
_SHORTEST = 512


@dataclass(frozen=True, slots=True)
class Salvage:
    """The outcome.

    Attributes:
        quarantined: where the damaged file lies now.
        rows: how many rows the new store begins with.
    """

    quarantined: Path
    rows: int


class DamagedError(sqlite3.DatabaseError):
    """The file can be opened but is not whole."""


def is_damage(error: sqlite3.Error) -> bool:
    """Whether an error tells of a damaged file, as opposed to a full disk, a missing right or a lock."""
    return isinstance(error, DamagedError) or (getattr(error, "sqlite_errorcode", 0) & 0xFF) in (
        _CORRUPT,
        _NOT_A_DATABASE,
    )


def check_files(path: Path) -> None:
    """Look at an existing store before SQLite does, which takes a tiny file for a new one and drops an odd log.

    Raises:
        DamagedError: a file shorter than any database, or a write-ahead log that does not begin like one. (A log that
            breaks off is what a power cut leaves: SQLite goes back to the last whole commit.)
        OSError: they cannot be read.
    """
    if path.stat().st_size < _SHORTEST:
        raise DamagedError("the file is empty or breaks off")
    log = _beside(path, "-wal")
    if log.exists() and log.stat().st_size >= _WAL_HEADER:
        with log.open("rb") as file:
            if struct.unpack(">I", file.read(4))[0] not in _WAL_MAGICS:
                raise DamagedError("the write-ahead log is garbage")


def check_content(db: sqlite3.Connection) -> None:
    """Read everything once.

    Raises:
        DamagedError: the structure is broken, or a value is no JSON.
        sqlite3.Error: what SQLite found by itself.
    """
    verdict = db.execute("PRAGMA quick_check(1)").fetchone()[0]
    if verdict != "ok":
        raise DamagedError(str(verdict))
    try:
        for _, _, value in db.execute(schema.SELECT):
            decode(value)
    except (ValueError, sqlite3.OperationalError) as exc:
        raise DamagedError("a row cannot be read") from exc


def salvage(path: Path) -> Salvage:
    """Set the damaged store at ``path`` aside and put a new one with its readable rows in its place.

    Raises:
        OSError, sqlite3.Error: the disk refuses; the damaged store is still where it was.
    """
    copy, new = _beside(path, ".salvage"), _beside(path, ".new")
    try:
        shutil.copyfile(path, copy)
        if _beside(path, "-wal").exists():
            shutil.copyfile(_beside(path, "-wal"), _beside(copy, "-wal"))
        schema.create(new)
        rows = _read_all(copy, new)
        schema.create(new, [(table, key, value) for (table, key), value in rows.items()], _version(path))
    finally:
        for suffix in ("", "-wal", "-shm"):
            _beside(copy, suffix).unlink(missing_ok=True)
    target = _free_name(path)
    # The old log goes first: SQLite would play it into the new file.
    if _beside(path, "-wal").exists():
        _beside(path, "-wal").rename(_beside(target, "-wal"))
    _beside(path, "-shm").unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        # With a hard link there is a file under the final name at every moment; FAT has none.
        target.hardlink_to(path)
    if not target.exists():
        path.rename(target)
    new.replace(path)
    sync_folder(path.parent)
    return Salvage(target, len(rows))


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable, where the file system can."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with contextlib.suppress(OSError):
            os.fsync(fd)
    finally:
        os.close(fd)


def _version(path: Path) -> int | None:
    """The version that the rows of a damaged file are of; None where it cannot be read."""
    found = schema.stamp(path)
    return found[1] if found is not None and 0 < found[1] <= len(schema.MIGRATIONS) else None


def _read_all(copy: Path, pattern: Path) -> dict[tuple[str, str], str]:
    head = copy.read_bytes()[: schema.PAGE_SIZE]
    rows: dict[tuple[str, str], str] = {}
    if len(head) == schema.PAGE_SIZE and head.startswith(_MAGIC):
        rows = _read(copy)
    if not rows:
        _graft_first_page(copy, pattern)
        rows = _read(copy)
    return rows


def _read(copy: Path) -> dict[tuple[str, str], str]:
    """Rows from both ends: a scan stops at the first page it cannot read, so the other end is tried too."""
    rows: dict[tuple[str, str], str] = {}
    with contextlib.closing(sqlite3.connect(copy, isolation_level=None)) as db:
        db.text_factory = bytes
        for direction in ("ASC", "DESC"):
            with contextlib.suppress(sqlite3.Error, MemoryError):
                for row in db.execute(f"{schema.SELECT} ORDER BY tbl {direction}, key {direction}"):
                    _keep(rows, row)
    return rows


def _keep(rows: dict[tuple[str, str], str], row: tuple[object, ...]) -> None:
    try:
        table, key, value = (part.decode() for part in row if isinstance(part, bytes))
        decode(value)
    except ValueError:
        return
    rows.setdefault((table, key), value)


def _graft_first_page(copy: Path, pattern: Path) -> None:
    """Replace the first page by that of a new store: it holds the layout only, which is the same in every store."""
    page = bytearray(pattern.read_bytes()[: schema.PAGE_SIZE])
    # Two different change counters (SQLite file format §1.3.7) make SQLite take the length from the file itself.
    page[24:28], page[92:96] = struct.pack(">I", 2), struct.pack(">I", 1)
    with copy.open("r+b") as file:
        file.write(page)


def _free_name(path: Path) -> Path:
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    target, count = _beside(path, f".damaged-{stamp}"), 1
    while target.exists() or _beside(target, "-wal").exists():
        count += 1
        target = _beside(path, f".damaged-{stamp}-{count}")
    return target


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)
