"""A card over UDP."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

from tests.support.pn532_chip import TypeA
from tests.support.udp_card import udp_card


@contextlib.contextmanager
def double() -> Iterator[Mapping[str, Any]]:
    """Options that reach it."""
    with udp_card() as field:
        field.put(TypeA("04A1B2C3D4E5F6"))
        yield {"device": field.address}
