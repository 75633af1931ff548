"""Real devices that hang, fail, come late or come back: in real time, in real threads, through a whole station."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from drivers.api import (
    Alarm,
    ContactorState,
    DeviceMissing,
    DriverLost,
    DriverMissing,
    LockState,
    NoReading,
    PilotLetter,
    PilotState,
    Reading,
)
from station.config import from_mapping
from station.host.host import Host
from station.host.slot import Slot
from tests.support.station_process import ROOT, StationProcess

CARD = "04A1B2C3"
PROFILE = {
    "station": {"id": "CP-1"},
    "csms": "none",
    "auth": {"local": {"allow": [CARD]}},
    "store": "memory",
    "control": "off",
    "evses": [{"id": 1}, {"id": 2}],
}
STALL_S = 0.05
"""How long the event loop may be held up. On a busy machine it waits for the processor longer, now and then."""


class Device:
    """Hangs until it is let go, fails with what ``broken`` is, else does its work."""

    def __init__(self) -> None:
        self.free = threading.Event()
        self.free.set()
        self.broken: Exception | None = None
        self.released = 0

    def called(self) -> None:
        self.free.wait(30)
        if self.broken is not None:
            raise self.broken

    def release(self) -> None:
        self.released += 1


class Contactor(Device):
    def __init__(self) -> None:
        super().__init__()
        self.on = False
        self.alarms: tuple[Alarm, ...] = ()
        self.fault: str | None = None

    def set_power(self, on: bool) -> None:
        self.called()
        self.on = on

    def read(self) -> ContactorState:
        self.called()
        return ContactorState(self.on, self.on, self.fault, self.alarms)

    def release(self) -> None:
        super().release()
        self.on = False


class Pilot(Device):
    def __init__(self) -> None:
        super().__init__()
        self.state: PilotLetter = "A"
        self.offered: list[float | None] = []

    def read(self) -> PilotState:
        self.called()
        return PilotState(self.state, None, self.state != "A")

    def offer(self, current_a: float | None) -> None:
        self.called()
        self.offered.append(current_a)
        if self.state in ("B", "C"):
            self.state = "C" if current_a else "B"


class Controller(Pilot):
    """A pilot that switches, too."""

    def __init__(self) -> None:
        super().__init__()
        self.contactor = Contactor()
        self.contactor.free = self.free

    def release(self) -> None:
        super().release()
        self.contactor.on = False


class Lock(Device):
    def __init__(self) -> None:
        super().__init__()
        self.commanded = self.locked = False

    def set_locked(self, locked: bool) -> None:
        self.called()
        self.commanded = self.locked = locked

    def read(self) -> LockState:
        self.called()
        return LockState(self.commanded, self.locked)


class Meter(Device):
    def __init__(self) -> None:
        super().__init__()
        self.energy_wh = 1000.0

    def read(self) -> Reading:
        self.called()
        self.energy_wh += 1.0
        return Reading(energy_wh=self.energy_wh, power_w=3600.0)


class Maker:
    """Opens devices of a kind; one after the other, each with what is wrong with it."""

    def __init__(self, kind: type[Any]) -> None:
        self.kind = kind
        self.made: list[Any] = []
        self.broken: Exception | None = None
        self.free = threading.Event()
        self.free.set()

    def __call__(self) -> Any:
        self.free.wait(30)
        if self.broken is not None:
            raise self.broken
        self.made.append(self.kind())
        return self.made[-1]


class Stall:
    """Measures how long the event loop was held up."""

    def __init__(self) -> None:
        self._stalls_s: list[float] = []
        self._task = asyncio.create_task(self._watch())

    async def _watch(self) -> None:
        while True:
            before_s = time.monotonic()
            await asyncio.sleep(0.005)
            stall_s = time.monotonic() - before_s - 0.005
            if stall_s > STALL_S:
                self._stalls_s.append(stall_s)

    def check(self) -> None:
        """A device that holds up the loop does so for long, or again and again."""
        self._task.cancel()
        assert len(self._stalls_s) <= 3, self._stalls_s
        assert sum(self._stalls_s) < 0.5, self._stalls_s


@contextlib.asynccontextmanager
async def running(drivers: dict[tuple[int, str], Any], **profile: Any) -> AsyncIterator[Host]:
    host = Host(from_mapping(PROFILE | profile, Path("/nonexistent"), env={}).profile, drivers)
    host.start()
    try:
        yield host
    finally:
        await host.stop()


async def until(condition: Callable[[], Any], timeout_s: float = 8.0) -> None:
    async with asyncio.timeout(timeout_s):
        while not condition():
            await asyncio.sleep(0.01)


def evse(host: Host, number: int = 1) -> dict[str, Any]:
    entry: dict[str, Any] = host.status()["evses"][number - 1]
    return entry


async def charge(host: Host, number: int = 1) -> None:
    await host.execute("plug_in", {"evse": number}).done
    await host.execute("tap", {"tagId": CARD, "evse": number}).done
    await until(lambda: evse(host, number)["contactor"] == "closed")


def test_a_contactor_that_hangs_is_a_fault_of_its_evse_and_delays_nothing_else() -> None:
    contactor, other = Contactor(), Contactor()

    async def main() -> None:
        async with running({(1, "contactor"): contactor, (2, "contactor"): other}) as host:
            await until(lambda: evse(host)["status"] == "Available")
            stall = Stall()
            contactor.free.clear()
            began_s = time.monotonic()
            await until(lambda: evse(host)["faults"] == ["PowerSwitchFailure"])
            assert time.monotonic() - began_s < 2.0
            assert evse(host)["status"] == "Faulted"
            await charge(host, 2)
            assert host.sound()  # it hangs open: nobody is in danger
            contactor.free.set()
            await until(lambda: not evse(host)["faults"])
            await until(lambda: evse(host)["status"] == "Available")
            await host.execute("unplug", {"evse": 2}).done
            await until(lambda: not other.on)
            stall.check()

    asyncio.run(main())


def test_a_contactor_that_hangs_closed_starves_the_watchdog_and_is_let_go_from_another_thread() -> None:
    maker = Maker(Contactor)

    async def main() -> None:
        async with running({(1, "contactor"): Slot(maker)}) as host:
            await charge(host)
            contactor = maker.made[0]
            contactor.free.clear()
            await until(lambda: "PowerSwitchFailure" in evse(host)["faults"])
            await until(lambda: contactor.released == 1)
            assert not contactor.on
            await until(lambda: evse(host)["transaction"] is None)
            await until(lambda: not host.sound())
            contactor.free.set()
            await until(host.sound)
            await until(lambda: len(maker.made) == 2)
            await until(lambda: evse(host)["contactor"] == "open")
            await host.execute("clear_fault", {"evse": 1}).done
            await until(lambda: not evse(host)["faults"])

    asyncio.run(main())


def test_free_vend_without_a_csms_on_real_hardware() -> None:
    pilot, contactor = Pilot(), Contactor()

    async def main() -> None:
        async with running({(1, "pilot"): pilot, (1, "contactor"): contactor}, auth="free") as host:
            await host.hardware_read()
            pilot.state = "B"
            await until(lambda: contactor.on)
            pilot.state = "A"
            await until(lambda: not contactor.on)
            await until(lambda: evse(host)["transaction"] is None)

    asyncio.run(main())


def test_a_meter_that_hangs_lets_the_session_go_on() -> None:
    meter, contactor = Meter(), Contactor()

    async def main() -> None:
        async with running({(1, "meter"): meter, (1, "contactor"): contactor}) as host:
            await charge(host)
            meter.free.clear()
            await until(lambda: evse(host)["faults"] == ["PowerMeterFailure"])
            assert contactor.on
            shown_wh = evse(host)["meter_wh"]
            assert evse(host)["transaction"]["energy_wh"] >= 0
            meter.free.set()
            await until(lambda: not evse(host)["faults"])
            assert contactor.on
            await host.execute("unplug", {"evse": 1}).done
            await until(lambda: evse(host)["transaction"] is None)
            assert evse(host)["meter_wh"] >= shown_wh

    asyncio.run(main())


def test_a_lock_that_hangs_is_a_fault_of_its_evse_and_delays_no_opening() -> None:
    lock, contactor = Lock(), Contactor()

    async def main() -> None:
        async with running({(1, "lock"): lock, (1, "contactor"): contactor}) as host:
            await charge(host)
            assert lock.locked
            stall = Stall()
            lock.free.clear()
            await host.execute("tap", {"tagId": CARD, "evse": 1}).done
            await until(lambda: not contactor.on)
            await charge(host, 2)
            await until(lambda: evse(host)["faults"] == ["ConnectorLockFailure"])
            assert evse(host, 2)["faults"] == []
            assert host.sound(), "it endangers nobody"
            lock.free.set()
            await until(lambda: not evse(host)["faults"])
            await until(lambda: not lock.locked)
            stall.check()

    asyncio.run(main())


def test_a_meter_without_a_reading_and_one_with_nonsense() -> None:
    meter = Meter()

    async def main() -> None:
        async with running({(1, "meter"): meter}) as host:
            await charge(host)
            known_wh = evse(host)["meter_wh"]
            meter.broken = NoReading("no answer this time")
            await asyncio.sleep(1.5)
            assert not evse(host)["faults"]
            meter.broken = None
            meter.energy_wh = float("nan")
            await asyncio.sleep(1.5)
            assert evse(host)["meter_wh"] >= known_wh
            meter.energy_wh = 2000.0
            await host.execute("unplug", {"evse": 1}).done
            await until(lambda: evse(host)["transaction"] is None)
            await until(lambda: evse(host)["meter_wh"] > 2000.0)

    asyncio.run(main())


def test_what_is_lost_is_given_back_and_opened_anew() -> None:
    makers = {"contactor": Maker(Contactor), "pilot": Maker(Pilot), "meter": Maker(Meter)}
    slots = {(1, part): Slot(maker, name=part) for part, maker in makers.items()}

    async def main() -> None:
        async with running(slots) as host:
            assert await host.open_hardware() == []
            await host.hardware_read()
            for part, maker in makers.items():
                maker.made[0].broken = DriverLost("unplugged")
                await until(lambda maker=maker: len(maker.made) == 2, 3.0)  # type: ignore[misc]
                assert maker.made[0].released == 1, part
                await until(lambda: not evse(host)["faults"])
            pilot = makers["pilot"].made[1]
            pilot.state = "B"
            await host.execute("tap", {"tagId": CARD, "evse": 1}).done
            await until(lambda: makers["contactor"].made[1].on)
        assert [device.released for maker in makers.values() for device in maker.made] == [1] * 6
        assert not makers["contactor"].made[1].on
        assert pilot.offered[-1] is None

    asyncio.run(main())


def test_a_device_that_comes_after_the_start() -> None:
    maker = Maker(Contactor)
    maker.broken = DeviceMissing("/dev/relay is not there", "plug it in")

    async def main() -> None:
        host = Host(from_mapping(PROFILE, Path("/nonexistent"), env={}).profile, {(1, "contactor"): Slot(maker)})
        warnings = await host.open_hardware()
        assert warnings == ["EVSE 1 contactor: /dev/relay is not there (plug it in)"]
        host.start()
        try:
            assert evse(host)["faults"] == ["PowerSwitchFailure"]
            await host.execute("plug_in", {"evse": 1}).done
            assert evse(host)["status"] == "Faulted"
            maker.broken = None
            await until(lambda: not evse(host)["faults"])
            await host.execute("tap", {"tagId": CARD, "evse": 1}).done
            await until(lambda: maker.made[0].on)
        finally:
            await host.stop()

    asyncio.run(main())


def test_what_waiting_cannot_mend_is_told_to_whoever_starts() -> None:
    maker = Maker(Meter)
    maker.broken = DriverMissing("the library 'pymodbus' is not installed", "pip install 'ocpp-station[modbus]'")

    async def main() -> None:
        host = Host(from_mapping(PROFILE, Path("/nonexistent"), env={}).profile, {(1, "meter"): Slot(maker)})
        with pytest.raises(DriverMissing, match="pymodbus"):
            await host.open_hardware()
        await host.stop()

    asyncio.run(main())


def test_an_opening_that_hangs_holds_up_no_start() -> None:
    maker = Maker(Contactor)
    maker.free.clear()

    async def main() -> None:
        host = Host(from_mapping(PROFILE, Path("/nonexistent"), env={}).profile, {(1, "contactor"): Slot(maker)})
        stall = Stall()
        began_s = time.monotonic()
        assert await host.open_hardware() == []
        host.start()
        await charge(host, 2)
        await until(lambda: evse(host)["faults"] == ["PowerSwitchFailure"])
        assert time.monotonic() - began_s < 8.0
        maker.free.set()
        await until(lambda: not evse(host)["faults"])
        stall.check()
        await host.stop()

    asyncio.run(main())


def test_a_controller_that_hangs_and_comes_back() -> None:
    maker = Maker(Controller)
    slot = Slot(maker, name="controller")

    async def main() -> None:
        async with running({(1, "pilot"): slot, (1, "contactor"): slot}) as host:
            await host.hardware_read()
            first = maker.made[0]
            first.state = "B"
            await until(lambda: evse(host)["plugged"])
            await host.execute("tap", {"tagId": CARD, "evse": 1}).done
            await until(lambda: first.contactor.on)
            first.free.clear()
            await until(lambda: {"PowerSwitchFailure", "InternalError"} <= set(evse(host)["faults"]))
            first.free.set()
            await until(lambda: len(maker.made) == 2)
            # It did not follow while it hung: that stays until somebody says that it is over.
            await until(lambda: evse(host)["contactor"] == "open")
            await host.execute("clear_fault", {"evse": 1}).done
            await until(lambda: not evse(host)["faults"])
            assert not first.contactor.on
            assert first.released >= 1
            assert evse(host)["contactor"] == "open"

    asyncio.run(main())


def test_an_emergency_stop_opens_and_its_release_allows_again() -> None:
    contactor = Contactor()

    async def main() -> None:
        async with running({(1, "contactor"): contactor}) as host:
            await charge(host)
            contactor.alarms = ("emergency_stop",)
            await until(lambda: not contactor.on)
            assert evse(host)["faults"] == ["OtherError"]
            await host.execute("clear_fault", {"evse": 1}).done
            assert evse(host)["faults"] == ["OtherError"]  # it is still pressed
            contactor.alarms = ()
            await until(lambda: not evse(host)["faults"])
            await host.execute("unplug", {"evse": 1}).done
            await charge(host)

    asyncio.run(main())


def test_alarms_that_stand_at_the_start_are_faults_at_once() -> None:
    contactor = Contactor()
    contactor.alarms = ("residual_current",)

    async def main() -> None:
        async with running({(1, "contactor"): contactor}) as host:
            await host.hardware_read()
            assert evse(host)["faults"] == ["GroundFailure"]

    asyncio.run(main())


def test_a_transaction_goes_on_after_a_power_cut_though_the_pilot_is_read_late() -> None:
    pilot, contactor = Pilot(), Contactor()
    reboot = {"reboot": {"takes": "0.2s"}}

    async def main() -> None:
        async with running({(1, "pilot"): pilot, (1, "contactor"): contactor}, **reboot) as host:
            pilot.state = "B"
            await until(lambda: evse(host)["plugged"])
            await host.execute("tap", {"tagId": CARD, "evse": 1}).done
            await until(lambda: contactor.on)
            before = evse(host)["transaction"]["id"]
            await host.execute("power_cycle", {"keepTransactions": True}).done
            await until(lambda: not contactor.on)
            pilot.free.clear()
            await asyncio.sleep(0.6)
            assert not contactor.on
            pilot.free.set()
            await until(lambda: contactor.on)
            assert evse(host)["transaction"]["id"] == before

    asyncio.run(main())


def test_an_ordered_stop_opens_what_can_be_opened_at_once_and_ends_though_a_device_hangs() -> None:
    hanging, contactor, meter = Contactor(), Contactor(), Meter()

    async def main() -> float:
        host = Host(
            from_mapping(PROFILE, Path("/nonexistent"), env={}).profile,
            {(1, "contactor"): hanging, (2, "contactor"): contactor, (2, "meter"): meter},
        )
        host.start()
        await charge(host, 1)
        await charge(host, 2)
        hanging.free.clear()
        meter.free.clear()
        await asyncio.sleep(0.3)
        stall = Stall()
        began_s = time.monotonic()
        stop = asyncio.create_task(host.stop())
        await until(lambda: not contactor.on, 0.5)
        await stop
        stall.check()
        return time.monotonic() - began_s

    took_s = asyncio.run(main())
    assert took_s < 8.0
    assert not hanging.on
    hanging.free.set()
    meter.free.set()


RUN = """
station: {id: CP-HW}
csms: none
store: memory
auth: {local: {allow: ["04A1B2C3"]}, readers: [{driver: serial, port: /dev/nonexistent0, format: rdm6300}]}
evses:
  - hardware:
      contactor: {driver: gpio, pin: 17, factory: mock}
      meter: {driver: modbus, model: sdm630, port: /dev/nonexistent1, unit: 1}
      pilot: {driver: openevse, port: /dev/nonexistent2}
