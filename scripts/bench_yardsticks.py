"""What a station is compared with: a plain ``websockets`` client with nothing behind, a script on ``ocpp.ChargePoint``.

Both make the calls of a station, given as its frames. Used by ``bench_station.py`` and ``bench_fleet.py``.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

import orjson

from scripts.bench_support import SUBPROTOCOLS


async def raw_clients(version: str, port: int, count: int) -> list[Any]:
    """Connected plain clients, without compression and pings."""
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
    """Send the frames, parse the answers."""
    for _ in range(count):
        for frame in frames:
            await client.send(frame)
            orjson.loads(await client.recv())


async def naive_points(version: str, port: int, count: int) -> list[Any]:
    """Scripts on ``ocpp.ChargePoint``, their receive loops running; everything as both libraries have it by default.

    So they offer compression, send pings, and validate in threads. Whether there is compression is the server's choice:
    ``compresses``.
    """
    from ocpp.v16 import ChargePoint as ChargePoint16
    from ocpp.v201 import ChargePoint as ChargePoint201
    from websockets.asyncio.client import connect
    from websockets.typing import Subprotocol

    kind: Any = ChargePoint16 if version == "1.6" else ChargePoint201
    points = []
    for number in range(count):
        url = f"ws://127.0.0.1:{port}/ocpp/NAIVE-{number}"
        client = await connect(url, subprotocols=[Subprotocol(SUBPROTOCOLS[version])])
        point = kind(f"NAIVE-{number}", client)
        point.receiving = asyncio.create_task(point.start())
        points.append(point)
    return points


def compresses(point: Any) -> bool:
    """Whether the connection of a script on ``ocpp.ChargePoint`` is compressed."""
    return bool(point._connection.protocol.extensions)


def naive_calls(version: str, frames: list[str]) -> list[Any]:
    """The calls of the frames, as the library's dataclasses."""
    from ocpp.charge_point import camel_to_snake_case
    from ocpp.v16 import call as call16
    from ocpp.v201 import call as call201

    module: Any = call16 if version == "1.6" else call201
    parsed = [json.loads(frame) for frame in frames]
    return [getattr(module, action)(**camel_to_snake_case(payload)) for _, _, action, payload in parsed]


async def naive_sessions(point: Any, calls: list[Any], count: int) -> None:
    """Make the calls."""
    for _ in range(count):
        for call in calls:
            await point.call(call)


async def end_naive(points: list[Any]) -> None:
    """Close them."""
    for point in points:
        point.receiving.cancel()
    await asyncio.gather(*(point._connection.close() for point in points))
