"""When each of many stations dials: evenly over the ramp, somewhere within its own slot. Pure functions.

Called by engines, which bring a number of stations up within a time.
"""

from __future__ import annotations

from station.fleet.chance import drawn, key_of


def dial_times(count: int, ramp_s: float, seed: int | str) -> list[float]:
    """When each of so many stations dials, in seconds from the beginning of the ramp; in order, so they never fall.

    The ramp has as many slots as stations; each station dials at a moment of its slot that the seed decides. Without a
    ramp all dial at 0.
    """
    if ramp_s <= 0:
        return [0.0] * count
    key, slot_s = key_of(f"{seed}/ramp"), ramp_s / max(1, count)
    return [(index + drawn(key, index)) * slot_s for index in range(count)]
