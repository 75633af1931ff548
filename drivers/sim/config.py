"""Options of the simulated bay, its car and its devices. Data only; one object may serve thousands of bays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from drivers.options import boolean, option, parse, quantity

Cable = Literal["socket", "fixed"]

NOMINAL_BATTERY_WH = 50_000.0
"""Battery of a car of which only the state of charge was told."""


def _after(value: object) -> float:
    """``after 2s`` or ``2s``, in seconds."""
    text = value.strip().removeprefix("after ") if isinstance(value, str) else value
    return quantity(text, "s")


@dataclass(frozen=True, slots=True, kw_only=True)
class CarOptions:
    """The ``car`` block of a profile. As it stands: 11 kW, three phases, never full, does nothing by itself."""

    battery_wh: float | None = option(
        None, key="battery", unit="Wh", between=(1, 10_000_000), about="usable size; left out, the car is never full"
    )
    soc_percent: float | None = option(
        None, key="soc", unit="%", between=(0, 100), about="state of charge at each arrival; 50% with a battery"
    )
    max_power_w: float = option(
        11_000.0, key="max_power", unit="W", between=(1, 1_000_000), about="of the charger in the car, all phases"
    )
    phases: int = option(3, between=(1, 3), about="phases that the car uses")
    plugged: bool = option(False, about="plugged in from the start")
    plugs_in_s: float | None = option(
        None, key="plugs_in", between=(0, None), convert=_after, about="after that time, counted from the start"
    )
    taps: str | None = option(None, about="card that the driver shows after plugging in, and again before leaving")
    stays_s: float | None = option(
        None, key="stays", unit="s", between=(0, None), about="leaves that long after plugging in"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PilotOptions:
    """Simulated control pilot."""

    cable_limit_a: float = option(32.0, key="cable_limit", unit="A", between=(6, 80), about="of the driver's cable")


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactorOptions:
    """Simulated contactor."""

    delay_s: float = option(0.02, key="delay", unit="s", between=(0, 60), about="time the contacts need to move")


@dataclass(frozen=True, slots=True, kw_only=True)
class LockOptions:
    """Simulated lock of a socket."""

    delay_s: float = option(0.0, key="delay", unit="s", between=(0, 60), about="time the bolt needs to move")


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenTexts:
    """Signed values that a meter hands out as they are given here."""

    begin: str = option(about="the text of the begin value")
    end: str = option(about="the text of the end value")
    begin_known: Literal["at once", "at end"] = option("at once", about="when the begin value can be read")
    encoding: str = option("OCMF", about="how the texts are encoded: OCMF, EDL, ...")


def _signed(value: Any) -> bool | GivenTexts:
    if isinstance(value, GivenTexts):
        return value
    return parse(GivenTexts, value, "signed.") if isinstance(value, Mapping) else boolean(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterOptions:
    """Simulated meter."""

    counts: Literal["lifetime", "session"] = option("lifetime", about="session: from zero at the start of each")
    signed: bool | GivenTexts = option(  # noqa: RUF009 - makes a field
        False, convert=_signed, about="yes makes OCMF; {begin, end} hands out texts"
    )
    serial: str = option("SIM-1", about="serial number; the key of a signing meter is made from it")


@dataclass(frozen=True, slots=True, kw_only=True)
class BayOptions:
    """One EVSE with its bay.

    Attributes:
        max_current_a: of the EVSE, a phase.
        phases: wired to the EVSE, 1 to 3.
        cable: ``socket``: the driver brings a cable, it has two ends; ``fixed``: only the car's end moves.
        voltage_v: phase to neutral.
        reaction_s: how long the car takes to answer a change of the offer with S2.
        pull_s: how long after the car's end a driver pulls the station's end.
    """

    max_current_a: float = 32.0
    phases: int = 3
    cable: Cable = "socket"
    voltage_v: float = 230.0
    car: CarOptions = CarOptions()
    pilot: PilotOptions = PilotOptions()
    contactor: ContactorOptions = ContactorOptions()
    lock: LockOptions = LockOptions()
    meter: MeterOptions = MeterOptions()
    reaction_s: float = 0.1
    pull_s: float = 0.2

    def instant(self) -> BayOptions:
        """The same bay without inertia: what follows from a plug, an offer or a command happens in the same moment."""
        return replace(
            self,
            contactor=replace(self.contactor, delay_s=0.0),
            lock=replace(self.lock, delay_s=0.0),
            reaction_s=0.0,
            pull_s=0.0,
        )
