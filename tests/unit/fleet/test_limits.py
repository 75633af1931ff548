"""What the machine allows."""

import resource

import pytest

from station.errors import StationError
from station.fleet import limits


class Limit:
    """RLIMIT_NOFILE of a process that is none."""

    def __init__(self, soft: int, hard: int) -> None:
        self.now = (soft, hard)

    def get(self, _which: int) -> tuple[int, int]:
        return self.now

    def set(self, _which: int, wanted: tuple[int, int]) -> None:
        if wanted[0] > 90_000:
            raise ValueError("not allowed to raise maximum limit")
        self.now = wanted


def limited(monkeypatch: pytest.MonkeyPatch, soft: int, hard: int) -> Limit:
    limit = Limit(soft, hard)
    monkeypatch.setattr(resource, "getrlimit", limit.get)
    monkeypatch.setattr(resource, "setrlimit", limit.set)
    return limit


def test_the_soft_limit_is_raised_as_far_as_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    limit = limited(monkeypatch, 1024, 20_000)
    limits.allow_files(500)
    assert limit.now == (1024, 20_000)
    limits.allow_files(5000)
    assert limit.now == (5000 + limits.SPARE_FILES, 20_000)


def test_a_worker_hopes_for_as_many_as_it_may_have(monkeypatch: pytest.MonkeyPatch) -> None:
    limit = limited(monkeypatch, 1024, 4096)
    limits.hope_for_files(500)
    assert limit.now == (1024, 4096)
    limits.hope_for_files(2000)
    assert limit.now == (2000 + limits.SPARE_FILES, 4096)
    limits.hope_for_files(50_000)
    assert limit.now == (4096, 4096)


def test_a_limit_that_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    limited(monkeypatch, resource.RLIM_INFINITY, resource.RLIM_INFINITY)
    limits.allow_files(1_000_000)


def test_the_hard_limit_and_the_command_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    limited(monkeypatch, 1024, 4096)
    with pytest.raises(StationError) as caught:
        limits.allow_files(5000)
    assert caught.value.message == (
        "5000 stations need 5256 open files, and this process may have 4096 (RLIMIT_NOFILE, hard limit)"
    )
    assert "ulimit -n 6000" in str(caught.value.hint)
    assert "LimitNOFILE=6000" in str(caught.value.hint)


def test_what_the_system_refuses_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    limited(monkeypatch, 1024, resource.RLIM_INFINITY)
    with pytest.raises(StationError, match="raising that fails: not allowed"):
        limits.allow_files(100_000)


def test_too_few_ports(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "_local_ports", lambda: 28_000)
    assert list(limits.too_few_ports({"a:1": 28_000, "b:1": 28_000})) == []
    (warning,) = limits.too_few_ports({"a:1": 30_000})
    assert warning.message == "30000 stations dial a:1, and this machine has 28000 local ports for one address"
    assert "ip_local_port_range" in warning.hint
    monkeypatch.setattr(limits, "_local_ports", lambda: None)
    assert list(limits.too_few_ports({"a:1": 30_000})) == []
