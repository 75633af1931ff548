"""The physics of an electric vehicle on AC: what it takes, when it is full, what it shows on the pilot.

Pure arithmetic in closed form, one step of any length; ``drivers.sim.bay`` tells it the time and the offer. Power
follows the offer up to 80 % of the battery, then the battery's ceiling falls in a straight line to a tenth of its
maximum at 100 %, where the car opens S2 (pilot B).
"""

from __future__ import annotations

import math

from drivers.sim.config import NOMINAL_BATTERY_WH, CarOptions

MIN_CURRENT_A = 6.0
"""Below this an offer is none. Spec: IEC 61851-1 Table A.8."""

TAPER_FROM = 0.8
TAPER_END = 0.1
_SECONDS_AN_HOUR = 3600.0
_DONE_WH = 1e-6


class Car:
    """A car at (or near) a bay.

    Attributes:
        battery_wh: its usable size; None: it is never full, and takes the same for ever.
        ready: False until the car wants energy at all.
        suspended: it has paused by its own decision.
        s2_closed: it asks for energy (pilot C).
        due_s: when it will follow a changed offer with S2; None: nothing to follow.
    """

    __slots__ = ("_stored_wh", "battery_wh", "due_s", "options", "ready", "s2_closed", "suspended")

    def __init__(self, options: CarOptions) -> None:
        self.options = options
        self.battery_wh: float | None = None
        self._stored_wh = 0.0
        self.arrive(True, None)

    def arrive(self, ready: bool, soc_percent: float | None) -> None:
        """Come to the bay with a state of charge, by default the one of the options."""
        options = self.options
        soc = options.soc_percent if soc_percent is None else soc_percent
        self.battery_wh = options.battery_wh
        if soc is not None and self.battery_wh is None:
            self.battery_wh = NOMINAL_BATTERY_WH
        self._stored_wh = 0.0
        if self.battery_wh is not None:
            self._stored_wh = self.battery_wh * (50.0 if soc is None else soc) / 100
        self.ready = ready
        self.suspended = False
        self.s2_closed = False
        self.due_s: float | None = None

    @property
    def soc_percent(self) -> float | None:
        """State of charge, 0 to 100; None for a car without a battery size."""
        return None if self.battery_wh is None else 100 * self._stored_wh / self.battery_wh

    @property
    def full(self) -> bool:
        """Whether nothing goes in any more."""
        return self.battery_wh is not None and self.battery_wh - self._stored_wh <= _DONE_WH

    def wants(self, offer_a: float | None) -> bool:
        """Whether the car would close S2 at this offer."""
        if offer_a is None or offer_a < MIN_CURRENT_A or not self.ready or self.suspended:
            return False
        return self.battery_wh is None or not self.full

    def current_limit_a(self, voltage_v: float) -> float:
        """What the charger in the car takes a phase."""
        return self.options.max_power_w / (self.options.phases * voltage_v)

    def power_w(self, limit_w: float) -> float:
        """What the car takes now, with S2 and the contactor closed.

        Args:
            limit_w: what offer, EVSE, cable and phases allow.
        """
        if self.battery_wh is None:
            return min(limit_w, self.options.max_power_w)
        return 0.0 if self.full else min(limit_w, self._ceiling_w(self._stored_wh / self.battery_wh))

    def charge(self, limit_w: float, duration_s: float) -> float:
        """Charge for a while; returns the energy taken, in Wh."""
        power_w = min(limit_w, self.options.max_power_w)
        if self.battery_wh is None:
            return power_w * duration_s / _SECONDS_AN_HOUR
        flat_s = self._flat_s(power_w)
        taken_wh = power_w * min(duration_s, flat_s) / _SECONDS_AN_HOUR
        if duration_s > flat_s:
            start_w = min(power_w, self._ceiling_w((self._stored_wh + taken_wh) / self.battery_wh))
            rate = self._taper_rate()
            taken_wh += start_w / (rate * _SECONDS_AN_HOUR) * -math.expm1(-rate * (duration_s - flat_s))
        taken_wh = min(taken_wh, self.battery_wh - self._stored_wh)
        self._stored_wh += taken_wh
        return taken_wh

    def time_to_full_s(self, limit_w: float) -> float | None:
        """Seconds until the battery is full at a constant limit; None: never."""
        power_w = min(limit_w, self.options.max_power_w)
        if self.battery_wh is None or power_w <= 0:
            return None
        if self.full:
            return 0.0
        flat_s = self._flat_s(power_w)
        knee = (self._stored_wh + power_w * flat_s / _SECONDS_AN_HOUR) / self.battery_wh
        start_w = min(power_w, self._ceiling_w(knee))
        end_w = TAPER_END * self.options.max_power_w
        return flat_s + max(0.0, math.log(start_w / end_w) / self._taper_rate() if start_w > end_w else 0.0)

    def fill(self) -> None:
        """The battery is full: S2 opens."""
        self._stored_wh = self.battery_wh or 0.0
        self.s2_closed = False
        self.due_s = None

    def _ceiling_w(self, soc: float) -> float:
        beyond = min(1.0, max(0.0, (soc - TAPER_FROM) / (1 - TAPER_FROM)))
        return self.options.max_power_w * (1 - (1 - TAPER_END) * beyond)

    def _flat_s(self, power_w: float) -> float:
        """Seconds for which the battery takes ``power_w`` in full."""
        battery_wh = self.battery_wh or 0.0
        fraction = power_w / self.options.max_power_w
        beyond = min(1.0, (1 - fraction) / (1 - TAPER_END))
        knee_wh = battery_wh * (TAPER_FROM + (1 - TAPER_FROM) * beyond)
        return max(0.0, knee_wh - self._stored_wh) * _SECONDS_AN_HOUR / power_w if power_w > 0 else math.inf

    def _taper_rate(self) -> float:
        """How fast power decays above the knee, in 1/s: the ceiling falls with the energy that goes in."""
        battery_wh = self.battery_wh or 1.0
        slope = self.options.max_power_w * (1 - TAPER_END) / ((1 - TAPER_FROM) * battery_wh)
        return slope / _SECONDS_AN_HOUR
