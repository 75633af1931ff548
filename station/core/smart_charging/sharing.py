"""What several EVSEs get of a limit that they have in common: a pure function.

Each gets an equal share, but none more than it can use and none less than its least; where that is not enough for all,
those that came first are served and the others wait with nothing. Called by ``desk``.

Spec: OCPP 2.0.1 K04 (internal load balancing, K04.FR.01, .05); OCPP 1.6 §3.13.3; IEC 61851-1 (6 A).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Final

from station.core.frozen import dataclass
from station.core.smart_charging.composite import LINE_VOLTAGE_V

_MILLIAMPERE: Final = 1000
_NOISE: Final = 1e-6


@dataclass(frozen=True, slots=True)
class Claim:
    """Who wants current, in ampere per phase: at most, and at least where it is to get any."""

    evse: int
    most_a: float
    least_a: float
    phases: int


@dataclass(frozen=True, slots=True)
class Budget:
    """What there is for all: the sum of the currents per phase, and the sum of the powers."""

    current_a: float = math.inf
    power_w: float = math.inf


def share(claims: Sequence[Claim], budget: Budget) -> dict[int, float]:
    """Ampere per phase for each EVSE, rounded down to milliampere; ``claims`` in the order of precedence."""
    served: list[Claim] = []
    for claim in claims:
        if claim.most_a >= claim.least_a and _fits([*served, claim], budget):
            served.append(claim)
    level_a = min(
        _level(served, lambda claim: 1.0, budget.current_a),
        _level(served, lambda claim: LINE_VOLTAGE_V * claim.phases, budget.power_w),
    )
    given = dict.fromkeys((claim.evse for claim in claims), 0.0)
    for claim in served:
        given[claim.evse] = math.floor(_at_level(claim, level_a) * _MILLIAMPERE + _NOISE) / _MILLIAMPERE
    return given


def _fits(claims: Sequence[Claim], budget: Budget) -> bool:
    current_a = sum(claim.least_a for claim in claims)
    power_w = sum(claim.least_a * LINE_VOLTAGE_V * claim.phases for claim in claims)
    return current_a <= budget.current_a + _NOISE and power_w <= budget.power_w + _NOISE


def _at_level(claim: Claim, level_a: float) -> float:
    return min(claim.most_a, max(claim.least_a, level_a))


def _level(claims: Sequence[Claim], weight: Callable[[Claim], float], limit: float) -> float:
    """The highest level to which all can be filled within ``limit``; infinite where there is enough for everyone."""

    def cost(level_a: float) -> float:
        return sum(weight(claim) * _at_level(claim, level_a) for claim in claims)

    if cost(math.inf) <= limit:
        return math.inf
    edges = sorted({0.0, *(c.least_a for c in claims), *(c.most_a for c in claims)})
    for low, high in pairwise(edges):
        if cost(high) > limit:
            slope = sum(weight(claim) for claim in claims if claim.least_a <= low < claim.most_a)
            return low + max(0.0, limit - cost(low)) / slope if slope else low
    return edges[-1]
