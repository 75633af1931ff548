"""What every driver offers: Protocols, value types and errors.

No driver is implemented here and no hardware library is imported. Hosts program against these types; driver modules
satisfy them structurally.

Two kinds of devices exist. Most block: their calls do I/O, return within a second, and are made from a thread
(``drivers.pump`` does that for readers). A device that has ``instant = True`` does no I/O: its calls return at once
and may be made on an event loop, and reading it on demand costs nothing. A device that is ``Pushes`` tells its changes
by itself and needs no polling.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, Protocol, runtime_checkable

Part = Literal["reader", "contactor", "meter", "pilot", "lock", "indicator", "button"]
PARTS: tuple[Part, ...] = ("reader", "contactor", "meter", "pilot", "lock", "indicator", "button")

PilotLetter = Literal["A", "B", "C", "D", "E", "F"]
"""IEC 61851-1 Annex A: A no vehicle, B vehicle, C and D vehicle asks for energy, E and F error."""

SignedContext = Literal["begin", "update", "end"]

Alarm = Literal[
    "emergency_stop",
    "residual_current",
    "ground",
    "diode",
    "relay",
    "ventilation",
    "over_temperature",
    "over_current",
    "over_voltage",
    "under_voltage",
    "self_test",
    "internal",
    "tamper",
]
"""What a controller or a supervising input may report beside its state: the emergency stop is pressed, a residual
current device has tripped, the protective earth is missing, the pilot's diode check failed, a relay of the controller
does not follow, state D asks for a ventilation that is not there, ..., the housing was opened."""


class DriverError(Exception):
    """Something about a driver or its device is wrong.

    Args:
        message: what is wrong.
        hint: what to do about it, for the person in front of the device; may be empty.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class DriverMissing(DriverError):
    """The driver, its library or its device is not there."""


class DeviceMissing(DriverMissing):
    """The device is not there now, or may not be opened: unplugged, still starting, no permission. It may come."""


class DriverBusy(DriverError):
    """Somebody else holds the device; the message says who, where that is known."""


class DriverLost(DriverError):
    """The device was there and does not answer any more, or was released."""


class NoReading(DriverError):
    """Nothing could be read this time; the meter is not given up, the next reading may come."""


class DriverUnsupported(DriverError):
    """The device cannot do what was asked."""


class OptionError(DriverError):
    """An option of a driver is unknown, missing or has a bad value; ``key`` is its dotted name in the profile."""

    def __init__(self, key: str, message: str, hint: str = "") -> None:
        super().__init__(f"{key}: {message}" if key else message, hint)
        self.key = key


class Clock(Protocol):
    """Monotonic time in seconds; the origin is arbitrary. May run faster than the wall (simulation)."""

    def now(self) -> float:
        """Seconds, never falling."""
        ...


@dataclass(frozen=True, slots=True)
class Card:
    """A card, tag or phone in front of a reader.

    Attributes:
        uid: the bytes as read, first byte first.
        technology: ``106A``, ``106B``, ``212F``, ``EM4100``, or an OCPP token type where the reader knows it.
        random: the UID is made up anew at each presentation (phones); never an identity.
        text: the token as text, for readers that read text (keyboards, line protocols); it goes before ``uid``.
    """

    uid: bytes
    technology: str = ""
    random: bool = False
    text: str | None = None


