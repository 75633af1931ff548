"""The control face as a reader: cards come by ``tap``, over HTTP, the control lines or the command line.

A profile names it where only programs show cards, and to give it EVSEs of its own: ``{driver: http, evses: [1]}``. The
host subscribes, as to the keyboard; ``tap`` works without it, too.

| function | support | remarks |
|---|---|---|
| UID | yes | text of hex digits is also given as bytes |
| text token | yes | exactly as shown |
| loss of the reader | yes | ``set_fault("lost")``, the command ``reader_fault`` |
"""

from __future__ import annotations

from dataclasses import dataclass

from drivers.readers.keyboard import KeyboardReader
from drivers.registry import Driver


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpOptions:
    """Nothing to choose: where the control face listens is said under ``control``."""


class HttpReader(KeyboardReader):
    """See the module; ``show`` presents a card."""

    __slots__ = ()


DRIVER = Driver(part="reader", name="http", options=HttpOptions, open=HttpReader)
