from __future__ import annotations

import pytest

from drivers.api import Card
from drivers.uid import UidPolicy, format_uid, forms, is_random, token_of

UID = bytes.fromhex("04A1B2C3")


@pytest.mark.parametrize(
    ("policy", "token"),
    [
        (UidPolicy(), "04A1B2C3"),
        (UidPolicy(case="lower"), "04a1b2c3"),
        (UidPolicy(order="reversed"), "C3B2A104"),
        (UidPolicy(format="decimal"), "77705923"),
        (UidPolicy(format="decimal", length=10), "0077705923"),
        (UidPolicy(order="reversed", format="decimal"), "3283263748"),
        (UidPolicy(length=6), "A1B2C3"),
        (UidPolicy(length=10), "0004A1B2C3"),
        (UidPolicy(prefix="NFC-"), "NFC-04A1B2C3"),
    ],
)
def test_policies(policy: UidPolicy, token: str) -> None:
    assert format_uid(UID, policy) == token


def test_text_goes_before_the_uid() -> None:
    assert token_of(Card(UID, text="00123456"), UidPolicy(order="reversed")) == "00123456"
    assert token_of(Card(UID)) == "04A1B2C3"


def test_all_forms_are_shown() -> None:
    assert forms(UID) == {
        "as-read hex": "04A1B2C3",
        "as-read hex lower": "04a1b2c3",
        "as-read decimal": "77705923",
        "reversed hex": "C3B2A104",
        "reversed hex lower": "c3b2a104",
        "reversed decimal": "3283263748",
    }


def test_random_uids() -> None:
    assert is_random(bytes.fromhex("08123456"))
    assert not is_random(UID)
    assert not is_random(bytes.fromhex("08123456789ABC"))
