"""From a card on a reader to the Authorize that leaves, for each kind of reader; and the loop while one hangs.

Prints JSON; ``-h`` shows the sizes. The readers are the tests' counterparts: a PN532, an RDM6300 and a TWN4 at the far
end of pseudo-terminals, an ACR122U and a typing reader behind the libraries that find them, nfcpy's card over UDP, and
the keyboard that stands for a control call. They run in this process, so their own work is in the figures; the air,
USB, and 9,600 baud, are not. The central system is another process and refuses
every card, so that the next one can be shown at once.

``reader_ms`` is from the card being there to the event ``card``, ``authorize_ms`` to the frame being handed to the
WebSocket. ``loop_lag_ms`` is how late a timer of the event loop rang at most.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import importlib.util
import json
import os
import platform
import random
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from station.config import from_mapping  # noqa: E402
from station.host.audience import WIRE  # noqa: E402
from station.host.host import Host  # noqa: E402
from station.store import MemoryStore  # noqa: E402
from tests.support.acr122u_usb import acr122u as acr122u_usb  # noqa: E402
from tests.support.pn532_chip import TypeA, pn532_line  # noqa: E402
from tests.support.serial_line import serial_line  # noqa: E402
from tests.support.udp_card import udp_card  # noqa: E402

SUBPROTOCOLS = {"1.6": "ocpp1.6", "2.0.1": "ocpp2.0.1"}
GAP_S = 0.05
PATIENCE_S = 10.0
LAG_EVERY_S = 0.005
HANG = "hang"

Show = Callable[[str], None]
"""Puts the card with this UID on the reader; an empty one lifts it."""


# Readers: the profile's entry, and a hand that puts cards there


@contextlib.contextmanager
def pn532() -> Iterator[tuple[dict[str, Any], Show]]:
    with pn532_line() as (chip, line):

        def show(uid: str) -> None:
            chip.put(*([TypeA(uid)] if uid else []))

        yield {"driver": "pn532", "device": line.path, "gap": f"{GAP_S}s"}, show


@contextlib.contextmanager
def udp() -> Iterator[tuple[dict[str, Any], Show]]:
    with udp_card() as field:

        def show(uid: str) -> None:
            field.put(*([TypeA(uid)] if uid else []))

        yield {"driver": "udp", "device": field.address, "gap": f"{GAP_S}s"}, show


@contextlib.contextmanager
def serial() -> Iterator[tuple[dict[str, Any], Show]]:
    with serial_line() as line:

        def show(uid: str) -> None:
            if uid:
                digits = f"01{uid}"
                check = 0
                for byte in bytes.fromhex(digits):
                    check ^= byte
                line.write(b"\x02" + f"{digits}{check:02X}".encode() + b"\x03")

        yield {"driver": "serial", "port": line.path, "format": "rdm6300", "gap": f"{GAP_S}s"}, show


@contextlib.contextmanager
def twn4() -> Iterator[tuple[dict[str, Any], Show]]:
    there = ""

    def show(uid: str) -> None:
        nonlocal there
        there = uid

    with serial_line() as line:
        line.serve(lambda asked: f"0001802004{there}\r".encode() if there else b"0000\r")
        yield {"driver": "serial", "port": line.path, "format": "twn4", "gap": f"{GAP_S}s"}, show


@contextlib.contextmanager
def acr122u() -> Iterator[tuple[dict[str, Any], Show]]:
    with acr122u_usb() as reader:

        def show(uid: str) -> None:
            reader.chip.put(*([TypeA(uid)] if uid else []))

        yield {"driver": "acr122u", "gap": f"{GAP_S}s"}, show


@contextlib.contextmanager
def hid() -> Iterator[tuple[dict[str, Any], Show]]:
    from tests.support.doubles.reader_hid import PATH, FakeKeyboard, keyboards

    typist = FakeKeyboard()
    with keyboards(event7=typist):
        yield {"driver": "hid", "device": PATH, "gap": f"{GAP_S}s"}, lambda uid: typist.type(f"{uid}\n" if uid else "")


@contextlib.contextmanager
def keyboard() -> Iterator[tuple[dict[str, Any], Show]]:
    yield {"driver": "keyboard"}, lambda uid: None  # its own show() is used


READERS: dict[str, Callable[[], contextlib.AbstractContextManager[tuple[dict[str, Any], Show]]]] = {
    "pn532": pn532,
    "acr122u": acr122u,
    "udp": udp,
    "serial": serial,
    "twn4": twn4,
    **({"hid": hid} if importlib.util.find_spec("evdev") else {}),
    "keyboard": keyboard,
}


# A station


class Watched:
    """A host, and when it said what."""

    def __init__(self, url: str, version: str, reader: dict[str, Any]) -> None:
        content = {
            "station": {"id": f"READ-{os.getpid()}", "vendor": "Acme", "model": "Wallbox"},
            "csms": {"url": url, "versions": [SUBPROTOCOLS[version]], "ping": "0s"},
            "store": "memory",
            "control": "off",
            "auth": {"readers": [reader]},
        }
        profile = from_mapping(content, Path("/nonexistent"), env={}).profile
        self.host = Host(profile, store=MemoryStore())
        self.heard: dict[str, float] = {}
        self._news = asyncio.Event()
        self.host.subscribe(lambda event: self._hear(event["event"]))
        self.host.subscribe(self._sent, frozenset({WIRE}))

    def _sent(self, event: dict[str, Any]) -> None:
        if event["data"]["direction"] == ">" and event["data"]["action"] == "Authorize":
            self._hear("Authorize")

    def _hear(self, name: str) -> None:
        self.heard.setdefault(name, time.perf_counter())
        self._news.set()

    async def until(self, name: str) -> float:
        """When this was first said since ``forget``; waits for it."""
        async with asyncio.timeout(PATIENCE_S):
            while name not in self.heard:
                self._news.clear()
                await self._news.wait()
        return self.heard[name]

    def forget(self) -> None:
        self.heard.clear()


@contextlib.asynccontextmanager
async def running(url: str, version: str, reader: dict[str, Any]) -> AsyncIterator[Watched]:
    watched = Watched(url, version, reader)
    watched.host.start()
    try:
        await watched.until("connected")
        await asyncio.sleep(0.3)  # statuses told, reader opened
        yield watched
    finally:
        await watched.host.stop()


class Lag:
    """How late a timer rings."""

    def __init__(self) -> None:
        self.max_s = 0.0
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def _run(self) -> None:
        while True:
            due_s = time.perf_counter() + LAG_EVERY_S
            await asyncio.sleep(LAG_EVERY_S)
            self.max_s = max(self.max_s, time.perf_counter() - due_s)

    def stop(self) -> float:
        self._task.cancel()
        return round(self.max_s * 1e3, 1)


# What is measured


async def bench_taps(url: str, version: str, kind: str, options: argparse.Namespace) -> dict[str, Any]:
    """One new card after the other, each at a random moment of the reader's poll."""
    rng = random.Random(1)
    read, asked = [], []
    with READERS[kind]() as (entry, show):
        async with running(url, version, entry) as watched:
            if kind == "keyboard":
                device = watched.host.readers.simulated[0]
                show = lambda uid: device.show(uid) if uid else None  # noqa: E731
            lag = Lag()
            for number in range(options.taps):
                watched.forget()
                began_s = time.perf_counter()
                show(f"{0x04000000 + number:08X}")
                read.append(await watched.until("card") - began_s)
                asked.append(await watched.until("Authorize") - began_s)
                await watched.until("token")
                show("")
                await asyncio.sleep(2 * GAP_S + rng.random() * 0.1)
            return {
                "reader": kind,
                "version": version,
                "taps": options.taps,
                "reader_ms": spread(read),
                "authorize_ms": spread(asked),
                "loop_lag_ms": lag.stop(),
            }


