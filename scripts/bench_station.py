"""What a station costs: memory, CPU per call and per session, boots. Prints JSON; ``-h`` shows the sizes.

Every part runs in a process of its own, against the central system of ``bench_csms.py`` in another process, over
loopback. CPU is CPU time of the measured process (user and system, all threads), so a busy machine spoils it little;
compare the ratios, which come from alternating rounds in one process.

The reference is a plain ``websockets`` client: it sends the frames that a station sent in the same session, made
beforehand, and parses the answers. ``naive`` is a script on ``ocpp.ChargePoint`` that makes the same calls, without the
compression that this central system declines.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import statistics
import sys
import threading
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from scripts.bench_process import central_system, cpu_s, in_process, machine, many_files, resident_kib, run_here
from scripts.bench_support import SAMPLES, SUBPROTOCOLS, Driver, Stations, recorded
from scripts.bench_yardsticks import end_naive, naive_calls, naive_points, naive_sessions, raw_clients, raw_sessions

LIMIT_S = 120.0
"""No part runs longer."""


# The parts


async def bench_call(options: argparse.Namespace) -> dict[str, Any]:
    """CPU of the plainest call, a Heartbeat, in alternating rounds."""
    version, port, count, calls = options.version, options.port, options.stations, 17 * options.sessions
    stations = Stations(version, port)
    await stations.grow(count)
    drivers = [Driver(*both, SAMPLES) for both in zip(stations.hosts, stations.clocks, strict=True)]
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
    drivers = [Driver(*both, SAMPLES) for both in zip(stations.hosts, stations.clocks, strict=True)]
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
    await asyncio.gather(end_naive(points), stations.stop(), *(client.close() for client in clients))
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


PARTS: dict[str, Callable[[argparse.Namespace], Coroutine[Any, Any, dict[str, Any]]]] = {
    "memory": bench_memory,
    "boot": bench_boot,
    "call": bench_call,
    "session": bench_session,
}


def measure(part: str, version: str, options: argparse.Namespace) -> dict[str, Any]:
    """Run one part against a central system of its own."""
    own = [f"--{name}={value}" for name, value in vars(options).items() if name in SIZES]
    with central_system() as port:
        where = ["--part", part, "--port", str(port), "--version", version, "--loop", options.loop]
        found = in_process(__file__, [*where, *own], 2 * LIMIT_S)
    return {"part": part, "version": version, "loop": options.loop, **found}


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
    many_files(2 * options.many + 200)
    if options.part:
        run_here(lambda: PARTS[options.part](options), options.loop, LIMIT_S)
        return
    versions = [options.version] if options.version else sorted(SUBPROTOCOLS)
    results = [measure(part, version, options) for part in options.only or PARTS for version in versions]
    print(json.dumps({"machine": machine(), "results": results}, indent=1))


if __name__ == "__main__":
    main()
