"""A PN532 with a card on it, on a pseudo-terminal."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

from tests.support.pn532_chip import TypeA, pn532_line


@contextlib.contextmanager
def double() -> Iterator[Mapping[str, Any]]:
    """Options that reach it."""
    with pn532_line() as (chip, line):
        chip.put(TypeA("04A1B2C3D4E5F6"))
        yield {"device": line.path}
