"""Keeps offers and closings back until the contactor was seen open, wherever it is. Called by ``host.outside``."""

from __future__ import annotations

from typing import Any, Final

from drivers import api
from station.core import effects
from station.core.effects import Effect

_OFFERS: Final = (effects.OfferCurrent, effects.CloseContactor)


class Gate:
    """See the module. ``passed``: the contactor was seen open in this boot."""

    __slots__ = ("_held", "passed")

    def __init__(self) -> None:
        self.passed = False
        self._held: dict[type[Any], Effect] = {}

    def shut(self) -> None:
        """Another boot: the contactor is to be seen anew, and what was kept is void."""
        self.passed = False
        self._held.clear()

    def holds(self, effect: Effect) -> bool:
        """Keep this effect, where it is to be kept; what takes a kept one back passes."""
        kind = type(effect)
        if kind is effects.OpenContactor:
            self._held.pop(effects.CloseContactor, None)
        elif kind is effects.OfferCurrent and effect.current_a is None:
            self._held.pop(kind, None)
        elif kind in _OFFERS and not self.passed:
            self._held[kind] = effect
            return True
        return False

    def seen_closed(self) -> bool:
        """The contacts are closed. Answers whether a closing was kept, which is void now."""
        return not self.passed and self._held.pop(effects.CloseContactor, None) is not None

    def seen_open(self) -> list[Effect]:
        """The contacts are open: what was kept, to be carried out now."""
        self.passed = True
        kept = list(self._held.values())
        self._held.clear()
        return kept


def switching_half(device: Any) -> Any:
    """The contactor of a controller. Raises: DriverUnsupported: it switches nothing."""
    if isinstance(device, api.Controller):
        return device.contactor
    raise api.DriverUnsupported("this pilot switches no contactor", "name one under hardware.contactor")
