"""What `station install` would do: files with their modes, commands, what to type next. Pure but for looking around.

`station.cli.install.apply` carries it out; a dry run prints it.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from station.cli.install import files
from station.cli.install.needs import Needs, needs_of
from station.cli.install.safe_stop import script_text
from station.cli.install.unit import NAME, argument, unit_text
from station.cli.service_env import PLACEHOLDER, ServiceEnvironment
from station.config import Loaded, Overrides, load

STATE: Final = Path("/var/lib", NAME)
FOLDER: Final = Path("/etc", NAME)
SECRETS: Final = FOLDER / "secrets.env"
SCRIPT: Final = Path("/usr/local/lib", NAME, "open-contactors.py")
UNIT: Final = Path("/etc/systemd/system", f"{NAME}.service")
_SYSTEM_PYTHON: Final = Path("/usr/bin/python3")
_HOMES: Final = (Path("/home"), Path("/root"), Path("/run/user"))
_PRIVATE: Final = (Path("/tmp"), Path("/var/tmp"))  # noqa: S108 - named, not used


@dataclass(frozen=True, slots=True)
class File:
    """A file to write. `theirs`: what the user puts in is theirs, an existing one is never replaced."""

    path: Path
    text: str
    mode: int = 0o644
    theirs: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """The whole installation.

    Args:
        commands: what is run once the files stand; one that fails is told, the rest is done.
        next_steps: what is left to the person.
        problems: why the service could not run as it is; nothing is written while there are any.
    """

    files: tuple[File, ...]
    commands: tuple[tuple[str, ...], ...]
    next_steps: tuple[str, ...]
    remarks: tuple[str, ...]
    problems: tuple[tuple[str, str], ...]


def service_profile(path: Path, known: Mapping[str, str]) -> tuple[Loaded, tuple[str, ...]]:
    """A profile as the service would read it, and the environment variables that it names.

    Raises:
        ConfigError: it cannot be used.
    """
    service = {"STATE_DIRECTORY": str(STATE), "HOME": str(STATE)}
    environment = ServiceEnvironment({**known, **service})
    loaded = load(path, Overrides(), env=environment)
    return loaded, tuple(sorted(environment.asked))


def make_plan(loaded: Loaded, profile: Path, names: tuple[str, ...], user: str) -> Plan:
    """The plan for a profile.

    Args:
        profile: its path, absolute.
        names: of the environment variables that it uses.
        user: that the service runs as.
    """
    needs = needs_of(loaded.profile, STATE)
    interpreter = Path(sys.executable)
    return Plan(
        files=tuple(_files(needs, profile, names, user, interpreter)),
        commands=tuple(_commands(needs, profile, user)),
        next_steps=tuple(_next_steps(needs, names)),
        remarks=(*loaded.warnings, *needs.remarks, *_remarks(profile, interpreter), *_readable(profile, user)),
        problems=tuple(_problems(needs, profile, interpreter)),
    )


def _files(needs: Needs, profile: Path, names: tuple[str, ...], user: str, interpreter: Path) -> Iterator[File]:
    stop = f"{argument(_plain_python(interpreter))} -I -S {argument(SCRIPT)}" if needs.has_to_stop else None
    yield File(
        UNIT,
        unit_text(needs, profile=profile, interpreter=interpreter, user=user, stop_command=stop, secrets=SECRETS),
    )
    if needs.has_to_stop:
        yield File(SCRIPT, script_text(needs.pins, needs.partings), 0o755)
    yield File(Path("/etc/sysusers.d", f"{NAME}.conf"), files.sysusers_text(user, needs.groups))
    yield File(Path("/etc/udev/rules.d", f"70-{NAME}.rules"), files.udev_text(needs))
    if needs.acr122u:
        yield File(Path("/etc/modprobe.d", f"{NAME}.conf"), files.modprobe_text())
    yield File(Path("/etc/systemd/journald.conf.d", f"{NAME}.conf"), files.journald_text())
    yield File(SECRETS, files.secrets_text(names), 0o600, theirs=True)


def _plain_python(interpreter: Path) -> Path:
    """The interpreter behind a virtual environment: it is there while the environment is replaced."""
    plain = interpreter.resolve()
    return _SYSTEM_PYTHON if _hidden(plain) else plain


def _commands(needs: Needs, profile: Path, user: str) -> Iterator[tuple[str, ...]]:
    yield ("systemd-sysusers", f"/etc/sysusers.d/{NAME}.conf")
    yield ("install", "-d", "-m", "0700", "-o", user, "-g", user, str(STATE))
    for path in needs.write_paths:
        yield ("install", "-d", "-m", "0700", "-o", user, "-g", user, str(path))
    if profile.is_relative_to(FOLDER):
        # /etc is read-only for the service: it owns its profile and keys to read them, and nobody else can.
        yield ("chown", "-R", f"{user}:{user}", str(FOLDER))
        yield ("chmod", "-R", "u=rwX,go=", str(FOLDER))
    yield ("udevadm", "control", "--reload")
    yield ("udevadm", "trigger", "--subsystem-match=usb", "--subsystem-match=tty", "--subsystem-match=gpio")
    if needs.acr122u:
        yield ("modprobe", "-r", "pn533_usb", "pn533", "nfc")


def _next_steps(needs: Needs, names: tuple[str, ...]) -> Iterator[str]:
    if names:
        yield f"sudoedit {SECRETS}    # {', '.join(names)}"
    if needs.acr122u:
        yield "systemctl disable --now pcscd.socket pcscd.service    # it would hold the ACR122U"
    yield "systemctl restart systemd-journald"
    yield "systemctl daemon-reload"
    yield f"systemctl enable --now {NAME}"
    yield f"systemctl status {NAME}; journalctl -u {NAME} -f"


def _remarks(*paths: Path) -> Iterator[str]:
    for path in paths:
        if any(path.is_relative_to(folder) for folder in _PRIVATE):
            yield f"{path}: the service has a /tmp of its own, and does not see this one."


def _readable(profile: Path, user: str) -> Iterator[str]:
    if not profile.is_relative_to(FOLDER):
        yield f"{profile}: {user} has to be able to read it and what it names; below {FOLDER} it can."


def _problems(needs: Needs, profile: Path, interpreter: Path) -> Iterator[tuple[str, str]]:
    for path in (profile, interpreter):
        if not str(path).isprintable():
            yield f"{str(path)!r}: no line of a unit can hold that name", "give the folder another name"
    for path in needs.write_paths:
        if PLACEHOLDER in str(path):
            yield (
                "store or state has a part from the environment, which is not known here",
                "export it for this command, or write the path into the profile",
            )
    if _hidden(profile):
        ours = FOLDER / "station.yaml"
        yield (
            f"{profile} lies in a home folder, which the service cannot see",
            f"mkdir -p {FOLDER} && cp {shlex.quote(str(profile))} {ours} && station install {ours}",
        )
    if _hidden(interpreter):
        yield (
            f"{interpreter} lies in a home folder, which the service cannot see",
            "python3 -m venv /opt/ocpp-station && /opt/ocpp-station/bin/pip install 'ocpp-station[pi,modbus]'",
        )


def _hidden(path: Path) -> bool:
    return any(path.is_relative_to(home) for home in _HOMES)
