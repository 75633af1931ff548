"""The energy meter of a simulated EVSE: a register that is brought up to date when it is read.

``drivers.sim.bay`` adds the energy that flows to ``energy_wh``. The meter knows sessions: it can count from zero at
each, sign their values, or hand out given texts as if it had signed.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Literal, Protocol

from drivers.api import DriverLost, OptionError, Reading, SignedContext, SignedReading
from drivers.sim import ocmf
from drivers.sim.config import GivenTexts, MeterOptions

GRID_HZ = 50.0

MeterFault = Literal["silent", "none"]
_NOBODY = ocmf.Identification()
_CONTEXTS: dict[ocmf.Moment, SignedContext] = {"B": "begin", "C": "update", "E": "end", "": "update"}


Flows = tuple[float, tuple[float, ...], tuple[float, ...], float | None]
"""Power in W, currents in A and voltages in V of the wired phases, state of charge in percent."""

Values = tuple[float, float, tuple[float, ...], tuple[float, ...], float | None]
"""Register in Wh, power in W, currents in A and voltages in V of the wired phases, state of charge in percent."""


class Flow(Protocol):
    """What a meter sees of its bay."""

    def poll(self) -> None:
        """Bring everything up to now."""

    @property
    def steady(self) -> Flows | None:
        """What flows where it stays the same until something is done; None: it is to be measured."""

    def measure(self) -> Flows:
        """What flows at this moment."""


def utc_now() -> datetime:
    """The wall clock of this machine."""
    return datetime.now(UTC)


class SimMeter:
    """See the module."""

    instant = True

    __slots__ = ("_bay", "_begin", "_options", "_page", "_released", "_silent", "_utc", "_who", "energy_wh")

    def __init__(self, bay: Flow, options: MeterOptions, start_wh: float, utc: Callable[[], datetime]) -> None:
        self._bay = bay
        self._options = options
        self.energy_wh = start_wh
        self._utc = utc
        self._silent = False
        self._released = False
        self._begin: ocmf.Point | None = None
        self._who = _NOBODY
        self._page = 0

    @property
    def keeps_sessions(self) -> bool:
        """Whether begin and end of a session are more to it than readings: it counts from zero, or signs."""
        return self._options.counts == "session" or self._options.signed is not False

    @property
    def public_key(self) -> str:
        """``oca:base16:asn1:<hex>`` when it signs by itself, else empty. Raises: DriverMissing: no cryptography."""
        return ocmf.public_key(self._options.serial) if self._options.signed is True else ""

    def read(self) -> Reading:
        """One reading, up to date. Raises: DriverLost: silent or released."""
        return self._read(())

    def begin_session(self, identification: str = "", id_type: str = "NONE") -> Reading:
        """Begin a session.

        Args:
            identification: the token; part of what is signed.
            id_type: its kind in OCMF words, such as ISO14443.

        Raises: DriverLost: silent or released; the session has begun nevertheless.
        """
        self._bay.poll()
        if self._options.counts == "session":
            self.energy_wh = 0.0
        self._who = ocmf.Identification(identification, id_type)
        self._page = 0
        self._begin = self._point("B")
        given = self._options.signed
        if isinstance(given, GivenTexts):
            return self._read((self._given(given, "begin"),) if given.begin_known == "at once" else ())
        return self._read(self._signed(self._begin))

    def read_signed(self) -> Reading:
        """Read, signed where the meter signs by itself (given texts have none for this moment). Raises: DriverLost."""
        self._bay.poll()
        return self._read(self._signed(self._point("C" if self._begin else "")))

    def end_session(self) -> Reading:
        """End the session; without one, read. The OCMF document has both begin and end. Raises: DriverLost."""
        self._bay.poll()
        begin, given = self._begin, self._options.signed
        if begin is None:
            return self._read(())
        self._check()
        self._begin = None
        if isinstance(given, GivenTexts):
            early = (self._given(given, "begin"),) if given.begin_known == "at end" else ()
            return self._read((*early, self._given(given, "end")))
        return self._read(self._signed(begin, self._point("E")))

    def set_value(self, energy_wh: float) -> None:
        """Set the register. A lower value is what a faulty meter would show."""
        self._bay.poll()
        self.energy_wh = energy_wh

    def set_fault(self, kind: MeterFault) -> None:
        """``silent``: it counts but does not answer; ``none``: it answers again."""
        if kind not in ("silent", "none"):
            raise OptionError("kind", f"{kind!r} is none of silent, none")
        self._silent = kind == "silent"

    def release(self) -> None:
        """Nothing to bring into safety."""
        self._released = True

    def values(self) -> Values:
        """What a plain reading has, up to date. Raises: DriverLost: silent or released."""
        if self._released or self._silent:
            self._check()
        bay = self._bay
        bay.poll()
        return self.energy_wh, *(bay.steady or bay.measure())

    def _read(self, signed: tuple[SignedReading, ...]) -> Reading:
        energy_wh, power_w, current_a, voltage_v, soc_percent = self.values()
        return Reading(
            energy_wh=energy_wh,
            power_w=power_w,
            current_a=current_a,
            voltage_v=voltage_v,
            frequency_hz=GRID_HZ,
            soc_percent=soc_percent,
            signed=signed,
        )

    def _check(self) -> None:
        if self._released or self._silent:
            raise DriverLost("the meter was released" if self._released else "the meter does not answer")

    def _point(self, moment: ocmf.Moment) -> ocmf.Point:
        return ocmf.Point(self._utc(), moment, self.energy_wh)

    def _signed(self, *points: ocmf.Point) -> tuple[SignedReading, ...]:
        if self._options.signed is not True:
            return ()
        self._page += 1
        serial = self._options.serial
        page = f"{'T' if points[-1].moment else 'F'}{self._page}"
        text = ocmf.document(serial, page, self._who if points[-1].moment else _NOBODY, points)
        return (SignedReading(text, _CONTEXTS[points[-1].moment], public_key=ocmf.public_key(serial)),)

    @staticmethod
    def _given(texts: GivenTexts, context: Literal["begin", "end"]) -> SignedReading:
        return SignedReading(texts.begin if context == "begin" else texts.end, context, texts.encoding)
