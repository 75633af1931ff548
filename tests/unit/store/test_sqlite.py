"""The store in a file: durability, refusals, lock, versions."""

from __future__ import annotations

import os
import resource
import sqlite3
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from station.core.records import Batch, Delete, Put
from station.errors import StationError
from station.store import SqliteStore, StoreBusyError, StoreError, StoreTooNewError, schema
from tests.support.stores import Answers, Inbox, write


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "CP-1.db"


def test_rows_survive_closing(path: Path) -> None:
    inbox, answers = Inbox(), Answers()
    store = SqliteStore(path, inbox)
    assert store.load() == {}
    value = {"a": [1, 2.5, None, True, "ü"]}
    write(store, 1, Put("journal", "1", value), Put("journal", "2", 2), done=answers)
    value["a"] = []
    write(store, 2, Delete("journal", "2"), Put("variables", "x", "y"), done=answers)
    assert store.load() == {"journal": {"1": {"a": [1, 2.5, None, True, "ü"]}}, "variables": {"x": "y"}}
    assert answers.order == [], "answers come by way of the loop only"
    inbox.run()
    assert answers.errors == {1: None, 2: None}
    store.close()
    store.close()
    assert not path.with_name("CP-1.db-wal").exists()
    again = SqliteStore(path, inbox)
    assert again.load() == {"journal": {"1": {"a": [1, 2.5, None, True, "ü"]}}, "variables": {"x": "y"}}
    assert again.quarantined is None
    again.close()


def test_files_are_for_the_owner_alone(path: Path) -> None:
    store = SqliteStore(path, Inbox())
    write(store, 1, Put("t", "k", 1))
    store.load()
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    assert set(modes.values()) == {0o600}, modes
    assert {"CP-1.db", "CP-1.db-wal", "CP-1.db.lock"} <= set(modes)
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    store.close()


def test_values_are_readable_with_plain_sqlite(path: Path) -> None:
    store = SqliteStore(path, Inbox())
    write(store, 1, Put("t", "k", {"a": "ü"}))
    store.close()
    with sqlite3.connect(path) as db:
        assert db.execute("SELECT tbl, key, value, typeof(value) FROM rows").fetchall() == [
            ("t", "k", '{"a":"ü"}', "text")
        ]


def test_a_batch_that_cannot_be_stored_fails_alone_and_in_order(path: Path) -> None:
    inbox, answers = Inbox(), Answers()
    store = SqliteStore(path, inbox)
    write(store, 1, Put("t", "a", 1), done=answers)
    write(store, 2, Put("t", "b", 1), Put("t", "c", object()), done=answers)
    write(store, 3, Put("t", "d", 1), done=answers)
    assert store.load() == {"t": {"a": 1, "d": 1}}
    inbox.run()
    assert answers.order == [1, 2, 3]
    assert answers.failed == [2]
    store.close()


def test_a_full_disk_is_an_answer_and_the_store_goes_on(path: Path) -> None:
    inbox, answers = Inbox(), Answers()
    store = SqliteStore(path, inbox)
    write(store, 1, Put("t", "small", 1), done=answers)
    store.load()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.with_name("CP-1.db-wal").stat().st_size + 100, hard))
    try:
        write(store, 2, Put("t", "big", "x" * 100_000), Delete("t", "small"), done=answers)
        store.load()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    write(store, 3, Put("t", "after", 1), done=answers)
    assert store.load() == {"t": {"small": 1, "after": 1}}
    inbox.run()
    assert answers.failed == [2]
    assert str(path) in str(answers.errors[2])
    store.close()
    reopened = SqliteStore(path, inbox)
    assert reopened.load() == {"t": {"small": 1, "after": 1}}
    assert reopened.quarantined is None
    reopened.close()


def test_in_a_group_one_that_is_too_big_fails_and_the_others_are_kept(path: Path) -> None:
    inbox, answers = Inbox(), Answers()
    store = SqliteStore(path, inbox)
    with sqlite3.connect(path, isolation_level=None) as other:
        # While a stranger holds the database, what is submitted piles up and becomes one group.
        other.execute("BEGIN IMMEDIATE")
        write(store, 1, Put("t", "a", 1), done=answers)
        for seq in range(2, 5):
            value = "x" * 200_000 if seq == 3 else seq
            write(store, seq, Put("t", str(seq), value), done=answers)
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
        try:
            other.execute("COMMIT")
            store.load()
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    inbox.run()
    assert answers.order == [1, 2, 3, 4]
    assert answers.failed == [3]
    assert store.load() == {"t": {"a": 1, "2": 2, "4": 4}}
    store.close()


