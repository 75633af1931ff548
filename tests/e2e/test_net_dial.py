"""Dialling over real sockets: what works, and every way in which it does not."""

from __future__ import annotations

import asyncio
import base64
import socket
from http import HTTPStatus
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, basic_auth, serve
from websockets.http11 import Request, Response

from station.net import BasicAuth, Closer, DialFailed, FailureKind, Target, dial
from tests.support.listeners import Heard
from tests.support.pure_connection import grant
from tests.support.servers import LOOPS, Raw, frame, raw_server, read_frame, read_request, run, silence, upgrade

pytestmark = pytest.mark.parametrize("loop", list(LOOPS))
OFFER: Any = ("ocpp2.0.1", "ocpp1.6")


async def echo(connection: ServerConnection) -> None:
    async for message in connection:
        await connection.send(message)


def target(port: int, host: str = "127.0.0.1", **options: Any) -> Target:
    return Target(f"ws://{host}:{port}/ocpp/CP-1", OFFER, **({"open_timeout_s": 5.0} | options))


def dial_raw(loop: str, handle: Raw, **options: Any) -> DialFailed:
    async def main() -> DialFailed:
        async with raw_server(handle) as port:
            with pytest.raises(DialFailed) as caught:
                await dial(target(port, **options), Heard())
            return caught.value

    return run(loop, main())


def says(answer: bytes, *, hold: bool = True) -> Raw:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(answer)
        await writer.drain()
        if hold:
            await asyncio.sleep(60)
        writer.close()

    return handle


@pytest.mark.parametrize(
    ("bind", "host"),
    [("127.0.0.1", "127.0.0.1"), ("::1", "[::1]"), ("localhost", "localhost"), ("127.0.0.1", "localhost")],
)
@pytest.mark.parametrize("compression", [False, True])
def test_a_connection_carries_messages_both_ways(loop: str, bind: str, host: str, compression: bool) -> None:
    async def main() -> None:
        heard = Heard()
        async with serve(echo, bind, 0, subprotocols=["ocpp1.6"]) as server:
            port = next(iter(server.sockets)).getsockname()[1]
            connection = await dial(target(port, host, compression=compression), heard)
            assert connection.subprotocol == "ocpp1.6"
            for text in ('[2,"1","Heartbeat",{}]', "ü" * 40_000, ""):
                connection.send(text)
            connection.ping()
            await heard.wait(texts=3, pongs=1)
            connection.close(1001, "going" + "ü" * 200)
            assert not connection.is_open
            await heard.wait(end=True)
        assert heard.texts == ['[2,"1","Heartbeat",{}]', "ü" * 40_000, ""]
        (end,) = heard.ends
        assert (end.by, end.code) == (Closer.US, 1001)

    try:
        run(loop, main())
    except OSError as exc:
        if bind == "::1":
            pytest.skip(f"no IPv6 here: {exc}")
        raise


def test_the_socket_is_kept_alive_and_does_not_delay(loop: str, monkeypatch: pytest.MonkeyPatch) -> None:
    options: list[tuple[int, int]] = []
    real = socket.socket.setsockopt

    def spy(self: socket.socket, level: int, name: int, *value: Any) -> None:
        options.append((level, name))
        real(self, level, name, *value)

    monkeypatch.setattr(socket.socket, "setsockopt", spy)
    assert dial_raw(loop, says(b"HTTP/1.1 404 Not Found\r\n\r\n")).http_status == 404
    assert (socket.IPPROTO_TCP, socket.TCP_NODELAY) in options
    assert (socket.SOL_SOCKET, socket.SO_KEEPALIVE) in options


@pytest.mark.spec("A00.FR.203", "A00.FR.302", "A00.FR.304")
@pytest.mark.parametrize("password", ["DEADBEEFDEADBEEF", "pässwörd-*:;=_-16", b"\x00\x01\xfe\xff"])
def test_basic_auth_is_sent_as_it_is(loop: str, password: str | bytes) -> None:
    async def main() -> None:
        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            requests.append(await upgrade(reader, writer))
            await reader.read()

        requests: list[str] = []
        async with raw_server(handle) as port:
            (await dial(target(port, basic_auth=BasicAuth("CP-1", password)), Heard())).abort()
        raw = password if isinstance(password, bytes) else password.encode()
        line = "Authorization: Basic " + base64.b64encode(b"CP-1:" + raw).decode()
        assert requests[0].count("Authorization") == 1
        assert line in requests[0]

    run(loop, main())


