"""Whose closing it is when a controller closes its relay by itself."""

from __future__ import annotations

from drivers.claim import UNCLAIMED_S, Claim


def test_a_closing_under_an_offer_has_time_to_be_claimed() -> None:
    claim = Claim()
    claim.saw(True, 10.0)
    assert not claim.counts_as_closed(True, 10.0 + UNCLAIMED_S - 0.1, offered=True)
    assert claim.counts_as_closed(True, 10.0 + UNCLAIMED_S, offered=True)
    claim.claimed = True
    assert claim.counts_as_closed(True, 10.0, offered=True)


def test_a_closing_without_an_offer_is_told_at_once() -> None:
    claim = Claim()
    claim.saw(True, 10.0)
    assert claim.counts_as_closed(True, 10.0, offered=False)
    assert not claim.counts_as_closed(False, 10.0, offered=False)


def test_an_opening_begins_the_time_anew() -> None:
    claim = Claim()
    claim.saw(True, 10.0)
    claim.saw(False, 11.0)
    claim.saw(True, 12.0)
    assert not claim.counts_as_closed(True, 12.0 + UNCLAIMED_S - 0.1, offered=True)
