"""The small parts of a distributed fleet: leases, totals, clocks, plans on their way, addresses."""

from __future__ import annotations

import pickle
import stat
from pathlib import Path
from typing import Any

import pytest

from station.config import Secret, from_mapping
from station.errors import StationError
from station.fleet.cluster.address import checked_address
from station.fleet.cluster.figures import Figures
from station.fleet.cluster.lease import Lease, gated
from station.fleet.cluster.offset import Offset
from station.fleet.cluster.packing import pack_plan, unpack_plan
from station.fleet.metrics import Metrics, Snapshot
from station.fleet.plan import Group, Plan, Stage, Station
from station.net import DialFailed, Target
from tests.support.awaited import awaited


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


# Leases


def test_a_lease_is_held_until_its_time() -> None:
    clock = Clock()
    lease = Lease(106.0, clock)
    clock.now_s = 106.0
    assert lease.held()
    clock.now_s = 106.1
    assert not lease.held()


def test_a_lease_that_was_lost_stays_lost_whatever_arrives() -> None:
    clock = Clock()
    lease = Lease(106.0, clock)
    clock.now_s = 107.0
    assert not lease.renew(200.0)
    assert not lease.held()


def test_a_renewal_from_before_gives_nothing_and_takes_nothing() -> None:
    clock = Clock()
    lease = Lease(106.0, clock)
    assert lease.renew(103.0)
    clock.now_s = 105.0
    assert lease.held()
    assert lease.renew(111.0)
    clock.now_s = 110.0
    assert lease.held()


class Connection:
    subprotocol = "ocpp1.6"
    is_open = True

    def __init__(self) -> None:
        self.done: list[str] = []

    def send(self, text: str) -> None:
        self.done.append(text)

    def ping(self) -> None:
        self.done.append("ping")

    def close(self, code: int = 1000, reason: str = "") -> None:
        self.done.append("close")

    def abort(self) -> None:
        self.done.append("abort")


TARGET = Target("ws://127.0.0.1:9/LT-1", subprotocols=("ocpp1.6",))


@awaited
async def test_without_a_lease_a_connection_says_nothing_more() -> None:
    clock, connection = Clock(), Connection()
    lease = Lease(106.0, clock)

    async def dial(target: Target, listener: Any) -> Any:
        return connection

    leased = await gated(dial, lease)(TARGET, None)  # type: ignore[arg-type]
    assert leased.subprotocol == "ocpp1.6"
    leased.send("one")
    leased.ping()
    clock.now_s = 110.0
    leased.send("two")
    leased.ping()
    leased.close()
    assert connection.done == ["one", "ping", "abort", "abort"]


@awaited
async def test_without_a_lease_nothing_is_dialled_and_what_was_is_cut() -> None:
    clock, connection = Clock(), Connection()
    lease = Lease(106.0, clock)

    async def dial(target: Target, listener: Any) -> Any:
        clock.now_s = 110.0
        return connection

    for _ in range(2):
        with pytest.raises(DialFailed, match="lease"):
            await gated(dial, lease)(TARGET, None)  # type: ignore[arg-type]
    assert connection.done == ["abort"]


# Totals


def snapshot(started: int, finished: int, queued: int = 0, energy_wh: float = 0.0) -> Snapshot:
    metrics = Metrics()
    metrics.count("sessions.started", started)
    metrics.count("sessions.finished", finished)
    metrics.took("connect", 0.01)
    metrics.delivered(energy_wh)
    return metrics.snapshot({"stations": 3, "queued": queued})


def test_totals_are_those_of_all_incarnations_that_ever_were() -> None:
    figures = Figures()
    figures.update("a/1", snapshot(5, 3, queued=4, energy_wh=10.0))
    figures.update("b/1", snapshot(2, 2, energy_wh=1.0))
    before = figures.whole()
    assert before.counts["sessions.started"] == 7
    assert before.gauges == {"stations": 6, "queued": 4}
    assert figures.lost("a/1") == {"sessions.lost": 2, "messages.lost": 4}
    after = figures.whole()
    assert after.counts == before.counts | {"sessions.lost": 2, "messages.lost": 4}
    assert after.gauges == {"stations": 3, "queued": 0}
    assert after.energy_wh == 11.0
    assert after.times["connect"].count == 2
    figures.update("a/2", snapshot(1, 0))
    assert figures.whole().counts["sessions.started"] == 8