"""


def test_station_run_goes_on_without_devices_that_are_not_there_and_tells_systemd(tmp_path: Path) -> None:
    profile = tmp_path / "station.yaml"
    profile.write_text(RUN)
    heard: list[str] = []
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(str(tmp_path / "notify"))
        receiver.setblocking(False)
        told = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "2000000"}

        def listen() -> list[str]:
            with contextlib.suppress(BlockingIOError):
                while True:
                    heard.append(receiver.recv(200).decode())
            return heard

        async def main() -> None:
            async with StationProcess(tmp_path, str(profile), "--control", "stdio", **told) as station:
                status = await station.holds(lambda status: len(status["evses"][0]["faults"]) == 3)
                assert set(status["evses"][0]["faults"]) == {"InternalError", "PowerMeterFailure", "ReaderFailure"}
                await until(lambda: listen().count("WATCHDOG=1") >= 3)
                assert await station.terminate() == 0
                warnings = [line for line in station.errors if line.startswith("!")]
                assert len(warnings) == 3
                for number, part in enumerate(("reader serial", "EVSE 1 meter", "EVSE 1 pilot")):
                    assert any(f"{part}: /dev/nonexistent{number} is not there (" in line for line in warnings)
                assert not any("Traceback" in line for line in station.errors)

        asyncio.run(main())
        assert listen()[0] == "READY=1"
        assert heard[-1] == "STOPPING=1"


def test_station_run_ends_where_a_library_is_missing(tmp_path: Path) -> None:
    profile = tmp_path / "station.yaml"
    profile.write_text(RUN)
    # A library that cannot be imported, whatever is installed here.
    (tmp_path / "serial.py").write_text("raise ImportError('not on this machine')")

    async def main() -> None:
        path = f"{tmp_path}:{ROOT}"
        async with StationProcess(tmp_path, str(profile), "--control", "stdio", PYTHONPATH=path) as station:
            assert await station.ended() == 5
            assert any("the library 'serial'" in line for line in station.errors)
            assert any("pip install" in line for line in station.errors)

    asyncio.run(main())


def test_a_simulated_station_has_no_thread_and_no_timer_of_this() -> None:
    async def main() -> None:
        before = threading.active_count()
        async with running({}) as host:
            await charge(host)
            assert threading.active_count() <= before
            assert host._supervision is None
            assert host.sound()

    asyncio.run(main())
