from __future__ import annotations

import pytest

from drivers.api import Card
from drivers.uid import UidPolicy, fits, format_uid, forms, is_random, token_of

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
        (UidPolicy(bytes=2), "B2C3"),
        (UidPolicy(bytes=2, order="reversed"), "A104"),
        (UidPolicy(bytes=3, format="decimal", length=10), "0010597059"),
        (UidPolicy(bytes=16), "04A1B2C3"),
    ],
)
def test_policies(policy: UidPolicy, token: str) -> None:
    assert format_uid(UID, policy) == token


def test_text_goes_before_the_uid() -> None:
    assert token_of(Card(UID, text="00123456"), UidPolicy(order="reversed")) == "00123456"
    assert token_of(Card(UID)) == "04A1B2C3"


def test_all_forms_of_a_four_byte_uid() -> None:
    assert [(form.name, form.text) for form in forms(UID)] == [
        ("as-read hex", "04A1B2C3"),
        ("reversed hex", "C3B2A104"),
        ("as-read hex lower", "04a1b2c3"),
        ("reversed hex lower", "c3b2a104"),
        ("as-read decimal", "77705923"),
        ("reversed decimal", "3283263748"),
        ("as-read decimal, 10 digits", "0077705923"),
        ("as-read hex with colons", "04:A1:B2:C3"),
        ("as-read hex lower with colons", "04:a1:b2:c3"),
        ("reversed hex with colons", "C3:B2:A1:04"),
        ("reversed hex lower with colons", "c3:b2:a1:04"),
        ("as-read Wiegand 26, facility and number (3+5 digits)", "16145763"),
        ("as-read Wiegand 26, facility,number", "161,45763"),
        ("reversed Wiegand 26, facility and number (3+5 digits)", "17841220"),
        ("reversed Wiegand 26, facility,number", "178,41220"),
    ]


def test_the_usual_forms_of_an_em4100() -> None:
    """0600123456: 8H10D is the last 32 bits in ten digits, 3+5 the facility and the number."""
    shown = {form.name: form for form in forms(bytes.fromhex("0600123456"))}
    assert shown["as-read hex"].text == "0600123456"
    assert shown["as-read last 4 bytes, hex"].text == "00123456"
    assert shown["as-read last 4 bytes, decimal"].text == "1193046"
    assert shown["as-read last 4 bytes, decimal, 10 digits (8H10D)"].text == "0001193046"
    assert shown["as-read Wiegand 26, facility,number"].text == "018,13398"


@pytest.mark.parametrize("uid", ["04", "0401", "04A1B2", "04A1B2C3", "0000000000", "04A1B2C3D4E5F6", "04" * 10])
def test_forms_are_what_their_policies_make_once_each(uid: str) -> None:
    data = bytes.fromhex(uid)
    listed = forms(data)
    assert len({form.text for form in listed}) == len(listed)
    assert [form.text for form in listed if form.policy and format_uid(data, form.policy) != form.text] == []
    assert listed == forms(data)


def test_an_empty_uid_has_no_form() -> None:
    assert forms(b"") == []


@pytest.mark.parametrize(
    ("token", "fits16", "fits201"),
    [
        ("04A1B2C3", True, True),
        ("A" * 20, True, True),
        ("A" * 21, False, True),
        ("A" * 36, False, True),
        ("A" * 37, False, False),
        ("", False, False),
        ("04:A1:B2:C3", True, True),
        ("123,45678", True, False),
        ("CARD 7", True, False),
        ("CARD-\u00fc", False, False),
        ("04A1\n", False, False),
    ],
)
def test_what_each_version_can_carry(token: str, fits16: bool, fits201: bool) -> None:
    assert (fits(token, "1.6"), fits(token, "2.0.1")) == (fits16, fits201)


def test_forms_say_which_version_carries_them() -> None:
    shown = {form.name: form for form in forms(bytes.fromhex("04A1B2C3D4E5F6"))}
    assert (shown["as-read hex"].fits16, shown["as-read hex"].fits201) == (True, True)
    assert (shown["as-read hex with colons"].fits16, shown["as-read Wiegand 26, facility,number"].fits201) == (
        True,
        False,
    )
    ten = {form.name: form for form in forms(bytes(range(1, 11)))}
    assert (ten["as-read hex with colons"].fits16, ten["as-read hex with colons"].fits201) == (False, True)


def test_random_uids() -> None:
    assert is_random(bytes.fromhex("08123456"))
    assert not is_random(UID)
    assert not is_random(bytes.fromhex("08123456789ABC"))
