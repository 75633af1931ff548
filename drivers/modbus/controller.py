"""What charging controllers on Modbus have in common: pilot and contactor in one, over a device's own registers.

A controller makes the pilot signal and switches its relay by itself as soon as a vehicle asks under an offer. What a
station decides is whether it may, and how much. What the station wants is kept here; what is found otherwise (a
restart, another master, a button) is set right again. A device supplies its registers as a ``Face``.

Called by `drivers.pilots.evse_din` and `drivers.pilots.modbus`. One thread.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final, Protocol

from drivers.api import Alarm, Clock, ContactorState, DeviceMissing, DriverError, DriverLost, PilotLetter, PilotState
from drivers.claim import Claim

log = logging.getLogger(__name__)

LEAST_A: Final = 6.0
FRESH_S: Final = 0.2
"""What was seen so recently is not asked for again: pilot and contactor are looked at one after the other."""

PATIENCE_S: Final = 1.0
"""What was seen last stands for so long while answers are lost."""

CALL_S: Final = 0.9
MEET_S: Final = 2.0
REASSERT_S: Final = 1.0
INSIST_STILL_S: Final = 10.0
"""A vehicle that goes on asking while nothing is offered is offered again after so long: its relay must not chatter."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a controller shows.

    Attributes:
        relay_closed: where its relay is; None: it does not tell.
        offers_a: the current that it is set to offer, 0 for none; None: it does not tell.
        enabled: whether it permits charging; None: it does not tell, or has nothing of the kind.
    """

    state: PilotLetter
    cable_limit_a: float | None = None
    alarms: tuple[Alarm, ...] = ()
    relay_closed: bool | None = None
    offers_a: float | None = None
    enabled: bool | None = None


class Face(Protocol):
    """A device's registers. Every call is over at ``until_s`` of the monotonic clock. Raises: DriverError."""

    def meet(self, until_s: float) -> None:
        """Withdraw whatever is offered, also after a power cut of the controller, and learn how it is set."""
        ...

    def look(self, until_s: float) -> Seen:
        """What it shows now."""
        ...

    def settable(self, current_a: float) -> float:
        """The current that it can really be set to, at most this one; below 6 A: none."""
        ...

    def offer(self, current_a: float, until_s: float) -> None:
        """Offer a current that is ``settable``, and permit charging."""
        ...

    def withdraw(self, until_s: float) -> None:
        """Offer nothing: the relay opens."""
        ...

    def insist(self, until_s: float) -> None:
        """The relay is still closed after ``withdraw``: whatever else could open it."""
        ...

    def release(self) -> None:
        """Leave the line."""
        ...


