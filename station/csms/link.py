"""One connection of one station: the `ocpp` library's `ChargePoint` behind a receive loop that nothing can end.

The library lets a malformed frame end its loop, echoes whole messages in error details, swaps NotImplemented and
NotSupported, and leaves calls of a dead connection waiting. Here only well-formed CALLs reach it; answers are
matched by this module, and what the library sends passes `_Outlet`. The server makes a link per connection.
"""

from __future__ import annotations

import asyncio
import json
import logging
import uuid
from collections.abc import Callable, Mapping
from typing import Any

import ocpp.messages
from ocpp.v16 import ChargePoint as ChargePoint16
from ocpp.v201 import ChargePoint as ChargePoint201
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

Handler = Callable[..., Any]
WireTap = Callable[[str, str], None]

_LOG = logging.getLogger(__name__)
# The library logs every payload at INFO; a logger of its own, outside the hierarchy, keeps cards out of the logs.
_LIBRARY_LOG = logging.Logger("station.csms.library", level=logging.CRITICAL + 1)

_CLASSES: dict[str, Any] = {"ocpp1.6": ChargePoint16, "ocpp2.0.1": ChargePoint201}
_SCHEMAS = {"ocpp1.6": "1.6", "ocpp2.0.1": "2.0.1"}
_BROKEN_CALL = {"ocpp1.6": "FormationViolation", "ocpp2.0.1": "RpcFrameworkError"}


class CallRefusedError(Exception):
    """A station answered a call with a CALLERROR."""

    def __init__(self, action: str, code: str, description: str) -> None:
        super().__init__(f"{action}: {code}: {description}")
        self.action = action
        self.code = code
        self.description = description


class Link:
    """Receives, dispatches and answers on one connection until it closes."""

    def __init__(self, station_id: str, socket: ServerConnection, routes: Mapping[str, Handler], tap: WireTap) -> None:
        """`tap(direction, text)` sees every text: `<` received, `>` sent."""
        self.version = str(socket.subprotocol)
        self._id = station_id
        self._socket = socket
        self._tap = tap
        self._pending: dict[str, asyncio.Future[list[Any]]] = {}
        self._call_lock = asyncio.Lock()
        self._library = _CLASSES[self.version](station_id, _Outlet(self.send), logger=_LIBRARY_LOG)
        self._library.route_map = {action: {"_on_action": handler} for action, handler in routes.items()}

    async def run(self) -> None:
        """Serve the connection until it ends; never raises for what a station sends."""
        try:
            async for message in self._socket:
                if isinstance(message, str):
                    self._tap("<", message)
                    await self._receive(message)
        except ConnectionClosed:
            pass
        finally:
            for waiting in self._pending.values():
                if not waiting.done():
                    waiting.set_exception(ConnectionError(f"the connection of {self._id} is gone"))

    async def close(self, code: int, reason: str) -> None:
        """Close the connection properly."""
        await self._socket.close(code, reason)

    async def send(self, text: str) -> None:
        """Send a text; a connection that is gone is no error."""
        self._tap(">", text)
        try:
            await self._socket.send(text)
        except ConnectionClosed:
            _LOG.debug("%s ! gone before an answer could be sent", self._id)

    async def call(self, action: str, payload: dict[str, Any], timeout_s: float) -> dict[str, Any]:
        """Send one CALL at a time and wait for its answer; errors as `StationHandle.call` tells."""
        schema = _SCHEMAS[self.version]
        unique_id = str(uuid.uuid4())
        call = ocpp.messages.Call(unique_id, action, payload)
        await ocpp.messages.validate_payload(call, schema)
        async with self._call_lock:
            answer: asyncio.Future[list[Any]] = asyncio.get_running_loop().create_future()
            self._pending[unique_id] = answer
            try:
                await self.send(call.to_json())
                async with asyncio.timeout(timeout_s):
                    frame = await answer
            finally:
                del self._pending[unique_id]
        if frame[0] == 4:
            code, description = (str(part) for part in [*frame[2:4], "", ""][:2])
            raise CallRefusedError(action, code, description)
        result: dict[str, Any] = frame[2]
        await ocpp.messages.validate_payload(ocpp.messages.CallResult(unique_id, result, action), schema)
        return result

    async def _receive(self, text: str) -> None:
        try:
            frame = json.loads(text)
        except (ValueError, RecursionError):
            return
        match frame:
            case [2, str(unique_id), str(action), dict()]:
                await self._dispatch(unique_id, action, text)
            case [2, str(unique_id), *_]:
                await self._refuse(unique_id, _BROKEN_CALL[self.version], "not [2, id, action, object]")
            case [3, str(unique_id), dict()] | [4, str(unique_id), *_]:
                waiting = self._pending.get(unique_id)
                if waiting is not None and not waiting.done():
                    waiting.set_result(frame)

    async def _dispatch(self, unique_id: str, action: str, text: str) -> None:
        if action not in self._library.route_map:
            known = hasattr(self._library._call, action)
            await self._refuse(unique_id, "NotSupported" if known else "NotImplemented", "not for this central system")
            return
        try:
            await self._library.route_message(text)
        except Exception as error:
            # The library raises whatever its validation or a handler trips over; the station is owed an answer.
            _LOG.warning("%s ! %s failed: %s", self._id, action, type(error).__name__)
            await self._refuse(unique_id, "InternalError", "the central system failed")

    async def _refuse(self, unique_id: str, code: str, description: str) -> None:
        await self.send(json.dumps([4, unique_id, code, description, {}], separators=(",", ":")))


class _Outlet:
    """The connection as the library sees it; takes the echoed message out of the library's CALLERRORs."""

    def __init__(self, send: Callable[[str], Any]) -> None:
        self._send = send

    async def send(self, text: str) -> None:
        frame = json.loads(text)
        if frame[0] == 4:
            text = json.dumps([*frame[:3], str(frame[3])[:255], {}], separators=(",", ":"))
        await self._send(text)
