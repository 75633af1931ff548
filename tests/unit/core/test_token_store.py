"""The authorization cache: its size, and what goes first where it is full."""

from __future__ import annotations

from datetime import timedelta

import pytest

from station.core.journal import Ledger
from station.core.token_store import TokenStore, heard_at
from station.core.values import IdToken, TokenInfo, TokenStatus
from tests.support.core_world import EPOCH

OK = TokenInfo(TokenStatus.ACCEPTED)


def full() -> TokenStore:
    """A cache with no room left; the oldest entry is 0, 7 was refused long ago, 9 has run out since."""
    store = TokenStore(Ledger())
    for number in range(1000):
        info = OK
        if number == 7:
            info = TokenInfo(TokenStatus.BLOCKED)
        elif number == 9:
            info = TokenInfo(TokenStatus.ACCEPTED, expires=EPOCH + timedelta(seconds=5))
        store.remember(IdToken(str(number)), info, EPOCH)
    return store


def keys(store: TokenStore) -> set[str]:
    return {key.removeprefix("ISO14443:") for key in store.cache}


@pytest.mark.spec("OCPP 1.6 §3.5.1", "C10.FR.07")
def test_entries_that_are_not_valid_go_first_then_the_oldest() -> None:
    store, later = full(), EPOCH + timedelta(seconds=10)
    gone = []
    for number in range(1000, 1004):
        before = keys(store)
        store.remember(IdToken(str(number)), OK, later)
        gone += before - keys(store)
    assert gone == ["7", "9", "0", "1"]
    assert len(store.cache) == 1000


@pytest.mark.spec("OCPP 1.6 §3.5.1")
def test_an_entry_that_is_heard_of_again_is_the_newest() -> None:
    store = full()
    store.remember(IdToken("0"), OK, EPOCH)
    for number in range(1000, 1003):
        store.remember(IdToken(str(number)), OK, EPOCH)
    assert "0" in keys(store) and not {"1", "2", "7"} & keys(store)


@pytest.mark.spec("OCPP 1.6 §3.5.1")
def test_a_new_refusal_does_not_push_itself_out() -> None:
    store = full()
    del store.cache["ISO14443:7"]
    store.remember(IdToken("1000"), OK, EPOCH)
    store.remember(IdToken("NEW"), TokenInfo(TokenStatus.INVALID), EPOCH)
    assert "NEW" in keys(store) and "0" not in keys(store)


@pytest.mark.spec("OCPP 1.6 §3.5.1")
def test_what_is_known_already_is_not_written_again() -> None:
    ledger = Ledger()
    store = TokenStore(ledger)
    store.remember(IdToken("1"), OK, EPOCH)
    assert ledger.close_turn()
    store.remember(IdToken("1"), OK, EPOCH)
    assert ledger.close_turn() == []


@pytest.mark.spec("OCPP 1.6 §3.5.1", "C10.FR.02")
def test_the_order_survives_a_boot_whatever_order_the_store_has() -> None:
    store, again = full(), TokenStore(Ledger())
    rows = store.rows()
    for key in sorted(rows, key=lambda key: heard_at(rows[key])):
        again.restore(key, rows[key])
    assert again.rows() == rows and list(again.cache) == list(store.cache)
    again.remember(IdToken("NEW"), OK, EPOCH)
    assert again.cache[IdToken("NEW").key].heard == 1001
