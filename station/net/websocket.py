"""One WebSocket connection as an ``asyncio.Protocol`` around the sans-I/O client of ``websockets``.

No task, no thread: the loop calls ``data_received``, the listener is called back. ``station.net.dial`` makes the socket
and waits for the upgrade; afterwards this object is the ``Connection`` that the host holds. RFC 6455 itself (framing,
masking, control frames, closing) is the library's; here are bounds, time-outs and the upgrade's judgement.
"""

from __future__ import annotations

import asyncio
import base64
import logging
import re
from collections.abc import Callable
from typing import cast

from websockets.client import ClientProtocol
from websockets.datastructures import Headers
from websockets.exceptions import ProtocolError
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory
from websockets.frames import Close, CloseCode, Frame, Opcode
from websockets.http11 import Response
from websockets.protocol import State
from websockets.typing import Subprotocol
from websockets.uri import WebSocketURI

from station.net import explain
from station.net.api import BasicAuth, Closer, CloseReason, Listener, Target
from station.net.errors import DialFailed
from station.net.tls import verified_chain

log = logging.getLogger("station.net")

_frames_log = logging.getLogger("station.net.frames")
# The library logs whole messages and the Authorization header at DEBUG; our own wire log masks them.
_frames_log.setLevel(logging.WARNING)

_LONGEST_HEAD = 16 * 1024
"""Bytes of the answer to the upgrade."""
_CLOSE_TIMEOUT_S = 5.0
"""How long a peer may take for the closing handshake and for closing its side of TCP."""
_DEFLATE = (
    ClientPerMessageDeflateFactory(
        server_max_window_bits=12, client_max_window_bits=12, compress_settings={"memLevel": 5}
    ),
)
_STATUS_LINE = re.compile(rb"HTTP/\d\.\d (\d{3})(?=[ \r])")
_LOCATION = re.compile(rb"^location:[ \t]*([^\r\n]*)", re.IGNORECASE | re.MULTILINE)


class _Client(ClientProtocol):
    """The library's client; it leaves the judgement of the subprotocol to us and keeps no headers."""

    def process_subprotocol(self, headers: Headers) -> Subprotocol | None:
        """Whatever the server chose: a wrong choice is answered with a close frame rather than a cut."""
        chosen = headers.get_all("Sec-WebSocket-Protocol")
        return Subprotocol(", ".join(chosen)) if chosen else None

    def process_response(self, response: Response) -> None:
        """Judge the upgrade, then drop the headers: the parser holds the response as long as the connection lives."""
        super().process_response(response)
        response.headers.clear()


