"""What a program imports to embed a station."""

from __future__ import annotations

import pytest

import station.host
from station.host.host import Host


def test_programs_find_the_host_in_its_package() -> None:
    assert station.host.Host is Host
    with pytest.raises(AttributeError, match="Ghost"):
        station.host.Ghost  # noqa: B018
