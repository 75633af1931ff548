"""What a station costs: memory, CPU per call and per session, boots. Prints JSON; ``-h`` shows the sizes.

Every part runs in a process of its own, against the central system of ``bench_csms.py`` in another process, over
loopback. CPU is CPU time of the measured process (user and system, all threads), so a busy machine spoils it little;
compare the ratios, which come from alternating rounds in one process.

The reference is a plain ``websockets`` client: it sends the frames that a station sent in the same session, made
beforehand, and parses the answers. ``naive`` is a script on ``ocpp.ChargePoint`` that makes the same calls.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import importlib.metadata
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import orjson

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from scripts.bench_support import SAMPLES, SUBPROTOCOLS, Driver, Stations

HERE = Path(__file__).resolve()
LIMIT_S = 120.0
"""No part runs longer."""


async def recorded(stations: Stations, work: Awaitable[None]) -> list[str]:
    """The calls that the first station makes, as they go over the wire."""
    frames: list[str] = []
    around = stations.hosts[0].runner.around
    before = around.traced

    def hear(direction: str, text: str | bytes) -> None:
        if direction == ">":
            frames.append(str(text))

    around.traced = hear
    await work
    around.traced = before
    return frames


# What the station is compared with


async def raw_clients(version: str, port: int, count: int) -> list[Any]:
    """Connected plain clients."""
    from websockets.asyncio.client import connect
    from websockets.typing import Subprotocol

    return [
        await connect(
            f"ws://127.0.0.1:{port}/ocpp/RAW-{number}",
            subprotocols=[Subprotocol(SUBPROTOCOLS[version])],
            compression=None,
            ping_interval=None,
            proxy=None,
        )
        for number in range(count)
    ]


async def raw_sessions(client: Any, frames: list[str], count: int) -> None:
    for _ in range(count):
        for frame in frames:
            await client.send(frame)
            orjson.loads(await client.recv())


async def naive_points(version: str, port: int, count: int) -> list[Any]:
    """Scripts on ``ocpp.ChargePoint``, their receive loops running."""
    from ocpp.v16 import ChargePoint as ChargePoint16
    from ocpp.v201 import ChargePoint as ChargePoint201

    kind: Any = ChargePoint16 if version == "1.6" else ChargePoint201
    clients = await raw_clients(version, port, count)
    points = [kind(f"NAIVE-{number}", client) for number, client in enumerate(clients)]
    for point in points:
        point.receiving = asyncio.create_task(point.start())
    return points


def naive_calls(version: str, frames: list[str]) -> list[Any]:
    """The calls of the frames, as the library's dataclasses."""
    from ocpp.charge_point import camel_to_snake_case
    from ocpp.v16 import call as call16
    from ocpp.v201 import call as call201

    module: Any = call16 if version == "1.6" else call201
    parsed = [json.loads(frame) for frame in frames]
    return [getattr(module, action)(**camel_to_snake_case(payload)) for _, _, action, payload in parsed]


async def naive_sessions(point: Any, calls: list[Any], count: int) -> None:
    for _ in range(count):
        for call in calls:
            await point.call(call)


# The parts


async def cpu_s(work: Awaitable[Any]) -> float:
    """CPU seconds of this process while ``work`` is done."""
    gc.collect()
    before = time.process_time()
    await work
    return time.process_time() - before


async def bench_call(options: argparse.Namespace) -> dict[str, Any]:
    """CPU of the plainest call, a Heartbeat, in alternating rounds."""
    version, port, count, calls = options.version, options.port, options.stations, 17 * options.sessions
    stations = Stations(version, port)
    await stations.grow(count)
    drivers = [Driver(*both, SAMPLES[version]) for both in zip(stations.hosts, stations.clocks, strict=True)]
    frames = await recorded(stations, drivers[0].calls(1))
    clients = await raw_clients(version, port, count)
    rounds = []
    for _ in range(options.rounds):
        own = await cpu_s(asyncio.gather(*(driver.calls(calls) for driver in drivers)))
        raw = await cpu_s(asyncio.gather(*(raw_sessions(client, frames, calls) for client in clients)))
        rounds.append((own / (count * calls), raw / (count * calls)))
    own_s, raw_s = (statistics.median(column) for column in zip(*rounds, strict=True))
    return {
        "us_per_call": round(own_s * 1e6, 1),
        "raw_us_per_call": round(raw_s * 1e6, 1),
        "ratio_to_raw": round(statistics.median(own / raw for own, raw in rounds), 2),
    }


