"""What a fleet costs: CPU per session, memory, boots, stations on one core. Prints JSON; ``-h`` shows the sizes.

    python scripts/bench_fleet.py [--only session] [--version 1.6] [--paced 5000]

The code measured is that of ``station fleet``: its agent, its drivers, its figures. Every part runs in a process of
its own, against a central system (``bench_csms.py``) in another one, over loopback. CPU is CPU time of the measured
process, user and system, all threads. The ratios of ``session`` come from alternating rounds of fleet and yardsticks in
one process.

- ``session``: sessions of 17 calls (1.6) or 15 (2.0.1) in a closed loop (pattern ``back-to-back``), each with samples
  of four values, against a plain ``websockets`` client that sends the very same frames with no station behind, and
  against a script on ``ocpp.ChargePoint`` with the defaults of both libraries. The script has a central system of its
  own, which agrees to the compression that it offers.
- ``memory``, ``memory_tls``: resident memory of connected idle stations, the slope between two populations, and the
  whole process at the larger one. No compression; with TLS (security profile 2, one context for all).
- ``boot``: from the first dial to the last boot accepted, all stations at once.
- ``paced``: stations on one core, the central system on another: sessions of 10 s by the clock with a value every
  second and 2 s between two of them. The largest of the numbers in ``--paced`` with which the loop's lag has its p99
  below 100 ms and no step is late; each is tried in a process of its own until one fails. ``steps_late`` are steps of
  drivers (a car comes, a value is due, a stay ends) that the generator began more than 0.1 s after they were due; how
  long the central system takes to answer is in none of them. Nobody may be ``turned_away`` either, because the EVSE is
  still taken. The kernel's work for the sockets (``interrupts_percent``) is not in the generator's CPU, but takes its
  core's. Whatever else runs there (``others_percent``) makes it late, too: where that is more than a few percent, a
  number that fails is tried again, twice at most.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from scripts.bench_crowd import BACK_TO_BACK, Crowd, Watch, paced
from scripts.bench_process import central_system, core_s, cpu_s, in_process, machine, many_files, resident_kib, run_here
from scripts.bench_support import SUBPROTOCOLS, profile_for
from station.cli.apart import apart
from station.fleet.health import Health

LIMIT_S = 300.0
"""No part runs longer."""
CALLS = {"1.6": 17, "2.0.1": 15}
LAG_S = 0.1
OTHERS_PERCENT = 3
TRIES = 3
PACE = paced(10.0, 2.0, 1.0)


async def bench_session(options: argparse.Namespace) -> dict[str, Any]:
    """CPU per call and per session, in alternating rounds; the ratios are medians over the rounds."""
    # The yardsticks' libraries are no part of a fleet's process.
    from scripts import bench_yardsticks as yardsticks

    version, port, count, sessions = options.version, options.port, options.stations, options.sessions
    crowd = Crowd(options.profile, count, BACK_TO_BACK)
    await crowd.grow(count)
    crowd.agent.pause()
    crowd.go()
    frames = await crowd.recorded(CALLS[version])
    calls = yardsticks.naive_calls(version, frames)
    clients = await yardsticks.raw_clients(version, port, count)
    points = await yardsticks.naive_points(version, options.deflate_port, min(count, 10))
    few = max(1, sessions // 4)
    rounds = []
    for _ in range(options.rounds):
        before = crowd.sessions
        used_s = await cpu_s(crowd.charge(count * sessions))
        own = used_s / (crowd.sessions - before)
        raw = await _session_s((yardsticks.raw_sessions(client, frames, sessions) for client in clients), sessions)
        naive = await _session_s((yardsticks.naive_sessions(point, calls, few) for point in points), few)
        rounds.append((own, raw, naive))
    own_s, raw_s, naive_s = (statistics.median(column) for column in zip(*rounds, strict=True))
    return {
        "actions": [json.loads(frame)[2] for frame in frames],
        "sampled_values": frames[5].count('"value"'),
        "calls_per_session": len(frames),
        "us_per_session": round(own_s * 1e6),
        "raw_us_per_session": round(raw_s * 1e6),
        "naive_us_per_session": round(naive_s * 1e6),
        "naive_compressed": all(yardsticks.compresses(point) for point in points),
        "us_per_call": round(own_s / len(frames) * 1e6, 1),
        "raw_us_per_call": round(raw_s / len(frames) * 1e6, 1),
        "ratio_to_naive": round(statistics.median(own / naive for own, _, naive in rounds), 3),
        "ratio_to_raw": round(statistics.median(own / raw for own, raw, _ in rounds), 2),
    }


async def _session_s(work: Any, sessions: int) -> float:
    """CPU seconds of a session, where every one of ``work`` runs so many."""
    todo: list[Awaitable[None]] = list(work)
    return await cpu_s(asyncio.gather(*todo)) / (len(todo) * sessions)


async def bench_memory(options: argparse.Namespace) -> dict[str, Any]:
    """Resident memory of connected idle stations."""
    crowd = Crowd(options.profile, options.many)
    seen = []
    for count in (options.few, options.many):
        await crowd.grow(count)
        gc.collect()
        await asyncio.sleep(0.2)
        seen.append((resident_kib(), len(asyncio.all_tasks())))
    (few_kib, few_tasks), (many_kib, many_tasks) = seen
    grown = options.many - options.few
    return {
        "few": options.few,
        "many": options.many,
        "kib_per_station": round((many_kib - few_kib) / grown, 2),
        "process_mib": round(many_kib / 1024, 1),
        "tasks_per_station": round((many_tasks - few_tasks) / grown, 3),
        "threads": threading.active_count(),
    }


async def bench_boot(options: argparse.Namespace) -> dict[str, Any]:
    """All at once, from the first dial to the last boot accepted, and to the last status answered."""
    crowd = Crowd(options.profile, options.boots)
    began_s, used_s = time.perf_counter(), time.process_time()
    crowd.begin(options.boots)
    await crowd.accepted(options.boots)
    await crowd.quiet()
    quiet_s, used_s = time.perf_counter(), time.process_time() - used_s
    return {
        "boots": options.boots,
        "made_s": round(crowd.dialled_s - began_s, 2),
        "accepted_s": round(crowd.metrics.booted_s - crowd.dialled_s, 2),
        "quiet_s": round(quiet_s - crowd.dialled_s, 2),
        "cpu_ms_per_boot": round(used_s / options.boots * 1e3, 3),
    }


async def bench_paced(options: argparse.Namespace) -> dict[str, Any]:
    """So many stations by the clock, once all are up and the first cycle is over."""
    crowd = Crowd(options.profile, options.pace, PACE)
    await crowd.grow(options.pace)
    crowd.go()
    cycle_s = PACE.session_s + PACE.pause_s
    await asyncio.sleep(min(cycle_s, options.paced_s))
    crowd.health.stop()
    before, lag = crowd.metrics.snapshot({}), Watch()
    health = Health(lag)
    health.start()
    core = min(os.sched_getaffinity(0))
    began_s, used_s, before_s = time.perf_counter(), time.process_time(), core_s(core)
    for _ in range(options.paced_s):
        await asyncio.sleep(1.0)
        crowd.agent.snapshot()  # as a run does, every second
    took_s, used_s = time.perf_counter() - began_s, time.process_time() - used_s
    ran_s, interrupts_s = (after - each for after, each in zip(core_s(core), before_s, strict=True))
    health.stop()
    now, lags = crowd.metrics.snapshot({}), lag.snapshot({}).times["loop_lag"]

    def grown(name: str) -> int:
        return now.counts.get(name, 0) - before.counts.get(name, 0)

    p99_s, late, turned_away = lags.percentile_s(99), grown("sessions.late"), grown("sessions.turned_away")
    calls = sum(grown(name) for name in now.counts if name.startswith("call.") and name.count(".") == 1)
    answers = now.times["call.MeterValues" if options.version == "1.6" else "call.TransactionEvent"]
    return {
        "stations": options.pace,
        "sessions": grown("sessions.finished"),
        "steps_late": late,
        "turned_away": turned_away,
        "answer_p99_ms": round(answers.percentile_s(99) * 1e3, 1),
        "loop_lag_p99_ms": round(p99_s * 1e3, 1),
        "loop_lag_max_ms": round(lags.max_s * 1e3, 1),
        "cpu_percent": round(used_s / took_s * 100),
        "interrupts_percent": round(interrupts_s / took_s * 100),
        "others_percent": round(max(0.0, ran_s - used_s) / took_s * 100),
        "us_per_call": round(used_s / calls * 1e6, 1),
        "us_per_station_second": round(used_s / took_s / options.pace * 1e6),
        "kept_up": p99_s < LAG_S and not late and not turned_away and grown("sessions.finished") > 0,
    }


PARTS: dict[str, Callable[[argparse.Namespace], Coroutine[Any, Any, dict[str, Any]]]] = {
    "session": bench_session,
    "memory": bench_memory,
    "memory_tls": bench_memory,
    "boot": bench_boot,
    "paced": bench_paced,
}
SIZES = {"few": 100, "many": 2000, "boots": 2000, "stations": 40, "sessions": 8, "rounds": 3, "paced_s": 30}
PACES = "1000,2000,3000,4000,5000,7000,10000"


def measure(part: str, version: str, options: argparse.Namespace) -> dict[str, Any]:
    """Run one part against a central system of its own."""
    own = [f"--part={part}", f"--version={version}", f"--loop={options.loop}"]
    own += [f"--{name.replace('_', '-')}={value}" for name, value in vars(options).items() if name in SIZES]
    if part == "session":
        with central_system() as port, central_system("--deflate") as deflate_port:
            found = in_process(__file__, [*own, f"--port={port}", f"--deflate-port={deflate_port}"], LIMIT_S)
    elif part == "memory_tls":
        found = _with_tls(own)
    elif part == "paced":
        found = _paced(own, [int(count) for count in options.paced.split(",")])
    else:
        with central_system() as port:
            found = in_process(__file__, [*own, f"--port={port}"], LIMIT_S)
    return {"part": part, "version": version, "loop": options.loop, **found}


def _with_tls(own: list[str]) -> dict[str, Any]:
    from scripts.make_certs import laboratory, write

    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), laboratory("localhost", "CP", "Bench"), "localhost", "CP")
        pair = [f"--cert={folder}/server.pem", f"--key={folder}/server.key"]
        with central_system(*pair) as port:
            return in_process(__file__, [*own, f"--port={port}", f"--ca={folder}/csms-root.pem"], LIMIT_S)


def _paced(own: list[str], counts: list[int]) -> dict[str, Any]:
    """The most stations that keep up; what is tried last is the first that do not."""
    cores = sorted(os.sched_getaffinity(0))
    tried: list[dict[str, Any]] = []
    for count in sorted(counts):
        for _ in range(TRIES):
            with central_system(core=cores[-1]) as port:
                tried.append(
                    in_process(__file__, [*own, f"--port={port}", f"--pace={count}", f"--core={cores[0]}"], LIMIT_S)
                )
            if tried[-1]["kept_up"] or tried[-1]["others_percent"] <= OTHERS_PERCENT:
                break
        if not tried[-1]["kept_up"]:
            break
    most = max((one["stations"] for one in tried if one["kept_up"]), default=0)
    return {"most_stations": most, "cores": min(len(cores), 2), "tried": tried}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--only", choices=sorted(PARTS), action="append", help="only these parts")
    parser.add_argument("--version", choices=sorted(SUBPROTOCOLS), help="only this version")
    parser.add_argument("--loop", choices=("uvloop", "asyncio"), default="uvloop")
    parser.add_argument("--part", choices=sorted(PARTS), help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--deflate-port", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--ca", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--pace", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--core", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--paced", default=PACES, help=f"numbers of stations to try, default {PACES}")
    for name, default in SIZES.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=int, default=default, help=f"default {default}")
    return parser.parse_args()


def main() -> None:
    options = arguments()
    many_files(2 * max(options.many, options.boots, options.pace, *map(int, options.paced.split(","))) + 200)
    if options.part:
        if options.core is not None:
            os.sched_setaffinity(0, {options.core})
        # As ``station fleet`` does: what reads profiles is not part of the process that runs stations.
        options.profile = apart(lambda: profile_for(options.version, options.port, options.ca))
        run_here(lambda: PARTS[options.part](options), options.loop, LIMIT_S)
        return
    versions = [options.version] if options.version else sorted(SUBPROTOCOLS)
    results = [measure(part, version, options) for part in options.only or PARTS for version in versions]
    print(json.dumps({"machine": machine(), "results": results}, indent=1))


if __name__ == "__main__":
    main()
