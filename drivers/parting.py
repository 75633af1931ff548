"""What a controller has to be told when nobody is left who drives it.

A pin can be opened by anybody; a controller at the end of a line goes on offering what it was told last. A driver that
knows bytes which withdraw its offer, whoever sends them, says so in ``Driver.parting``. Data; a script that runs after
a crash is made from it (``station install``).
"""

from __future__ import annotations

from dataclasses import dataclass

from drivers.serial_port import Parity


@dataclass(frozen=True, slots=True)
class Parting:
    """Bytes for a line.

    Attributes:
        port: a path, or ``tcp://host:port``.
        baud: of a path.
        parity: of a path.
        frames: sent one after the other; nobody waits for an answer.
        gap_s: silence before each of them.
    """

    port: str
    baud: int
    parity: Parity
    frames: tuple[bytes, ...]
    gap_s: float