async def bench_session(options: argparse.Namespace) -> dict[str, Any]:
    """CPU per call and per session, in alternating rounds; the ratios are medians over the rounds."""
    version, port, count, sessions = options.version, options.port, options.stations, options.sessions
    stations = Stations(version, port)
    await stations.grow(count)
    drivers = [Driver(*both, SAMPLES[version]) for both in zip(stations.hosts, stations.clocks, strict=True)]
    frames = await recorded(stations, drivers[0].sessions(1))
    clients = await raw_clients(version, port, count)
    points = await naive_points(version, port, min(count, 10))
    calls = naive_calls(version, frames)
    rounds = []
    for _ in range(options.rounds):
        own = await cpu_s(asyncio.gather(*(driver.sessions(sessions) for driver in drivers)))
        raw = await cpu_s(asyncio.gather(*(raw_sessions(client, frames, sessions) for client in clients)))
        few = max(1, sessions // 4)
        naive = await cpu_s(asyncio.gather(*(naive_sessions(point, calls, few) for point in points)))
        rounds.append((own / (count * sessions), raw / (count * sessions), naive / (len(points) * few)))
    for point in points:
        point.receiving.cancel()
    await asyncio.gather(stations.stop(), *(client.close() for client in clients))
    own_s, raw_s, naive_s = (statistics.median(column) for column in zip(*rounds, strict=True))
    return {
        "calls_per_session": len(frames),
        "actions": [json.loads(frame)[2] for frame in frames],
        "us_per_call": round(own_s / len(frames) * 1e6, 1),
        "raw_us_per_call": round(raw_s / len(frames) * 1e6, 1),
        "us_per_session": round(own_s * 1e6),
        "naive_us_per_session": round(naive_s * 1e6),
        "ratio_to_raw": round(statistics.median(own / raw for own, raw, _ in rounds), 2),
        "ratio_to_naive": round(statistics.median(own / naive for own, _, naive in rounds), 3),
    }


def resident_kib() -> float:
    """The resident memory of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1024


async def bench_memory(options: argparse.Namespace) -> dict[str, Any]:
    """Resident memory, tasks and threads of connected idle stations: the slope between two populations."""
    stations = Stations(options.version, options.port)
    seen = []
    for count in (options.few, options.many):
        await stations.grow(count)
        gc.collect()
        await asyncio.sleep(0.2)
        seen.append((resident_kib(), len(asyncio.all_tasks()), threading.active_count()))
    (few_kib, few_tasks, few_threads), (many_kib, many_tasks, many_threads) = seen
    grown = options.many - options.few
    # A process that ends takes its stations with it; an ordered stop of thousands would say nothing more.
    return {
        "few": options.few,
        "many": options.many,
        "kib_per_station": round((many_kib - few_kib) / grown, 2),
        "tasks_per_station": round((many_tasks - few_tasks) / grown, 3),
        "threads_per_station": round((many_threads - few_threads) / grown, 3),
        "threads": many_threads,
    }


async def bench_boot(options: argparse.Namespace) -> dict[str, Any]:
    """Boots of many stations at once, from the constructor to the last status answered."""
    stations = Stations(options.version, options.port)
    await stations.grow(1)
    began_s = time.monotonic()
    used_s = await cpu_s(stations.grow(options.boots + 1, at_once=options.boots))
    return {
        "boots": options.boots,
        "wall_s": round(time.monotonic() - began_s, 2),
        "cpu_ms_per_boot": round(used_s / options.boots * 1e3, 2),
    }


PARTS: dict[str, Callable[[argparse.Namespace], Awaitable[dict[str, Any]]]] = {
    "memory": bench_memory,
    "boot": bench_boot,
    "call": bench_call,
    "session": bench_session,
}


# Processes


def run_part(options: argparse.Namespace) -> None:
    """The measured process: one part."""

    async def bounded() -> dict[str, Any]:
        async with asyncio.timeout(LIMIT_S):
            return await PARTS[options.part](options)

    factory = None
    if options.loop == "uvloop":
        import uvloop

        factory = uvloop.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        print(json.dumps(runner.run(bounded())), flush=True)
    os._exit(0)


def measure(part: str, version: str, options: argparse.Namespace) -> dict[str, Any]:
    """Run one part against a central system of its own."""
    with subprocess.Popen(
        [sys.executable, str(HERE.with_name("bench_csms.py"))], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as csms:
        assert csms.stdin is not None
        assert csms.stdout is not None
        port = csms.stdout.readline().strip()
        own = [f"--{name.replace('_', '-')}={value}" for name, value in vars(options).items() if name in SIZES]
        command = [sys.executable, str(HERE), "--part", part, "--port", port, "--version", version]
        try:
            done = subprocess.run(
                [*command, "--loop", options.loop, *own], stdout=subprocess.PIPE, timeout=2 * LIMIT_S, check=True
            )
        finally:
            csms.stdin.close()
        return {"part": part, "version": version, "loop": options.loop, **json.loads(done.stdout)}


SIZES = {"few": 100, "many": 2000, "boots": 500, "stations": 40, "sessions": 8, "rounds": 3}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--part", choices=sorted(PARTS), help="only this part, in this process")
    parser.add_argument("--only", choices=sorted(PARTS), action="append", help="only these parts")
    parser.add_argument("--version", choices=sorted(SUBPROTOCOLS), help="only this version")
    parser.add_argument("--loop", choices=("uvloop", "asyncio"), default="uvloop")
    parser.add_argument("--port", type=int, default=0, help="of a central system that runs already")
    for name, default in SIZES.items():
        parser.add_argument(f"--{name}", type=int, default=default, help=f"default {default}")
    return parser.parse_args()


def main() -> None:
    options = arguments()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 2 * options.many + 200)), hard))
    if options.part:
        run_part(options)
        return
    versions = [options.version] if options.version else sorted(SUBPROTOCOLS)
    results = [measure(part, version, options) for part in options.only or PARTS for version in versions]
    machine = {
        "python": platform.python_version(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "websockets": importlib.metadata.version("websockets"),
        "uvloop": importlib.metadata.version("uvloop"),
    }
    print(json.dumps({"machine": machine, "results": results}, indent=1))


if __name__ == "__main__":
    main()
