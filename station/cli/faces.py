"""Everything that a running station shows to the outside: HTTP, runtime file, control lines, JSON events, screen, keys.

`Faces` opens and closes them in the right order. It runs no station: whoever does calls `open` once the station can be
commanded, and `close` after its ordered stop.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from station.cli.keys import Keys
from station.cli.screen import Header, Screen
from station.cli.terminal import BackgroundWriter, Terminal, is_journal
from station.config import ControlConfig, Profile
from station.control.commandable import EVENT_TYPES, WIRE, Commandable, Event, make_event
from station.control.lines import ControlLines
from station.control.runtime_file import RuntimeFile
from station.control.writer import LineWriter
from station.host.options import RunOptions
from station.net.explain import plain_url

_log = logging.getLogger(__name__)

_REFRESH_S: Final = 1.0


class Faces:
    """See the module.

    Args:
        commandable: the station.
        options: of `station run`.
        request_stop: asks for the ordered stop; called for the end of the lines and [q].
    """

    def __init__(self, commandable: Commandable, options: RunOptions, request_stop: Callable[[], None]) -> None:
        self.control_url: str | None = None
        self._commandable = commandable
        self._options = options
        self._request_stop = request_stop
        self._stack = contextlib.AsyncExitStack()

    async def open(self, control: ControlConfig, header: Callable[[str | None], Header]) -> None:
        """Open what the profile and the flags ask for; nothing of what happens from now on is missed.

        Args:
            header: what the screen says first, given the address of the control face.

        Raises:
            ControlError: HTTP cannot be served as asked; everything is closed again.
        """
        try:
            if control.http:
                await self._open_http(control)
            self._write_runtime_file(control)
            if self._options.lines:
                self._open_lines()
            elif self._options.json:
                self._open_json()
            else:
                self._open_screen(header(self.control_url))
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Close all of it, the last opened first. Idempotent."""
        await self._stack.aclose()

    async def _open_http(self, control: ControlConfig) -> None:
        from station.control.server import serve

        host = f"[{control.host}]" if ":" in control.host else control.host
        server = await serve(self._commandable, f"{host}:{control.port}", control.token)
        self._stack.push_async_callback(server.stop)
        self.control_url = server.url

    def _write_runtime_file(self, control: ControlConfig) -> None:
        try:
            file = RuntimeFile(self._commandable.id, self.control_url, control.token)
        except OSError as error:
            # A station on a read-only system still charges.
            _log.warning("no runtime file: %s", error)
            return
        self._stack.callback(file.remove)

    def _open_lines(self) -> None:
        lines = ControlLines(self._commandable, self._request_stop, wire=self._options.wire)
        lines.start(self.control_url)
        self._stack.push_async_callback(lines.close)

    def _open_json(self) -> None:
        writer = LineWriter(sys.stdout.fileno())
        writer.write(make_event("ready", {"control": self.control_url}))
        types = EVENT_TYPES - {"ready"} | ({WIRE} if self._options.wire else set())
        self._stack.callback(writer.close)
        self._stack.callback(self._commandable.subscribe(writer.write, frozenset(types)))

    def _open_screen(self, header: Header) -> None:
        output = BackgroundWriter(sys.stdout.fileno())
        self._stack.callback(output.close)
        terminal = Terminal(in_place=self._options.interactive, write=output.write)
        self._stack.callback(lambda: terminal.progress([], time.monotonic()))
        keys = Keys(self._commandable, self._request_stop, lambda line: terminal.lines([line]))
        has_keys = self._options.interactive and keys.start()
        self._stack.callback(keys.stop)
        screen = Screen(wire=self._options.wire, keys=has_keys, masks=is_journal(sys.stdout.fileno()))
        early: list[Event] | None = []

        def begin() -> None:
            nonlocal early
            terminal.lines(screen.header(header, self._commandable.status()))
            events, early = early or [], None
            for event in events:
                # The header has shown the first status.
                if event["event"] != "connector_status":
                    terminal.lines(screen.event(event))

        def tell(event: Event) -> None:
            if early is None:
                terminal.lines(screen.event(event))
            else:
                early.append(event)

        self._stack.callback(self._commandable.subscribe(tell, EVENT_TYPES | {WIRE}))
        # The station is started as soon as the faces are open, and knows its connectors then.
        starting = asyncio.get_running_loop().call_soon(begin)
        self._stack.callback(starting.cancel)
        refreshing = asyncio.create_task(self._refresh(screen, terminal), name="screen")
        self._stack.callback(refreshing.cancel)

    async def _refresh(self, screen: Screen, terminal: Terminal) -> None:
        while True:
            await asyncio.sleep(_REFRESH_S)
            terminal.progress(screen.progress(self._commandable.status(), datetime.now(UTC)), time.monotonic())


def header_of(profile: Profile, options: RunOptions, csms_url: str | None, control_url: str | None) -> Header:
    """What the screen says first.

    Args:
        csms_url: where the embedded CSMS is; None: there is none.
        control_url: where the control face is; None: off.
    """
    embedded = profile.csms.mode == "embedded"
    security = profile.csms.security
    warnings = []
    if options.insecure or not security.check_chain:
        warnings.append("the certificate of the CSMS is not verified: neither chain nor host name (--insecure)")
    elif not security.check_host_name:
        warnings.append("the host name in the certificate of the CSMS is not verified (host_name: any)")
    versions = ", ".join(version.removeprefix("ocpp") for version in profile.csms.versions)
    return Header(
        csms="embedded" if embedded else "",
        url=csms_url if embedded or profile.station_url is None else plain_url(profile.station_url),
        remark="accepts every card" if embedded else "",
        versions="" if profile.csms.mode == "none" else f"OCPP {versions}",
        control=control_url,
        warnings=tuple(warnings),
    )
