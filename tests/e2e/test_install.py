"""What `station install` writes, run: the service's command line, and the script that opens the contactors."""

from __future__ import annotations

import asyncio
import json
import os
import shlex
import socket
import subprocess
import time
from pathlib import Path

import pytest

from station.cli.install.plan import SCRIPT, UNIT
from tests.support.awaited import awaited
from tests.support.station_process import ROOT, environment, verb

PROFILE = """
station: {id: IN-E2E}
csms: none
auth: {local: {allow: [04A1B2C3]}}
evses: [{hardware: {contactor: {driver: gpio, pin: 17, factory: FACTORY}}}]
"""


async def planned(where: Path, factory: str) -> dict[str, str]:
    """The texts of the plan, by path."""
    profile = where / "station.yaml"
    profile.write_text(PROFILE.replace("FACTORY", factory))
    result = await verb(where, "install", str(profile), "--dry-run", "--json")
    assert result.returncode == 0, result
    return {file["path"]: file["text"] for file in json.loads(result.stdout)["files"]}


def command(unit: str, key: str) -> list[str]:
    line = next(line for line in unit.splitlines() if line.startswith(f"{key}="))
    return shlex.split(line.removeprefix(f"{key}=").removeprefix("-"))


@pytest.fixture
def manager(tmp_path: Path) -> socket.socket:
    """The service manager's end of NOTIFY_SOCKET."""
    receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    receiver.bind(str(tmp_path / "notify"))
    receiver.settimeout(15)
    return receiver


@awaited
async def test_the_services_command_line_starts_is_watched_and_ends_in_order(
    tmp_path: Path, manager: socket.socket
) -> None:
    unit = (await planned(tmp_path, "mock"))[str(UNIT)]
    folders = {name: str(tmp_path / name.lower()) for name in ("STATE_DIRECTORY", "RUNTIME_DIRECTORY")}
    for folder in folders.values():
        Path(folder).mkdir()
    notify = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "2000000"}
    env = environment(tmp_path) | {"PYTHONPATH": str(ROOT)} | folders | notify
    process = await asyncio.create_subprocess_exec(
        *command(unit, "ExecStart"), env=env, cwd=folders["RUNTIME_DIRECTORY"], stdout=subprocess.DEVNULL
    )
    try:
        heard = [await asyncio.to_thread(manager.recv, 100) for _ in range(3)]
        process.terminate()
        code = await asyncio.wait_for(process.wait(), 10)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert heard[0].startswith(b"READY=1")
    assert heard[1] == heard[2] == b"WATCHDOG=1"
    manager.settimeout(1)
    said = [heard[-1]]
    while not said[-1].startswith(b"STOPPING=1"):
        said.append(manager.recv(100))
    manager.close()
    assert code == 0
    # The store lies where systemd says.
    assert (tmp_path / "state_directory" / "IN-E2E.db").exists()


@awaited
async def test_the_script_needs_nothing_of_the_program_and_never_fails(tmp_path: Path) -> None:
    texts = await planned(tmp_path, "lgpio")
    script = tmp_path / "open-contactors.py"
    script.write_text(texts[str(SCRIPT)])
    words = command(texts[str(UNIT)], "ExecStopPost")
    assert words[1:] == ["-I", "-S", str(SCRIPT)]
    interpreter = words[0] if os.access(words[0], os.X_OK) else "python3"
    began_s = time.monotonic()
    done = await asyncio.to_thread(
        subprocess.run,
        [interpreter, *words[1:-1], str(script)],
        env={},
        cwd="/",
        capture_output=True,
        text=True,
        timeout=10,
    )
    assert done.returncode == 0, done
    assert time.monotonic() - began_s < 2
    if not list(Path("/dev").glob("gpiochip*")):
        assert "no gpiochip" in done.stderr
