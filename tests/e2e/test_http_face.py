"""The HTTP face of a running station: docs/control.md as programs outside use them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx

from station.control.registry import COMMANDS
from tests.support.station_process import StationProcess
from tests.support.strict_csms import StrictCsms

CARD, BLOCKED = "04A1B2C3", "04DEAD00"


def profile(where: Path, url: str, control: str) -> str:
    path = where / "station.yaml"
    path.write_text(f"station: {{id: CP-1}}\nstore: memory\ncontrol: {control}\ncsms: {{url: {url}}}\n")
    return str(path)


async def first_events(lines: AsyncIterator[str], count: int) -> list[dict[str, Any]]:
    """The next events of a stream, each with its `id`."""
    found: list[dict[str, Any]] = []
    identity = ""
    async for line in lines:
        if line.startswith("id: "):
            identity = line[4:]
        elif line.startswith("data: "):
            found.append({"id": identity, **json.loads(line[6:])})
            if len(found) == count:
                return found
    raise AssertionError("the stream ended")


def test_the_whole_face(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with StrictCsms(cards={BLOCKED: "Blocked"}) as csms:
            path = profile(tmp_path, csms.url, "{listen: 127.0.0.1:0}")
            async with StationProcess(tmp_path, path, "--json") as cp:
                await cp.event("connected")
                url = cp.events[0]["data"]["control"]
                async with httpx.AsyncClient(base_url=url, timeout=15, trust_env=False) as client:
                    await commands(client)
                    await session(client)
                    await variables(client)
                    await events(client)
                    await refusals(client)
                assert await cp.terminate() == 0

    asyncio.run(scenario())


async def commands(client: httpx.AsyncClient) -> None:
    """Every command of the table is there, and described."""
    paths = (await client.get("/openapi.json")).json()["paths"]
    for name in COMMANDS:
        assert f"/api/v1/commands/{name}" in paths
        answer = await client.post(f"/api/v1/commands/{name}", json={"no_such_parameter": 1})
        assert answer.status_code == 400, name
        assert answer.headers["content-type"].startswith("application/problem+json")
        assert answer.json()["hint"]
    unknown = await client.post("/api/v1/commands/fly")
    assert unknown.status_code == 404 and unknown.json()["hint"]


async def session(client: httpx.AsyncClient) -> None:
    """A session; the answer at once, and the one that is waited for."""
    assert (await client.get("/healthz")).status_code == 200
    assert (await client.post("/api/v1/commands/plug_in", json={"connector": 1})).json()["ok"] is True
    at_once = (await client.post("/api/v1/commands/tap", json={"tagId": BLOCKED})).json()
    assert at_once["ok"] is True
    refused = (await client.post("/api/v1/commands/tap?wait=10", json={"tagId": BLOCKED})).json()
    assert refused["data"]["result"] in ("REJECTED", "ALREADY_IN_PROCESS")
    tapped = (await client.post("/api/v1/commands/tap?wait=10", json={"tagId": CARD})).json()
    assert (tapped["ok"], tapped["data"]["result"]) == (True, "USED_TO_START")
    wrong = await client.post("/api/v1/commands/plug_in?wait=5", json={"connector": 9})
    assert wrong.json()["ok"] is False
    status = (await client.get("/api/v1/status")).json()
    assert status.keys() >= {"id", "version", "online", "boot", "queue", "time", "evses"}
    (evse,) = status["evses"]
    assert evse.keys() >= {
        "evse", "connector", "plugged", "pilot", "state", "status", "contactor", "locked", "meter_wh", "power_w",
        "limit_a", "faults", "reservation", "transaction",
    }  # fmt: skip
    assert evse["transaction"].keys() >= {"id", "transactionId", "token", "started", "energy_wh"}
    assert evse["transaction"]["token"] == CARD
    text = (await client.get("/metrics")).text
    assert "station_loop_lag_seconds" in text and "station_online 1" in text and CARD not in text
    stopped = (await client.post("/api/v1/commands/stop_transaction?wait=10", json={})).json()
    assert stopped["ok"] is True


async def variables(client: httpx.AsyncClient) -> None:
    """Read all, write some: what is refused is told by name."""
    name = "OCPPCommCtrlr.HeartbeatInterval"

    async def value() -> Any:
        entries = (await client.get("/api/v1/variables")).json()
        return {entry["name"]: entry["value"] for entry in entries}.get(name)

    before = await value()
    written = await client.patch("/api/v1/variables", json={name: "123"})
    assert written.json()["ok"] is True
    assert await value() == "123"
    mixed = await client.patch("/api/v1/variables", json={name: "124", "NoSuchThing": "1"})
    assert mixed.status_code == 422
    assert list(mixed.json()["errors"]) == ["NoSuchThing"]
    assert await value() == "124"
    assert (await client.patch("/api/v1/variables", json={name: None})).json()["ok"] is True
    assert await value() == before
    secret = [entry for entry in (await client.get("/api/v1/variables")).json() if "Password" in entry["name"]]
    assert all(entry["value"] is None for entry in secret)


async def events(client: httpx.AsyncClient) -> None:
    """A stream that breaks is resumed behind the last event seen; `wire` only for those who ask."""
    async with client.stream("GET", "/api/v1/events", params={"types": "connector_status,wire"}) as stream:
        await client.post("/api/v1/commands/heartbeat", json={})
        heard = await first_events(stream.aiter_lines(), 2)
        assert [made["event"] for made in heard] == ["wire", "wire"]
        assert heard[0]["data"]["action"] == "Heartbeat"
    async with client.stream("GET", "/api/v1/events") as stream:
        await client.post("/api/v1/commands/fault", json={})
        (first,) = await first_events(stream.aiter_lines(), 1)
        assert first["event"] == "connector_status" and first["data"]["status"] == "Faulted"
    await client.post("/api/v1/commands/clear_fault?wait=5", json={})
    async with client.stream("GET", "/api/v1/events", headers={"Last-Event-ID": first["id"]}) as stream:
        (missed,) = await first_events(stream.aiter_lines(), 1)
        assert missed["data"]["previousStatus"] == "Faulted"
    assert (await client.get("/api/v1/events", params={"types": "weather"})).status_code == 400


async def refusals(client: httpx.AsyncClient) -> None:
    """Pages of other sites and names that were made to point here."""
    for headers in ({"Host": "evil.example"}, {"Origin": "http://evil.example"}):
        for path in ("/api/v1/status", "/healthz", "/"):
            assert (await client.get(path, headers=headers)).status_code == 403
    assert (await client.get("/nowhere")).status_code == 404
    assert (await client.get("/api/v1/commands/tap")).status_code == 405
    broken = await client.post("/api/v1/commands/tap", content=b"{")
    assert broken.status_code == 400


def test_a_token(tmp_path: Path) -> None:
    async def scenario() -> None:
        (tmp_path / "token").write_text("a-long-secret-token\n")
        path = profile(tmp_path, "ws://127.0.0.1:9/", "{listen: 127.0.0.1:0, token: !file token}")
        async with StationProcess(tmp_path, path, "--json", "--offline") as cp:
            url = (await cp.event("ready"))["control"]
            async with httpx.AsyncClient(base_url=url, timeout=15, trust_env=False) as client:
                for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic YTpi"}):
                    refused = await client.get("/api/v1/status", headers=headers)
                    assert refused.status_code == 401 and refused.json()["hint"]
                right = {"Authorization": "Bearer a-long-secret-token"}
                assert (await client.get("/api/v1/status", headers=right)).json()["id"] == "CP-1"
            assert await cp.terminate() == 0

    asyncio.run(scenario())
