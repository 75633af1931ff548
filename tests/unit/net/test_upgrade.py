"""The answer to an upgrade: what is taken without the library is what the library takes, however it is written."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.client import ClientProtocol
from websockets.protocol import State
from websockets.typing import Subprotocol
from websockets.uri import parse_uri

from station.net import BasicAuth, Closer, DialFailed, FailureKind, Target
from station.net.upgrade import Opening, plainly_accepted
from station.net.websocket import WebSocketConnection
from tests.support.listeners import Heard
from tests.support.pure_connection import URL, Pipe, grant, open_connection
from tests.support.servers import frame

URI = parse_uri("ws://csms.example:8080/ocpp/CP-1?token=x")
OFFERED = ("ocpp2.0.1", "ocpp1.6")


@pytest.fixture(scope="module")
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    made = asyncio.new_event_loop()
    yield made
    made.close()


def opening(loop: asyncio.AbstractEventLoop, **options: object) -> Opening:
    target = Target("ws://csms.example:8080/ocpp/CP-1?token=x", OFFERED, **options)  # type: ignore[arg-type]
    return Opening(target, URI, loop.create_future())


def test_the_request_is_that_of_rfc_6455(loop: asyncio.AbstractEventLoop) -> None:
    made = opening(loop, basic_auth=BasicAuth("CP-1", "pass:word"), compression=True)
    first, *lines = made.request().decode().split("\r\n")
    assert first == "GET /ocpp/CP-1?token=x HTTP/1.1"
    assert lines[-2:] == ["", ""]
    headers = dict(line.split(": ", 1) for line in lines[:-2])
    assert len(base64.b64decode(headers.pop("Sec-WebSocket-Key"))) == 16
    assert headers.pop("Sec-WebSocket-Extensions").startswith("permessage-deflate; ")
    assert headers == {
        "Host": "csms.example:8080",
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Protocol": "ocpp2.0.1, ocpp1.6",
        "Authorization": "Basic " + base64.b64encode(b"CP-1:pass:word").decode(),
    }


def test_each_upgrade_has_its_own_key(loop: asyncio.AbstractEventLoop) -> None:
    assert opening(loop).request() != opening(loop).request()


@pytest.mark.parametrize("cut", [1, 20, 100])
def test_what_comes_with_the_answer_is_handed_on(loop: asyncio.AbstractEventLoop, cut: int) -> None:
    made = opening(loop)
    answer = grant(made.request()) + b"more"
    assert made.take(answer[:cut]) is None
    assert made.take(answer[cut:]) == b"more"
    assert (made.accepted, made.subprotocol, made.client) == (True, "ocpp1.6", None)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"Upgrade: websocket", b"UPGRADE:\tWebSocket "),
        (b"Connection: Upgrade", b"Connection: keep-alive, Upgrade"),
        (b"\r\nUpgrade", b"\r\nServer: nginx/1.25 (\xfc)\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nUpgrade"),
    ],
)
def test_an_odder_answer_is_taken_too(loop: asyncio.AbstractEventLoop, old: bytes, new: bytes) -> None:
    made = opening(loop)
    assert made.take(grant(made.request()).replace(old, new, 1)) == b""
    assert made.subprotocol == "ocpp1.6"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"Sec-WebSocket-Accept: ", b"Sec-WebSocket-Accept: x"),
        (b"Upgrade: websocket", b"Upgrade: h2c"),
        (b"Connection: Upgrade", b"Connection: close"),
        (b"\r\nUpgrade", b"\r\nSec-WebSocket-Extensions: permessage-deflate\r\nUpgrade"),
        (b"HTTP/1.1", b"HTTP/1.0"),
    ],
)
def test_a_broken_answer_is_refused(loop: asyncio.AbstractEventLoop, old: bytes, new: bytes) -> None:
    made = opening(loop)
    with pytest.raises(DialFailed) as caught:
        made.take(grant(made.request()).replace(old, new, 1))
    assert caught.value.kind is FailureKind.NOT_WEBSOCKET
    assert not made.accepted


KEY = base64.b64encode(b"k" * 16)
ACCEPT = base64.b64encode(hashlib.sha1(KEY + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
LINES = st.one_of(
    st.sampled_from(
        [
            b"Upgrade: websocket",
            b"upgrade: WebSocket",
            b"Upgrade: websocket, h2c",
            b"Connection: Upgrade",
            b"connection:upgrade",
            b"Connection: keep-alive, Upgrade",
            b"Sec-WebSocket-Accept: " + ACCEPT,
            b"Sec-WebSocket-Accept: AAAA",
            b"Sec-WebSocket-Protocol: ocpp1.6",
            b"Sec-WebSocket-Protocol: ocpp2.0.1",
            b"Sec-WebSocket-Protocol: ocpp1.6, ocpp2.0.1",
            b"Sec-WebSocket-Extensions: permessage-deflate",
            b"Content-Length: 0",
            b"Transfer-Encoding: chunked",
            b"",
        ]
    ),
    st.tuples(st.binary(max_size=6), st.binary(max_size=6)).map(b": ".join),
)
GRANTED = [
    b"Upgrade: websocket",
    b"Connection: Upgrade",
    b"Sec-WebSocket-Accept: " + ACCEPT,
    b"Sec-WebSocket-Protocol: ocpp1.6",
]


@given(
    status=st.sampled_from([b"HTTP/1.1 101 Switching Protocols", b"HTTP/1.1 101 ", b"HTTP/1.1 101", b"HTTP/1.0 101 x"]),
    lines=st.one_of(st.lists(LINES, max_size=6), st.permutations(GRANTED)),
    more=st.lists(LINES, max_size=2),
)
def test_whatever_is_taken_plainly_the_library_takes(status: bytes, lines: list[bytes], more: list[bytes]) -> None:
    head = b"\r\n".join((status, *lines, *more, b"", b""))
    head = head[: head.find(b"\r\n\r\n") + 4]
    chosen = plainly_accepted(head, KEY, OFFERED)
    library = ClientProtocol(URI, subprotocols=[Subprotocol(name) for name in OFFERED])
    library.key = KEY.decode()
    library.receive_data(head)
    if chosen is not None:
        assert (library.state, library.subprotocol, library.extensions) == (State.OPEN, chosen, [])
    elif lines in (GRANTED, GRANTED[::-1]) and not more and status.endswith(b"Protocols"):
        pytest.fail("the plainest of all answers went the long way")


def test_between_messages_nothing_of_the_library_is_held(loop: asyncio.AbstractEventLoop) -> None:
    """A ping, a fragment or half a frame needs the library; afterwards thousands of idle connections keep none."""
    connection, pipe, heard = open_connection(loop)
    assert connection._ws is None
    half = frame(1, b"whole")
    for data in (frame(9, b"ping"), frame(1, b"a", fin=False), frame(0, b"b"), half[:3], half[3:]):
        connection.data_received(data)
    assert heard.texts == ["ab", "whole"]
    assert pipe.frames() == [(10, b"ping")]
    assert connection._ws is None


@pytest.mark.parametrize("parts", [[b""], [frame(1, b"one")], [frame(1, b"one")[:2], frame(1, b"one")[2:]]])
@pytest.mark.parametrize("ending", ["", "close", "eof"])
def test_what_comes_before_anybody_listens_is_kept(
    loop: asyncio.AbstractEventLoop, parts: list[bytes], ending: str
) -> None:
    pipe, heard = Pipe(), Heard()
    connection = WebSocketConnection(Target(URL, ("ocpp1.6",)), parse_uri(URL), heard, loop)
    connection.connection_made(pipe)  # type: ignore[arg-type]
    connection.data_received(grant(pipe.written) + parts[0])
    pipe.written = b""
    for part in (*parts[1:], frame(9, b"ping"), frame(8, b"\x03\xe8bye") if ending == "close" else b""):
        connection.data_received(part)
    if ending:
        connection.eof_received()
        connection.connection_lost(None)
    loop.run_until_complete(connection.upgraded())
    assert (heard.texts, heard.ends) == ([], [])
    connection.begin()
    assert heard.texts == (["one"] if parts[0] else [])
    assert [end.by for end in heard.ends] == {"": [], "close": [Closer.PEER], "eof": [Closer.LOST]}[ending]
    assert (10, b"ping") in pipe.frames()
