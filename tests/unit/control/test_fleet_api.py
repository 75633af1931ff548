"""The HTTP face of a fleet, asked through its guard without sockets."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from station.config.secret import Secret
from station.control.fleet_api import FleetApi
from station.control.guard import Bound, Guard
from station.control.registry import COMMANDS
from tests.support.fake_fleet import FakeFleet

Scenario = Callable[[httpx.AsyncClient, FakeFleet], Awaitable[None]]
HOST = "http://127.0.0.1:8080"


def run(scenario: Scenario, *, token: str | None = None) -> None:
    async def inside() -> None:
        fleet = FakeFleet()
        api = FleetApi(fleet, token=token is not None)
        app = Guard(api.app, Bound("127.0.0.1", 8080), None if token is None else Secret(token))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=HOST) as client:
            await scenario(client, fleet)

    asyncio.run(inside())


def is_problem(response: httpx.Response, status: int) -> dict[str, Any]:
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert body["status"] == status
    assert body["detail"]
    assert body["hint"]
    assert body["ok"] is False
    return body


def test_the_fleet_is_steered() -> None:
    async def scenario(client: httpx.AsyncClient, fleet: FakeFleet) -> None:
        for word in ("pause", "resume", "stop"):
            assert (await client.post(f"/api/v1/fleet/{word}")).json() == {"ok": True, "data": {}}
        answer = await client.post("/api/v1/fleet/scale", json={"stations": 20, "ramp": "10s"})
        assert answer.json() == {"ok": True, "data": {"stations": 20, "ramp_s": 10.0}}
        wish = {"do": "blackout", "share": "20%", "for": "30s"}
        answer = await client.post("/api/v1/fleet/inject", json=wish)
        assert answer.json() == {"ok": True, "data": {"event": "blackout"}}
        assert fleet.done == [("pause",), ("resume",), ("stop",), ("scale", 20, 10.0), ("inject", wish)]

    run(scenario)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("scale", {}),
        ("scale", {"stations": "20"}),
        ("scale", {"stations": -1}),
        ("scale", {"stations": True}),
        ("scale", {"stations": 5, "ramp": "5W"}),
        ("scale", {"stations": 5, "ramp": "5"}),
        ("scale", {"stations": 5, "ramp": -1}),
        ("scale", {"stations": 5, "ramp": []}),
        ("scale", {"stations": 5, "rampe": 1}),
        ("scale", [1]),
        ("inject", "blackout"),
    ],
)
def test_what_makes_no_sense_is_a_problem(path: str, body: Any) -> None:
    async def scenario(client: httpx.AsyncClient, fleet: FakeFleet) -> None:
        is_problem(await client.post(f"/api/v1/fleet/{path}", json=body), 400)
        assert fleet.done == []

    run(scenario)


def test_what_the_fleet_refuses_is_a_problem_with_its_hint() -> None:
    async def scenario(client: httpx.AsyncClient, fleet: FakeFleet) -> None:
        fleet.refusals["scale"] = "this fleet has 250 stations at most"
        body = is_problem(await client.post("/api/v1/fleet/scale", json={"stations": 900}), 400)
        assert (body["detail"], body["hint"]) == ("this fleet has 250 stations at most", "wait")

    run(scenario)


def test_figures_health_and_paths() -> None:
    async def scenario(client: httpx.AsyncClient, fleet: FakeFleet) -> None:
        assert (await client.get("/api/v1/fleet")).json() == {"stations": 250}
        metrics = await client.get("/metrics")
        assert metrics.text == "station_fleet_up 1\n"
        assert metrics.headers["content-type"].startswith("text/plain; version=0.0.4")
        assert (await client.get("/healthz")).json() == {"ok": True}
        is_problem(await client.get("/api/v1/status"), 404)
        is_problem(await client.get("/api/v1/fleet/pause"), 405)

    run(scenario)


def test_stations_are_listed_page_by_page() -> None:
    async def scenario(client: httpx.AsyncClient, fleet: FakeFleet) -> None:
        first = (await client.get("/api/v1/stations")).json()
        assert (first["total"], first["offset"], len(first["stations"])) == (250, 0, 100)
        last = (await client.get("/api/v1/stations?offset=248&limit=10")).json()
        assert [one["id"] for one in last["stations"]] == ["LT-00249", "LT-00250"]
        for query in ("limit=0", "limit=1001", "limit=x", "offset=-1", "offset=1e3"):
            is_problem(await client.get(f"/api/v1/stations?{query}"), 400)

    run(scenario)


def test_a_station_is_commanded_as_on_its_own_face() -> None:
    async def scenario(client: httpx.AsyncClient, fleet: FakeFleet) -> None:
        assert (await client.get("/api/v1/stations/LT-00017")).json() == {"id": "LT-00017", "online": True}
        tap = "/api/v1/stations/LT-00017/commands/tap"
        answer = await client.post(f"{tap}?wait=5", json={"tagId": "A"})
        assert answer.json() == {"ok": True, "data": {"result": "USED_TO_START"}}
        assert fleet.done[-1] == ("tap", "LT-00017", {"tagId": "A", "tokenType": "ISO14443", "timeout": 30})
        fleet.slow_s = 0.5
        assert (await client.post(tap, json={"tagId": "A"})).json() == {"ok": True, "data": {}}
        answer = await client.post(f"{tap}?wait=0.01", json={"tagId": "A"})
        assert answer.json() == {"ok": False, "error": "tap did not come about within 0.01 s"}
        fleet.slow_s = 0.0
        fleet.refusals["unplug"] = "no car"
        answer = await client.post("/api/v1/stations/LT-00017/commands/unplug")
        assert (answer.status_code, answer.json()) == (200, {"ok": False, "error": "no car"})
        answer = await client.post("/api/v1/stations/LT-00017/commands/heartbeat?wait=1")
        assert answer.json()["ok"] is False
        is_problem(await client.post("/api/v1/stations/LT-00017/commands/tapp", json={}), 404)
        assert "tagId" in is_problem(await client.post(tap, json={}), 400)["detail"]
        is_problem(await client.post(tap, content=b"{"), 400)
        body = is_problem(await client.post("/api/v1/stations/LT-99999/commands/tap", json={"tagId": "A"}), 404)
        assert body["hint"] == "GET /api/v1/stations lists them"
        is_problem(await client.get("/api/v1/stations/LT-99999"), 404)

    run(scenario)


def test_guarded_as_a_station_s_face() -> None:
    async def scenario(client: httpx.AsyncClient, fleet: FakeFleet) -> None:
        is_problem(await client.post("/api/v1/fleet/stop"), 401)
        bearer = {"Authorization": "Bearer secret"}
        is_problem(await client.post("/api/v1/fleet/stop", headers={**bearer, "Host": "evil.example"}), 403)
        is_problem(await client.post("/api/v1/fleet/stop", headers={**bearer, "Origin": "http://evil.example"}), 403)
        assert fleet.done == []
        assert (await client.post("/api/v1/fleet/stop", headers=bearer)).json()["ok"] is True

    run(scenario, token="secret")


def test_openapi_names_every_path_and_command() -> None:
    async def scenario(client: httpx.AsyncClient, fleet: FakeFleet) -> None:
        document = (await client.get("/openapi.json")).json()
        paths = document["paths"]
        assert {f"/api/v1/fleet/{word}" for word in ("pause", "resume", "scale", "inject", "stop")} <= set(paths)
        for name in COMMANDS:
            described = paths[f"/api/v1/stations/{{id}}/commands/{name}"]["post"]
            assert [param["name"] for param in described["parameters"]] == ["id", "wait"]

    run(scenario)
