"""Which hosts are this machine."""

import pytest

from station.config.hosts import is_loopback


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.9.1", "::1"])
def test_this_machine(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["", "0.0.0.0", "::", "10.0.0.1", "localhost.evil.test", "127.0.0.1.evil.test"])
def test_another_machine_or_nobody_knows(host: str) -> None:
    assert not is_loopback(host)
