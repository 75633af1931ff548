"""The text of the systemd unit. Pure. Called by `plan`.

What is deliberately not in it: `MemoryDenyWriteExecute` (ctypes and libffi make callbacks executable on 32-bit ARM),
`ProcSubset=pid` (gpiozero reads the board's revision in /proc), `ProtectClock` (its filter would also hide from the
station whether the clock is synchronised; without capabilities nobody can set it anyway).
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from station.cli.install.needs import Needs

WATCHDOG_S: Final = 2
NAME: Final = "ocpp-station"
_PLAIN: Final = re.compile(r"[\w/.+,:@=%-]+")


def unit_text(
    needs: Needs, *, profile: Path, interpreter: Path, user: str, stop_command: str | None, secrets: Path
) -> str:
    """The unit.

    Args:
        profile: absolute path of the profile.
        interpreter: absolute path of the Python that has this program installed.
        stop_command: what opens the contactor pins; None where no pin does.
        secrets: file with `NAME=value` lines for `${NAME}` of the profile.
    """
    lines = [
        "[Unit]",
        "Description=OCPP charging station",
        "After=network.target",
        "StartLimitIntervalSec=0",
        "",
        "[Service]",
        "Type=notify",
        "NotifyAccess=main",
        f"ExecStart={argument(interpreter)} -P -m station run {argument(profile)}",
        *_stop(stop_command),
        f"User={user}",
        f"Group={user}",
        f"EnvironmentFile=-{quoted(secrets)}",
        "Environment=PYTHONFAULTHANDLER=1",
        "",
        "# The event loop feeds the watchdog; one that hangs is ended, and the pins are opened below 5 s.",
        f"WatchdogSec={WATCHDOG_S}",
        "TimeoutAbortSec=1",
        "LimitCORE=0",
        "Restart=always",
        "RestartSec=2",
        "TimeoutStartSec=60",
        "# An ordered stop takes 5 s at most.",
        "TimeoutStopSec=10",
        "KillMode=mixed",
        "OOMScoreAdjust=-500",
        "",
        f"StateDirectory={NAME}",
        "StateDirectoryMode=0700",
        f"RuntimeDirectory={NAME}",
        f"LogsDirectory={NAME}",
        "LogsDirectoryMode=0700",
        f"WorkingDirectory=%t/{NAME}",
        *(f"ReadWritePaths={quoted(path)}" for path in needs.write_paths),
        "LogRateLimitIntervalSec=30",
        "LogRateLimitBurst=2000",
        "",
        *_hardening(needs),
        "",
        "[Install]",
        "WantedBy=multi-user.target",
    ]
    return "\n".join(lines) + "\n"


def quoted(path: Path) -> str:
    """A path as units spell it. The line must end where it does: control characters are refused by `plan`."""
    text = str(path).replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return text if _PLAIN.fullmatch(text) else f'"{text}"'


def argument(path: Path) -> str:
    """The same in a command line, where a dollar begins a variable."""
    return quoted(path).replace("$", "$$")


def _stop(command: str | None) -> list[str]:
    if command is None:
        return ["# This machine switches no contactor: there is none to open after a crash."]
    return [
        "# Whatever ended the service (kill -9, watchdog, upgrade): open the contactors. Never fails the unit.",
        f"ExecStopPost=-{command}",
    ]


def _hardening(needs: Needs) -> list[str]:
    return [
        "NoNewPrivileges=yes",
        "CapabilityBoundingSet=",
        "AmbientCapabilities=",
        "ProtectSystem=strict",
        "ProtectHome=yes",
        "PrivateTmp=yes",
        "DevicePolicy=closed",
        *(f"DeviceAllow={device} rw" for device in needs.devices),
        "ProtectKernelTunables=yes",
        "ProtectKernelModules=yes",
        "ProtectKernelLogs=yes",
        "ProtectControlGroups=yes",
        "ProtectHostname=yes",
        "ProtectProc=invisible",
        "RestrictNamespaces=yes",
        "RestrictRealtime=yes",
        "RestrictSUIDSGID=yes",
        "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK",
        "LockPersonality=yes",
        "RemoveIPC=yes",
        "KeyringMode=private",
        "UMask=0077",
        "SystemCallArchitectures=native",
        "# adjtimex only asks whether the clock is synchronised; a call that is not listed fails, it does not kill.",
        "SystemCallFilter=@system-service adjtimex clock_adjtime clock_adjtime64",
        "SystemCallErrorNumber=EPERM",
    ]
