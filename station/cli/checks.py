"""What `station doctor` looks at: one function a question, each answers with checks. Nothing here prints.

Parts are opened for a moment, in their safe state, and given back; the contactor is never closed.
"""

from __future__ import annotations

import os
import shutil
import socket
import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from drivers import discovery
from drivers.api import ContactorState, DriverError, PilotState, Reading, Register
from station.cli import reader_spec
from station.cli.bench import Bench
from station.clock import host_clock_synchronised
from station.config import EvseConfig, Profile, ReaderConfig
from station.errors import StationError
from station.store.schema import MIGRATIONS

Level = Literal["ok", "warning", "error"]
Kind = Literal["hardware", "machine", "csms"]

UNIT: Final = Path("/etc/systemd/system/ocpp-station.service")
LEAST_FREE_BYTES: Final = 100_000_000
LITTLE_FREE_BYTES: Final = 500_000_000
RESOLVE_S: Final = 5.0
_BAUD: Final = 115_200


@dataclass(frozen=True, slots=True)
class Check:
    """The answer to one question; `hint` is what to type where something is wrong."""

    level: Level
    kind: Kind
    what: str
    hint: str = ""


# --- the machine --------------------------------------------------------------------------------------------------


def readers_here() -> Iterator[Check]:
    """Readers of this machine, and what is in their way."""
    found = discovery.find()
    for device in found:
        if device.driver:
            yield Check("ok", "hardware", f"{device.kind} {device.where}: {device.name or device.driver}")
    for problem in discovery.problems(found):
        yield Check(problem.severity, "hardware", f"{problem.where}: {problem.what}", problem.hint)
    if not any(device.driver for device in found):
        lines = ", ".join(device.where for device in found) or "none"
        yield Check("ok", "hardware", f"no reader shows itself here; lines that may carry one: {lines}")


def clock() -> Iterator[Check]:
    """Whether the host's clock can be trusted."""
    if host_clock_synchronised():
        yield Check("ok", "machine", "the clock is synchronised")
    else:
        what = "the clock is not synchronised: until the CSMS tells the time, stamps are relative"
        yield Check("warning", "machine", what, "sudo timedatectl set-ntp true")


def service() -> Iterator[Check]:
    """Whether the systemd unit is there."""
    if UNIT.exists():
        yield Check("ok", "machine", f"{UNIT} is there")
    else:
        yield Check("warning", "machine", "there is no systemd unit: nothing starts the station after a power cut",
                    "sudo station install PROFILE")  # fmt: skip


# --- the profile --------------------------------------------------------------------------------------------------


def secrets(missing: list[str]) -> Iterator[Check]:
    """Environment variables that the profile names and that are not set here."""
    for name in missing:
        what = f"${{{name}}} is not set here; the service takes it from /etc/ocpp-station/secrets.env"
        yield Check("warning", "machine", what, f"export {name}=…, or sudoedit /etc/ocpp-station/secrets.env")


def storage(profile: Profile) -> Iterator[Check]:
    """Whether store and state can be written, and for how long."""
    for name, path in (("store", profile.store and profile.store.parent), ("state", profile.state)):
        if path is None:
            yield Check("ok", "machine", f"{name}: nothing is kept")
            continue
        there = next(folder for folder in (path, *path.parents) if folder.exists())
        if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
            owner = f"sudo install -d -m 0700 -o $USER {path}"
            yield Check("error", "machine", f"{name}: {there} cannot be written by this user", owner)
            continue
        yield _space(name, there)
    if profile.store is not None:
        yield from _store_version(profile.store)


def _space(name: str, folder: Path) -> Check:
    free = shutil.disk_usage(folder).free
    shown = f"{name}: {folder} can be written, {free / 1e6:,.0f} MB are free"
    if free < LEAST_FREE_BYTES:
        return Check("error", "machine", f"{shown}: without a record there is no energy", "sudo apt clean; df -h")
    return Check("warning" if free < LITTLE_FREE_BYTES else "ok", "machine", shown, "df -h")


def _store_version(store: Path) -> Iterator[Check]:
    """A store that a newer program has written is not opened by this one."""
    if not store.exists():
        return
    try:
        connection = sqlite3.connect(f"file:{store}?mode=ro", uri=True)
        try:
            version = int(connection.execute("PRAGMA user_version").fetchone()[0])
        finally:
            connection.close()
    except sqlite3.Error as error:
        yield Check(
            "warning", "machine", f"{store} cannot be read: {error}", "the station says at its start what it does"
        )
        return
    if version > len(MIGRATIONS):
        what = f"{store} was written by a newer version ({version} against {len(MIGRATIONS)})"
        yield Check("error", "machine", what, "pip install --upgrade ocpp-station")


