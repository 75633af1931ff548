"""An open connection over real sockets, with peers of all manners."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from station.net import Closer, CloseReason, Connection, Target, dial
from tests.support.listeners import Heard
from tests.support.servers import LOOPS, frame, raw_server, read_frame, run, upgrade

pytestmark = pytest.mark.parametrize("loop", list(LOOPS))
Peer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
Client = Callable[[Connection, Heard], Awaitable[None]]


def meet(
    loop: str, peer: Peer, client: Client, *, more: bytes = b"", heard: Heard | None = None, **options: Any
) -> Heard:
    """Connect to a raw server that goes on as ``peer`` after its upgrade, and run ``client``."""

    async def main() -> Heard:
        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await upgrade(reader, writer, more=more)
            await peer(reader, writer)

        listener = heard or Heard()
        async with raw_server(handle) as port:
            connection = await dial(Target(f"ws://127.0.0.1:{port}/CP-1", ("ocpp1.6",), **options), listener)
            await client(connection, listener)
        return listener

    return run(loop, main())


async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


def test_what_comes_with_the_upgrade_is_heard_after_the_dial(loop: str) -> None:
    async def client(connection: Connection, heard: Heard) -> None:
        assert heard.texts == []
        await heard.wait(texts=2)

    assert meet(loop, listen, client, more=frame(1, b"one") + frame(1, b"two")).texts == ["one", "two"]


def test_a_close_that_comes_with_the_upgrade_is_heard_after_the_dial(loop: str) -> None:
    async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async def client(connection: Connection, heard: Heard) -> None:
        await heard.wait(texts=1, end=True)

    heard = meet(loop, peer, client, more=frame(1, b"one") + frame(8, b"\x03\xf0unknown station"))
    assert heard.ends == [CloseReason(Closer.PEER, 1008, "unknown station")]


def test_fragments_are_joined_and_controls_go_between(loop: str) -> None:
    answers: list[tuple[int, bytes]] = []

    async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        text = "grün".encode()
        writer.write(frame(1, text[:3], fin=False) + frame(0, b"", fin=False) + frame(9, b"ping"))
        writer.write(frame(0, text[3:]) + frame(2, b"\x00", fin=False) + frame(0, b"\x01"))
        answers.append(await read_frame(reader))
        await reader.read()

    async def client(connection: Connection, heard: Heard) -> None:
        await heard.wait(texts=1, binaries=1)
        while not answers:
            await asyncio.sleep(0.002)

    heard = meet(loop, peer, client)
    assert (heard.texts, heard.binaries) == (["grün"], [b"\x00\x01"])
    assert answers == [(10, b"ping")]


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (frame(1, b"x" * 1001), 1009),
        (frame(1, b"x" * 600, fin=False) + frame(0, b"x" * 600), 1009),
        (frame(1, b"\xff\xfe"), 1007),
        (frame(1, b"\xc3", fin=False) + frame(0, b"x"), 1007),
        (frame(0, b"lost"), 1002),
        (frame(3, b"reserved"), 1002),
        (frame(1, b"a", fin=False) + frame(1, b"b"), 1002),
        (frame(9, b"x" * 126), 1002),
        (b"\x81\x84\x00\x00\x00\x00data", 1002),
        (b"\xff" * 20, 1002),
    ],
)
def test_a_broken_protocol_is_closed_with_its_code(loop: str, sent: bytes, code: int) -> None:
    answers: list[tuple[int, bytes]] = []

    async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(frame(1, b"first") + sent + frame(1, b"never heard"))
        answers.append(await read_frame(reader))
        writer.close()

    async def client(connection: Connection, heard: Heard) -> None:
        await heard.wait(end=True)

    heard = meet(loop, peer, client, max_size=1000)
    assert heard.texts == ["first"]
    assert answers[0][0] == 8
    assert int.from_bytes(answers[0][1][:2], "big") == code
    assert [(end.by, end.code) for end in heard.ends] == [(Closer.US, code)]


@pytest.mark.parametrize(
    ("payload", "expected"),
    [(b"\x03\xf0policy", (1008, "policy")), (b"", (1005, "")), (b"\x0f\xa0", (4000, ""))],
)
def test_the_peers_close_is_answered(loop: str, payload: bytes, expected: tuple[int, str]) -> None:
    answers: list[tuple[int, bytes]] = []

    async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(frame(8, payload))
        answers.append(await read_frame(reader))
        writer.close()

    async def client(connection: Connection, heard: Heard) -> None:
        await heard.wait(end=True)
        connection.send("into the void")
        connection.ping()
        connection.close()
        connection.abort()

    heard = meet(loop, peer, client)
    assert answers == [(8, payload)]
    assert heard.ends == [CloseReason(Closer.PEER, *expected)]


def test_a_bare_tcp_close_is_a_loss(loop: str) -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async def half_close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write_eof()
        await reader.read()

    async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()

    async def client(connection: Connection, heard: Heard) -> None:
        await heard.wait(end=True)

    for peer in (hang_up, half_close, reset):
        assert [(end.by, end.code) for end in meet(loop, peer, client).ends] == [(Closer.LOST, 1006)]


def test_an_abort_sends_no_close_frame_and_hears_nothing_more(loop: str) -> None:
    rest: list[bytes] = []

    async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        rest.append(await reader.read())

    async def client(connection: Connection, heard: Heard) -> None:
        connection.abort()
        connection.abort()
        assert not connection.is_open
        connection.send("nothing")
        await heard.wait(end=True)
        while not rest:
            await asyncio.sleep(0.002)

    heard = meet(loop, peer, client, more=frame(1, b"too early to be heard"))
    assert [(end.by, end.code) for end in heard.ends] == [(Closer.US, 1006)]
    assert (rest, heard.texts) == ([b""], [])


def test_a_peer_that_ignores_a_close_is_cut(loop: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("station.net.websocket._CLOSE_TIMEOUT_S", 0.1)

    async def client(connection: Connection, heard: Heard) -> None:
        connection.close(999, "no such code")
        await heard.wait(end=True)

    async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(60)

    assert [(end.by, end.code) for end in meet(loop, peer, client).ends] == [(Closer.US, 1000)]


def test_a_peer_that_stops_reading_is_cut(loop: str) -> None:
    async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(60)

    async def client(connection: Connection, heard: Heard) -> None:
        sent = 0
        while connection.is_open:
            connection.send("x" * 10_000)
            sent += 1
            assert sent < 10_000, "the buffer must not grow without a bound"
            await asyncio.sleep(0)
        await heard.wait(end=True)

    heard = meet(loop, peer, client, max_unsent=100_000)
    assert heard.ends == [CloseReason(Closer.LOST, 1006, "the peer has stopped reading")]


def test_a_listener_that_falls_over_hears_the_next_message(loop: str, caplog: pytest.LogCaptureFixture) -> None:
    async def client(connection: Connection, heard: Heard) -> None:
        await heard.wait(texts=2)
        assert connection.is_open

    heard = meet(loop, listen, client, more=frame(1, b"bad") + frame(1, b"good"), heard=Heard(fail_on="bad"))
    assert heard.texts == ["bad", "good"]
    assert "listener's text failed" in caplog.text


def test_only_the_answer_to_our_ping_is_a_pong(loop: str) -> None:
    async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(frame(10, b"") + frame(10, b"unasked"))
        opcode, payload = await read_frame(reader)
        assert opcode == 9
        writer.write(frame(10, payload) + frame(1, b"done"))
        await reader.read()

    async def client(connection: Connection, heard: Heard) -> None:
        connection.ping()
        await heard.wait(texts=1)

    assert meet(loop, peer, client).pongs == 1


def test_text_that_utf8_does_not_have_is_replaced(loop: str) -> None:
    frames: list[tuple[int, bytes]] = []

    async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        frames.append(await read_frame(reader))
        await reader.read()

    async def client(connection: Connection, heard: Heard) -> None:
        connection.send("a\ud800b")
        while not frames:
            await asyncio.sleep(0.002)

    meet(loop, peer, client)
    assert frames == [(1, b"a?b")]