class WebSocketConnection(asyncio.Protocol):
    """A connection from its TCP connect (or TLS handshake) to its end; see ``api.Connection`` for the public methods.

    Args:
        target: where it goes.
        uri: ``target.url``, parsed.
        listener: hears messages from ``begin`` on.
        loop: the running loop.
    """

    __slots__ = (
        "_answered",
        "_begun",
        "_closed",
        "_deaf",
        "_ended_by",
        "_head",
        "_is_text",
        "_listener",
        "_loop",
        "_parts",
        "_pings",
        "_reason",
        "_target",
        "_timer",
        "_transport",
        "_ws",
    )

    def __init__(self, target: Target, uri: WebSocketURI, listener: Listener, loop: asyncio.AbstractEventLoop) -> None:
        self._target = target
        self._listener = listener
        self._loop = loop
        self._transport: asyncio.Transport | None = None
        self._answered: asyncio.Future[None] | None = loop.create_future()
        self._head: bytearray | None = bytearray()
        self._parts: bytearray | None = None
        self._is_text = True
        self._pings = 0
        self._begun = False
        self._closed = False
        self._deaf = False  # what still comes is not for the listener
        self._ended_by: Closer | None = None
        self._reason = ""
        self._timer: asyncio.TimerHandle | None = None
        self._ws = _Client(
            uri,
            subprotocols=[Subprotocol(name) for name in target.subprotocols],
            extensions=_DEFLATE if target.compression else None,
            max_size=target.max_size,
            logger=_frames_log,
        )

    # What the host calls.

    @property
    def subprotocol(self) -> str:
        """What the server chose among the offered."""
        return self._ws.subprotocol or ""

    @property
    def is_open(self) -> bool:
        """Whether ``send`` still has an effect."""
        return self._ws.state is State.OPEN and self._ended_by is None and self._transport is not None

    def verified_by(self) -> tuple[bytes, ...]:
        """The verified chain of the server's certificate."""
        found = self._transport.get_extra_info("ssl_object") if self._transport is not None else None
        return verified_chain(found) if found is not None else ()

    def send(self, text: str) -> None:
        """Send a text message; lone surrogates, which UTF-8 does not have, become question marks."""
        if self.is_open:
            self._ws.send_text(text.encode("utf-8", "replace"))
            self._flush()

    def ping(self) -> None:
        """Send a ping that only its own answer matches."""
        if self.is_open:
            self._pings += 1
            self._ws.send_ping(self._pings.to_bytes(8, "big"))
            self._flush()

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Begin the closing handshake."""
        if not self.is_open:
            return
        reason = reason.encode("utf-8", "replace")[:123].decode("utf-8", "ignore")
        try:
            Close(code, reason).check()
        except ProtocolError:
            code = int(CloseCode.NORMAL_CLOSURE)
        self._ws.send_close(code, reason)
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
        answered, self._answered = self._answered, None
        if answered is not None and not answered.cancel() and not answered.cancelled():
            answered.exception()  # asyncio logs one that nobody looks at
        if self._timer is None:
            self._cut(Closer.LOST, "abandoned")

    async def upgraded(self) -> None:
        """Wait for the answer to the upgrade.

        Raises:
            DialFailed: there is none, or it is not the one we need; the connection is closed or about to be.
        """
        assert self._answered is not None
        await self._answered
        self._answered = None

    def begin(self) -> None:
        """Let the listener hear: first what came together with the answer to the upgrade."""
        self._begun = True
        self._process_events()
        if self._transport is None:
            self._tell_closed()

    # What the loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """TCP (and TLS) are there: ask for the upgrade."""
        self._transport = cast(asyncio.Transport, transport)
        request = self._ws.connect()
        # Credentials in the URL are the target's business, not the library's.
        request.headers.pop("Authorization", None)
        if self._target.basic_auth is not None:
            request.headers["Authorization"] = _basic(self._target.basic_auth)
        self._ws.send_request(request)
        self._flush()

    def data_received(self, data: bytes) -> None:
        """Bytes from the peer."""
        if self._deaf:
            return
        if self._head is not None:
            self._head += data
            self._judge_head()
            return
        self._feed(data)

    def eof_received(self) -> bool | None:
        """The peer closed its side: whatever the state, nothing more will come, so ours is closed too."""
        if self._head is None and not self._closed:
            self._ws.receive_eof()
            self._flush()
        return None

    def connection_lost(self, exc: Exception | None) -> None:
        """The socket is gone."""
        self._transport = None
        self._stop_timer()
        if self._answered is not None and not self._answered.done():
            self._fail(explain.broken_off(self._target.url, exc))
        elif self._begun:
            self._tell_closed()

    # The upgrade.

    def _judge_head(self) -> None:
        """Look at the answer's head as soon as it is complete; a body is never waited for."""
        head = self._head
        assert head is not None
        url = self._target.url
        line_end = head.find(b"\r\n")
        status = _STATUS_LINE.match(head) if line_end >= 0 else None
        if not head.startswith(b"HTTP/"[: len(head)]) or (line_end >= 0 and status is None):
            self._fail(explain.not_http(url, bytes(head[:16])))
            return
        end = head.find(b"\r\n\r\n")
        if end < 0 or end > _LONGEST_HEAD:
            if len(head) > _LONGEST_HEAD:
                self._fail(explain.bad_upgrade(url, f"more than {_LONGEST_HEAD} bytes of headers"))
            return
        assert status is not None
        if status[1] != b"101":
            found = _LOCATION.search(head, 0, end)
            location = found[1].decode("latin-1").strip() if found else None
            has_password = self._target.basic_auth is not None
            self._fail(explain.http_answer(url, int(status[1]), location, has_password=has_password))
            return
        self._head = None
        self._feed(bytes(head))

    def _conclude_upgrade(self) -> None:
        url, offered = self._target.url, self._target.subprotocols
        if self._ws.handshake_exc is not None:
            self._fail(explain.bad_upgrade(url, str(self._ws.handshake_exc)))
        elif self._ws.state is State.CONNECTING:
            return
        elif self._ws.subprotocol not in offered:
            failure = explain.wrong_subprotocol(url, offered, self._ws.subprotocol)
            if self._ws.state is State.OPEN:
                self._ws.send_close(CloseCode.PROTOCOL_ERROR, "subprotocol")
                self._flush()
            self._fail(failure, cut=False)
        elif self._answered is not None:
            self._answered.set_result(None)

    def _fail(self, failure: DialFailed, *, cut: bool = True) -> None:
        if self._answered is not None and not self._answered.done():
            self._answered.set_exception(failure)
        self._deaf = True
        if cut and self._transport is not None:
            self._transport.abort()

    # The open connection.

    def _feed(self, data: bytes) -> None:
        try:
            self._ws.receive_data(data)
        except EOFError:
            return  # bytes after the peer's end of stream
        self._flush()
        if self._answered is not None and not self._answered.done():
            self._conclude_upgrade()
        if self._begun:
            self._process_events()

    def _process_events(self) -> None:
        for event in self._ws.events_received():
            if self._deaf:
                return
            if isinstance(event, Frame):
                self._process_frame(event)

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
            self._ws.fail(CloseCode.INVALID_DATA, "text is not UTF-8")
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

    def _flush(self) -> None:
        """Write what the library has to say, watch the bounds, and set the timer once the end has begun."""
        transport = self._transport
        if transport is None:
            return
        for data in self._ws.data_to_send():
            if data:
                transport.write(data)
            elif transport.can_write_eof():
                transport.write_eof()
        if transport.get_write_buffer_size() > self._target.max_unsent:
            self._cut(Closer.LOST, "the peer has stopped reading")
        elif self._timer is None and self._ws.close_expected():
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
        sent, received = self._ws.close_sent, self._ws.close_rcvd
        if self._reason:
            return CloseReason(self._ended_by or Closer.LOST, int(CloseCode.ABNORMAL_CLOSURE), self._reason)
        if received is not None and self._ws.close_rcvd_then_sent is not False:
            return CloseReason(Closer.PEER, received.code, received.reason)
        if sent is not None:
            return CloseReason(Closer.US, sent.code, sent.reason)
        return CloseReason(Closer.LOST, int(CloseCode.ABNORMAL_CLOSURE), "the connection broke off")


def _basic(auth: BasicAuth) -> str:
    password = auth.password if isinstance(auth.password, bytes) else auth.password.encode()
    return "Basic " + base64.b64encode(auth.user.encode() + b":" + password).decode("ascii")