def central_system(profile: Profile) -> Iterator[Check]:
    """Whether the name of the CSMS resolves; nothing connects."""
    url = profile.station_url
    if url is None:
        free = "; everybody may charge (auth: free)" if profile.auth.free else ""
        yield Check("ok", "csms", f"csms: {profile.csms.mode}{free}")
        return
    host = urlsplit(url).hostname or ""
    why = _unresolved(host)
    if why is None:
        yield Check("ok", "csms", f"{host} resolves; whether it answers: station csms check {url}")
    else:
        yield Check("error", "csms", f"{host} does not resolve: {why}", "ip route; resolvectl status; csms.url")


def _unresolved(host: str) -> str | None:
    """Why a name does not resolve; None: it does. The resolver may take half a minute: nobody waits so long."""
    answers: SimpleQueue[str | None] = SimpleQueue()

    def ask() -> None:
        try:
            socket.getaddrinfo(host, None)
            answers.put(None)
        except (OSError, UnicodeError) as error:
            answers.put(str(error))

    threading.Thread(target=ask, name="resolve", daemon=True).start()
    try:
        return answers.get(timeout=RESOLVE_S)
    except Empty:
        return f"no answer within {RESOLVE_S:g} s"


def wiring(profile: Profile) -> Iterator[Check]:
    """What the kernel does with a coil's pin when its process dies."""
    from drivers.gpio.factory import outputs_survive

    driven = [evse for evse in profile.evses if (part := evse.hardware.contactor) and part.driver == "gpio"]
    if driven and outputs_survive():
        what = "the kernel leaves outputs driven when their process dies"
        hint = "dtparam=strict_gpiod in config.txt, a pull-down at the coil's driver, a watchdog relay"
        yield Check("warning", "hardware", what, hint)


def parts(profile: Profile) -> Iterator[Check]:
    """Each part of the profile, opened for a moment; only while no station runs on it (`bench.hold`)."""
    if not profile.uses_hardware:
        yield Check("ok", "hardware", "every part of the profile is simulated")
        return
    for evse in profile.evses:
        yield from _evse(profile, evse)
    for reader in profile.auth.readers:
        if not reader.part.simulated:
            yield _reader(reader)


def _evse(profile: Profile, evse: EvseConfig) -> Iterator[Check]:
    bench = Bench(profile, evse, as_json=False)
    # The contactor first: a controller is opened as such, and by it.
    for name in ("contactor", "pilot", "meter", "lock", "indicator", "button"):
        config = bench.config(name)
        if config.simulated:
            continue
        where = f"EVSE {evse.id} {name} {config.driver}"
        try:
            yield _judged(where, _looked(bench.part(name)))
        except DriverError as error:
            yield Check("error", "hardware", f"{where}: {error.message}", error.hint or f"see {config.position}")
        except Exception as error:  # a driver from outside may raise anything; the rest is still looked at
            yield Check("error", "hardware", f"{where}: {type(error).__name__}: {error}", f"see {config.position}")
    bench.release()


def _looked(device: Any) -> Any:
    if isinstance(device, Register):
        device.preset(0.0)
    return device.read() if hasattr(device, "read") else None


def _judged(where: str, state: Any) -> Check:
    """What a first look says."""
    if isinstance(state, ContactorState):
        words = ", ".join(word for word in (state.fault or "", *state.alarms) if word)
        if state.closed or words:
            shown = f"{where}: {'closed' if state.closed else 'open'}{f', {words}' if words else ''}"
            return Check("error", "hardware", f"{shown}, before it was ever told to close", "station hw relay PROFILE")
        return Check("ok", "hardware", f"{where}: open")
    if isinstance(state, PilotState):
        if state.state in "EF" or state.alarms:
            shown = f"{where}: state {state.state} {', '.join(state.alarms)}".rstrip()
            return Check("error", "hardware", shown, "station hw pilot PROFILE")
        return Check("ok", "hardware", f"{where}: state {state.state}")
    if isinstance(state, Reading):
        if state.energy_wh is None:
            return Check("error", "hardware", f"{where}: no energy register", "station hw meter PROFILE")
        return Check("ok", "hardware", f"{where}: {state.energy_wh:.0f} Wh")
    return Check("ok", "hardware", f"{where}: answers")


def _reader(config: ReaderConfig) -> Check:
    where = f"reader {config.name} ({config.part.driver})"
    try:
        device = reader_spec.from_config(config).open()
    except (DriverError, StationError) as error:
        return Check("error", "hardware", f"{where}: {error.message}", error.hint or f"see {config.part.position}")
    try:
        found_at = getattr(device, "found_at_baud", _BAUD)
        device.poll()
    except DriverError as error:
        return Check("error", "hardware", f"{where}: {error.message}", error.hint or f"see {config.part.position}")
    finally:
        device.release()
    if found_at != _BAUD:
        return Check("warning", "hardware", f"{where}: was left at {found_at} baud by a crash, and was set back",
                     "nothing to do")  # fmt: skip
    return Check("ok", "hardware", f"{where}: answers")
