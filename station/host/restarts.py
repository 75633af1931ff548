"""How a boot of a station ends and the next one begins: in order after a reset, or as a power cut leaves it.

A boot that ends takes its engine with it; the store and the hardware stay, and the next one begins with what was
stored, ``reboot.takes`` later. Called by the runner, whose boots these are, and by commands.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from station.core import effects, events
from station.core.values import BootReason, StopReason

if TYPE_CHECKING:
    from station.host.runner import Runner

DRAIN_S: Final = 3.5
"""How long an ordered end waits for what is still to be told: the whole stop takes less than five seconds."""

HARD_DRAIN_S: Final = 1.0
"""A hard reset does not wait for the queue, only so long that what was just sent need not be sent again."""

_LOOK_S: Final = 0.02


class Restarts:
    """See the module. One for each runner, over all boots. ``under_way``: a boot ends in order, or the next is due."""

    __slots__ = ("_resurrection", "_runner", "under_way")

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self._resurrection: asyncio.TimerHandle | None = None
        self.under_way = False

    def power_cycle(self, reason: StopReason, resume: bool | None) -> None:
        """Cut the power; it comes back by itself.

        Args:
            reason: why transactions that do not go on have ended.
            resume: whether they go on; None as the profile says.
        """
        self._runner.down()
        self._boot_later(BootReason.POWER_UP, events.HardwareReady(reason, resume))

    def power_cut(self) -> None:
        """Cut the power until ``power_back``."""
        self.cancel()
        self._runner.down()
        self.under_way = True

    def power_back(self, reason: StopReason, resume: bool | None) -> None:
        """The power is back: boot at once, unless the station is up. For the arguments see ``power_cycle``."""
        if self.under_way and not self._runner.alive and self._resurrection is None:
            self.under_way = False
            self._runner.boot(BootReason.POWER_UP, events.HardwareReady(reason, resume))

    def begin(self, effect: effects.Reboot) -> None:
        """Start anew in order, after what is queued was told or the drain time is over."""
        self.under_way = True
        self._runner.loop.create_task(self._reboot(effect))

    async def _reboot(self, effect: effects.Reboot) -> None:
        runner = self._runner
        engine = runner.engine
        await self.drained(DRAIN_S if effect.drain else HARD_DRAIN_S)
        if not runner.alive or engine is not runner.engine:
            return  # The power went, or the process ends: that is a boot, or none, of its own.
        runner.link.close("rebooting")
        if runner.profile.reboot.real and runner.around.exit():
            return
        runner.down()
        self._boot_later(effect.reason, events.HardwareReady())

    def _boot_later(self, reason: BootReason, ready: events.HardwareReady) -> None:
        self.under_way = True

        def boot() -> None:
            self._resurrection = None
            self.under_way = False
            self._runner.boot(reason, ready)

        self._resurrection = self._runner.later(self._runner.profile.reboot.takes_s, boot)

    def cancel(self) -> None:
        """The process ends: no boot follows."""
        if self._resurrection is not None:
            self._resurrection.cancel()
            self._resurrection = None
        self.under_way = False

    async def drained(self, at_most_s: float = DRAIN_S) -> None:
        """Wait until nothing is queued or in flight, at most so long; at once where nobody listens."""
        runner = self._runner
        deadline = runner.loop.time() + at_most_s
        while runner.alive and runner.loop.time() < deadline:
            engine = runner.engine
            told = not runner.link.up or not engine.registered or (engine.outbox.empty and not engine.rpc.busy)
            ended = all(evse.desk.ending is None for evse in engine.evses)
            if engine.recorded and told and ended:
                return
            await asyncio.sleep(_LOOK_S)
