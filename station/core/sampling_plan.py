"""What the variables say of sampling, read once: intervals, measurands, and which values are signed.

When and what is sampled is ``station.core.sampling``'s business. Stations whose variables say the same share one plan.
Spec: OCPP 2.0.1 J01, J02; OCPP 1.6 §9.1.25-27; OCA "Signed Meter Values in OCPP" v1.0, 3.3 and 4.3.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from station.core import names
from station.core.device_model import Address
from station.core.meter import Purpose
from station.core.metering import ENERGY, INTERVAL, Selection, selection
from station.core.values import Context as Why
from station.core.variables import Variables

_SIGNED: Final = {
    Purpose.PERIODIC: (names.SAMPLED_SIGN, names.SAMPLED_SIGN_UPDATED),
    Purpose.PERIODIC_END: (names.SAMPLED_SIGN,),
    Purpose.CLOCK: (names.ALIGNED_SIGN, names.ALIGNED_SIGN_UPDATED),
    Purpose.CLOCK_END: (names.ALIGNED_SIGN,),
}
"""The variables that have values between begin and end signed, all of them."""

_INTERVALS_FROM: Final = (
    names.SAMPLED_UPDATED_MEASURANDS,
    names.SAMPLED_ENDED_MEASURANDS,
    names.ALIGNED_MEASURANDS,
    names.ALIGNED_ENDED_MEASURANDS,
)

SAMPLE: Final = "sample"
SAMPLE_END: Final = "sample_end"


@dataclass(frozen=True, slots=True)
class SamplingPlan:
    """What the variables say of sampling.

    Attributes:
        every_s: the intervals of the values that are told while a transaction runs (``SAMPLE``), and of those that its
            end tells (``SAMPLE_END``); 0: none are. Without measurands nothing is read.
        asked: what is told of a reading between begin and end, by what it was taken for.
        started: the measurands that the start of a transaction tells.
        ended: those that its end tells.
        aligned_ended: those of clock-aligned values that its end tells; empty where no such values are taken.
        signed: readings for these purposes are to be signed, where the meter can.
        signs_started: the start tells what was signed for it.
        signs_ended: the end tells what was signed at begin and end.
        samples: whether sampled values are switched on.
        counts: whether any value is counted from the one before.
    """

    every_s: Mapping[str, float]
    asked: Mapping[Purpose, Selection]
    started: tuple[str, ...]
    ended: tuple[str, ...]
    aligned_ended: tuple[str, ...]
    signed: frozenset[Purpose]
    signs_started: bool
    signs_ended: bool
    samples: bool
    counts: bool


def sampling_plan(variables: Variables) -> SamplingPlan:
    """Read it from the variables; a switch that the station lacks is on."""
    samples = variables.text(names.SAMPLED_ENABLED) != "false"
    aligns = variables.text(names.ALIGNED_ENABLED) != "false"

    def sampled(measurands: Address) -> tuple[str, ...]:
        return variables.items(measurands) if samples else ()

    def aligned(measurands: Address) -> tuple[str, ...]:
        return variables.items(measurands) if aligns else ()

    updated, ended = sampled(names.SAMPLED_UPDATED_MEASURANDS), sampled(names.SAMPLED_ENDED_MEASURANDS)
    aligned_ended = aligned(names.ALIGNED_ENDED_MEASURANDS)
    # Whoever asks for a value gets one, whatever is switched off.
    inside = variables.items(names.SAMPLED_UPDATED_MEASURANDS) or (ENERGY,)
    outside = variables.items(names.ALIGNED_MEASURANDS) or (ENERGY,)
    signs = variables.flag(names.SAMPLED_SIGN)
    return SamplingPlan(
        every_s={
            SAMPLE: variables.number(names.SAMPLED_UPDATED_INTERVAL) if updated else 0.0,
            SAMPLE_END: variables.number(names.SAMPLED_ENDED_INTERVAL) if ended else 0.0,
        },
        asked={
            Purpose.PERIODIC: selection(updated, Why.PERIODIC),
            Purpose.PERIODIC_END: selection(ended, Why.PERIODIC),
            Purpose.CLOCK: selection(aligned(names.ALIGNED_MEASURANDS), Why.CLOCK),
            Purpose.CLOCK_END: selection(aligned_ended, Why.CLOCK),
            Purpose.TRIGGER: selection(inside, Why.TRIGGER),
            Purpose.TRIGGER_OUTSIDE: selection(outside, Why.TRIGGER),
            Purpose.OTHER: selection(inside, Why.OTHER),
        },
        started=sampled(names.SAMPLED_STARTED_MEASURANDS),
        ended=ended,
        aligned_ended=aligned_ended if variables.number(names.ALIGNED_ENDED_INTERVAL) > 0 else (),
        signed=frozenset(purpose for purpose, flags in _SIGNED.items() if all(map(variables.flag, flags))),
        signs_started=signs and variables.flag(names.SAMPLED_SIGN_STARTED),
        signs_ended=signs or variables.flag(names.ALIGNED_SIGN),
        samples=samples,
        counts=any(INTERVAL in variables.items(name) for name in _INTERVALS_FROM),
    )