def test_what_arrives_after_the_end_of_an_incarnation_is_not_looked_at() -> None:
    figures = Figures()
    figures.update("a/1", snapshot(5, 3))
    figures.lost("a/1")
    figures.update("a/1", snapshot(9, 9))
    assert figures.whole().counts["sessions.started"] == 5
    assert figures.lost("a/1") == {}
    assert figures.lost("never/1") == {}


def test_sessions_that_an_agent_gave_up_itself_are_not_lost_twice() -> None:
    figures = Figures()
    last = snapshot(5, 3)
    last.counts["sessions.lost"] = 2
    figures.update("a/1", last)
    assert figures.lost("a/1") == {}
    assert figures.whole().counts["sessions.lost"] == 2


# Clocks


def test_the_quickest_exchange_decides_about_a_clock() -> None:
    offset = Offset()
    offset.add(10.0, 1010.9, 11.0)
    assert offset.there(20.0) == pytest.approx(1020.4)
    offset.add(12.0, 1012.01, 12.02)
    assert offset.there(20.0) == pytest.approx(1020.0)
    offset.add(13.0, 1019.0, 14.0)
    assert offset.there(20.0) == pytest.approx(1020.0)
    for number in range(60):
        offset.add(20.0 + number, 1020.6 + number, 20.2 + number)
    assert offset.there(20.0) == pytest.approx(1020.5), "an old one does not count for ever"


# Plans


def plan(cert: Path | None, **stations: Any) -> Plan:
    profile = from_mapping({"station": {"id": "X"}, "csms": {"url": "ws://h/x"}}, Path("/nonexistent"), env={}).profile
    rows = (Station("LT-1", Secret("geheim"), cert, cert), Station("LT-2", cert=cert))
    return Plan("p", 2, (Group("all", 1.0, profile),), (Stage(2, 0, 1),), rows=rows)


def test_a_plan_brings_its_files_along(tmp_path: Path) -> None:
    cert = tmp_path / "here.pem"
    cert.write_text("certificate")
    data = pack_plan(plan(cert))
    cert.unlink()
    there = tmp_path / "there"
    there.mkdir()
    found = unpack_plan(data, there)
    assert found.rows[0].password == Secret("geheim")
    assert found.rows[0].cert == found.rows[1].cert
    assert found.rows[0].cert is not None
    assert found.rows[0].cert.parent == there
    assert found.rows[0].cert.read_text() == "certificate"
    assert stat.S_IMODE(found.rows[0].cert.stat().st_mode) == 0o600
    assert len(list(there.iterdir())) == 1


def test_a_path_that_is_no_file_stays_what_it_is(tmp_path: Path) -> None:
    missing = tmp_path / "missing.pem"
    assert unpack_plan(pack_plan(plan(missing)), tmp_path).rows[0].cert == missing
    assert list(tmp_path.iterdir()) == []


def test_a_plan_is_plain_data() -> None:
    whole = plan(None)
    assert pickle.loads(pickle.dumps(whole)).rows == whole.rows
    assert "geheim" not in repr(whole)


# Addresses


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:8786", "tcp://127.0.0.1:8786"),
        ("localhost:8786", "tcp://localhost:8786"),
        ("tcp://[::1]:8786", "tcp://[::1]:8786"),
        ("tls://scheduler.example:8786", "tls://scheduler.example:8786"),
        ("tls://192.0.2.1:8786/", "tls://192.0.2.1:8786"),
        ("wss://scheduler.example:443", "wss://scheduler.example:443"),
    ],
)
def test_an_address_that_may_be_used(text: str, address: str) -> None:
    assert checked_address(text) == address


@pytest.mark.parametrize("text", ["tcp://192.0.2.1:8786", "scheduler.example:8786", "ws://10.0.0.1:80"])
def test_another_machine_without_tls_is_refused_unless_forced(text: str) -> None:
    with pytest.raises(StationError, match="passwords") as refused:
        checked_address(text)
    assert "--insecure-scheduler" in str(refused.value.hint)
    assert checked_address(text, insecure=True).endswith(text.split("/")[-1])


@pytest.mark.parametrize(
    "text", ["", "host", "tcp://host", "host:0", "host:99999", "tls://a b:1", "tls://:8786", "http://h:1"]
)
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(StationError, match="not the address"):
        checked_address(text)
