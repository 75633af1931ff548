"""OpenEVSE controller by RAPI over a UART (115,200 baud): pilot and contactor in one.

Name it once, under ``pilot``. Where a contactor of its own is named too, that one switches and the controller's relay
only follows the pilot.

| function | support | remarks |
|---|---|---|
| states A to D | yes | at -12 V (a fault) the vehicle is reported as it was |
| current | yes | whole ampere, volatile; below 6 A the controller sleeps |
| permission | yes | ``$FE`` and ``$FS``; what its button or Wi-Fi module change is set right within a second |
| relay | yes | switches by itself under an offer; welded: ``relay`` alarm and a contactor that stays closed |
| heartbeat | firmware 4 and later | without the station: ``fallback`` |
| residual current, ground, diode, temperature, over-current | yes | as its firmware was built |
| proximity | no | the controller minds it: firmware with ``PP_AUTO_AMPACITY`` |
| energy | no | a meter of its own |
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from drivers.api import Clock, ContactorState, DriverLost, PilotState
from drivers.clock import SYSTEM
from drivers.openevse.controller import Controller
from drivers.openevse.rapi import encode
from drivers.options import option
from drivers.parting import Parting
from drivers.registry import Driver
from drivers.serial_port import SerialPort

BAUD = 115_200
_PARTING_GAP_S = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenEvseOptions:
    """The ``pilot`` block of a profile."""

    port: str = option(about="path of the line, such as /dev/ttyAMA1")
    heartbeat_s: float = option(
        5.0, key="heartbeat", unit="s", between=(0, 600), about="the controller falls back without one; 0s: it does not"
    )
    fallback_a: float = option(
        6.0, key="fallback", unit="A", between=(6, 80), about="current that it falls back to when the station is silent"
    )


class OpenEvse:
    """See the module. Pilot and ``contactor`` share the line: one thread, given back together."""

    def __init__(self, options: OpenEvseOptions, clock: Clock | None = None) -> None:
        line = SerialPort(options.port, BAUD)
        try:
            self._controller: Controller | None = Controller(
                line, clock or SYSTEM, heartbeat_s=options.heartbeat_s, fallback_a=options.fallback_a
            )
        except Exception:
            line.release()
            raise
        self._contactor = OpenEvseRelay(self._open, self.release)

    @property
    def contactor(self) -> OpenEvseRelay:
        """The controller's relay."""
        return self._contactor

    def read(self) -> PilotState:
        """What vehicle and controller show. Raises: DriverLost."""
        shown = self._open().look()
        return PilotState(shown.vehicle, None, shown.vehicle != "A", shown.alarms)

    def offer(self, current_a: float | None) -> None:
        """Offer a current a phase, or none. Raises: DriverLost; DriverUnsupported: it offers more than that."""
        self._open().offer(current_a)

    def release(self) -> None:
        """Put the controller to sleep and give the line back."""
        controller, self._controller = self._controller, None
        if controller is not None:
            controller.release()

    def _open(self) -> Controller:
        if self._controller is None:
            raise DriverLost("the controller was released")
        return self._controller


class OpenEvseRelay:
    """The relay of an OpenEVSE as a contactor."""

    def __init__(self, controller: Callable[[], Controller], release: Callable[[], None]) -> None:
        self._controller = controller
        self._release = release

    def set_power(self, on: bool) -> None:
        """Claim the power, or have the relay opened. Raises: DriverLost."""
        self._controller().claim(on)

    def read(self) -> ContactorState:
        """Where the relay is. Raises: DriverLost."""
        controller = self._controller()
        controller.look()
        return controller.relay

    def release(self) -> None:
        """Give the controller back, the pilot with it."""
        self._release()


def parting(options: OpenEvseOptions) -> Parting:
    """To sleep. A carriage return first ends what was cut off."""
    asleep = encode("FS")
    return Parting(options.port, BAUD, "none", (b"\r" + asleep, asleep), _PARTING_GAP_S)


DRIVER = Driver(
    part="pilot",
    name="openevse",
    options=OpenEvseOptions,
    open=OpenEvse,
    example={"port": "/dev/ttyAMA1"},
    parting=parting,
)
