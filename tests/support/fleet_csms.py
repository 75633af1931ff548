"""A central system for load tests of the fleet: a process of its own that keeps books and can be told to misbehave.

Built on the server of ``websockets`` and ``orjson``; it shares nothing with the station. It prints its port as the
first line, takes one JSON command a line (``{"delay_s": 0.1}``, ``{"stall_s": 5}``, ``{"refuse": 401}``,
``{"drop_all": true}``, ``{"call": ["LT-00001", "Reset", {…}]}``, ``{"report": true}``), and answers ``report``
with one line of JSON.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import http
import itertools
import json
import os
import ssl
import statistics
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from subprocess import PIPE, Popen
from typing import Any
from urllib.parse import unquote

import orjson
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

ROOT = Path(__file__).resolve().parents[2]
SUBPROTOCOLS = ["ocpp2.0.1", "ocpp1.6"]


class Transaction:
    """What was told of a transaction."""

    __slots__ = ("begun", "card", "ended", "energies", "place", "seqs", "station")

    def __init__(self, station: str) -> None:
        self.station = station
        self.place = 0  # its connector (1.6) or EVSE
        self.begun = 0
        self.card = False  # one was told
        self.ended = 0
        self.energies: list[tuple[str, float]] = []
        self.seqs: list[int] = []


class Books:
    """Everything that was told; ``report`` says what is wrong with it."""

    def __init__(self) -> None:
        self.transactions: dict[str, Transaction] = {}
        self.actions: Counter[str] = Counter()
        self.connects: list[tuple[float, str]] = []
        self.closes: list[tuple[float, str]] = []
        self.twice: list[str] = []
        self.late: list[str] = []  # said something where a newer connection of theirs was there
        self.online: dict[str, int] = {}
        self.most_online = 0
        self.answers: Counter[str] = Counter()
        self.credentials: dict[str, tuple[str, str]] = {}
        self.delays_s: list[float] = []  # of answers that were held back, as they came about

    def transaction(self, key: str, station: str) -> Transaction:
        return self.transactions.setdefault(key, Transaction(station))

    def connected(self, station: str) -> None:
        self.connects.append((time.time(), station))
        self.online[station] = self.online.get(station, 0) + 1
        if self.online[station] > 1:
            self.twice.append(station)
        self.most_online = max(self.most_online, sum(count > 0 for count in self.online.values()))

    def closed(self, station: str) -> None:
        self.closes.append((time.time(), station))
        self.online[station] -= 1

    def report(self) -> dict[str, Any]:
        wrong = []
        for key, found in self.transactions.items():
            if (found.begun, found.ended) != (1, 1):
                wrong.append(f"{found.station} {key}: begun {found.begun}, ended {found.ended}")
            # An Ended repeats the value of the beginning, under its own time.
            energies = [wh for _, wh in sorted(found.energies)]
            if energies != sorted(energies):
                wrong.append(f"{found.station} {key}: energy fell: {sorted(found.energies)}")
            if found.seqs and found.seqs != list(range(len(found.seqs))):
                wrong.append(f"{found.station} {key}: seqNo {found.seqs}")
        return {
            "fell": self.fell(),
            "sessions": Counter(found.station for found in self.transactions.values()),
            "transactions": len(self.transactions),
            "with_card": sum(found.card for found in self.transactions.values()),
            "wrong": wrong,
            "actions": dict(self.actions),
            "answers": dict(self.answers),
            "stations": len({station for _, station in self.connects}),
            "connects": self.connects,
            "closes": self.closes,
            "twice": self.twice,
            "late": self.late,
            "online": sorted(station for station, count in self.online.items() if count > 0),
            "most_online": self.most_online,
            "credentials": self.credentials,
            "median_delay_s": statistics.median(self.delays_s) if self.delays_s else 0.0,
        }

    def fell(self) -> list[str]:
        """Registers that fell from one transaction of an EVSE to a later one."""
        shown: dict[tuple[str, int], list[tuple[str, float]]] = {}
        for found in self.transactions.values():
            shown.setdefault((found.station, found.place), []).extend(found.energies)
        fell = []
        for (station, place), values in shown.items():
            energies = [wh for _, wh in sorted(values)]
            fell += [
                f"{station}/{place}: {one:g} to {two:g} Wh" for one, two in itertools.pairwise(energies) if two < one
            ]
        return fell


def common_name(certificate: Any) -> str:
    """Of the certificate that was shown; empty: none was."""
    subject = dict(pair for relative in (certificate or {}).get("subject", ()) for pair in relative)
    return str(subject.get("commonName", ""))


def basic_auth(header: str) -> str:
    """``name:password``; empty: none was given."""
    return base64.b64decode(header.removeprefix("Basic ")).decode()


class Csms:
    """The server."""

    def __init__(self, options: dict[str, Any]) -> None:
        self.books = Books()
        self.options = options
        self.connections: dict[str, ServerConnection] = {}
        self.stalled_until = 0.0
        self.numbers = itertools.count(1)
        self.server: Any = None

    def process_request(self, connection: Any, request: Any) -> Any:
        status = self.options.get("refuse")
        return connection.respond(http.HTTPStatus(status), "no\n") if status else None

    async def handle(self, connection: ServerConnection) -> None:
        station = unquote(connection.request.path.rsplit("/", 1)[-1])
        self.books.connected(station)
        self.books.credentials[station] = (
            common_name(connection.transport.get_extra_info("peercert")),
            basic_auth(connection.request.headers.get("Authorization", "")),
        )
        self.connections[station] = connection
        try:
            async for data in connection:
                self.heard(station, connection, orjson.loads(data))
        except ConnectionClosed:
            pass
        finally:
            self.books.closed(station)

    def heard(self, station: str, connection: ServerConnection, frame: Any) -> None:
        if self.connections[station] is not connection:
            self.books.late.append(station)
        if frame[0] == 3:
            self.books.answers[str(frame[2].get("status", ""))] += 1
            return
        if frame[0] != 2:
            self.books.answers["CALLERROR"] += 1
            return
        _, message_id, action, payload = frame
        self.books.actions[action] += 1
        if action in self.options.get("silent", ()):
            return
        if action in self.options.get("errors", ()):
            answer: Any = [4, message_id, self.options.get("error_code", "InternalError"), "told to", {}]
        else:
            answer = [3, message_id, self.answer(station, action, payload)]
        text = orjson.dumps(answer).decode()
        loop = asyncio.get_running_loop()
        wait_s = max(self.options.get("delay_s", 0.0), self.stalled_until - loop.time())
        if wait_s > 0:
            loop.call_later(wait_s, self.send, connection, text, time.monotonic())
        else:
            self.send(connection, text)

    def send(self, connection: ServerConnection, text: str, heard_s: float | None = None) -> None:
        async def go() -> None:
            with contextlib.suppress(ConnectionClosed):
                await connection.send(text)
                if heard_s is not None:
                    self.books.delays_s.append(time.monotonic() - heard_s)

        task = asyncio.ensure_future(go())
        task.add_done_callback(lambda done: done.exception())

    def answer(self, station: str, action: str, payload: dict[str, Any]) -> dict[str, Any]:
        now = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime()) + ".000Z"
        if action == "BootNotification":
            return {"currentTime": now, "interval": 300, "status": self.options.get("boot", "Accepted")}
        if action == "Heartbeat":
            return {"currentTime": now}
        if action == "Authorize":
            word = self.options.get("card", "Accepted")
            return {"idTokenInfo": {"status": word}} if "idToken" in payload else {"idTagInfo": {"status": word}}
        if action == "StartTransaction":
            number = next(self.numbers)
            found = self.books.transaction(str(number), station)
            found.begun += 1
            found.card = True
            found.place = payload["connectorId"]
            found.energies.append((payload["timestamp"], float(payload["meterStart"])))
            return {"transactionId": number, "idTagInfo": {"status": self.options.get("card", "Accepted")}}
        if action == "StopTransaction":
            found = self.books.transaction(str(payload["transactionId"]), station)
            found.ended += 1
            found.energies.append((payload["timestamp"], float(payload["meterStop"])))
        if action == "MeterValues" and payload.get("transactionId") is not None:
            self.values(self.books.transaction(str(payload["transactionId"]), station), payload["meterValue"])
        if action == "TransactionEvent":
            found = self.books.transaction(payload["transactionInfo"]["transactionId"], station)
            found.place = payload.get("evse", {}).get("id", found.place)
            found.begun += payload["eventType"] == "Started"
            found.card = found.card or "idToken" in payload
            found.ended += payload["eventType"] == "Ended"
            found.seqs.append(payload["seqNo"])
            self.values(found, payload.get("meterValue", []))
        return {}

    @staticmethod
    def values(found: Transaction, values: list[Any]) -> None:
        for value in values:
            for sample in value["sampledValue"]:
                measurand = sample.get("measurand", "Energy.Active.Import.Register")
                if measurand == "Energy.Active.Import.Register" and "phase" not in sample:
                    unit = sample.get("unit") or sample.get("unitOfMeasure", {}).get("unit", "Wh")
                    wh = float(sample["value"]) * (1000 if unit == "kWh" else 1)
                    found.energies.append((value["timestamp"], wh))

    def command(self, command: dict[str, Any]) -> None:
        if command.pop("report", False):
            print(json.dumps(self.books.report()), flush=True)
        stall_s = command.pop("stall_s", None)
        if stall_s is not None:
            self.stalled_until = asyncio.get_running_loop().time() + stall_s
        if command.pop("drop_all", False):
            for connection in self.connections.values():
                connection.transport.abort()
        call = command.pop("call", None)
        if call is not None:
            station, action, payload = call
            text = json.dumps([2, f"csms-{next(self.numbers)}", action, payload])
            self.send(self.connections[station], text)
        self.options.update(command)


async def main(options: dict[str, Any]) -> None:
    context = None
    if "cert" in options:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(options["cert"], options["key"])
        if "client_ca" in options:
            context.load_verify_locations(options["client_ca"])
            context.verify_mode = ssl.CERT_REQUIRED
    csms = Csms(options)
    over = asyncio.Event()
    loop = asyncio.get_running_loop()

    def listen() -> None:
        for line in sys.stdin:
            loop.call_soon_threadsafe(csms.command, json.loads(line))
        loop.call_soon_threadsafe(over.set)

    async with serve(
        csms.handle,
        "127.0.0.1",
        options.get("port", 0),
        subprotocols=SUBPROTOCOLS,  # type: ignore[arg-type]
        compression=None,
        ping_interval=None,
        process_request=csms.process_request,
        ssl=context,
        backlog=4096,
        open_timeout=60,
        close_timeout=1,
    ) as server:
        print(server.sockets[0].getsockname()[1], flush=True)
        threading.Thread(target=listen, daemon=True).start()
        await over.wait()


class FleetCsms:
    """The process, as tests use it."""

    def __init__(self, process: Popen[str], secure: bool) -> None:
        self._process = process
        self.port = int(self._line())
        self.url = f"{'wss' if secure else 'ws'}://127.0.0.1:{self.port}/ocpp"

    def _line(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the central system has ended"
        return line

    def tell(self, **command: Any) -> None:
        """Change how it behaves."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()

    def report(self) -> dict[str, Any]:
        """Its books."""
        self.tell(report=True)
        found: dict[str, Any] = json.loads(self._line())
        return found


@contextlib.contextmanager
def fleet_csms(**options: Any) -> Iterator[FleetCsms]:
    """Run one."""
    command = [sys.executable, "-m", "tests.support.fleet_csms", json.dumps(options)]
    with Popen(command, stdin=PIPE, stdout=PIPE, text=True, cwd=ROOT) as process:
        try:
            yield FleetCsms(process, "cert" in options)
        finally:
            process.kill()


if __name__ == "__main__":
    try:
        import uvloop

        run: Any = uvloop.run
    except ImportError:
        run = asyncio.run
    with contextlib.suppress(KeyboardInterrupt):
        run(main(json.loads(sys.argv[1]) if len(sys.argv) > 1 else {}))
    os._exit(0)