def test_a_store_has_one_owner(path: Path) -> None:
    store = SqliteStore(path, Inbox())
    with pytest.raises(StoreBusyError, match=rf"in use by process {os.getpid()}"):
        SqliteStore(path, Inbox())
    code = (
        "import sys; from station.store import SqliteStore, StoreBusyError\n"
        "try: SqliteStore(sys.argv[1], print)\n"
        "except StoreBusyError as exc: print(exc); sys.exit(7)"
    )
    found = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=False)
    assert found.returncode == 7, found.stderr
    assert f"in use by process {os.getpid()}" in found.stdout
    store.close()
    SqliteStore(path, Inbox()).close()


def test_an_older_program_refuses_a_newer_store_and_leaves_it_alone(path: Path) -> None:
    store = SqliteStore(path, Inbox())
    write(store, 1, Put("t", "k", 1))
    store.close()
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(StoreTooNewError, match="newer program") as caught:
        SqliteStore(path, Inbox())
    assert isinstance(caught.value, StationError)
    assert caught.value.hint
    with sqlite3.connect(path) as db:
        assert db.execute("SELECT count(*) FROM rows").fetchone() == (1,)
        db.execute("PRAGMA user_version = 1")
    SqliteStore(path, Inbox()).close()


def test_an_older_store_is_migrated_forward(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = SqliteStore(path, Inbox())
    write(store, 1, Put("old", "k", 1))
    store.close()
    step = ("UPDATE rows SET tbl = 'new' WHERE tbl = 'old'",)
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, step))
    migrated = SqliteStore(path, Inbox())
    assert migrated.load() == {"new": {"k": 1}}
    migrated.close()
    with sqlite3.connect(path) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (2,)


def test_a_migration_that_fails_changes_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = SqliteStore(path, Inbox())
    write(store, 1, Put("old", "k", 1))
    store.close()
    with monkeypatch.context() as patch:
        patch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, ("DELETE FROM rows", "NO SQL AT ALL")))
        with pytest.raises(StoreError):
            SqliteStore(path, Inbox())
    same = SqliteStore(path, Inbox())
    assert same.load() == {"old": {"k": 1}}
    same.close()


def test_the_database_of_another_program_is_left_alone(path: Path) -> None:
    path.parent.mkdir()
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE photos (a)")
    with pytest.raises(StoreError, match="not the store of a station"):
        SqliteStore(path, Inbox())
    assert [file.name for file in path.parent.iterdir() if "damaged" in file.name] == []


def test_a_place_where_no_file_can_be_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "folder.db").mkdir()
    for place in (tmp_path / "file" / "x.db", tmp_path / "folder.db"):
        with pytest.raises(StoreError, match=str(tmp_path)):
            SqliteStore(place, Inbox())


def test_a_closed_store_refuses(path: Path) -> None:
    inbox, answers = Inbox(), Answers()
    store = SqliteStore(path, inbox)
    store.close()
    write(store, 1, Put("t", "k", 1), done=answers)
    inbox.run()
    assert answers.failed == [1]
    with pytest.raises(StoreError, match="closed"):
        store.load()


def test_a_loop_that_is_gone_harms_nobody(path: Path) -> None:
    def closed_loop(call: object) -> None:
        raise RuntimeError("Event loop is closed")

    store = SqliteStore(path, closed_loop)
    store.commit(Batch(1, (Put("t", "k", 1),)), Answers())
    assert store.load() == {"t": {"k": 1}}
    store.close()


def test_many_stores_share_one_thread_which_ends_with_the_last(tmp_path: Path) -> None:
    def writers() -> list[threading.Thread]:
        return [thread for thread in threading.enumerate() if thread.name == "store-writer"]

    stores = [SqliteStore(tmp_path / f"{number}.db", Inbox()) for number in range(20)]
    for number, store in enumerate(stores):
        write(store, 1, Put("t", "k", number))
    assert [store.load() for store in stores] == [{"t": {"k": number}} for number in range(20)]
    (thread,) = writers()
    for store in stores:
        store.close()
    thread.join(5)
    assert not writers()
