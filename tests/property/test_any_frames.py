"""Whatever a peer sends, cut anywhere: the short way for whole texts is heard and answered as the library alone is."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from station.net import websocket
from station.net.websocket import WebSocketConnection
from tests.support.listeners import Heard
from tests.support.pure_connection import Pipe, open_connection
from tests.support.servers import frame

MAX_SIZE = 400


@pytest.fixture(scope="module")
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    made = asyncio.new_event_loop()
    yield made
    made.close()


PAYLOADS = st.one_of(
    st.text(max_size=40).map(lambda text: text.encode("utf-8", "replace")),
    st.binary(max_size=20),
    st.integers(0, MAX_SIZE + 2).map(lambda size: b"x" * size),
)
FRAMES = st.one_of(
    PAYLOADS.map(lambda data: frame(1, data)),
    st.tuples(st.sampled_from((0, 1, 2, 3, 8, 9, 10)), PAYLOADS, st.booleans()).map(
        lambda made: frame(made[0], made[1], fin=made[2])
    ),
    # A length in more bytes than it needs, a mask, a length beyond everything, noise.
    PAYLOADS.map(lambda data: b"\x81\x7e" + len(data).to_bytes(2, "big") + data),
    PAYLOADS.map(lambda data: b"\x81\x7f" + len(data).to_bytes(8, "big") + data),
    PAYLOADS.map(lambda data: b"\x81\x84" + data),
    st.just(b"\x81\x7f\xff\xff\xff\xff\xff\xff\xff\xff"),
    st.binary(max_size=8),
    st.just((1).to_bytes(8, "big")).map(lambda data: frame(10, data)),
)
STREAMS = st.lists(FRAMES, max_size=6).map(b"".join)


def run(loop: asyncio.AbstractEventLoop, pieces: list[bytes]) -> tuple[Heard, Pipe, list[tuple[int, bytes]]]:
    connection, pipe, heard = open_connection(loop, WebSocketConnection, max_size=MAX_SIZE)
    connection.ping()
    for piece in pieces:
        connection.data_received(piece)
    connection.send("still there")
    connection.eof_received()
    connection.connection_lost(None)
    return heard, pipe, pipe.frames()


@given(stream=STREAMS, cuts=st.lists(st.integers(0, 600), max_size=4))
def test_the_short_way_is_that_of_the_library(loop: asyncio.AbstractEventLoop, stream: bytes, cuts: list[int]) -> None:
    places = [0, *sorted(cut for cut in cuts if cut < len(stream)), len(stream)]
    pieces = [stream[begin:end] for begin, end in itertools.pairwise(places) if begin < end]
    heard, pipe, written = run(loop, pieces)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(websocket, "_stands_between_messages", lambda _: False)
        patch.setattr(websocket, "whole_text", lambda *_: None)  # every byte goes through the library
        reference, reference_pipe, reference_written = run(loop, pieces)
    assert (heard.texts, heard.binaries, heard.pongs) == (reference.texts, reference.binaries, reference.pongs)
    assert heard.ends == reference.ends
    assert written == reference_written
    assert pipe.ends == reference_pipe.ends


@given(texts=st.lists(st.text(max_size=300), max_size=5), cuts=st.lists(st.integers(0, 1500), max_size=6))
def test_texts_are_heard_however_they_are_cut(
    loop: asyncio.AbstractEventLoop, texts: list[str], cuts: list[int]
) -> None:
    stream = b"".join(frame(1, text.encode("utf-8", "replace")) for text in texts)
    connection, pipe, heard = open_connection(loop)
    places = [0, *sorted(cut for cut in cuts if cut < len(stream)), len(stream)]
    for begin, end in itertools.pairwise(places):
        connection.data_received(stream[begin:end])
    assert heard.texts == [text.encode("utf-8", "replace").decode() for text in texts]
    assert pipe.written == b""


@given(text=st.one_of(st.text(), st.integers(0, 70_000).map(lambda size: "x" * size)))
def test_what_is_sent_is_one_masked_frame(loop: asyncio.AbstractEventLoop, text: str) -> None:
    connection, pipe, _ = open_connection(loop)
    connection.send(text)
    connection.send(text)
    assert pipe.written[: len(pipe.written) // 2] != pipe.written[len(pipe.written) // 2 :], "each has its own mask"
    assert pipe.frames() == [(1, text.encode("utf-8", "replace"))] * 2
