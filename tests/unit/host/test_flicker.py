"""When a device that was lost counts as back."""

from __future__ import annotations

from station.host.flicker import AGAIN_S, STEADY_S, Flicker


def test_a_loss_is_over_with_the_first_answer() -> None:
    flicker = Flicker()
    flicker.failed("meter", 1.0, lost=False)
    assert flicker.back("meter", 1.2)


def test_a_device_that_comes_and_goes_has_to_answer_for_a_while() -> None:
    flicker = Flicker()
    flicker.failed("meter", 1.0, lost=False)
    assert flicker.back("meter", 1.2)
    flicker.failed("meter", 1.4, lost=False)
    assert not flicker.back("meter", 1.6)
    flicker.failed("meter", 1.8, lost=True)
    assert not flicker.back("meter", 1.8 + STEADY_S - 0.1)
    assert flicker.back("meter", 1.9 + STEADY_S)


def test_parts_are_judged_each_by_itself_and_trouble_is_forgotten() -> None:
    flicker = Flicker()
    for at_s in (1.0, 2.0):
        flicker.failed("meter", at_s, lost=False)
        flicker.back("meter", at_s + STEADY_S)
    flicker.failed("pilot", 3.0, lost=False)
    assert flicker.back("pilot", 3.1)
    flicker.failed("meter", 4.0 + AGAIN_S, lost=False)
    assert flicker.back("meter", 4.1 + AGAIN_S)