def test_credentials_in_the_url_become_basic_auth(loop: str) -> None:
    async def main() -> None:
        check = basic_auth(credentials=("CP 1", "s:cret"))
        async with serve(echo, "127.0.0.1", 0, subprotocols=["ocpp1.6"], process_request=check) as server:
            port = next(iter(server.sockets)).getsockname()[1]
            (await dial(target(port, "CP%201:s%3Acret@127.0.0.1"), Heard())).close()
            with pytest.raises(DialFailed, match="wants Basic Auth") as caught:
                await dial(target(port), Heard())
            assert caught.value.http_status == 401
            with pytest.raises(DialFailed, match="does not accept"):
                await dial(target(port, basic_auth=BasicAuth("CP 1", "wrong")), Heard())

    run(loop, main())


@pytest.mark.parametrize("status", [403, 404, 426, 500, 503])
def test_an_http_refusal_names_its_status(loop: str, status: int) -> None:
    async def main() -> None:
        def refuse(connection: ServerConnection, request: Request) -> Response:
            return connection.respond(HTTPStatus(status), "a text that nobody needs")

        async with serve(echo, "127.0.0.1", 0, process_request=refuse) as server:
            port = next(iter(server.sockets)).getsockname()[1]
            with pytest.raises(DialFailed, match=f"HTTP {status}") as caught:
                await dial(target(port), Heard())
            assert (caught.value.kind, caught.value.http_status) == (FailureKind.HTTP, status)

    run(loop, main())


def test_redirects_are_told_and_not_followed(loop: str) -> None:
    hits: list[int] = []

    async def elsewhere(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        hits.append(1)

    async def main() -> DialFailed:
        async with raw_server(elsewhere) as other:
            answer = b"HTTP/1.1 302 Found\r\nLocation: ws://127.0.0.1:%d/x\r\nContent-Length: 9\r\n\r\n" % other
            async with raw_server(says(answer)) as port:
                with pytest.raises(DialFailed) as caught:
                    await dial(target(port, basic_auth=BasicAuth("CP-1", "secret")), Heard())
                return caught.value

    failure = run(loop, main())
    assert failure.http_status == 302
    assert "/x; redirects are not followed" in failure.message
    assert hits == []


@pytest.mark.parametrize(
    ("chosen", "words"), [("", "chose none"), ("ocpp2.1", "'ocpp2.1' instead"), ("OCPP1.6", "instead")]
)
def test_a_subprotocol_that_was_not_offered_is_closed_with_1002(loop: str, chosen: str, words: str) -> None:
    async def main() -> None:
        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await upgrade(reader, writer, subprotocol=chosen, more=frame(1, b"early"))
            frames.append(await read_frame(reader))

        frames: list[tuple[int, bytes]] = []
        heard = Heard()
        async with raw_server(handle) as port:
            with pytest.raises(DialFailed, match=words) as caught:
                await dial(target(port), heard)
            assert caught.value.kind is FailureKind.SUBPROTOCOL
            async with asyncio.timeout(5):
                while not frames:
                    await asyncio.sleep(0.002)
        assert frames[0][0] == 8
        assert int.from_bytes(frames[0][1][:2], "big") == 1002
        assert (heard.texts, heard.ends) == ([], [])

    run(loop, main())


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (b"SSH-2.0-OpenSSH_9.2\r\n", FailureKind.NOT_WEBSOCKET, "no HTTP"),
        (b"\x00\xff\xfe garbage", FailureKind.NOT_WEBSOCKET, "no HTTP"),
        (b"\x15\x03\x01\x00\x02\x02\x46", FailureKind.NOT_WEBSOCKET, "speaks TLS"),
        (b"HTTP/1.1 banana\r\n\r\n", FailureKind.NOT_WEBSOCKET, "no HTTP"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n<html>", FailureKind.HTTP, "HTTP 200"),
        (b"HTTP/1.0 404 Not Found\r\n\r\n", FailureKind.HTTP, "HTTP 404"),
        (b"HTTP/1.1 101 OK\r\nX: " + b"x" * 20_000, FailureKind.NOT_WEBSOCKET, "bytes of headers"),
        (b"HTTP/1.1 101 OK\r\n" + b"X: y\r\n" * 9000, FailureKind.NOT_WEBSOCKET, "bytes of headers"),
        (b"HTTP/1.1 101 OK\r\n\r\n", FailureKind.NOT_WEBSOCKET, "broken WebSocket upgrade"),
        (
            b"HTTP/1.1 101 OK\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: d3JvbmcgYWNjZXB0IGtleQ==\r\n\r\n",
            FailureKind.NOT_WEBSOCKET,
            "Sec-WebSocket-Accept",
        ),
        (
            b"HTTP/1.1 101 OK\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Extensions: x\r\n\r\n",
            FailureKind.NOT_WEBSOCKET,
            "broken WebSocket upgrade",
        ),
    ],
)
def test_odd_answers_fail_at_once(loop: str, answer: bytes, kind: FailureKind, words: str) -> None:
    failure = dial_raw(loop, says(answer))
    assert failure.kind is kind
    assert words in failure.message


