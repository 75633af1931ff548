"""The HTTP face, asked through its guard without sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import pytest

from station.config.secret import Secret
from station.control.api import Api
from station.control.guard import MAX_BODY, Bound, Guard
from station.control.metrics import LoopLag
from station.control.registry import COMMANDS
from station.control.sse import EventLog
from tests.support.fake_commandable import FakeCommandable

Scenario = Callable[[httpx.AsyncClient, FakeCommandable], Awaitable[None]]
HOST = "http://127.0.0.1:8080"


def run(scenario: Scenario, *, token: str | None = None, bound: Bound | None = None) -> None:
    async def inside() -> None:
        station = FakeCommandable()
        api = Api(station, EventLog(station), LoopLag(), token=token is not None)
        app = Guard(api.app, bound or Bound("127.0.0.1", 8080), None if token is None else Secret(token))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=HOST) as client:
            await scenario(client, station)

    asyncio.run(inside())


def is_problem(response: httpx.Response, status: int) -> dict[str, Any]:
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert body["status"] == status
    assert body["title"]
    assert body["detail"]
    assert body["hint"]
    return body


def test_a_command_answers_as_a_line_does() -> None:
    async def scenario(client: httpx.AsyncClient, station: FakeCommandable) -> None:
        station.results["tap"] = {"result": "ACCEPTED"}
        answer = await client.post("/api/v1/commands/tap", json={"tagId": "A", "connector": 1})
        assert (answer.status_code, answer.json()) == (200, {"ok": True, "data": {"result": "ACCEPTED"}})
        assert station.executed[0][1] == {"tagId": "A", "connector": 1, "tokenType": "ISO14443", "timeout": 30}
        assert (await client.post("/api/v1/commands/connect")).json() == {"ok": True, "data": {}}
        station.refusals["unplug"] = "no such connector"
        answer = await client.post("/api/v1/commands/unplug", json={})
        assert (answer.status_code, answer.json()) == (200, {"ok": False, "error": "no such connector"})

    run(scenario)


def test_without_wait_what_is_known_at_once_with_wait_the_end() -> None:
    async def scenario(client: httpx.AsyncClient, station: FakeCommandable) -> None:
        station.stays_open.add("tap")
        answer = await client.post("/api/v1/commands/tap", json={"tagId": "A"})
        assert answer.json() == {"ok": True, "data": {"known": "now"}}
        waiting = asyncio.create_task(client.post("/api/v1/commands/tap?wait=10", json={"tagId": "A"}))
        while len(station.executed) < 2:
            await asyncio.sleep(0)
        station.finish("tap", {"result": "REJECTED"})
        assert (await waiting).json() == {"ok": True, "data": {"result": "REJECTED"}}
        answer = await client.post("/api/v1/commands/tap?wait=0.01", json={"tagId": "A"})
        assert answer.json() == {"ok": False, "error": "tap did not come about within 0.01 s"}
        assert not station.open_["tap"].cancelled()

    run(scenario)


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/api/v1/commands/tapp", b"{}", 404),
        ("POST", "/api/v1/commands/tap", b"{}", 400),
        ("POST", "/api/v1/commands/tap", b"{", 400),
        ("POST", "/api/v1/commands/tap", b"[]", 400),
        ("POST", "/api/v1/commands/tap", b'{"tagId": "A", "x": 1}', 400),
        ("POST", "/api/v1/commands/status?wait=x", b"{}", 400),
        ("POST", "/api/v1/commands/status?wait=nan", b"{}", 400),
        ("PATCH", "/api/v1/variables", b"", 400),
        ("GET", "/api/v1/events?types=tokens", b"", 400),
        ("GET", "/nothing", b"", 404),
        ("GET", "/docs", b"", 404),
        ("DELETE", "/api/v1/status", b"", 405),
        ("POST", "/api/v1/commands/status", b"x" * (MAX_BODY + 1), 413),
    ],
)
def test_errors_are_problems_with_a_hint(method: str, path: str, body: bytes, status: int) -> None:
    async def scenario(client: httpx.AsyncClient, _station: FakeCommandable) -> None:
        answer = is_problem(await client.request(method, path, content=body), status)
        assert answer["ok"] is False
        assert answer["error"] == answer["detail"]

    run(scenario)


def test_a_body_without_length_is_bounded_too() -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield b" " * (MAX_BODY // 20)

    async def scenario(client: httpx.AsyncClient, _station: FakeCommandable) -> None:
        is_problem(await client.post("/api/v1/commands/status", content=chunks()), 413)

    run(scenario)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example:8080"}, 403),
        ({"Host": "127.0.0.1.evil.example"}, 403),
        ({"Host": "192.168.0.7:8080"}, 403),
        ({"Host": "evil@localhost"}, 403),
        ({"Host": ""}, 403),
        ({"Host": "localhost:8080"}, 200),
        ({"Host": "LOCALHOST"}, 200),
        ({"Host": "[::1]:8080"}, 200),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://127.0.0.1:9999"}, 403),
        ({"Origin": "http://127.0.0.1:8080"}, 200),
    ],
)
def test_foreign_hosts_and_origins_are_refused(headers: dict[str, str], status: int) -> None:
    async def scenario(client: httpx.AsyncClient, _station: FakeCommandable) -> None:
        answer = await client.get("/api/v1/status", headers=headers)
        assert answer.status_code == status
        if status != 200:
            is_problem(answer, status)

    run(scenario)


def test_bound_to_every_address_literals_are_no_rebinding() -> None:
    bound = Bound("0.0.0.0", 8080)
    assert bound.knows("192.168.0.7:8080")
    assert bound.knows("localhost")
    assert not bound.knows("evil.example:8080")
    assert Bound("charger.lan", 1).knows("charger.lan:1")


def test_the_token_is_asked_for_everywhere() -> None:
    async def scenario(client: httpx.AsyncClient, _station: FakeCommandable) -> None:
        for path in ("/api/v1/status", "/metrics", "/openapi.json", "/api/v1/events", "/nothing"):
            answer = await client.get(path)
            is_problem(answer, 401)
            assert answer.headers["www-authenticate"].startswith("Bearer")
        for wrong in ("Bearer other", "Basic s3cret", "Bearer", "s3cret"):
            is_problem(await client.get("/api/v1/status", headers={"Authorization": wrong}), 401)
        good = {"Authorization": "Bearer s3cret"}
        assert (await client.get("/api/v1/status", headers=good)).status_code == 200
        assert "securitySchemes" in (await client.get("/openapi.json", headers=good)).json()["components"]

    run(scenario, token="s3cret")


def test_variables_are_listed_and_written() -> None:
    async def scenario(client: httpx.AsyncClient, station: FakeCommandable) -> None:
        assert (await client.get("/api/v1/variables")).json()[0]["name"] == "HeartbeatInterval"
        answer = await client.patch("/api/v1/variables", json={"HeartbeatInterval": 10, "Other": None})
        assert answer.json() == {"ok": True, "data": {"HeartbeatInterval": {}, "Other": {}}}
        assert [(name, params["key"], params.get("value")) for name, params in station.executed] == [
            ("set_config", "HeartbeatInterval", "10"),
            ("delete_config", "Other", None),
        ]
        station.refusals["set_config"] = "no such variable"
        body = is_problem(await client.patch("/api/v1/variables", json={"X": "1", "Y": []}), 422)
        assert body["errors"] == {"X": "no such variable", "Y": "value must be a text, not []"}

    run(scenario)


def test_status_metrics_and_health() -> None:
    async def scenario(client: httpx.AsyncClient, _station: FakeCommandable) -> None:
        assert (await client.get("/api/v1/status")).json()["evses"][0]["pilot"] == "C"
        assert (await client.get("/healthz")).json() == {"ok": True}
        metrics = await client.get("/metrics")
        assert metrics.headers["content-type"].startswith("text/plain; version=0.0.4")
        assert "station_loop_lag_seconds 0\n" in metrics.text
        assert 'station_evse_power_watts{evse="1",connector="1"} 10900\n' in metrics.text
        assert "CP-1" not in metrics.text

    run(scenario)


def test_openapi_names_every_command() -> None:
    async def scenario(client: httpx.AsyncClient, _station: FakeCommandable) -> None:
        document = (await client.get("/openapi.json")).json()
        assert document["openapi"].startswith("3.")
        for name in COMMANDS:
            assert f"/api/v1/commands/{name}" in document["paths"]
        tap = document["paths"]["/api/v1/commands/tap"]["post"]["requestBody"]
        assert tap["content"]["application/json"]["schema"]["required"] == ["tagId"]

    run(scenario)


def test_a_request_that_falls_over_is_a_problem_and_no_end() -> None:
    async def scenario(client: httpx.AsyncClient, station: FakeCommandable) -> None:
        def broken() -> dict[str, Any]:
            raise ZeroDivisionError

        station.status = broken  # type: ignore[method-assign]
        is_problem(await client.get("/api/v1/status"), 500)
        assert (await client.get("/healthz")).status_code == 200

    run(scenario)
