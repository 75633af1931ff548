"""Ctrl-C and SIGTERM for verbs that run inside the test's own process.

    with interrupted(signal.SIGINT, after_s=0.3):
        CliRunner().invoke(...)

The time counts from the moment when the verb minds the signal, so a slow machine does not interrupt the test itself.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Iterator


@contextlib.contextmanager
def interrupted(number: signal.Signals, after_s: float) -> Iterator[None]:
    """Send this process a signal so long after somebody has begun to mind it; never otherwise."""

    def nobody(*_: object) -> None:
        return

    done = threading.Event()

    def send() -> None:
        while not done.wait(0.005):
            if signal.getsignal(number) is not nobody:
                if not done.wait(after_s):
                    os.kill(os.getpid(), number)
                return

    before = signal.signal(number, nobody)
    thread = threading.Thread(target=send, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
        signal.signal(number, before)
