"""Which cards the embedded central system accepts."""

import pytest

from station.csms.cards import Card, CardBook


def test_without_a_list_every_card_is_accepted():
    book = CardBook()
    assert book.accepts_every_card
    assert book.look_up("whatever") == Card("Accepted")


def test_a_list_knows_its_cards_in_any_case_and_no_other():
    book = CardBook({"04a1b2": "Blocked", "00123456": Card(group="G")})
    assert not book.accepts_every_card
    assert book.look_up("04A1B2").status == "Blocked"
    assert book.look_up("00123456") == Card("Accepted", "G")
    assert book.look_up("123456").status == "Unknown"


def test_an_empty_list_accepts_no_card():
    assert CardBook({}).look_up("AA").status == "Unknown"


def test_an_unknown_status_is_an_error_that_names_the_known_ones():
    with pytest.raises(ValueError, match="ConcurrentTx"):
        Card("Fine")
