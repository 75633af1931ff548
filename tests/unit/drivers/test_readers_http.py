from __future__ import annotations

from pathlib import Path

from drivers import registry
from drivers.api import Card, Pushes
from station.config import from_mapping


def test_it_pushes_what_is_shown() -> None:
    driver = registry.find("reader", "http")
    reader, heard = driver.open(driver.parse({})), []
    assert isinstance(reader, Pushes)
    reader.subscribe(heard.append)
    reader.show("04A1B2C3", "ISO14443")  # type: ignore[attr-defined]
    assert heard == [Card(bytes.fromhex("04A1B2C3"), "ISO14443", text="04A1B2C3")]


def test_a_profile_may_name_it() -> None:
    mapping = {"auth": {"readers": [{"driver": "http", "evses": [1]}]}}
    reader = from_mapping(mapping, Path("/"), env={}).profile.auth.readers[0]
    assert reader.part.simulated and reader.part.parsed is not None
