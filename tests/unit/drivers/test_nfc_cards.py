from __future__ import annotations

import contextlib
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.api import Card
from drivers.nfc.cards import card_of, listed


def target(brty: str, **more: str) -> Any:
    fields = dict.fromkeys(("sens_res", "sel_res", "sdd_res", "rid_res", "sensb_res", "sensf_res"))
    return SimpleNamespace(brty=brty, **fields | {name: bytes.fromhex(value) for name, value in more.items()})


@pytest.mark.parametrize(
    ("seen", "card"),
    [
        (target("106A", sdd_res="04A1B2C3"), Card(bytes.fromhex("04A1B2C3"), "106A")),
        (target("106A", sdd_res="04A1B2C3D4E5F6"), Card(bytes.fromhex("04A1B2C3D4E5F6"), "106A")),
        (target("106A", sdd_res="04A1B2C3D4E5F60708AA"), Card(bytes.fromhex("04A1B2C3D4E5F60708AA"), "106A")),
        (target("106A", sdd_res="08A1B2C3"), Card(bytes.fromhex("08A1B2C3"), "106A", random=True)),
        (target("106A", sdd_res="08A1B2C3D4E5F6"), Card(bytes.fromhex("08A1B2C3D4E5F6"), "106A")),
        (target("106A", rid_res="110001020304"), Card(bytes.fromhex("01020304"), "106A")),
        (target("106B", sensb_res="5011223344000000003381"), Card(bytes.fromhex("11223344"), "106B")),
        (target("212F", sensf_res="010102030405060708" + "00" * 8), Card(bytes.fromhex("0102030405060708"), "212F")),
        (target("424F", sensf_res="0101FE030405060708"), Card(bytes.fromhex("01FE030405060708"), "424F", random=True)),
        (target("106A"), None),
        (target("106A", sdd_res="04A1B2"), None),
        (target("106A", rid_res="1100"), None),
        (target("106B", sensb_res="501122"), None),
        (target("212F", sensf_res="0102"), None),
    ],
)
def test_the_identity_of_a_target(seen: Any, card: Card | None) -> None:
    assert card_of(seen) == card


def test_two_targets_of_one_list() -> None:
    """UM0701-02, 7.3.5: NbTg, then Tg, SENS_RES, SEL_RES, length, NFCID1 each."""
    answer = bytes.fromhex("02" + "01000408" + "0404A1B2C3" + "02004400" + "0704A1B2C3D4E5F6")
    assert [card.uid.hex().upper() for card in listed(answer)] == ["04A1B2C3", "04A1B2C3D4E5F6"]
    assert listed(b"\x00") == []


@given(st.binary(max_size=64))
def test_any_list_gives_cards_or_a_value_error(answer: bytes) -> None:
    with contextlib.suppress(ValueError):
        assert all(len(card.uid) in (4, 7, 10) for card in listed(answer))
