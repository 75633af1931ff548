"""A station of a few lines on plain `websockets`, to test central systems with. It checks nothing."""

from __future__ import annotations

import asyncio
import base64
import json
import uuid
from typing import Any, Self

from websockets.asyncio.client import ClientConnection, connect

BOOT_16 = {"chargePointVendor": "Acme", "chargePointModel": "X"}
BOOT_201 = {"reason": "PowerUp", "chargingStation": {"vendorName": "Acme", "model": "X"}}


class WsStation:
    """One connection. `inbox` keeps the CALLs that came while waiting for an answer."""

    def __init__(self, url: str, *versions: str, password: str | None = None) -> None:
        self.inbox: list[list[Any]] = []
        user = url.rpartition("/")[2]
        token = base64.b64encode(f"{user}:{password}".encode()).decode()
        self._dial = connect(
            url,
            subprotocols=list(versions) or None,
            additional_headers={} if password is None else {"Authorization": f"Basic {token}"},
            compression=None,
            proxy=None,
        )
        self.socket: ClientConnection

    async def __aenter__(self) -> Self:
        self.socket = await self._dial
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.socket.close()

    async def send(self, frame: Any) -> None:
        """Send a frame, or a text as it is."""
        await self.socket.send(frame if isinstance(frame, (str, bytes)) else json.dumps(frame))

    async def receive(self, timeout_s: float = 5.0) -> list[Any]:
        """The next frame."""
        async with asyncio.timeout(timeout_s):
            frame: list[Any] = json.loads(await self.socket.recv())
        return frame

    async def call(self, action: str, payload: dict[str, Any] | None = None, message_id: str | None = None) -> Any:
        """Send a CALL; the payload of its result, or the CALLERROR as a whole frame."""
        message_id = message_id or str(uuid.uuid4())
        await self.send([2, message_id, action, payload or {}])
        while True:
            frame = await self.receive()
            if frame[0] != 2 and frame[1] == message_id:
                return frame[2] if frame[0] == 3 else frame
            self.inbox.append(frame)
