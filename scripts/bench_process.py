"""What the benches measure with, and the processes they measure in. For ``bench_station.py`` and ``bench_fleet.py``."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import importlib.metadata
import json
import os
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent


async def cpu_s(work: Awaitable[Any]) -> float:
    """CPU seconds of this process (user and system, all threads) while ``work`` is done."""
    gc.collect()
    before = time.process_time()
    await work
    return time.process_time() - before


def core_s(core: int) -> tuple[float, float]:
    """Seconds of a core since the machine began: in which anybody's code ran, and those of interrupts.

    The hypervisor's other guests are anybody, too. What the kernel does for a process's sockets when packets come is
    interrupts, and in no process's time.
    """
    for line in Path("/proc/stat").read_text().splitlines():
        if line.startswith(f"cpu{core} "):
            user, nice, system, _, _, hard, soft, steal = map(int, line.split()[1:9])
            tick_s = 1 / os.sysconf("SC_CLK_TCK")
            return (user + nice + system + steal) * tick_s, (hard + soft) * tick_s
    return 0.0, 0.0


def resident_kib() -> float:
    """The resident memory of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1024


def machine() -> dict[str, str]:
    """What it was measured on."""
    return {
        "python": platform.python_version(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        **{name: importlib.metadata.version(name) for name in ("websockets", "uvloop", "ocpp")},
    }


def many_files(count: int) -> None:
    """Allow this process and its children so many open files."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, count)), hard))


@contextlib.contextmanager
def central_system(*arguments: str, core: int | None = None) -> Iterator[int]:
    """Run ``bench_csms.py`` in a process of its own, on one core where that is given; its port."""
    command = [sys.executable, str(HERE / "bench_csms.py"), *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as csms:
        assert csms.stdin is not None
        assert csms.stdout is not None
        if core is not None:
            os.sched_setaffinity(csms.pid, {core})
        try:
            yield int(csms.stdout.readline())
        finally:
            csms.stdin.close()


def in_process(script: str, arguments: list[str], limit_s: float) -> dict[str, Any]:
    """Run a part in a process of its own: what it prints."""
    command = [sys.executable, script, *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, timeout=limit_s, check=True)
    return dict(json.loads(done.stdout))


def run_here(part: Callable[[], Coroutine[Any, Any, dict[str, Any]]], loop: str, limit_s: float) -> None:
    """Be the measured process: run a part on such a loop, print what it found, and end.

    A process that ends takes its stations with it; an ordered stop of thousands would say nothing more.
    """

    async def bounded() -> dict[str, Any]:
        async with asyncio.timeout(limit_s):
            return await part()

    factory = None
    if loop == "uvloop":
        import uvloop

        factory = uvloop.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        print(json.dumps(runner.run(bounded())), flush=True)
        os._exit(0)
