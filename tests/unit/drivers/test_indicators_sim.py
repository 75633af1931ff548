from __future__ import annotations

from drivers import registry


def test_it_remembers_what_it_shows_until_release() -> None:
    driver = registry.find("indicator", "sim")
    indicator = driver.open(driver.options())
    indicator.show("charging")
    assert indicator.shown == "charging"
    indicator.release()
    assert indicator.shown is None
