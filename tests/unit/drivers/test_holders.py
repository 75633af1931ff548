from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from drivers.holders import MOST, held_by, holders


def process(proc: Path, pid: int, comm: bytes, *opened: Path) -> None:
    (proc / str(pid) / "fd").mkdir(parents=True)
    (proc / str(pid) / "comm").write_bytes(comm)
    for number, path in enumerate(opened):
        (proc / str(pid) / "fd" / str(number)).symlink_to(path)


def test_names_those_that_have_the_device_open_through_any_link(tmp_path: Path) -> None:
    device, link, proc = tmp_path / "ttyUSB0", tmp_path / "by-id", tmp_path / "proc"
    device.touch()
    link.symlink_to(device)
    process(proc, 812, b"ModemManager\n", tmp_path / "log", device)
    process(proc, 9, b"brltty\n", device)
    process(proc, 10, b"other\n", tmp_path / "log")
    (proc / "self").mkdir()
    (proc / "12abc").mkdir()
    assert holders(link, proc) == ["brltty (pid 9)", "ModemManager (pid 812)"]
    assert held_by(link, proc) == "held by brltty (pid 9), ModemManager (pid 812)"


def test_a_process_may_call_itself_anything_or_end_meanwhile(tmp_path: Path) -> None:
    device, proc = tmp_path / "ttyUSB0", tmp_path / "proc"
    device.touch()
    process(proc, 1, b"\xff\xfe\x1b[31m\n", device)
    process(proc, 2, b"\n", device)
    process(proc, 3, b"gone\n", device)
    (proc / "3" / "comm").unlink()
    (proc / "4").mkdir()
    assert holders(device, proc) == ["\ufffd\ufffd[31m (pid 1)", "a process (pid 2)", "a process (pid 3)"]


def test_the_list_is_short(tmp_path: Path) -> None:
    device, proc = tmp_path / "ttyUSB0", tmp_path / "proc"
    device.touch()
    for pid in range(1, 20):
        process(proc, pid, b"x", device)
    assert len(holders(device, proc)) == MOST


def test_unknown_holders_and_a_machine_without_proc(tmp_path: Path) -> None:
    assert holders(tmp_path / "ttyUSB0", tmp_path / "none") == []
    assert held_by(tmp_path / "ttyUSB0", tmp_path / "none") == "held by another process"


def test_this_program_itself(tmp_path: Path) -> None:
    device = tmp_path / "ttyUSB0"
    with device.open("w"):
        assert holders(device) == []
        assert held_by(device) == "already in use by this program"


def test_a_real_process_is_found(tmp_path: Path) -> None:
    device = tmp_path / "ttyUSB0"
    device.touch()
    code = "import sys; held = open(sys.argv[1]); print(flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", code, str(device)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None and child.stdin is not None
        child.stdout.readline()
        found = holders(device)
        child.stdin.close()
    assert len(found) == 1 and f"(pid {child.pid})" in found[0] and str(os.getpid()) not in found[0]
