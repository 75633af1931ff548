"""The simulated button."""

from __future__ import annotations

import pytest

from drivers.api import DriverLost
from drivers.buttons.sim import DRIVER


def test_a_press_is_seen_once() -> None:
    button = DRIVER.open(DRIVER.parse({}))
    assert not button.read()
    button.press()
    assert button.read()
    assert not button.read()


def test_a_released_button_is_lost() -> None:
    button = DRIVER.open(DRIVER.parse({}))
    button.release()
    with pytest.raises(DriverLost):
        button.read()
