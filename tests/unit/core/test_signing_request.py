"""A certificate signing request on its own: when it is sent, repeated, given up, and when the next one is due."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from station.core import events as ev
from station.core.effects import Ask
from station.core.frozen import dataclass
from station.core.signing_request import PENDING, Signing, SigningRequest
from tests.support.core_world import EPOCH, World

REPEAT, RENEWAL, TABLE = "repeat", "renewal", "requests"


@dataclass(frozen=True, slots=True)
class Query:
    """What the CSMS is asked."""

    request: str


class Bench:
    """A request in a station's context. Time stands still: deadlines are read, not waited for."""

    def __init__(self, *, wait_s: int = 10, times: int = 3, least_wait_s: float = 0.0, online: bool = True) -> None:
        settings = {"CertSigningWaitMinimum": wait_s, "CertSigningRepeatTimes": times, "MaxCertificateChainSize": 8}
        self.world = World(
            settings={f"SecurityCtrlr.{name}": str(value) for name, value in settings.items()}, start=False
        )
        self.world.boot(online=online)
        self.ctx = self.world.station.ctx
        self.part = SigningRequest(self.ctx, Signing(TABLE, REPEAT, RENEWAL, Query, least_wait_s))

    def flush(self) -> None:
        """The end of a turn: what was promised is carried out, what changed is stored."""
        self.world.send(ev.SampleDue(0))

    @property
    def asked(self) -> list[str]:
        """The requests that the CSMS was asked to have signed."""
        self.flush()
        queries = [effect.query for effect in self.world.log if isinstance(effect, Ask)]
        return [query.request for query in queries if isinstance(query, Query)]

    @property
    def stored(self) -> dict[str, Any]:
        """The rows of the request."""
        self.flush()
        return dict(self.world.rows.get(TABLE, {}))

    def due_in_s(self, timer: str) -> float | None:
        """How long until a timer rings, None where it is not set."""
        due = self.ctx.deadlines.get((timer, 0))
        return None if due is None else due - self.ctx.now


def test_a_request_is_sent_and_stored_until_it_is_answered() -> None:
    bench = Bench()
    bench.part.begin("csr")
    assert bench.asked == ["csr"]
    assert bench.stored == {PENDING: "csr"}
    bench.part.answered(True)
    assert bench.stored == {}
    assert bench.part.under_way


def test_a_request_made_offline_is_sent_once_the_csms_is_there() -> None:
    bench = Bench(online=False)
    bench.part.begin("csr")
    assert bench.asked == []
    bench.world.connect()
    bench.part.registered()
    bench.part.registered()
    assert bench.asked == ["csr"]


@pytest.mark.parametrize("cause", ["Disconnected", "Timeout"])
def test_a_request_without_an_answer_is_sent_again_at_the_next_connection(cause: str) -> None:
    bench = Bench()
    bench.part.begin("csr")
    assert not bench.part.unanswered(cause)
    bench.part.registered()
    assert bench.asked == ["csr", "csr"]


def test_an_error_for_an_answer_is_a_refusal() -> None:
    bench = Bench()
    bench.part.begin("csr")
    assert bench.part.unanswered("CallError")
    assert bench.part.pending is None
    assert not bench.part.under_way
    assert bench.due_in_s(REPEAT) is None


@pytest.mark.spec("A02.FR.17", "A02.FR.18", "A02.FR.19")
def test_each_wait_for_a_certificate_is_twice_the_one_before_until_the_repetitions_are_used_up() -> None:
    bench = Bench()
    bench.part.begin("csr")
    waits = []
    for _ in range(4):
        bench.part.answered(True)
        waits.append(bench.due_in_s(REPEAT))
        bench.part.repeat()
    assert waits == [10.0, 20.0, 40.0, None]
    assert set(bench.asked) == {"csr"}


def test_a_new_request_begins_with_the_shortest_wait() -> None:
    bench = Bench()
    for request in ("one", "two"):
        bench.part.begin(request)
        bench.part.answered(True)
    assert bench.due_in_s(REPEAT) == 10.0


@pytest.mark.parametrize(("least_wait_s", "due"), [(0.0, None), (1.0, 1.0)])
def test_a_wait_of_zero_means_never_or_the_shortest(least_wait_s: float, due: float | None) -> None:
    bench = Bench(wait_s=0, least_wait_s=least_wait_s)
    bench.part.begin("csr")
    bench.part.answered(True)
    assert bench.due_in_s(REPEAT) == due


def test_a_refusal_ends_the_repetitions() -> None:
    bench = Bench()
    bench.part.begin("csr")
    bench.part.answered(True)
    bench.part.repeat()
    bench.part.answered(False)
    assert not bench.part.under_way
    bench.part.repeat()
    assert bench.asked == ["csr", "csr"]


def test_a_certificate_that_has_come_settles_its_request() -> None:
    bench = Bench()
    bench.part.begin("csr")
    bench.part.answered(True)
    bench.part.settled()
    assert not bench.part.under_way
    assert bench.due_in_s(REPEAT) is None


def test_after_a_certificate_that_is_none_the_request_is_not_repeated() -> None:
    bench = Bench()
    bench.part.begin("csr")
    bench.part.answered(True)
    bench.part.silence()
    assert bench.due_in_s(REPEAT) is None
    assert bench.part.under_way
    bench.part.forget()
    assert not bench.part.under_way


@pytest.mark.spec("A02.FR.16")
def test_a_chain_has_a_longest_length() -> None:
    part = Bench().part
    assert part.fits("12345678")
    assert not part.fits("123456789")


@pytest.mark.spec("A03.FR.02")
@pytest.mark.parametrize(("days", "due_days"), [(100, 70), (30, 0), (10, 0), (-1, 0)])
def test_a_renewal_is_due_a_month_ahead(days: int, due_days: int) -> None:
    bench = Bench()
    bench.part.renew_before(EPOCH + timedelta(days=days))
    assert bench.due_in_s(RENEWAL) == due_days * 86400.0
    bench.part.renew_later()
    assert bench.due_in_s(RENEWAL) == 86400.0


def test_without_an_end_or_a_clock_no_renewal_is_due() -> None:
    bench = Bench(online=False)
    bench.part.renew_before(EPOCH)
    assert bench.due_in_s(RENEWAL) is None
    bench.world.connect()
    bench.part.renew_before(None)
    assert bench.due_in_s(RENEWAL) is None
