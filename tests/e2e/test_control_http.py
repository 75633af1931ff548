"""The HTTP face on real sockets, and the command line against it."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import stat
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from station.config.secret import Secret
from station.control.runtime_file import RuntimeFile
from station.control.server import ControlError, ControlServer, serve
from tests.support.fake_commandable import FakeCommandable


@asynccontextmanager
async def served(
    listen: str = "127.0.0.1:0", token: Secret | None = None
) -> AsyncIterator[tuple[FakeCommandable, Any]]:
    station = FakeCommandable()
    server = await serve(station, listen, token)
    try:
        yield station, server
    finally:
        await server.stop()


def run(scenario: Callable[[], Any]) -> None:
    asyncio.run(scenario())


def test_events_stream_and_the_server_stops_within_a_second() -> None:
    async def scenario() -> None:
        async with served() as (station, server), httpx.AsyncClient(base_url=server.url, timeout=10) as client:
            async with client.stream("GET", "/api/v1/events") as stream:
                assert stream.headers["content-type"].startswith("text/event-stream")
                lines = stream.aiter_lines()
                await anext(lines)
                station.emit("connected")
                async for line in lines:
                    if line.startswith("data: "):
                        assert json.loads(line[6:])["event"] == "connected"
                        break
                began = time.monotonic()
                await server.stop()
                assert time.monotonic() - began < 1.5
            with pytest.raises(httpx.ConnectError):
                await client.get("/healthz")

    run(scenario)


def test_a_request_that_waits_does_not_hold_up_the_stop() -> None:
    async def scenario() -> None:
        async with served() as (station, server), httpx.AsyncClient(base_url=server.url, timeout=10) as client:
            station.stays_open.add("tap")
            waiting = asyncio.create_task(client.post("/api/v1/commands/tap?wait=30", json={"tagId": "A"}))
            while not station.executed:
                await asyncio.sleep(0.01)
            began = time.monotonic()
            await server.stop()
            assert time.monotonic() - began < 2
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)

    run(scenario)


def test_beyond_loopback_only_with_a_token() -> None:
    async def scenario() -> None:
        with pytest.raises(ControlError, match="needs a token"):
            await serve(FakeCommandable(), "0.0.0.0:0")
        async with served("0.0.0.0:0", Secret("t")) as (_, server), httpx.AsyncClient(base_url=server.url) as client:
            assert (await client.get("/healthz")).status_code == 401
            assert (await client.get("/healthz", headers={"Authorization": "Bearer t"})).status_code == 200

    run(scenario)


@pytest.mark.parametrize("listen", ["nonsense", "127.0.0.1:99999", "no.such.host.invalid:1", "unix:/no/such/dir/x"])
def test_an_address_that_cannot_be_is_a_clear_error(listen: str) -> None:
    async def scenario() -> None:
        with pytest.raises(ControlError, match="control cannot listen on"):
            await serve(FakeCommandable(), listen)

    run(scenario)


def test_an_address_in_use_is_a_clear_error() -> None:
    async def scenario() -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(ControlError, match="in use"):
            await serve(FakeCommandable(), f"127.0.0.1:{taken.getsockname()[1]}")

    run(scenario)


def test_a_unix_socket_is_private_and_goes_with_the_server(tmp_path: Path) -> None:
    async def scenario() -> None:
        path = tmp_path / "control.sock"
        dead = socket.socket(socket.AF_UNIX)
        dead.bind(str(path))
        dead.close()
        async with served(f"unix:{path}") as (_, server):
            assert server.url == f"unix:{path}"
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
            transport = httpx.AsyncHTTPTransport(uds=str(path))
            async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
                assert (await client.get("/healthz")).status_code == 200
            with pytest.raises(ControlError, match="in use"):
                await serve(FakeCommandable(), f"unix:{path}")
        assert not path.exists()

    run(scenario)


async def station_cli(where: Path, *arguments: str) -> tuple[int, str, str]:
    env = {key: value for key, value in os.environ.items() if key != "RUNTIME_DIRECTORY"}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "station",
        *arguments,
        env={**env, "XDG_RUNTIME_DIR": str(where)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


def test_the_command_line_finds_the_station_and_its_token(tmp_path: Path) -> None:
    async def scenario() -> None:
        token = Secret("t0ken")
        async with served(token=token) as (station, server):
            with RuntimeFile("CP-1", _url(server), token, tmp_path / "ocpp-station"):
                station.results["tap"] = {"result": "REJECTED", "reason": "Blocked"}
                assert await station_cli(tmp_path, "tap", "04A1") == (4, " REJECTED  Blocked\n", "")
                code, out, _ = await station_cli(tmp_path, "status", "--json", "--to", "CP-1")
                assert (code, json.loads(out)["data"]["id"]) == (0, "CP-1")
                station.refusals["unplug"] = "the pilot is real hardware"
                code, _, err = await station_cli(tmp_path, "unplug", "--connector", "1")
                assert (code, err) == (1, " x the pilot is real hardware\n")
        code, _, err = await station_cli(tmp_path, "status")
        assert (code, err) == (1, " x no station runs here\n   try: station run\n")

    run(scenario)


def _url(server: ControlServer) -> str:
    return server.url
