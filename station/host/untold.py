"""What a device could not be told, because it did not answer: it is told with the next look. For ``host.outside``.

Until it took the command a device does something else than the core believes: a bolt that holds a cable whose session
is over, an offer that was taken back. The look that tells it fails with it, so its loss stands until it obeys. A
contactor has its own rule: it is told to open with every look that shows it closed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from station.core import effects
from station.core.effects import Effect

_KINDS: Final = (effects.OfferCurrent, effects.MoveLock)


class Untold:
    """See the module. Used in the thread of the devices, or on the loop for those that have none."""

    __slots__ = ("_acts",)

    def __init__(self) -> None:
        self._acts: dict[str, Callable[[Any], Any]] = {}

    def kept(self, part: str, effect: Effect, act: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """What an effect does with a device, kept until it is done; the latest of a part goes for those before it."""
        if not isinstance(effect, _KINDS):
            return act

        def tell(device: Any) -> Any:
            self._acts[part] = tell
            result = act(device)
            self._acts.pop(part, None)
            return result

        return tell

    def tell(self, part: str, device: Any) -> None:
        """Tell a device what it could not be told. Raises: whatever the device does."""
        act = self._acts.get(part)
        if act is not None:
            act(device)
