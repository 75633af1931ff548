"""An OpenEVSE controller on a pseudo-terminal."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

from tests.support.openevse import FakeOpenEvse
from tests.support.serial_line import serial_line


@contextlib.contextmanager
def double() -> Iterator[Mapping[str, Any]]:
    with serial_line() as line:
        line.serve(FakeOpenEvse().respond)
        yield {"port": line.path}
