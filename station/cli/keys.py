"""Single keys on a terminal: plug, tap, fault, offline, quit. Each is a command of the registry.

Where the standard input is no terminal, or belongs to another job, there are no keys.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import termios
import tty
from collections.abc import Callable, Mapping
from typing import Any, Final

from station.control.commandable import Commandable, CommandRefused
from station.control.perform import begin

CARD: Final = "04A1B2C3D4E5F6"
"""The card that [t] shows."""

_QUIT: Final = frozenset("q\x03\x04")


class Keys:
    """Keys while a station runs.

    Args:
        commandable: what the keys command.
        quit_: called for [q].
        say: told in one line what a key could not do.
    """

    def __init__(
        self, commandable: Commandable, quit_: Callable[[], None], say: Callable[[str], None], *, fd: int = 0
    ) -> None:
        self._commandable = commandable
        self._quit = quit_
        self._say = say
        self._fd = fd
        self._connector = 1
        self._offline = False
        self._before: list[Any] | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self) -> bool:
        """Read keys from now on, in the running loop. False: there are none here."""
        if not _foreground(self._fd):
            return False
        try:
            self._before = termios.tcgetattr(self._fd)
            tty.setcbreak(self._fd, termios.TCSANOW)
        except termios.error:
            return False
        atexit.register(self.stop)
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._fd, self._read)
        return True

    def stop(self) -> None:
        """Give the terminal back as it was. Idempotent."""
        if self._before is None:
            return
        before, self._before = self._before, None
        atexit.unregister(self.stop)
        if not self._loop.is_closed():
            self._loop.remove_reader(self._fd)
        try:
            termios.tcsetattr(self._fd, termios.TCSANOW, before)
        except termios.error:
            return

    def press(self, key: str) -> None:
        """What a key does; unknown keys do nothing.

        1 to 9 choose the connector for the keys that follow, and for the card that waits for a choice.
        """
        if key in _QUIT:
            self._quit()
        elif key in "123456789":
            self._choose(int(key))
        elif key == "p":
            self._do("unplug" if self._evse().get("plugged") else "plug_in", {"connector": self._connector})
        elif key == "t":
            self._do("tap", {"tagId": CARD, "connector": self._connector})
        elif key == "f":
            self._do("clear_fault" if self._evse().get("faults") else "fault", {"connector": self._connector})
        elif key == "o":
            self._do("come_online" if self._offline else "go_offline", {})
            self._offline = not self._offline

    def _read(self) -> None:
        try:
            data = os.read(self._fd, 64)
        except OSError:
            data = b""
        if not data:
            self.stop()
        for key in data.decode("ascii", "ignore"):
            self.press(key)

    def _choose(self, connector: int) -> None:
        if any(evse.get("connector") == connector for evse in self._commandable.status().get("evses") or []):
            self._connector = connector
            self._say(f" keys: connector {connector}")
            # Where no card waits for a choice, it is refused, and then it was meant for the keys only.
            self._do("select_evse", {"connector": connector}, silent=True)

    def _evse(self) -> Mapping[str, Any]:
        evses = self._commandable.status().get("evses") or []
        return next((evse for evse in evses if evse.get("connector") == self._connector), {})

    def _do(self, command: str, params: Mapping[str, Any], *, silent: bool = False) -> None:
        try:
            begun = begin(self._commandable, command, params)
        except CommandRefused as error:
            if not silent:
                self._say(f" x {error.message}")
            return

        async def tell() -> None:
            answer = await begun.within()
            if not answer["ok"] and not silent:
                self._say(f" x {answer['error']}")

        task = self._loop.create_task(tell())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _foreground(fd: int) -> bool:
    """Whether a terminal is there and listens to us: changing it from a background job would stop the process."""
    try:
        return os.isatty(fd) and os.tcgetpgrp(fd) == os.getpgrp()
    except OSError:
        return False
