"""What Ctrl-C and SIGTERM do where there is no fleet that could end in order: before it exists, and once all is said.

From the first line of the program until the loop of `station.cli.fleet` has the signals: a line, an exit code, and no
process left. The handlers end the process themselves: an exception would have to find its way through whatever is being
imported, waited for or taken down.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from types import FrameType
from typing import Final, NoReturn

from station.cli.exit_codes import ExitCode, error_json, error_text
from station.cli.signals import ordered_ends

_WORDS: Final = "interrupted before it began"
_HINT: Final = "the same again"
_helpers: set[int] = set()
"""Processes that work for the beginning, and have no use after it."""


def end_at_once(*, as_json: bool) -> None:
    """From now on a signal that ends programs says so, and ends this one with exit code 1.

    Args:
        as_json: it is said on the standard output, as JSON.
    """
    ours = os.getpid()
    line = error_json(_WORDS, _HINT) if as_json else error_text(_WORDS, _HINT)
    sink = (sys.stdout if as_json else sys.stderr).fileno()

    def end(_number: int, _frame: FrameType | None) -> NoReturn:
        if os.getpid() == ours:
            for helper in _helpers:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(helper, signal.SIGKILL)
            with contextlib.suppress(OSError):
                # Not by print: it may be in the middle of one.
                os.write(sink, f"{line}\n".encode())
        os._exit(ExitCode.FAILED)

    for number in ordered_ends():
        signal.signal(number, end)


def all_is_said(code: int) -> None:
    """From now on a signal changes nothing but that nobody is waited for: the process ends with this exit code."""

    def ignore() -> None:
        for number in ends:
            signal.signal(number, signal.SIG_IGN)

    ends = ordered_ends()
    for number in ends:
        signal.signal(number, lambda *_: os._exit(code))
    # Threads have ended by then. While its modules are taken down, the interpreter has no handlers but this one.
    atexit.register(ignore)


def die_silently() -> None:
    """In a process that works for another one: who is interrupted is that one."""
    for number in ordered_ends():
        signal.signal(number, signal.SIG_DFL)


@contextlib.contextmanager
def helped_by(process: int) -> Iterator[None]:
    """While it works for us, a process ends with us."""
    _helpers.add(process)
    try:
        yield
    finally:
        _helpers.discard(process)
