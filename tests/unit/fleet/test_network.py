"""Faults of the network: late, dropped and cut messages, and what is measured meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from station.fleet.chance import drawn, key_of
from station.fleet.network import Disturbance, Disturbed, disturb
from station.fleet.plan import Behaviour, Network, Storm
from station.fleet.virtual_loop import run_virtual
from station.net import CloseReason, Target
from station.net.loopback import LoopbackConnection, LoopbackNetwork
from tests.support.weather_bench import WeatherBench, plan_of, weathered

TARGET = Target("ws://csms.test/ocpp/LT", ("ocpp1.6",))


class End:
    """A listener that notes what it hears, and when."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.began_s = loop.time()
        self.heard: list[tuple[float, str]] = []
        self.reason: CloseReason | None = None

    def text(self, data: str) -> None:
        self.heard.append((round(self.loop.time() - self.began_s, 3), data))

    def binary(self, data: bytes) -> None:
        self.text(data.decode())

    def pong(self) -> None:
        self.text("pong")

    def closed(self, reason: CloseReason) -> None:
        self.reason = reason
        self.text("closed")


class Line:
    """A connection with a disturbance in it."""

    def __init__(self, network: Network, seed: int = 1) -> None:
        self.loop = asyncio.get_running_loop()
        self.here, self.there = End(self.loop), End(self.loop)
        self.counts: list[str] = []
        self.disturbance = Disturbance(key_of(f"{seed}/network/0"), network, self.loop.time, self.counts.append)
        self.server: LoopbackConnection | None = None
        self.network = LoopbackNetwork(self.loop.call_soon, self._accept)

    def _accept(self, target: Target, end: LoopbackConnection) -> tuple[str, End]:
        self.server = end
        return "ocpp1.6", self.there

    async def dial(self) -> None:
        self.connection = await self.network.dial(TARGET, self.here)
        if not self.disturbance.network.clean:
            self.connection = disturb(self.connection, self.here, self.disturbance)


def on_a_line(network: Network, scenario: Callable[[Line], Awaitable[None]], seed: int = 1) -> Line:
    async def inside() -> Line:
        line = Line(network, seed)
        await line.dial()
        await scenario(line)
        return line

    return run_virtual(inside())


def test_messages_are_late_in_both_directions_and_in_order() -> None:
    async def scenario(line: Line) -> None:
        for number in range(50):
            line.connection.send(str(number))
            line.server.send(f"s{number}")
        line.connection.ping()
        await asyncio.sleep(1.0)

    line = on_a_line(Network(latency_s=0.2, jitter_s=0.1), scenario)
    assert [text for _, text in line.there.heard] == [str(number) for number in range(50)]
    assert line.here.heard[0] == (0.0, "pong")
    assert [text for _, text in line.here.heard[1:]] == [f"s{number}" for number in range(50)]
    times = [at_s for at_s, _ in line.there.heard + line.here.heard[1:]]
    assert min(times) >= 0.2
    assert max(times) <= 0.31


def test_a_share_vanishes_by_seed() -> None:
    async def scenario(line: Line) -> None:
        for number in range(1000):
            line.connection.send(str(number))
        await asyncio.sleep(1.0)

    def arrived(seed: int) -> list[str]:
        return [text for _, text in on_a_line(Network(drop=0.1), scenario, seed).there.heard]

    assert 850 < len(arrived(1)) < 950
    assert arrived(1) == arrived(1) != arrived(2)


def test_the_connection_is_cut_at_a_message() -> None:
    async def scenario(line: Line) -> None:
        for number in range(1000):
            line.connection.send(str(number))
            await asyncio.sleep(0.01)

    line = on_a_line(Network(reset=0.05), scenario)
    assert line.counts == ["network.reset"]
    assert not line.connection.is_open
    assert line.here.reason is not None
    assert line.there.reason is not None
    assert line.there.heard[-1][1] == "closed"


def test_a_close_waits_for_what_is_on_its_way_and_an_abort_does_not() -> None:
    async def close(line: Line) -> None:
        line.connection.send("a")
        line.connection.close()
        line.connection.send("b")
        await asyncio.sleep(1.0)

    assert [text for _, text in on_a_line(Network(latency_s=0.2), close).there.heard] == ["a", "closed"]

    async def abort(line: Line) -> None:
        line.connection.send("a")
        line.connection.abort()
        await asyncio.sleep(1.0)

    assert [text for _, text in on_a_line(Network(latency_s=0.2), abort).there.heard] == ["closed"]