class ModbusController:
    """See the module. Nothing is offered once it was opened, and after ``release``."""

    def __init__(self, face: Face, clock: Clock) -> None:
        """Raises: DeviceMissing: it does not answer; the face is released then."""
        self._face: Face | None = face
        self._clock = clock
        self._lost: str | None = None
        self._wanted_a = 0.0
        self._claim = Claim()
        self._withdrawn = True
        self._seen: Seen | None = None
        self._seen_at_s = self._asked_at_s = self._set_at_s = float("-inf")
        self._plugged = False
        self._contactor = ModbusRelay(self)
        until_s = time.monotonic() + MEET_S
        try:
            face.meet(until_s)
            self._take(face.look(until_s))
        except DriverLost:
            face.release()
            raise
        except DriverError as error:
            face.release()
            raise DeviceMissing(error.message, error.hint) from error

    @property
    def contactor(self) -> ModbusRelay:
        """The controller's relay."""
        return self._contactor

    def read(self) -> PilotState:
        """What vehicle and controller show. Raises: DriverLost: it has not answered for a second."""
        seen = self.look()
        return PilotState(seen.state, seen.cable_limit_a, self._plugged, seen.alarms)

    def offer(self, current_a: float | None) -> None:
        """Offer a current a phase, or none; below 6 A is none. Raises: DriverLost."""
        face = self._open()
        wanted_a = face.settable(current_a) if current_a is not None and current_a >= LEAST_A else 0.0
        self._wanted_a = wanted_a if wanted_a >= LEAST_A else 0.0
        self._assert(face)

    def claim(self, on: bool) -> None:
        """The station closes or opens its contactor. Raises: DriverLost.

        The relay follows vehicle and offer. To open it while the vehicle asks, the offer is withdrawn; it comes back
        with a later look that finds the relay open, where it still stands.
        """
        face = self._open()
        self._claim.claimed = on
        if on:
            return
        if not self._withdrawn and self._relay(self._seen) is False:
            self._asked_at_s = float("-inf")  # It may have closed since.
            self.look()
        told_lately = self._withdrawn and self._clock.now() - self._set_at_s < REASSERT_S
        if self._relay(self._seen) is not False and not told_lately:
            self._do(face.withdraw)
            self._withdrawn = True

    def relay(self) -> ContactorState:
        """What the relay was told, and where it counts as being. Raises: DriverLost."""
        closed = bool(self._relay(self.look()))
        offered = bool(self._wanted_a)
        return ContactorState(
            self._claim.claimed, self._claim.counts_as_closed(closed, self._clock.now(), offered=offered)
        )

    def look(self) -> Seen:
        """What it shows, at most ``FRESH_S`` old; sets right what is not as wanted. Raises: DriverLost."""
        face = self._open()
        now_s = self._clock.now()
        if self._seen is not None and now_s - self._asked_at_s < FRESH_S:
            return self._seen
        self._asked_at_s = now_s
        try:
            self._take(face.look(time.monotonic() + CALL_S))
        except DriverError as error:
            if isinstance(error, DriverLost) or self._clock.now() - self._seen_at_s >= PATIENCE_S:
                raise self._lose(error) from error
        else:
            self._set_right(face)
        if self._seen is None:
            raise DriverLost("nothing was seen of the controller yet")
        return self._seen

    def release(self) -> None:
        """Withdraw the offer and leave the line. Never raises."""
        face, self._face = self._face, None
        if face is None:
            return
        try:
            face.withdraw(time.monotonic() + CALL_S)
        except DriverError as error:
            log.warning("the offer could not be withdrawn: %s", error)
        face.release()

    def _take(self, seen: Seen) -> None:
        self._seen, self._seen_at_s = seen, self._clock.now()
        if seen.state not in ("E", "F"):  # Then nobody can see the vehicle: it is where it was.
            self._plugged = seen.state != "A"
        self._claim.saw(bool(self._relay(seen)), self._seen_at_s)

    def _relay(self, seen: Seen | None) -> bool | None:
        """Where the relay is; of one that does not tell, where it has to be: closed while a vehicle is served."""
        if seen is None or seen.relay_closed is not None:
            return None if seen is None else seen.relay_closed
        return not self._withdrawn and seen.state in ("C", "D")

    def _set_right(self, face: Face) -> None:
        seen, since_s = self._seen, self._clock.now() - self._set_at_s
        if seen is None or since_s < REASSERT_S:
            return
        closed = self._relay(seen)
        if not self._wanted_a:
            if seen.offers_a or seen.enabled:
                self._assert(face)
            elif closed:
                self._do(face.insist)
        elif self._withdrawn:
            if not closed and (seen.state not in ("C", "D") or since_s >= INSIST_STILL_S):
                self._assert(face)
        elif seen.enabled is False or seen.offers_a not in (None, self._wanted_a):
            self._assert(face)

    def _assert(self, face: Face) -> None:
        wanted_a = self._wanted_a
        self._do(partial(face.offer, wanted_a) if wanted_a else face.withdraw)
        self._withdrawn = not wanted_a

    def _do(self, act: Callable[[float], None]) -> None:
        """Change something, with one repeat: a lost answer may have been a lost request."""
        self._set_at_s = self._clock.now()
        self._asked_at_s = float("-inf")
        until_s = time.monotonic() + CALL_S
        try:
            act(until_s)
        except DriverLost as error:
            raise self._lose(error) from error
        except DriverError:
            try:
                act(until_s)
            except DriverError as error:
                raise self._lose(error) from error

    def _lose(self, error: DriverError) -> DriverLost:
        self._lost = error.message
        return DriverLost(error.message, error.hint)

    def _open(self) -> Face:
        if self._face is None:
            raise DriverLost("the controller was released")
        if self._lost is not None:
            raise DriverLost(self._lost)
        return self._face


class ModbusRelay:
    """The relay of a controller as a contactor."""

    def __init__(self, controller: ModbusController) -> None:
        self._controller = controller

    def set_power(self, on: bool) -> None:
        """Claim the power, or have the relay opened. Raises: DriverLost."""
        self._controller.claim(on)

    def read(self) -> ContactorState:
        """Where the relay is. Raises: DriverLost."""
        return self._controller.relay()

    def release(self) -> None:
        """Give the controller back, the pilot with it."""
        self._controller.release()