def test_a_server_that_hangs_up(loop: str) -> None:
    for answer in (b"", b"HTTP/1.1 101 Swit"):
        assert dial_raw(loop, says(answer, hold=False)).kind is FailureKind.LOST


def test_a_silent_server_ends_at_the_time_out(loop: str) -> None:
    failure = dial_raw(loop, silence, open_timeout_s=0.2)
    assert failure.kind is FailureKind.TIMEOUT
    assert "no answer to the upgrade request within 0.2 s" in failure.message


def test_a_server_that_drips_ends_at_the_time_out(loop: str) -> None:
    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for byte in b"HTTP/1.1 101 Switching Protocols":
            writer.write(bytes([byte]))
            await asyncio.sleep(0.05)

    assert dial_raw(loop, drip, open_timeout_s=0.3).kind is FailureKind.TIMEOUT


def test_the_stages_of_a_dial_are_told_with_their_times(loop: str) -> None:
    told: list[tuple[str, float]] = []

    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await read_request(reader)
        await asyncio.sleep(0.1)
        writer.write(grant(head.encode()))
        await asyncio.sleep(60)

    async def main() -> None:
        async with raw_server(slow) as port:
            connection = await dial(target(port), Heard(), stages=lambda *stage: told.append(stage))
            connection.abort()

    run(loop, main())
    assert [stage for stage, _ in told] == ["connect", "upgrade"]
    assert 0 <= told[0][1] < 0.1 <= told[1][1] < 1


def test_nobody_listens(loop: str) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        with pytest.raises(DialFailed) as caught:
            run(loop, dial(target(held.getsockname()[1]), Heard()))
    assert caught.value.kind is FailureKind.REFUSED
    assert caught.value.hint


def test_no_such_host(loop: str) -> None:
    with pytest.raises(DialFailed) as caught:
        run(loop, dial(target(80, "no-such-host.invalid"), Heard()))
    assert caught.value.kind is FailureKind.DNS


@pytest.mark.parametrize(
    "url",
    [
        "http://h/x",
        "ws://",
        "ws://h:99999/x",
        "ws://h/x y",
        "ws://h/x\r\nEvil: 1",
        "ws://[bad/x",
        "ws://id:secret@/x",
        "ws://id@h/x",
        "",
    ],
)
def test_a_url_that_cannot_be_dialled(loop: str, url: str) -> None:
    with pytest.raises(DialFailed) as caught:
        run(loop, dial(Target(url, OFFER), Heard()))
    assert caught.value.kind is FailureKind.URL
    assert "secret" not in caught.value.message
    assert "\n" not in caught.value.message


def test_a_cancelled_dial_leaves_nothing_open(loop: str) -> None:
    async def main() -> None:
        ended = asyncio.Event()

        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read()
            ended.set()

        async with raw_server(handle) as port:
            dialling = asyncio.create_task(dial(target(port), Heard()))
            await asyncio.sleep(0.1)
            dialling.cancel()
            with pytest.raises(asyncio.CancelledError):
                await dialling
            await asyncio.wait_for(ended.wait(), 5)

    run(loop, main())