def test_what_the_peer_said_before_it_closed_is_heard_first() -> None:
    async def scenario(line: Line) -> None:
        line.server.send("last words")
        line.server.close()
        await asyncio.sleep(1.0)

    assert on_a_line(Network(latency_s=0.2), scenario).here.heard == [(0.2, "last words"), (0.2, "closed")]


def test_a_clean_network_is_left_alone_and_one_that_gets_worse_is_disturbed_where_it_stands() -> None:
    async def scenario(line: Line) -> None:
        assert not isinstance(line.connection, Disturbed)
        line.disturbance.network = Network(latency_s=0.5)
        line.connection = disturb(line.connection, line.here, line.disturbance)
        line.connection.send("late")
        line.server.send("late too")
        await asyncio.sleep(1.0)
        line.disturbance.network = Network()
        line.connection.send("at once")
        await asyncio.sleep(0.1)

    line = on_a_line(Network(), scenario)
    assert line.there.heard == [(0.5, "late"), (1.0, "at once")]
    assert line.here.heard == [(0.5, "late too")]


def test_what_waits_is_bounded() -> None:
    async def scenario(line: Line) -> None:
        for _ in range(6):
            line.server.send("x" * 1_000_000)
        await asyncio.sleep(0.1)

    line = on_a_line(Network(latency_s=1.0), scenario)
    assert not line.connection.is_open
    assert line.there.reason is not None


def test_chance_is_even_and_the_same_everywhere() -> None:
    key = key_of("1/network/7")
    numbers = [drawn(key, number) for number in range(10_000)]
    assert 0.49 < sum(numbers) / len(numbers) < 0.51
    assert all(0 <= number < 1 for number in numbers)
    assert drawn(1, 0) == 0.5665615751722809


PACED = Behaviour("paced", session_s=20, pause_s=5, sample_s=5)


def test_the_latency_of_the_plan_is_not_the_csms_s() -> None:
    async def scenario(bench: WeatherBench) -> None:
        await asyncio.sleep(120.0)

    clean = weathered(plan_of(10, behaviour=PACED), scenario)
    slow = weathered(plan_of(10, behaviour=PACED, network=Network(latency_s=0.7, jitter_s=0.3)), scenario)
    for name, percent in (
        ("call.Authorize", 99),
        ("call.BootNotification", 99),
        ("wire.MeterValues", 99),
        ("call.MeterValues", 50),  # beyond that values wait for the late calls before them
    ):
        fast_s, slow_s = (bench.snapshot.times[name].percentiles_s((percent,))[0] for bench in (clean, slow))
        assert abs(fast_s - slow_s) < 0.03, name
    assert slow.double.books.wrong == []
    # By the driver's clock everything is later, though.
    assert slow.calls("StartTransaction")[0][0] > clean.calls("StartTransaction")[0][0] + 1.0


def test_what_vanished_by_the_plan_has_a_cause_of_its_own() -> None:
    async def scenario(bench: WeatherBench) -> None:
        await asyncio.sleep(300.0)

    bench = weathered(plan_of(10, Storm(10.0, "network", for_s=100.0, params={"drop": 0.2}), behaviour=PACED), scenario)
    counts = bench.snapshot.counts
    errors = {name for name, count in counts.items() if name.startswith("call.") and ".error." in name}
    assert counts["network.dropped"] > 5
    assert errors
    assert all(name.endswith(".error.NetworkFault") for name in errors)
    # Nor is it the CSMS's that others waited for the time-out of what vanished.
    assert bench.snapshot.times["call.Authorize"].max_s < 1.0
    late = [at_s for at_s, station, way, frame in bench.frames if way == ">" and at_s > 250]
    assert len({station for at_s, station, way, frame in bench.frames if way == "<" and at_s > 200}) == 10
    assert late
    assert bench.double.books.wrong == []


def test_a_cut_by_the_plan_is_no_error_of_the_csms_either() -> None:
    async def scenario(bench: WeatherBench) -> None:
        await asyncio.sleep(200.0)

    bench = weathered(plan_of(10, behaviour=PACED, network=Network(reset=0.03)), scenario)
    counts = bench.snapshot.counts
    assert counts["network.reset"] > 3
    assert not [
        name for name in counts if name.startswith("call.") and ".error." in name and "NetworkFault" not in name
    ]
    assert bench.double.books.wrong == []
