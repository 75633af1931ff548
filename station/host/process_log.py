"""The last warnings and errors that this process logged, for the file that a supporter asks for.

They are the process's, not a station's: a fleet's stations share them. Messages are kept as they were logged; of an
exception its type and where it came from, not its text, which may quote what somebody sent.
"""

from __future__ import annotations

import logging
import traceback
from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from station.clock import utc_text

_MOST: Final = 500
_MOST_TEXT: Final = 500
_FRAMES: Final = 5
_LOGGERS: Final = ("station", "drivers")


class ProcessLog(logging.Handler):
    """A handler that keeps lines; from whatever thread."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._lines: deque[str] = deque(maxlen=_MOST)

    def install(self) -> None:
        """Listen to our loggers; again is no error."""
        for name in _LOGGERS:
            logger = logging.getLogger(name)
            if self not in logger.handlers:
                logger.addHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        """See ``logging.Handler``."""
        try:
            when = utc_text(datetime.fromtimestamp(record.created, UTC))
            text = " ".join(record.getMessage().split())[:_MOST_TEXT]
            self._lines.append(f"{when} {record.levelname} {record.name}: {text}{_cause(record)}")
        except Exception:
            self.handleError(record)

    def lines(self, oldest: datetime | None = None, latest: datetime | None = None) -> Iterator[str]:
        """What is kept of a time, oldest first."""
        first = utc_text(oldest) if oldest is not None else ""
        last = utc_text(latest) if latest is not None else "~"
        for line in list(self._lines):
            if first <= line[: len(first)] and line[: len(last)] <= last:
                yield line


def _cause(record: logging.LogRecord) -> str:
    if not record.exc_info or record.exc_info[0] is None:
        return ""
    frames = traceback.extract_tb(record.exc_info[2])[-_FRAMES:]
    places = " < ".join(f"{frame.filename.rpartition('/')[2]}:{frame.lineno}" for frame in reversed(frames))
    return f" [{record.exc_info[0].__name__} at {places}]"


PROCESS_LOG: Final = ProcessLog()
"""One for a process, as its loggers are."""
