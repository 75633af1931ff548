"""`/metrics` in the text format of Prometheus, written by hand, and the lag of the event loop.

Station ids are never labels. Called by the HTTP face.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any, Final

from station import __version__

MEDIA_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

_EVERY_S: Final = 0.25
_WINDOW: Final = 60
"""Samples kept: a scrape each fifteen seconds misses nothing."""


class LoopLag:
    """Measures how late the event loop runs what is due. Start it in the running loop."""

    def __init__(self) -> None:
        self._samples: deque[float] = deque([0.0], maxlen=_WINDOW)
        self._handle: asyncio.TimerHandle | None = None
        self._due = 0.0

    @property
    def max_s(self) -> float:
        """The greatest lag of the last fifteen seconds, in seconds."""
        return max(self._samples)

    def start(self) -> None:
        """Measure from now on."""
        self._loop = asyncio.get_running_loop()
        self._again()

    def stop(self) -> None:
        """Measure no more."""
        if self._handle is not None:
            self._handle.cancel()

    def _again(self) -> None:
        self._due = self._loop.time() + _EVERY_S
        self._handle = self._loop.call_at(self._due, self._sample)

    def _sample(self) -> None:
        self._samples.append(max(0.0, self._loop.time() - self._due))
        self._again()


_STATION: Final = (
    ("station_online", "online", "whether the connection to the CSMS stands"),
    ("station_queue", "queue", "transaction messages and security events not yet answered"),
)
_EVSE: Final = (
    ("station_evse_plugged", "plugged", "whether a car is connected"),
    ("station_evse_power_watts", "power_w", "power drawn"),
    ("station_evse_energy_watthours", "meter_wh", "register of the meter"),
    ("station_evse_limit_amperes", "limit_a", "current offered at most"),
)
_READER: Final = (
    ("station_reader_lost", "lost", "whether the card reader is gone"),
    ("station_reader_losses", "losses", "times it was gone or hung since the start"),
    ("station_reader_errors", "errors", "polls that were disturbed and overcome since the start"),
    ("station_reader_cards", "cards", "cards presented since the start"),
)


def render(status: Mapping[str, Any], loop_lag_s: float) -> str:
    """The metrics as text.

    Args:
        status: as docs/control.md has it; what is missing or null is left out.
        loop_lag_s: of `LoopLag`.
    """
    lines = [
        *_metric("station_info", "the program", [(f'{{version="{__version__}"}}', 1)]),
        *_metric("station_loop_lag_seconds", "greatest lag of the event loop of late", [("", loop_lag_s)]),
    ]
    for name, key, doc in _STATION:
        lines += _metric(name, doc, [("", status.get(key))])
    boot = status.get("boot")
    lines += _metric("station_boot_accepted", "whether the CSMS accepted the boot", [("", boot == "Accepted")])
    evses = [evse for evse in status.get("evses") or [] if isinstance(evse, Mapping)]
    for name, key, doc in _EVSE:
        lines += _metric(name, doc, [(_labels(evse), evse.get(key)) for evse in evses])
    faults = [(_labels(evse), len(evse.get("faults") or [])) for evse in evses]
    running = [(_labels(evse), evse.get("transaction") is not None) for evse in evses]
    lines += _metric("station_evse_faults", "faults that stand", faults)
    lines += _metric("station_evse_transaction", "whether a transaction runs", running)
    readers = [reader for reader in status.get("readers") or [] if isinstance(reader, Mapping)]
    for name, key, doc in _READER:
        lines += _metric(name, doc, [(_reader_label(reader), reader.get(key)) for reader in readers])
    return "\n".join(lines) + "\n"


def _labels(evse: Mapping[str, Any]) -> str:
    return f'{{evse="{evse.get("evse")}",connector="{evse.get("connector")}"}}'


def _reader_label(reader: Mapping[str, Any]) -> str:
    name = str(reader.get("reader")).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'{{reader="{name}"}}'


def _metric(name: str, doc: str, samples: Iterable[tuple[str, Any]]) -> list[str]:
    values = [(labels, value) for labels, value in samples if isinstance(value, bool | int | float)]
    if not values:
        return []
    head = [f"# HELP {name} {doc}", f"# TYPE {name} gauge"]
    return head + [f"{name}{labels} {float(value):.10g}" for labels, value in values]