async def bench_hang(url: str, version: str, options: argparse.Namespace) -> dict[str, Any]:
    """A poll that does not come back for a while: when the fault stands, and how the loop fares meanwhile."""
    go, hung = threading.Event(), threading.Event()
    from drivers.readers.pn532 import Pn532

    plain = Pn532.poll

    def poll(reader: Pn532) -> list[Any]:
        if hung.is_set():
            go.wait(PATIENCE_S)
        return plain(reader)

    with pn532() as (entry, _), mock.patch.object(Pn532, "poll", poll):
        async with running(url, version, entry) as watched:
            lag = Lag()
            began_s = time.perf_counter()
            hung.set()
            while not watched.host.status()["evses"][0]["faults"]:  # noqa: ASYNC110 - the poll is the measure
                await asyncio.sleep(0.01)
            told_s = time.perf_counter() - began_s
            await asyncio.sleep(max(0.0, options.hang - told_s))
            hung.clear()
            go.set()
            while watched.host.status()["evses"][0]["faults"]:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            return {
                "reader": "pn532, a poll hangs",
                "version": version,
                "hangs_s": options.hang,
                "fault_after_s": round(told_s, 2),
                "loop_lag_ms": lag.stop(),
            }


def spread(seconds: list[float]) -> dict[str, float]:
    """Median, 95th percentile and maximum in ms."""
    ordered = sorted(seconds)
    picked = (statistics.median(ordered), ordered[int(len(ordered) * 0.95)], ordered[-1])
    return dict(zip(("p50", "p95", "max"), (round(value * 1e3, 1) for value in picked), strict=True))


@contextlib.contextmanager
def refusing_csms() -> Iterator[str]:
    """A central system in another process that knows no card; its URL."""
    command = [sys.executable, "-m", "station", "csms", "serve", "--port", "0", "--json", "--card", "NOBODY=Accepted"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        try:
            url: str = json.loads(process.stdout.readline())["data"]["url"]
            threading.Thread(target=process.stdout.read, daemon=True).start()
            yield url
        finally:
            process.terminate()


async def measure(options: argparse.Namespace) -> list[dict[str, Any]]:
    versions = [options.version] if options.version else sorted(SUBPROTOCOLS)
    wanted = options.only or [*READERS, HANG]
    results = []
    with refusing_csms() as url:
        for version in versions:
            results += [await bench_taps(url, version, kind, options) for kind in READERS if kind in wanted]
        if HANG in wanted:
            results.append(await bench_hang(url, versions[0], options))
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", choices=[*READERS, HANG], action="append", help="only these")
    parser.add_argument("--version", choices=sorted(SUBPROTOCOLS), help="only this version")
    parser.add_argument("--taps", type=int, default=50, help="cards a reader, default 50")
    parser.add_argument("--hang", type=float, default=6.0, help="seconds that a reader hangs, default 6")
    options = parser.parse_args()
    results = asyncio.run(measure(options))
    machine = {"python": platform.python_version(), "machine": f"{platform.machine()}, {os.cpu_count()} cores"}
    print(json.dumps({"machine": machine, "results": results}, indent=1))


if __name__ == "__main__":
    main()
