"""An ACR122U with a card on it, on a USB that is none."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

from tests.support.acr122u_usb import acr122u
from tests.support.pn532_chip import TypeA


@contextlib.contextmanager
def double() -> Iterator[Mapping[str, Any]]:
    """Options that reach it."""
    with acr122u() as reader:
        reader.chip.put(TypeA("04A1B2C3D4E5F6"))
        yield {"device": "usb:072f:2200"}
