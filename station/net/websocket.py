"""One WebSocket connection as an ``asyncio.Protocol``.

No task, no thread: the loop calls ``data_received``, the listener is called back. ``station.net.dial`` makes the socket
and waits for the upgrade (``upgrade``); afterwards this object is the ``Connection`` that the host holds.

Whole texts go in and out without the library (``framing``). Everything else of RFC 6455 (fragments, control frames,
extensions, faults, closing) is the library's sans-I/O ``Protocol``, which is there only while it is needed: from the
first byte that is no whole text until it stands between two messages again. Here are bounds and time-outs.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from types import GeneratorType
from typing import cast

from websockets.exceptions import ProtocolError
from websockets.frames import Close, CloseCode, Frame, Opcode
from websockets.protocol import Protocol, Side, State
from websockets.streams import StreamReader
from websockets.uri import WebSocketURI

from station.net import explain
from station.net.api import Closer, CloseReason, Listener, Target
from station.net.errors import DialFailed
from station.net.framing import FINAL_PING, FINAL_TEXT, masked, whole_text
from station.net.tls import verified_chain
from station.net.upgrade import Opening, frames_log

log = logging.getLogger("station.net")

_CLOSE_TIMEOUT_S = 5.0
_NOT_READ = "the peer has stopped reading"
"""How long a peer may take for the closing handshake and for closing its side of TCP."""


class WebSocketConnection(asyncio.Protocol):
    """A connection from its TCP connect (or TLS handshake) to its end; see ``api.Connection`` for the public methods.

    Args:
        target: where it goes.
        uri: ``target.url``, parsed.
        listener: hears messages from ``begin`` on.
        loop: the running loop.
    """

    __slots__ = (
        "_begun",
        "_closed",
        "_deaf",
        "_early",
        "_ended_by",
        "_is_text",
        "_listener",
        "_loop",
        "_max_size",
        "_max_unsent",
        "_opening",
        "_parts",
        "_pings",
        "_reason",
        "_timer",
        "_transport",
        "_ws",
        "subprotocol",
    )

    def __init__(self, target: Target, uri: WebSocketURI, listener: Listener, loop: asyncio.AbstractEventLoop) -> None:
        self._listener = listener
        self._loop = loop
        self._max_size = target.max_size
        self._max_unsent = target.max_unsent
        self._transport: asyncio.Transport | None = None
        self._opening: Opening | None = Opening(target, uri, loop.create_future())
        self._ws: Protocol | None = None
        self._parts: bytearray | None = None
        self._is_text = True
        self._pings = 0
        self._begun = False
        self._closed = False
        self._deaf = False  # what still comes is not for the listener
        self._early = b""  # what came before it listens
        self._ended_by: Closer | None = None
        self._reason = ""
        self._timer: asyncio.TimerHandle | None = None
        self.subprotocol = ""
        """What the server chose among the offered."""

    # What the host calls.

    @property
    def is_open(self) -> bool:
        """Whether ``send`` still has an effect."""
        if self._ws is None:
            return self._transport is not None and self._ended_by is None and self._opening is None
        return self._ws.state is State.OPEN and self._ended_by is None and self._transport is not None

    def verified_by(self) -> tuple[bytes, ...]:
        """The verified chain of the server's certificate."""
        found = self._transport.get_extra_info("ssl_object") if self._transport is not None else None
        return verified_chain(found) if found is not None else ()

    def hand_over(self, listener: Listener) -> None:
        """Let another listener hear from now on."""
        self._listener = listener

    def send(self, text: str) -> None:
        """Send a text message; lone surrogates, which UTF-8 does not have, become question marks."""
        transport = self._transport
        if self._ws is None and transport is not None and self._ended_by is None and self._opening is None:
            transport.write(masked(FINAL_TEXT, text.encode("utf-8", "replace")))
            if transport.get_write_buffer_size() > self._max_unsent:
                self._cut(Closer.LOST, _NOT_READ)
        elif self.is_open and self._ws is not None:
            self._ws.send_text(text.encode("utf-8", "replace"))
            self._flush()

    def ping(self) -> None:
        """Send a ping that only its own answer matches."""
        if self.is_open:
            self._pings += 1
            self._write(masked(FINAL_PING, self._pings.to_bytes(8, "big")))

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Begin the closing handshake."""
        if not self.is_open:
            return
        reason = reason.encode("utf-8", "replace")[:123].decode("utf-8", "ignore")
        try:
            Close(code, reason).check()
        except ProtocolError:
            code = int(CloseCode.NORMAL_CLOSURE)
        self._library().send_close(code, reason)
        self._ended_by = Closer.US
        self._flush()

    def abort(self) -> None:
        """Cut."""
        self._cut(Closer.US, "cut here")

    # What ``dial`` calls.

    @property
    def has_transport(self) -> bool:
        """Whether the loop has taken the socket over."""
        return self._transport is not None

    def abandon(self) -> None:
        """The dial has failed: nobody waits for the answer any more."""
        if self._opening is not None:
            self._opening.abandon()
        if self._timer is None:
            self._cut(Closer.LOST, "abandoned")

    async def upgraded(self) -> None:
        """Wait for the answer to the upgrade.

        Raises:
            DialFailed: there is none, or it is not the one we need; the connection is closed or about to be.
        """
        assert self._opening is not None
        await self._opening.answered
        self.subprotocol = self._opening.subprotocol
        self._opening = None

    def begin(self) -> None:
        """Let the listener hear: first what came together with the answer to the upgrade."""
        self._begun = True
        if self._ws is not None:
            self._flush()
            self._process_events()
        early, self._early = self._early, b""
        self.data_received(early)
        if self._transport is None:
            self._tell_closed()

    # What the loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """TCP (and TLS) are there: ask for the upgrade."""
        self._transport = cast(asyncio.Transport, transport)
        if self._opening is not None:
            self._transport.write(self._opening.request())

    def data_received(self, data: bytes) -> None:
        """Bytes from the peer."""
        at = 0
        # Whole texts are nearly all that ever comes; the rest is the library's business.
        while self._begun and self._ws is None and not self._deaf:
            found = whole_text(data, at, self._max_size)
            if found is None:
                break
            text, at = found
            try:
                self._listener.text(text)
            except Exception:
                log.exception("the listener's text failed")
            if at == len(data):
                return
        if at:
            data = data[at:]
        if not data or self._deaf:
            return
        if self._begun:
            self._feed(data)
        elif self._opening is not None and not self._opening.accepted:
            self._open(self._opening, data)
        else:
            self._early += data

    def eof_received(self) -> bool | None:
        """The peer closed its side: whatever the state, nothing more will come, so ours is closed too."""
        if (self._opening is None or self._opening.accepted) and not self._closed:
            early, self._early = self._early, b""
            if early:
                self._feed(early)
            self._library().receive_eof()
            self._flush()
        return None

    def connection_lost(self, exc: Exception | None) -> None:
        """The socket is gone."""
        self._transport = None
        self._stop_timer()
        if self._opening is not None and not self._opening.answered.done():
            self._opening.fail(explain.broken_off(self._opening.url, exc))
        elif self._begun:
            self._tell_closed()

    # The upgrade.

    def _open(self, opening: Opening, data: bytes) -> None:
        try:
            rest = opening.take(data)
        except DialFailed as failure:
            self._deaf = True
            self._ws = opening.client
            opening.fail(failure)
            if self._ws is not None:
                self._flush()  # a close frame that says why
            elif self._transport is not None:
                self._transport.abort()
            return
        if rest is None:
            return
        self._ws, self._early = opening.client, rest
        if not opening.answered.done():
            opening.answered.set_result(None)

    # The open connection.

    def _library(self) -> Protocol:
        """The library's side of the open connection, which takes over from here on."""
        if self._ws is None:
            self._ws = Protocol(Side.CLIENT, state=State.OPEN, max_size=self._max_size, logger=frames_log)
        return self._ws

    def _feed(self, data: bytes) -> None:
        try:
            self._library().receive_data(data)
        except EOFError:
            return  # bytes after the peer's end of stream
        self._flush()
        if self._begun:
            self._process_events()

    def _process_events(self) -> None:
        ws = self._ws
        if ws is None:
            return
        for event in ws.events_received():
            if self._deaf:
                return
            if isinstance(event, Frame):
                self._process_frame(event)
        if _stands_between_messages(ws):
            self._ws = None

    def _process_frame(self, frame: Frame) -> None:
        match frame.opcode:
            case Opcode.TEXT | Opcode.BINARY:
                self._is_text = frame.opcode is Opcode.TEXT
                if frame.fin:
                    self._deliver(bytes(frame.data))
                else:
                    self._parts = bytearray(frame.data)
            case Opcode.CONT:
                if self._parts is not None:
                    self._parts += frame.data
                    if frame.fin:
                        whole, self._parts = self._parts, None
                        self._deliver(bytes(whole))
            case Opcode.PONG:
                if self._pings and bytes(frame.data) == self._pings.to_bytes(8, "big"):
                    self._call("pong", self._listener.pong)
            case _:
                pass  # pings and closes are answered by the library

    def _deliver(self, data: bytes) -> None:
        listener = self._listener
        if not self._is_text:
            self._call("binary", lambda: listener.binary(data))
            return
        try:
            text = data.decode()
        except UnicodeDecodeError:
            self._library().fail(CloseCode.INVALID_DATA, "text is not UTF-8")
            self._deaf = True
            self._flush()
            return
        self._call("text", lambda: listener.text(text))

    @staticmethod
    def _call(name: str, call: Callable[[], None]) -> None:
        try:
            call()
        except Exception:
            log.exception("the listener's %s failed", name)

    def _write(self, data: bytes) -> None:
        """Write within bounds."""
        transport = self._transport
        if transport is not None:
            transport.write(data)
            if transport.get_write_buffer_size() > self._max_unsent:
                self._cut(Closer.LOST, _NOT_READ)

    def _flush(self) -> None:
        """Write what the library has to say, and set the timer once the end has begun."""
        ws, transport = self._ws, self._transport
        if transport is None or ws is None:
            return
        for data in ws.data_to_send():
            if data:
                self._write(data)
            elif transport.can_write_eof():
                transport.write_eof()
        if self._timer is None and ws.close_expected():
            self._timer = self._loop.call_later(_CLOSE_TIMEOUT_S, self._close_timed_out)

    def _close_timed_out(self) -> None:
        self._timer = None
        if self._transport is not None:
            self._transport.abort()

    def _cut(self, by: Closer, reason: str) -> None:
        if self._transport is not None:
            if self._ended_by is None:
                self._ended_by, self._reason = by, reason
            self._deaf = True
            self._transport.abort()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _tell_closed(self) -> None:
        if not self._closed:
            self._closed = True
            reason, listener = self._end(), self._listener
            self._call("closed", lambda: listener.closed(reason))

    def _end(self) -> CloseReason:
        ws = self._ws
        if self._reason:
            return CloseReason(self._ended_by or Closer.LOST, int(CloseCode.ABNORMAL_CLOSURE), self._reason)
        if ws is not None and ws.close_rcvd is not None and ws.close_rcvd_then_sent is not False:
            return CloseReason(Closer.PEER, ws.close_rcvd.code, ws.close_rcvd.reason)
        if ws is not None and ws.close_sent is not None:
            return CloseReason(Closer.US, ws.close_sent.code, ws.close_sent.reason)
        return CloseReason(Closer.LOST, int(CloseCode.ABNORMAL_CLOSURE), "the connection broke off")


def _stands_between_messages(ws: Protocol) -> bool:
    """Whether the library remembers nothing: no extension, no part of a message, no part of a frame, no close.

    Its parser waits in ``at_eof`` for the first byte of a frame, and only there.
    """
    if ws.state is not State.OPEN or ws.extensions or ws.current_size is not None:
        return False
    waits = ws.parser.gi_yieldfrom if isinstance(ws.parser, GeneratorType) else None
    return isinstance(waits, GeneratorType) and waits.gi_code is StreamReader.at_eof.__code__
