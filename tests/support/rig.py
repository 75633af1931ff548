"""A whole station in virtual time: the real host, engine, dialects and simulated hardware, against a scripted CSMS.

Nothing here waits: the loop jumps from timer to timer. The world is acted by the same commands that users have
(``await rig.do("plug_in")``); the CSMS by ``rig.csms`` (answers) and ``await rig.call(action, payload)`` (requests).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from station.config import from_mapping
from station.host.execution import CommandRefused
from station.host.host import Host
from station.host.kind import Kind
from station.net import CloseReason, DialFailed, Target
from station.net.errors import FailureKind
from station.net.loopback import LoopbackConnection, LoopbackNetwork
from station.net.transfer.api import Transfers
from tests.support.scripted_csms import Entry, ScriptedCsms
from tests.support.stores import FaultyStore
from tests.support.virtual_loop import LoopClock, VirtualLoop, run_virtual

SUBPROTOCOLS = {"1.6": "ocpp1.6", "2.0.1": "ocpp2.0.1"}
START = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)
CARD = "04A1B2C3D4E5F6"


class Rig:
    """See the module. Use it as an async context, inside ``run_virtual``.

    Args:
        version: ``1.6`` or ``2.0.1``.
        profile: members of a profile that replace the rig's own, block by block.
        variables: keys of 1.6 or variables of 2.x.
        transfers: carries files; there is no network here.
        drivers: devices that are not the bay's, by (EVSE, part).
        instant: the simulated bays have no inertia.
    """

    def __init__(
        self,
        version: str = "1.6",
        profile: Mapping[str, Any] | None = None,
        variables: Mapping[str, Any] | None = None,
        seed: str | None = "rig",
        transfers: Transfers | None = None,
        drivers: Mapping[tuple[int, str], Any] | None = None,
        instant: bool = False,
    ) -> None:
        self.version = version
        self.loop = asyncio.get_running_loop()
        assert isinstance(self.loop, VirtualLoop)
        self._origin_s = self.loop.time()
        self.csms = self.make_csms()
        self.network = LoopbackNetwork(self.loop.call_soon, self._accept)
        self.refuse: DialFailed | None = None
        self.dials: list[float] = []
        self.targets: list[Target] = []
        self.events: list[dict[str, Any]] = []
        self.store = self.make_store()
        self._end: LoopbackConnection | None = None
        content: dict[str, Any] = {
            "station": {"id": "CP-1", "vendor": "Acme", "model": "Wallbox"},
            "csms": {"url": "ws://csms.test/ocpp", "versions": [SUBPROTOCOLS[version]], "ping": "0s"},
            "store": "memory",
            "control": "off",
            "evses": [{"id": 1, "max_current": "16A", "phases": 3}],
            "variables": dict(variables or {}),
        }
        content.update(profile or {})
        self.profile = from_mapping(content, Path("/nonexistent"), env={}).profile
        self.host = Host(
            self.profile,
            drivers,
            kind=Kind(self.profile, instant=True) if instant else None,
            store=self.store,
            clock=LoopClock(self.loop),
            seed=seed,
            dialer=self.network.dial,
            transfers=transfers,
        )
        self.host.subscribe(self.events.append, None)

    def make_csms(self) -> ScriptedCsms:
        """The central system; another one for rigs that judge."""
        return ScriptedCsms(SUBPROTOCOLS[self.version], self.utc)

    def make_store(self) -> FaultyStore:
        """The store; another one for rigs that cut the power."""
        return FaultyStore()

    def utc(self) -> datetime:
        """The CSMS's clock."""
        return START + timedelta(seconds=self.loop.time() - self._origin_s)

    async def __aenter__(self) -> Rig:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.host.stop()

    # The CSMS's end

    def _accept(self, target: Target, end: LoopbackConnection) -> tuple[str | None, Any]:
        self.dials.append(self.loop.time())
        self.targets.append(target)
        if self.refuse is not None:
            raise self.refuse
        self._end = end
        chosen = self.csms.version if self.csms.version in target.subprotocols else None
        return chosen, _Listener(self)

    def refuse_with(self, status: int) -> None:
        """Refuse upgrades with this HTTP status from now on."""
        self.refuse = DialFailed(FailureKind.HTTP, f"HTTP {status}", "", http_status=status)

    def heard(self, text: str) -> None:
        """The station sent a frame."""
        for answer in self.csms.receive(text):
            self.send(answer)
        for delayed in self.csms.take_delayed():
            self.loop.call_later(delayed.seconds, self.send, delayed.text)

    def send(self, text: str) -> None:
        """Send raw text to the station."""
        if self._end is not None:
            self._end.send(text)

    def send_binary(self, data: bytes) -> None:
        """Send a binary message to the station; OCPP-J has none."""
        if self._end is not None:
            self._end.send_binary(data)

    def lose_connection(self) -> None:
        """The network breaks off; the station's back-off takes over."""
        if self._end is not None:
            self._end.abort()

    def close_connection(self, code: int = 1000, reason: str = "") -> None:
        """The CSMS closes the connection with this WebSocket code."""
        if self._end is not None:
            self._end.close(code, reason)

    @property
    def connected(self) -> bool:
        """Whether a connection stands, seen from the CSMS."""
        return self._end is not None

    async def call(self, action: str, payload: dict[str, Any] | None = None) -> dict[str, Any]:
        """Call the station and wait for its result; a CALLERROR raises AssertionError with its code."""
        outgoing = self.csms.call(action, payload or {})
        self.send(outgoing.text)
        await self.until(lambda: outgoing.id in self.csms.answers)
        result: dict[str, Any] = self.csms.result(outgoing.id)
        return result

    async def call_error(self, action: str, payload: Any) -> str:
        """Call the station and expect a CALLERROR; its code."""
        outgoing = self.csms.call(action, payload)
        self.send(outgoing.text)
        await self.until(lambda: outgoing.id in self.csms.answers)
        return self.csms.error(outgoing.id)

    # The world

    async def boot(self) -> None:
        """Start the station and wait until it is accepted and has told its statuses."""
        self.host.start()
        await self.do("connect")

    async def do(self, command: str, timeout_s: float = 30.0, **params: Any) -> dict[str, Any]:
        """Carry out a command; raises ``CommandRefused``."""
        execution = self.host.execute(command, params)
        try:
            return await asyncio.wait_for(execution.done, timeout_s)
        except TimeoutError:
            raise CommandRefused(f"{command} did not come about in {timeout_s:g} s") from None

    async def wait(self, seconds: float) -> None:
        """Let time pass."""
        await asyncio.sleep(seconds)

    async def until(self, condition: Callable[[], Any], timeout_s: float = 120.0) -> None:
        """Let time pass until something holds."""
        end = self.loop.time() + timeout_s
        while not condition():
            if self.loop.time() > end:
                raise AssertionError(f"did not come about in {timeout_s:g} s; the CSMS heard {self.csms.actions()}")
            await asyncio.sleep(0.01)

    async def quiet(self) -> None:
        """Let everything that is under way come to its end."""
        await asyncio.sleep(0.5)

    # Looking

    @property
    def status(self) -> dict[str, Any]:
        """The only connector's status, or the first one's."""
        evse: dict[str, Any] = self.host.status()["evses"][0]
        return evse

    def heard_all(self, action: str) -> list[dict[str, Any]]:
        """The payloads of all requests of this action, in order."""
        return [dict(payload) for payload in self.csms.all(action)]

    def log(self) -> list[Entry]:
        """Everything that went over the wire."""
        return list(self.csms.log)

    def told(self, event: str) -> list[dict[str, Any]]:
        """The data of all events of this name."""
        return [made["data"] for made in self.events if made["event"] == event]

    def statuses(self) -> list[str]:
        """The statuses of connectors (not of the station) that the CSMS was told, in order."""
        out = []
        for payload in self.csms.all("StatusNotification"):
            if payload.get("connectorId") != 0:
                out.append(payload.get("status") or payload["connectorStatus"])
        return out

    def transaction_events(self) -> list[dict[str, Any]]:
        """TransactionEvents, in order (2.0.1)."""
        return self.heard_all("TransactionEvent")


class _Listener:
    def __init__(self, rig: Rig) -> None:
        self._rig = rig

    def text(self, data: str) -> None:
        self._rig.heard(data)

    def binary(self, data: bytes) -> None:
        raise AssertionError("the station sent a binary message")

    def pong(self) -> None:
        pass

    def closed(self, reason: CloseReason) -> None:
        self._rig._end = None


def virtual(test: Callable[..., Awaitable[None]]) -> Callable[..., None]:
    """Run an async test in virtual time."""
    import functools

    @functools.wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        async def main() -> None:
            await test(*args, **kwargs)

        run_virtual(main())

    return run
