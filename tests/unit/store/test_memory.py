"""The store in memory."""

from __future__ import annotations

import pytest

from station.core.records import Batch, Delete, Put
from station.store import MemoryStore
from tests.support.stores import Answers, FaultyStore, write


def test_rows_come_back_as_a_copy() -> None:
    store, value = MemoryStore(), {"a": [1, 2.5, None, True, "ü"]}
    answers = Answers()
    write(store, 1, Put("journal", "1", value), Put("journal", "2", 2), done=answers)
    value["a"].append("later")
    store.load()["journal"]["1"]["a"].append("also later")
    write(store, 2, Delete("journal", "2"), Delete("journal", "never there"), Delete("no table", "x"), done=answers)
    assert store.load() == {"journal": {"1": {"a": [1, 2.5, None, True, "ü"]}}}
    assert answers.errors == {1: None, 2: None}


def test_a_batch_is_all_or_nothing() -> None:
    store, answers = MemoryStore(), Answers()
    write(store, 1, Put("t", "a", 1), Put("t", "secret-card", object()), done=answers)
    error = answers.errors[1]
    assert error is not None
    assert "secret-card" not in str(error)
    assert store.load() == {}


@pytest.mark.parametrize("key", ["\ud800", "a\udfff"])
def test_a_key_that_is_no_text_is_refused(key: str) -> None:
    store, answers = MemoryStore(), Answers()
    write(store, 1, Put("t", key, 1), done=answers)
    assert answers.failed == [1]


def test_failures_can_be_ordered() -> None:
    store, answers = FaultyStore(), Answers()
    store.fail_next(1)
    write(store, 1, Put("t", "a", 1), done=answers)
    store.fail_when = lambda batch: batch.seq == 2
    write(store, 2, Put("t", "b", 1), done=answers)
    write(store, 3, Put("t", "c", 1), done=answers)
    assert answers.failed == [1, 2]
    assert store.load() == {"t": {"c": 1}}


def test_a_closed_store_refuses_until_it_is_loaded_again() -> None:
    store, answers = MemoryStore(), Answers()
    write(store, 1, Put("t", "a", 1), done=answers)
    store.close()
    store.close()
    write(store, 2, Put("t", "b", 1), done=answers)
    assert store.load() == {"t": {"a": 1}}
    write(store, 3, Put("t", "c", 1), done=answers)
    assert answers.failed == [2]


def test_a_receiver_that_fails_does_not_harm_the_caller() -> None:
    store = MemoryStore()

    def broken(seq: int, error: object) -> None:
        raise RuntimeError("receiver")

    store.commit(Batch(1, (Put("t", "a", 1),)), broken)
    assert store.load() == {"t": {"a": 1}}


def test_what_is_written_late_is_read_as_it_is_then() -> None:
    store, answers, grows = MemoryStore(), Answers(), [1]
    write(store, 1, Put("t", "a", grows, list), done=answers)
    grows.append(2)
    assert store.load() == {"t": {"a": [1, 2]}}


def test_texts_of_any_kind_come_back() -> None:
    store, answers = MemoryStore(), Answers()
    texts = {"plain": "Available", "accented": "ü", "empty": ""}
    for table in ("told", "bindings"):
        write(store, 1, *(Put(table, key, text) for key, text in texts.items()), done=answers)
    assert store.load() == {"told": texts, "bindings": texts}


def test_a_table_that_is_followed_is_read_as_it_is_then_and_held_nothing_before() -> None:
    store, answers = MemoryStore(), Answers()
    write(store, 1, Put("t", "a", 1), Put("u", "a", 1), done=answers)
    numbers: dict[int, float] = {}
    store.follow("t", numbers, lambda rows: {f"{key:03d}": value for key, value in rows.items()})
    assert store.load() == {"u": {"a": 1}}
    numbers[7] = 0.5
    assert store.load() == {"t": {"007": 0.5}, "u": {"a": 1}}
    store.follow("t", {}, dict)
    assert store.load() == {"u": {"a": 1}}
