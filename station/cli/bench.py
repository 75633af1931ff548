"""Parts of one EVSE, opened by hand: what the verbs of `station hw` share.

Nothing is opened while a station runs on the same profile, and while parts are open its store is held, so that none
can start. Every part is given back at the end, however that comes: a contactor is open then.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any, Final, NoReturn

import typer

from drivers import registry
from drivers.api import Controller, DriverError
from station.cli.exit_codes import ExitCode, fail
from station.cli.profiles import print_problems
from station.cli.service_env import ServiceEnvironment
from station.cli.signals import ordered_ends
from station.config import ConfigError, EvseConfig, Overrides, PartConfig, Profile, load
from station.control import runtime_file
from station.errors import StationError
from station.store.lock import FileLock

SERVICE_STATE: Final = Path("/var/lib/ocpp-station")
SERVICE_RUNTIME: Final = Path("/run/ocpp-station")
STOP_SERVICE: Final = "sudo systemctl stop ocpp-station"


class Bench:
    """The parts of an EVSE, each opened when it is first asked for.

    Args:
        stop: set by Ctrl-C and SIGTERM; who waits, waits for it.
    """

    def __init__(self, profile: Profile, evse: EvseConfig, *, as_json: bool) -> None:
        self.profile = profile
        self.evse = evse
        self.as_json = as_json
        self.stop = threading.Event()
        self._opened: dict[str, Any] = {}

    def config(self, part: str) -> PartConfig:
        """What the profile says of a part; a contactor without a driver of its own is its controller's."""
        found: PartConfig | None = getattr(self.evse.hardware, part)
        return self.evse.hardware.pilot if found is None else found

    def part(self, part: str) -> Any:
        """A part, opened in its safe state.

        Raises:
            DriverError: it is missing, busy or lost.
        """
        if part == "contactor" and self.evse.hardware.contactor is None:
            controller = self.part("pilot")
            if not isinstance(controller, Controller):
                name = self.evse.hardware.pilot.driver
                raise DriverError(f"EVSE {self.evse.id}: {name} switches nothing", "name a contactor in the profile")
            return controller.contactor
        device = self._opened.get(part)
        if device is None:
            config = self.config(part)
            driver = registry.find(part, config.driver)
            parsed = config.parsed if config.parsed is not None else driver.parse(config.options)
            device = self._opened[part] = driver.open(parsed)
            if config.simulated:
                self.note(f"the {part} of EVSE {self.evse.id} is simulated: nothing real moves")
        return device

    def release(self) -> None:
        """Give every part back, the contactor first."""
        for part in sorted(self._opened, key=lambda name: name != "contactor"):
            with contextlib.suppress(Exception):
                self._opened[part].release()
        self._opened.clear()

    def say(self, text: str, data: dict[str, Any]) -> None:
        """One observation."""
        typer.echo(json.dumps(data, ensure_ascii=False) if self.as_json else f" {text}")

    def note(self, text: str) -> None:
        """A remark beside the observations."""
        typer.echo(f"! {text}", err=True)

    def fail(self, message: str, hint: str, code: ExitCode = ExitCode.HARDWARE) -> NoReturn:
        """End with an error; parts are given back on the way."""
        fail(message, hint, code, as_json=self.as_json)


@contextlib.contextmanager
def opened(path: Path, evse: int, *, as_json: bool) -> Iterator[Bench]:
    """A bench for an EVSE of a profile.

    Raises:
        typer.Exit: 2 for the profile, 5 for hardware that is missing, busy or lost, or a station that runs.
    """
    profile = read_profile(path, as_json=as_json)
    config = next((one for one in profile.evses if one.id == evse), None)
    if config is None:
        known = ", ".join(str(one.id) for one in profile.evses)
        fail(f"{path}: there is no EVSE {evse}", f"--evse {known}", ExitCode.USAGE, as_json=as_json)
    bench = Bench(profile, config, as_json=as_json)
    with contextlib.ExitStack() as stack:
        try:
            for lock in hold(profile):
                stack.callback(lock.release)
        except StationError as error:
            fail(error.message, error.hint, ExitCode.HARDWARE, as_json=as_json)
        stack.callback(bench.release)
        stack.enter_context(_stops(bench.stop))
        try:
            yield bench
        except DriverError as error:
            fail(error.message, error.hint or f"station doctor {path}", ExitCode.HARDWARE, as_json=as_json)


def read_profile(path: Path, *, as_json: bool) -> Profile:
    """A profile, whatever secrets it wants. Raises: typer.Exit: 2, with what is wrong."""
    try:
        return load(path, Overrides(), env=ServiceEnvironment(os.environ)).profile
    except ConfigError as error:
        if as_json:
            fail(str(error), f"station check {path}", ExitCode.USAGE, as_json=True)
        print_problems(error)
        raise typer.Exit(ExitCode.USAGE) from None


def runs(profile: Profile) -> str | None:
    """Who runs this station, in words; None: nobody that can be seen."""
    service = SERVICE_RUNTIME / SERVICE_RUNTIME.name
    for entry in [*runtime_file.running(), *runtime_file.running(service)]:
        if entry.id == profile.station.id and not entry.fleet:
            return f"{entry.id} runs (pid {entry.pid})"
    try:
        list(service.iterdir())
    except PermissionError:
        # systemd removes the folder with the service: what is there and closed to us is in use.
        return "the service ocpp-station runs"
    except OSError:
        pass
    return None


def hold(profile: Profile) -> list[FileLock]:
    """Keep stations of this profile from starting, as far as their stores can be seen.

    Raises:
        StationError: one runs.
    """
    who = runs(profile)
    if who is not None:
        raise StationError(f"{who} on this profile; parts are tried by hand only without it", STOP_SERVICE)
    held: list[FileLock] = []
    names = {profile.store, SERVICE_STATE / f"{profile.file_stem}.db"} - {None}
    for store in sorted(str(name) for name in names):
        lock = Path(f"{store}.lock")
        try:
            if lock.exists():
                held.append(FileLock(lock, f"the store {store}"))
        except StationError as error:
            for one in held:
                one.release()
            raise StationError(f"{error.message}: a station runs on this profile", STOP_SERVICE) from None
        except OSError:
            # Another user's store: what it drives is busy for us, and the driver says so.
            continue
    return held


@contextlib.contextmanager
def _stops(event: threading.Event) -> Iterator[None]:
    """The first Ctrl-C, SIGTERM or loss of the terminal ends in order; only a second Ctrl-C has its usual effect.

    What that raises still opens a contactor on its way; a second SIGTERM would leave it as it is.
    """
    before = {number: signal.getsignal(number) for number in ordered_ends()}

    def stop(number: int, _frame: FrameType | None) -> None:
        event.set()
        if number == signal.SIGINT:
            signal.signal(number, before[signal.SIGINT])

    try:
        for number in before:
            signal.signal(number, stop)
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
