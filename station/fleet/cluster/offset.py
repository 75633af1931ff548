"""How far a worker's clock is from the coordinator's, from questions and answers (Cristian's algorithm). Pure.

The answer was written at some moment between question and arrival; the quicker the exchange, the less is unknown. Of
the last exchanges the quickest counts, so that a drifting clock is followed.
"""

from __future__ import annotations

from collections import deque
from typing import Final

_KEPT: Final = 60


class Offset:
    """See the module."""

    def __init__(self) -> None:
        self._samples: deque[tuple[float, float]] = deque(maxlen=_KEPT)

    def add(self, asked_s: float, there_s: float, heard_s: float) -> None:
        """An exchange: asked and heard by the clock here, answered in between by the clock there."""
        self._samples.append((heard_s - asked_s, there_s - (asked_s + heard_s) / 2))

    @property
    def known(self) -> int:
        """How many exchanges it rests on."""
        return len(self._samples)

    def there(self, here_s: float) -> float:
        """What the clock there shows when the one here shows this."""
        return here_s + min(self._samples)[1]
