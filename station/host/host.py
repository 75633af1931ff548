"""A station as a whole: profile, store, hardware, readers, runner, and the hand that commands it.

``Host`` is what programs embed and what the control face drives (it satisfies ``station.control.Commandable``). It
takes drivers from outside: ``Host(profile, drivers={(1, "contactor"): device})``.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any, Final

from drivers.api import DriverError
from drivers.sim.bay import Bay
from drivers.sim.behaviour import Action, CarScript
from station.clock import Clock, SystemClock
from station.config import Profile
from station.config.profile import TYPED_READERS
from station.core.catalogue import Address
from station.core.evse import Evse
from station.core.meter import METER
from station.host.audience import Audience
from station.host.commands import HANDLERS, Wait
from station.host.execution import CommandRefused, Execution
from station.host.hardware import EvseHardware
from station.host.kind import Kind
from station.host.lights import lights_of
from station.host.measure import Measure
from station.host.outside import OutsideHardware
from station.host.pairings import Pairings
from station.host.parts import kind_for, sorted_out
from station.host.process_log import PROCESS_LOG
from station.host.readers import Readers
from station.host.readings import highest
from station.host.restarts import DRAIN_S
from station.host.runner import Runner
from station.host.status import station_status
from station.host.supervision import READ_S, SOUND_S, Supervision, real_ones, until
from station.host.variables import variable_list
from station.net import dial
from station.net.transfer.api import Transfers
from station.store import MemoryStore, Store

log = logging.getLogger(__name__)

SHARED_CLOCK: Final = SystemClock()
_RESET_RETRIES = Address.parse("OCPPCommCtrlr.ResetRetries")[0]


class Host(Audience):
    """One station with everything it needs.

    Args:
        profile: the profile.
        drivers: devices from outside, by (EVSE, part), or the slots in which the profile's will be (``host.parts``).
        kind: shared among stations of one profile; made where left out.
        store: opened from the profile where left out.
        clock: station time.
        url: where to dial in place of the profile's URL (the embedded CSMS).
        seed: of everything that varies; None: unpredictable.
        trace: a file to which every frame is appended.
        dialer: makes connections; another one for tests and virtual fleets.
        transfers: carries files; real ones where left out.
        measure: hears how calls end.
    """

    __slots__ = (
        "_lights",
        "_looking",
        "_readers",
        "_real",
        "_script",
        "_script_timer",
        "_stopping",
        "_supervision",
        "clock",
        "dialer",
        "exits",
        "hardware",
        "loop",
        "measure",
        "profile",
        "seed",
        "store",
        "transfers",
        "url",
        "waiting",
    )

    def __init__(
        self,
        profile: Profile,
        drivers: Mapping[tuple[int, str], Any] | None = None,
        *,
        kind: Kind | None = None,
        store: Store | None = None,
        clock: Clock | None = None,
        url: str | None = None,
        seed: str | None = None,
        trace: Path | None = None,
        dialer: Callable[..., Any] = dial,
        transfers: Transfers | None = None,
        measure: Measure | None = None,
    ) -> None:
        self.profile = profile
        self.loop = asyncio.get_running_loop()
        self.url = url
        self.seed = seed
        self.dialer = dialer
        self.transfers = transfers
        self.measure = measure
        self.waiting: list[tuple[Wait, asyncio.Future[dict[str, Any]]]] | None = None
        """Commands that have not come about yet: ``look`` has something to do."""
        self._looking = False
        self._stopping: asyncio.Task[None] | None = None
        self.exits: Callable[[], None] | None = None
        self.store = store if store is not None else open_store(profile, self.loop)
        self.clock = clock = clock or SHARED_CLOCK
        kind = kind or (kind_for(profile, drivers) if drivers else Kind(profile))
        self._open_log(clock, in_files=profile.state is not None, trace=trace)
        self.hardware = self._hardware(kind, clock, drivers or {})
        self.runner = Runner(kind, profile, self, self.loop)
        self._real = real_ones(self.hardware.values())
        self._supervision = Supervision(self._real, self.loop) if self._real else None
        self._lights = lights_of(self._real, self.loop) if self._real else None
        self.runner.on_turn = self._turned if self._lights is not None else self.look
        self.runner.on_token = self._lights.token_ended if self._lights is not None else None
        self._readers: Readers | None = None
        car = kind.bay_options(profile.evses[0]).car
        self._script: CarScript | None = None
        if car.plugs_in_s is not None or car.taps is not None or car.stays_s is not None:
            rng = Random(f"{seed or ''}/{profile.station.id}/car")  # noqa: S311 - variety, no secret
            self._script = CarScript(car, rng, clock.now())
        self._script_timer: asyncio.TimerHandle | None = None
        self._heard()

    def _hardware(self, kind: Kind, clock: Clock, drivers: Mapping[tuple[int, str], Any]) -> dict[int, EvseHardware]:
        """The devices of every EVSE: those from outside, and a simulated bay for the rest."""
        given: dict[int, dict[str, Any]] = {}
        for (number, part), device in drivers.items():
            given.setdefault(number, {})[part] = device
        rows = self.store.load().get(METER, {})
        hardware: dict[int, EvseHardware] = {}
        for evse in self.profile.evses:
            kept_wh = highest(None, rows.get(str(evse.id)))  # none where the row is no register
            bay = Bay(self._bay_options(kind, evse), clock, start_wh=kept_wh or 0.0)
            connectors = tuple(connector.id for connector in evse.connectors)
            if evse.id in given:
                hardware[evse.id] = OutsideHardware(evse.id, bay, connectors, given[evse.id], self._hand_over, kept_wh)
            else:
                hardware[evse.id] = EvseHardware(evse.id, bay, connectors)
        return hardware

    @staticmethod
    def _bay_options(kind: Kind, evse: Any) -> Any:
        """Only the first EVSE's car is there by itself: there is one car in a profile."""
        options = kind.bay_options(evse)
        return options if evse.id == 1 else replace(options, car=replace(options.car, plugged=False, plugs_in_s=None))

    # Life

    @property
    def readers(self) -> Readers:
        """The readers. Made when first needed: where all are typed, nobody may ever ask for them."""
        if self._readers is None:
            profile = self.profile
            evses = tuple(evse.id for evse in profile.evses)
            pairings = Pairings(profile.station.id, profile.evses)
            self._readers = Readers(
                profile.auth.readers, evses, self.runner.hears, self._read, self._hand_over, pairings
            )
            if profile.auth.readers:
                self.runner.on_boot = self._readers.booted
            if self.runner.alive:
                self._readers.booted()
                self._readers.start()
        return self._readers

    @property
    def id(self) -> str:
        """The station's identity."""
        return self.profile.station.id

    async def open_hardware(self, given_up: Callable[[], bool] = bool) -> list[str]:
        """Wait, bounded, until every real device was opened once, before the station starts.

        Args:
            given_up: nobody wants to wait any more.

        Returns:
            What is not there yet, one line each: a fault that stands until it comes.

        Raises:
            DriverError: what no waiting mends: a library is missing, a device is of another kind.
        """
        if not (self._real or self._reads):
            return []
        self.readers.open()
        if self._real or self.readers.untried:
            await until(lambda: given_up() or not (self.readers.untried or self._unheard()), READ_S)
        errors = [(f"EVSE {one.evse} {part}", error) for one in self._real for part, error in one.first_errors.items()]
        errors += [(f"reader {self.readers.name(n)}", error) for n, error in self.readers.first_errors]
        return sorted_out(errors)

    @property
    def _reads(self) -> bool:
        """Whether a reader sees cards that no program shows it: a real device, or a recording that is played."""
        return any(reader.part.driver not in TYPED_READERS for reader in self.profile.auth.readers)

    def _unheard(self) -> bool:
        return any(one.unheard for one in self._real)

    async def hardware_read(self, given_up: Callable[[], bool] = bool) -> None:
        """Wait, bounded, until every contactor, pilot and lock was looked at, or failed to be."""
        if self._real:
            await until(lambda: given_up() or not any(one.unread for one in self._real), READ_S)

    def sound(self) -> bool:
        """Whether the service manager may go on trusting this process: every EVSE ticks, and none is in danger."""
        if self._supervision is None:
            return True
        overdue = self.runner.alive and self.runner.overdue(SOUND_S)
        return self._supervision.sound() and not overdue

    def start(self, *, offline: bool = False) -> None:
        """Begin the first boot, and dial unless ``offline``."""
        PROCESS_LOG.install()
        self.runner.stay_offline = offline
        readers = self.readers if self._reads else None
        if self._supervision is not None:
            self._supervision.start()
        self.runner.start()
        quarantined = getattr(self.store, "quarantined", None)
        if quarantined is not None:
            message = f"the store was damaged; what could be read was saved, the rest is kept as {quarantined}"
            log.error("%s", message)
            self.told("error", {"message": message})
        if readers is not None:
            readers.start()
        self._follow_script()
        if not offline:
            self.runner.connect()
        self.look()

    async def stop(self, drain_s: float = DRAIN_S) -> None:
        """The ordered stop, with so long for what is still to be told; a second call waits for the first."""
        if self._stopping is None:
            self._stopping = self.loop.create_task(self._stop(drain_s))
        await asyncio.shield(self._stopping)

    async def _stop(self, drain_s: float) -> None:
        if self._script_timer is not None:
            self._script_timer.cancel()
        if self._readers is not None:
            self._readers.quiet()
        await self.runner.stop(drain_s)
        if self._readers is not None:
            await self._readers.release()
        if self._supervision is not None:
            self._supervision.stop()
        if self._lights is not None:
            self._lights.close()
        for _, future in self.waiting or ():
            if not future.done():
                future.set_exception(CommandRefused("the station was stopped"))
        self.waiting = None
        await self._close_log()

    @property
    def reset_retries(self) -> int:
        """How often a reset that fails is tried again."""
        return self.runner.engine.station.ctx.variables.integer(_RESET_RETRIES)

    def exit(self) -> bool:
        """A real reboot: whoever runs this process is to end it; False where nobody does."""
        if self.exits is None:
            return False
        self.exits()
        return True

    def _hand_over(self, call: Callable[[], None]) -> None:
        self.loop.call_soon_threadsafe(call)

    # The simulated driver

    def _follow_script(self) -> None:
        if self._script_timer is not None:
            self._script_timer.cancel()
            self._script_timer = None
        due_s = self._script.next_at() if self._script is not None else None
        if due_s is not None:
            speed = getattr(self.clock, "speed", 1.0)
            delay_s = max(0.0, (due_s - self.clock.now()) / speed)
            self._script_timer = self.loop.call_later(delay_s, self._act)

    def _act(self) -> None:
        self._script_timer = None
        for action in self._script.due(self.clock.now()) if self._script is not None else ():
            self._do(action)
        self._follow_script()

    def _do(self, action: Action) -> None:
        evse = self.profile.evses[0].id
        try:
            if action.kind == "tap":
                self.execute("tap", {"tagId": action.card or "", "evse": evse})
            else:
                self.execute(action.kind, {"evse": evse})
        except CommandRefused as problem:
            log.info("the simulated driver could not %s: %s", action.kind, problem)

    def plugged(self, evse: int) -> None:
        """Somebody plugged the car in."""
        if self._script is not None and evse == self.profile.evses[0].id:
            self._script.plugged(self.clock.now())
            self._follow_script()
        self.moved()

    def unplugged(self, evse: int) -> None:
        """Somebody pulled the cable."""
        if self._script is not None and evse == self.profile.evses[0].id:
            self._script.unplugged()
            self._follow_script()
        self.moved()

    # Commands

    def execute(self, command: str, params: Mapping[str, Any]) -> Execution:
        """Let a command take effect now.

        Raises:
            CommandRefused: it cannot come about.
        """
        try:
            outcome = HANDLERS[command](self, params)
        except DriverError as problem:
            raise CommandRefused(problem.message, problem.hint or None) from problem
        future: asyncio.Future[dict[str, Any]] = self.loop.create_future()
        if callable(outcome):
            if self.waiting is None:
                self.waiting = []  # few stations are ever commanded
            self.waiting.append((outcome, future))
            self.look()
        else:
            future.set_result(outcome)
        return Execution(future)

    def look(self) -> None:
        """Ask those who wait whether their time has come; called after every turn."""
        if self._looking or not self.waiting:
            return
        self._looking = True
        try:
            for _ in range(len(self.waiting)):
                wait, future = self.waiting.pop(0)
                if not future.done() and not _answered(wait, future):
                    self.waiting.append((wait, future))
        finally:
            self._looking = False

    def _turned(self) -> None:
        if self._lights is not None and self.runner.alive:
            self._lights.look(self.runner.engine.evses)
        self.look()

    def moved(self) -> None:
        """The simulated world was changed by hand: its next change may come at another time."""
        self.runner.rearm()
        self.look()

    def evse(self, number: int) -> Evse:
        """An EVSE of the present boot."""
        evse = self.runner.engine.station.evse(number)
        if evse is None:
            raise CommandRefused("this station has no such EVSE")
        return evse

    def simulated(self, evse: int, part: str) -> EvseHardware:
        """The hardware of an EVSE, where this part of it is simulated.

        Raises:
            CommandRefused: the part is real.
        """
        hardware = self.runner.around.hardware[evse]
        if part in hardware.outside:
            raise CommandRefused(f"the {part} of EVSE {evse} is real hardware")
        return hardware

    # Looking

    def status(self) -> dict[str, Any]:
        """What the station shows of itself, in the shape of docs/control.md."""
        readers = self._readers.shown() if self._readers is not None else []
        return station_status(self.runner) | ({"readers": readers} if readers else {})

    def variables(self) -> list[dict[str, Any]]:
        """Every variable with its value and what may be written."""
        return variable_list(self.runner.engine.variables)

    def _read(self, event: str, data: dict[str, Any]) -> None:
        """What a reader tells: a card, or the end of one that never became a token."""
        self.told(event, data)
        if event == "token" and self._lights is not None:
            self._lights.refused()


def _answered(wait: Wait, future: asyncio.Future[dict[str, Any]]) -> bool:
    try:
        data = wait()
    except CommandRefused as problem:
        future.set_exception(problem)
        return True
    if data is None:
        return False
    future.set_result(data)
    return True


def open_store(profile: Profile, loop: asyncio.AbstractEventLoop) -> Store:
    """The store of a profile.

    Raises:
        StoreError: in use, of a newer program, or not to be written.
    """
    if profile.store is None:
        return MemoryStore()

    def deliver(call: Callable[[], None]) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(call)

    from station.store.sqlite import SqliteStore

    return SqliteStore(profile.store, deliver)
