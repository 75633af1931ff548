"""The listening side of the embedded central system: upgrades, passwords, subprotocols, one handle per station."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hmac
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from station.csms import v16, v201
from station.csms.cards import Card, CardBook
from station.csms.desk import Desk, EventCallback
from station.csms.link import Handler, Link
from station.csms.records import StationHandle

PATH: Final = "/ocpp"
_ROUTES: dict[str, Callable[[Desk, StationHandle], dict[str, Handler]]] = {
    "ocpp1.6": v16.routes,
    "ocpp2.0.1": v201.routes,
}
_BOOT_STATUSES: Final = frozenset({"Accepted", "Pending", "Rejected"})


class EmbeddedCsms:
    """A small central system for OCPP 1.6J and 2.0.1 on one port.

    `on_event(kind, station_id, detail)` is called in the event loop, for
    `connected {version}`, `disconnected {}`, `refused {status, reason}`, `boot {status, payload}`,
    `authorize {token, status}`, `status {evse, connector, status, error_code?}`,
    `transaction_started | transaction_updated | transaction_ended {id, evse, connector, token, energy_wh, reason}`,
    `message {action, payload}` (every request that was understood; snake_case keys) and
    `wire {direction, text}` (every text; `<` received, `>` sent).
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        versions: Sequence[str] = ("ocpp2.0.1", "ocpp1.6"),
        cards: Mapping[str, str | Card] | None = None,
        passwords: Mapping[str, str] | None = None,
        heartbeat_interval_s: int = 300,
        boot_status: str = "Accepted",
        on_event: EventCallback | None = None,
    ) -> None:
        """Nothing listens before `start()`.

        Args:
            host: address to listen on.
            port: 0 takes a free one.
            versions: subprotocols to agree to.
            cards: None accepts every card; else status (or `Card`) by number, any other card is Unknown (1.6: Invalid).
            passwords: None asks for none; else the Basic Auth password by station id, any other station gets 401.
            heartbeat_interval_s: what BootNotification answers; in Pending and Rejected the retry interval.
            boot_status: Accepted, Pending or Rejected.
            on_event: see the class.

        Raises:
            ValueError: an unknown version, card status or boot status.
        """
        unknown = [version for version in versions if version not in _ROUTES]
        if unknown or not versions:
            raise ValueError(f"unknown subprotocol {', '.join(unknown) or '(none)'}; known: {', '.join(_ROUTES)}")
        self._host = host
        self._port = port
        self._versions = tuple(versions)
        self._passwords = None if passwords is None else dict(passwords)
        self._desk = Desk(CardBook(cards), heartbeat_interval_s, "Accepted")
        self._desk.on_event = on_event
        self._server: Server | None = None
        self.stations: dict[str, StationHandle] = {}
        self.boot_status = boot_status

    @property
    def boot_status(self) -> str:
        """What the next BootNotification is answered: Accepted, Pending or Rejected."""
        return self._desk.boot_status

    @boot_status.setter
    def boot_status(self, status: str) -> None:
        if status not in _BOOT_STATUSES:
            raise ValueError(f"{status!r} is no registration status; one of {', '.join(sorted(_BOOT_STATUSES))}")
        self._desk.boot_status = status

    @property
    def accepts_every_card(self) -> bool:
        """Whether there is no list of cards."""
        return self._desk.cards.accepts_every_card

    @property
    def on_event(self) -> EventCallback | None:
        """The event callback; what it raises is logged."""
        return self._desk.on_event

    @on_event.setter
    def on_event(self, callback: EventCallback | None) -> None:
        self._desk.on_event = callback

    def use_clock(self, now: Callable[[], datetime]) -> None:
        """Tell stations another time than the host's, for scaled and frozen clocks; `now` returns an aware datetime."""
        self._desk.now = now

    async def start(self) -> str:
        """Listen; returns the base URL, to which a station appends its percent-encoded id.

        Raises:
            OSError: the address cannot be listened on.
        """
        self._server = await serve(
            self._serve,
            self._host,
            self._port,
            process_request=self._check_request,
            select_subprotocol=self._choose,
            compression=None,
            close_timeout=1,
            server_header=None,
        )
        self._port = self._server.sockets[0].getsockname()[1]
        return self.base_url

    @property
    def base_url(self) -> str:
        """Where stations dial, without their id."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"ws://{host}:{self._port}{PATH}"

    async def stop(self) -> None:
        """Close every connection and stop listening. Idempotent."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
            self._server = None

    def _check_request(self, connection: ServerConnection, request: Request) -> Response | None:
        station_id = _station_id(request.path)
        if not station_id:
            return self._refuse(connection, "", HTTPStatus.NOT_FOUND, f"The path must be {PATH}/STATION-ID.")
        if not self._password_fits(station_id, request.headers.get_all("Authorization")):
            refusal = self._refuse(connection, station_id, HTTPStatus.UNAUTHORIZED, "Wrong or missing password.")
            refusal.headers["WWW-Authenticate"] = 'Basic realm="ocpp", charset="UTF-8"'
            return refusal
        offered = _offered(request)
        if not any(version in self._versions for version in offered):
            reason = f"Offered: {', '.join(offered) or 'no subprotocol'}. Supported: {', '.join(self._versions)}."
            return self._refuse(connection, station_id, HTTPStatus.BAD_REQUEST, reason)
        return None

    def _refuse(self, connection: ServerConnection, station_id: str, status: HTTPStatus, reason: str) -> Response:
        self._desk.tell("refused", station_id, {"status": int(status), "reason": reason})
        return connection.respond(status, reason + "\n")

    def _password_fits(self, station_id: str, headers: Sequence[str]) -> bool:
        if self._passwords is None:
            return True
        expected = self._passwords.get(station_id)
        if expected is None or len(headers) != 1:
            return False
        scheme, _, encoded = headers[0].partition(" ")
        try:
            given = base64.b64decode(encoded.strip(), validate=True)
        except (binascii.Error, ValueError):
            return False
        return scheme.lower() == "basic" and hmac.compare_digest(given, f"{station_id}:{expected}".encode())

    def _choose(self, _connection: ServerConnection, offered: Sequence[Subprotocol]) -> Subprotocol | None:
        # The client's order is its preference (OCPP 2.0.1 part 4, 3.1.2); the request was checked to offer a known one.
        return next((version for version in offered if version in self._versions), None)

    async def _serve(self, connection: ServerConnection) -> None:
        assert connection.request is not None
        station_id = _station_id(connection.request.path)
        station = self.stations.setdefault(station_id, StationHandle(station_id))
        version = str(connection.subprotocol)
        link = Link(station_id, connection, _ROUTES[version](self._desk, station), self._tap(station_id))
        replaced, station.link, station.version = station.link, link, version
        self._desk.tell("connected", station_id, {"version": version})
        try:
            async with asyncio.TaskGroup() as tasks:
                if replaced is not None:
                    # Beside, not before: a peer that vanished takes the whole close time-out.
                    tasks.create_task(replaced.close(1008, "the station connected again"))
                await link.run()
        finally:
            if station.link is link:
                station.link = None
                self._desk.tell("disconnected", station_id, {})

    def _tap(self, station_id: str) -> Callable[[str, str], None]:
        def tap(direction: str, text: str) -> None:
            self._desk.tell("wire", station_id, {"direction": direction, "text": text})

        return tap


def _station_id(path: str) -> str:
    """The identity in a request path: its last segment, percent-decoded; empty where there is none."""
    plain = urlsplit(path).path
    return "" if plain == PATH else unquote(plain.rpartition("/")[2])


def _offered(request: Request) -> list[str]:
    headers: list[Any] = request.headers.get_all("Sec-WebSocket-Protocol")
    return [name.strip() for header in headers for name in header.split(",") if name.strip()]
