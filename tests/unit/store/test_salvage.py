"""Damaged stores: set aside, reported, and what can be read is kept."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from station.core.records import Put, Rows
from station.store import SqliteStore
from tests.support.stores import Inbox, write

ROWS = 400


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A store of some forty pages, closed properly."""
    path = tmp_path / "CP-1.db"
    store = SqliteStore(path, Inbox())
    write(store, 1, *(Put("journal", f"{number:06}", {"n": number, "pad": "x" * 300}) for number in range(ROWS)))
    store.close()
    return path


@pytest.fixture
def torn(tmp_path: Path) -> Path:
    """A store whose process was killed: one batch is in the file, three are in the log."""
    path = tmp_path / "live" / "CP-1.db"
    store = SqliteStore(path, Inbox())
    for seq in range(3):
        write(store, seq, Put("t", str(seq), seq))
        store.load()
    copy = tmp_path / "copy"
    shutil.copytree(path.parent, copy)
    store.close()
    return copy / "CP-1.db"


def reopen(path: Path) -> tuple[Rows, SqliteStore]:
    store = SqliteStore(path, Inbox())
    rows = store.load()
    write(store, 9, Put("after", "k", 1))
    assert store.load()["after"] == {"k": 1}, "the new store works"
    store.close()
    second = SqliteStore(path, Inbox())
    assert second.quarantined is None, "a salvaged store is whole"
    second.close()
    return rows, store


def overwrite(path: Path, offset: int, data: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(data)


def test_a_page_of_garbage_costs_only_its_rows(path: Path) -> None:
    overwrite(path, 10 * 4096, b"\xa5" * 4096)
    damaged = path.read_bytes()
    rows, store = reopen(path)
    assert store.quarantined is not None
    assert store.quarantined.name.startswith("CP-1.db.damaged-")
    assert store.quarantined.read_bytes() == damaged, "the evidence is kept as it was"
    assert ROWS - 40 < len(rows["journal"]) < ROWS
    assert store.salvaged == len(rows["journal"])
    assert all(value["n"] == int(key) for key, value in rows["journal"].items())


@pytest.mark.parametrize("garbage", [b"\x00" * 4096, b"\xff" * 100, b"not a database at all"])
def test_a_destroyed_first_page_costs_nothing(path: Path, garbage: bytes) -> None:
    overwrite(path, 0, garbage)
    rows, store = reopen(path)
    assert store.quarantined is not None
    assert len(rows["journal"]) == ROWS


def test_a_file_that_breaks_off_keeps_its_beginning_or_at_least_opens(path: Path) -> None:
    whole = path.stat().st_size
    with path.open("r+b") as file:
        file.truncate(whole // 2 // 4096 * 4096)
    rows, store = reopen(path)
    assert store.quarantined is not None
    assert store.salvaged == len(rows.get("journal", {})) > ROWS // 4


@pytest.mark.parametrize("content", [b"", b"x", b"\x00" * 10_000, b"SQLite format 3\x00", b"hello world" * 1000])
def test_a_file_that_is_no_store_begins_anew_and_is_kept(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "CP-1.db"
    path.write_bytes(content)
    rows, store = reopen(path)
    assert rows == {}
    assert store.quarantined is not None
    assert store.quarantined.read_bytes() == content
    assert store.salvaged == 0


def test_a_value_that_is_no_json_is_damage(path: Path) -> None:
    data = path.read_bytes()
    place = data.index(b'{"n":7,')
    overwrite(path, place, b"#")
    rows, store = reopen(path)
    assert store.quarantined is not None
    assert len(rows["journal"]) == ROWS - 1
    assert "000007" not in rows["journal"]


def test_a_log_left_by_a_killed_process_is_read(torn: Path) -> None:
    rows, store = reopen(torn)
    assert rows == {"t": {"0": 0, "1": 1, "2": 2}}
    assert store.quarantined is None


def _truncate(log: Path, size: int) -> None:
    with log.open("r+b") as file:
        file.truncate(size)


@pytest.mark.parametrize(
    ("spoil", "kept"),
    [
        pytest.param(lambda log: _truncate(log, log.stat().st_size - 1), 2, id="last byte missing"),
        pytest.param(lambda log: _truncate(log, log.stat().st_size - 4096 - 24), 2, id="last frame missing"),
        pytest.param(lambda log: overwrite(log, log.stat().st_size - 50, b"\xa5" * 50), 2, id="tail is garbage"),
        pytest.param(lambda log: _truncate(log, 20), 0, id="only a piece of the header"),
        pytest.param(lambda log: _truncate(log, 0), 0, id="empty"),
        pytest.param(lambda log: log.unlink(), 0, id="gone"),
    ],
)
def test_a_log_that_breaks_off_gives_what_was_whole(torn: Path, spoil: Callable[[Path], None], kept: int) -> None:
    spoil(torn.with_name("CP-1.db-wal"))
    rows, store = reopen(torn)
    assert rows.get("t", {}) == {str(seq): seq for seq in range(kept)}
    assert store.quarantined is None


def test_a_log_of_garbage_is_reported_and_kept(torn: Path) -> None:
    log = torn.with_name("CP-1.db-wal")
    log.write_bytes(b"\xa5" * 5000)
    rows, store = reopen(torn)
    assert rows == {}
    assert store.quarantined is not None
    assert store.quarantined.with_name(store.quarantined.name + "-wal").read_bytes() == b"\xa5" * 5000


@pytest.mark.parametrize("remove", [True, False])
def test_rows_in_the_log_outlive_a_lost_or_emptied_file(torn: Path, remove: bool) -> None:
    if remove:
        torn.unlink()
    else:
        _truncate(torn, 0)
    rows, store = reopen(torn)
    assert store.quarantined is not None
    assert rows == {"t": {"0": 0, "1": 1, "2": 2}}


def test_two_quarantines_do_not_overwrite_each_other(path: Path) -> None:
    places = set()
    for _ in range(3):
        path.write_bytes(b"garbage")
        _, store = reopen(path)
        places.add(store.quarantined)
    assert len(places) == 3
    assert not [file.name for file in path.parent.iterdir() if ".salvage" in file.name or ".new" in file.name]