@dataclass(frozen=True, slots=True)
class ReaderState:
    """Whether a reader is there; ``reason`` says why not."""

    present: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class SignedReading:
    """A signed meter value, as the meter made it.

    Attributes:
        text: the signed data as readable text, not base64.
        context: where in a session it was taken.
        encoding: ``OCMF``, ``EDL``, ...
        method: the signing method, empty when ``text`` names it.
        public_key: ``oca:base16:asn1:<hex>``, not base64; empty when unknown.

    Spec: OCA "Signed Meter Values in OCPP" v1.0, 3.2.1 and 3.2.2.
    """

    text: str
    context: SignedContext
    encoding: str = "OCMF"
    method: str = ""
    public_key: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a meter shows at one moment; None is what it does not measure.

    Attributes:
        energy_wh: imported active energy register.
        energy_export_wh: exported active energy register.
        power_w: active power, all phases; positive flows into the vehicle.
        current_a: current of L1, L2, L3 (one entry a phase that is wired).
        voltage_v: voltage of L1-N, L2-N, L3-N.
        frequency_hz: of the grid.
        soc_percent: state of charge of the vehicle, 0 to 100.
        temperature_c: inside the meter.
        signed: signed values that became known with this reading, oldest first.
    """

    energy_wh: float | None = None
    energy_export_wh: float | None = None
    power_w: float | None = None
    current_a: tuple[float, ...] | None = None
    voltage_v: tuple[float, ...] | None = None
    frequency_hz: float | None = None
    soc_percent: float | None = None
    temperature_c: float | None = None
    signed: tuple[SignedReading, ...] = ()


@dataclass(frozen=True, slots=True)
class ContactorState:
    """A contactor: what it was told, where its main contacts are, and what contradicts.

    ``fault`` is None, ``weld`` (closed though told to open), ``stuck_open`` (open though told to close) or a driver's
    own word in lower case. ``alarms`` are what the inputs beside it report at this moment.
    """

    commanded: bool
    closed: bool
    fault: str | None = None
    alarms: tuple[Alarm, ...] = ()


@dataclass(frozen=True, slots=True)
class PilotState:
    """Control pilot and proximity.

    Attributes:
        state: IEC 61851 state.
        cable_limit_a: what the proximity resistor allows (13, 20, 32, 63); None: fixed cable, or unknown.
        cable_present: a cable is in the socket; always True where it is fixed.
        alarms: what the controller reports beside the state.
    """

    state: PilotLetter
    cable_limit_a: float | None = None
    cable_present: bool = False
    alarms: tuple[Alarm, ...] = ()


@dataclass(frozen=True, slots=True)
class LockState:
    """The bolt of a socket: what it was told, where it is; ``fault`` is None or ``stuck``."""

    commanded: bool
    locked: bool
    fault: str | None = None


@runtime_checkable
class Device(Protocol):
    """Any device."""

    def release(self) -> None:
        """Bring the device into its safe state and give it back. May be called twice; never raises."""
        ...


@runtime_checkable
class Reader(Device, Protocol):
    """A card reader."""

    def poll(self) -> list[Card]:
        """All cards that are there now; returns within a second. Raises: DriverLost."""
        ...


@runtime_checkable
class Meter(Device, Protocol):
    """An energy meter."""

    def read(self) -> Reading:
        """One consistent reading. Raises: NoReading: none this time; DriverLost."""
        ...


@runtime_checkable
class SessionMeter(Meter, Protocol):
    """A meter that knows sessions: it counts from zero at each, or signs their values."""

    @property
    def public_key(self) -> str:
        """``oca:base16:asn1:<hex>``; empty when the meter does not sign."""
        ...

    def begin_session(self, identification: str = "", id_type: str = "NONE") -> Reading:
        """Begin a session for a token (``id_type`` in OCMF words, such as ISO14443) and read."""
        ...

    def read_signed(self) -> Reading:
        """Read, with a signed value where the meter makes them between begin and end."""
        ...

    def end_session(self) -> Reading:
        """End the session and read; a begin value that becomes known only now comes along."""
        ...


@runtime_checkable
class PolledMeter(Meter, Protocol):
    """A meter that asks its device now and then, and shows the last reading in between."""

    def refresh(self) -> None:
        """The next ``read`` asks anew: its reading is for this moment (the end of a transaction). Never raises."""
        ...


@runtime_checkable
class Register(Meter, Protocol):
    """A meter whose register is not its own: it counts from zero at each opening (S0 pulses), until told where it was.

    The host, which keeps the register, calls ``preset`` with the kept value after each opening, before the first
    ``read``: a register near zero would look like one that fell.
    """

    def preset(self, energy_wh: float) -> None:
        """Go on at this register (0 where none was kept); what was counted since the opening comes on top.

        Never lowers what ``read`` shows. Raises: ValueError: negative, or no finite number; DriverLost.
        """
        ...


@runtime_checkable
class Contactor(Device, Protocol):
    """Permission for, and supervision of, the main contactor. Open when the driver opens it, and after release."""

    def set_power(self, on: bool) -> None:
        """Ask to close or to open; returns before the contacts have moved. Raises: DriverLost."""
        ...

    def read(self) -> ContactorState:
        """Where the contacts are. Raises: DriverLost."""
        ...


@runtime_checkable
class Pilot(Device, Protocol):
    """Control pilot and proximity of one EVSE."""

    def read(self) -> PilotState:
        """What the vehicle shows. Raises: DriverLost."""
        ...

    def offer(self, current_a: float | None) -> None:
        """Offer a current a phase, or none at all. Below 6 A a vehicle takes nothing. Raises: DriverLost."""
        ...


@runtime_checkable
class Controller(Pilot, Protocol):
    """A pilot whose controller also switches the power; named once, as the pilot."""

    @property
    def contactor(self) -> Contactor:
        """The switching half, always the same object. It shares line and thread; giving one back ends both."""
        ...


@runtime_checkable
class Lock(Device, Protocol):
    """The bolt that holds a plug in a socket."""

    def set_locked(self, locked: bool) -> None:
        """Ask to lock or to unlock; returns before the bolt has moved. Raises: DriverLost."""
        ...

    def read(self) -> LockState:
        """Where the bolt is. Raises: DriverLost."""
        ...


@runtime_checkable
class Indicator(Device, Protocol):
    """Lamps, buzzers, displays."""

    def show(self, state: str) -> None:
        """Show a state: ``available``, ``preparing``, ``charging``, ``suspended``, ``reserved``, ``faulted``, ...

        A word the indicator does not know is shown as nothing. Raises: DriverLost.
        """
        ...


@runtime_checkable
class Button(Device, Protocol):
    """A button at an EVSE; pressing it chooses that EVSE for a card that waits for a choice."""

    def read(self) -> bool:
        """Whether it is pressed, or was since the last read: a short press is not missed. Raises: DriverLost."""
        ...


@runtime_checkable
class Pushes(Protocol):
    """A device that tells its changes by itself."""

    def subscribe(self, callback: Callable[[Any], None]) -> Callable[[], None]:
        """Call ``callback`` with each new state (a reader: each Card and ReaderState); returns how to end that.

        The callback may come from another thread, or from inside a command to the device: it only queues.
        """
        ...


@runtime_checkable
class Instant(Protocol):
    """A device whose calls do no I/O and may be made on an event loop."""

    @property
    def instant(self) -> bool:
        """True."""
        ...


def vendor(module: str, extra: str = "") -> Any:
    """Import a library at the moment it is needed.

    Args:
        module: its dotted name.
        extra: the extra of this distribution that brings it; empty: every installation does.

    Raises: DriverMissing: it is not installed; the hint says how to install it.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise DriverMissing(
            f"the library {module!r} is not installed", f"pip install 'ocpp-station[{extra}]'"
        ) from error
