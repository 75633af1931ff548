"""A WebSocket client with no station behind it: how long a call takes on this machine, seen from elsewhere.

It sends a Heartbeat at fixed times from a thread of its own and times each from the moment when it was due to its
answer, so that it waits for a busy machine as often as a station's periodic value does.
"""

from __future__ import annotations

import statistics
import threading
import time
from typing import Self

from websockets.sync.client import connect


class PlainClient:
    """See the module.

    Args:
        url: of the CSMS, without an identity.
        every_s: between two Heartbeats.
    """

    def __init__(self, url: str, every_s: float) -> None:
        self._url = f"{url}/PLAIN"
        self._every_s = every_s
        self._times_s: list[float] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    @property
    def median_s(self) -> float:
        """Of the times so far; 0: there is none."""
        return statistics.median(self._times_s) if self._times_s else 0.0

    def _run(self) -> None:
        with connect(self._url, subprotocols=["ocpp1.6"], compression=None) as socket:  # type: ignore[list-item]
            due_s = time.monotonic()
            while not self._over.wait(max(0.0, due_s - time.monotonic())):
                socket.send('[2,"1","Heartbeat",{}]')
                socket.recv()
                now_s = time.monotonic()
                self._times_s.append(now_s - due_s)
                due_s = now_s + self._every_s
