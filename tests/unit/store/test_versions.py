"""Stores of every version that ever was: opened, migrated, and booted from; those of newer programs are left alone."""

from __future__ import annotations

import hashlib
import sqlite3
from pathlib import Path

import pytest

from station.errors import StoreError, StoreTooNewError
from station.store import SqliteStore, schema
from tests.support.core_world import V16, World
from tests.support.stores import Inbox

DUMPS = Path(__file__).with_name("versions")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "CP-1.db"


def written_by(path: Path, version: int) -> Path:
    """A store as the program of that version left it."""
    with sqlite3.connect(path) as db:
        db.executescript((DUMPS / f"{version}.sql").read_text())
    return path


def test_there_is_a_store_of_every_version() -> None:
    assert sorted(int(dump.stem) for dump in DUMPS.glob("*.sql")) == list(range(1, len(schema.MIGRATIONS) + 1))


@pytest.mark.parametrize("version", range(1, len(schema.MIGRATIONS) + 1))
def test_a_store_of_every_version_is_opened_and_booted_from(path: Path, version: int) -> None:
    store = SqliteStore(written_by(path, version), Inbox())
    world = World(settings=V16, start=False)
    world.rows = store.load()
    store.close()
    world.power_cycle()
    assert store.quarantined is None
    assert world.station.damaged == []
    assert world.station.boot > 1
    assert world.facts(), "the transaction that ran is told"
    with sqlite3.connect(path) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (len(schema.MIGRATIONS),)


def test_a_step_may_be_a_function_and_is_undone_where_it_fails(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written_by(path, 1)

    def rename(db: sqlite3.Connection) -> None:
        db.execute("UPDATE rows SET tbl = 'registers' WHERE tbl = 'meter'")

    def fail(db: sqlite3.Connection) -> None:
        db.execute("DELETE FROM rows")
        raise KeyError("energy")

    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, (rename, fail)))
    with pytest.raises(StoreError, match=r"could not be brought from store version 1 to 2: KeyError\('energy'\)"):
        SqliteStore(path, Inbox())
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS[:-1], (rename,)))
    store = SqliteStore(path, Inbox())
    rows = store.load()
    store.close()
    assert "registers" in rows
    assert "meter" not in rows


def test_a_damaged_store_of_an_older_version_is_migrated_as_it_is_salvaged(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with sqlite3.connect(written_by(path, 1)) as db:
        db.execute("INSERT INTO rows VALUES ('junk', '1', 'no JSON')")
    step = ("UPDATE rows SET tbl = 'registers' WHERE tbl = 'meter'",)
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, step))
    # The first attempt migrates the file before it finds the damage: what is salvaged is of that version already.
    store = SqliteStore(path, Inbox())
    assert store.quarantined is not None
    assert "registers" in store.load()
    store.close()


def test_salvaged_rows_keep_their_version(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    new = path.with_name("new.db")
    step = ("UPDATE rows SET tbl = 'registers' WHERE tbl = 'meter'",)
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, step))
    schema.create(new, [("meter", "1", "5")], 1)
    with sqlite3.connect(new) as db:
        assert db.execute(schema.SELECT).fetchall() == [("registers", "1", "5")]
        assert db.execute("PRAGMA user_version").fetchone() == (2,)


def test_a_newer_store_is_refused_with_a_sentence_and_not_a_byte_of_it_changes(path: Path) -> None:
    SqliteStore(path, Inbox()).close()
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version = 99")
    db.close()
    before = hashlib.sha256(path.read_bytes()).digest()
    with pytest.raises(
        StoreTooNewError, match=r"written by a newer program \(store version 99, this program knows \d+\)"
    ):
        SqliteStore(path, Inbox())
    assert hashlib.sha256(path.read_bytes()).digest() == before
