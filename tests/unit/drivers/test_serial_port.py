from __future__ import annotations

import contextlib
import errno
import socket
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from drivers.api import DeviceMissing, DriverBusy, DriverLost, DriverMissing, DriverUnsupported
from drivers.serial_port import MAX_READ, SerialPort, explain
from tests.support.serial_line import SerialLine, serial_line


@pytest.fixture
def line() -> Iterator[SerialLine]:
    with serial_line() as made:
        yield made


@pytest.fixture
def port(line: SerialLine) -> Iterator[SerialPort]:
    opened = SerialPort(line.path, 9600)
    yield opened
    opened.release()


def test_bytes_go_both_ways_unchanged(line: SerialLine, port: SerialPort) -> None:
    every = bytes(range(256))
    line.write(every)
    assert port.read(0.2) == every
    port.write(every)
    assert line.read(256) == every


def test_read_does_not_wait_unless_asked(port: SerialPort) -> None:
    begun = time.monotonic()
    assert port.read() == b""
    assert time.monotonic() - begun < 0.05
    assert port.read(0.05) == b""
    assert 0.04 < time.monotonic() - begun < 1


def test_a_wait_ends_with_the_first_byte(line: SerialLine, port: SerialPort) -> None:
    line.write(b"x")
    begun = time.monotonic()
    assert port.read(5) == b"x"
    assert time.monotonic() - begun < 1


def test_a_flood_comes_in_bounded_pieces(line: SerialLine, port: SerialPort) -> None:
    sent = line.write(b"\xff" * 3 * MAX_READ, deadline_s=0.05)
    got = 0
    while piece := port.read(0.02):
        assert len(piece) <= MAX_READ
        got += len(piece)
    assert got == sent


def test_discard_forgets_what_arrived(line: SerialLine, port: SerialPort) -> None:
    line.write(b"old")
    port.discard()
    line.write(b"new")
    assert port.read(1) == b"new"


@pytest.mark.parametrize("parity", ["none", "even", "odd"])
def test_any_speed_and_parity(line: SerialLine, parity: str) -> None:
    SerialPort(line.path, 115_200, parity=parity, stop_bits=2).release()  # type: ignore[arg-type]


@pytest.mark.parametrize("use", [lambda port: port.read(), lambda port: port.read(0.5), lambda port: port.discard()])
def test_an_unplugged_line_is_lost_and_stays_lost(line: SerialLine, port: SerialPort, use: object) -> None:
    line.unplug()
    with pytest.raises(DriverLost) as caught:
        use(port)  # type: ignore[operator]
    assert line.path in caught.value.message and caught.value.hint
    line.plug_in()
    for call in (port.read, port.discard, lambda: port.write(b"x")):
        with pytest.raises(DriverLost):
            call()
    port.release()
    again = SerialPort(line.path, 9600)
    line.write(b"back")
    assert again.read(1) == b"back"
    again.release()


def test_writing_to_an_unplugged_line(line: SerialLine, port: SerialPort) -> None:
    line.unplug()
    with pytest.raises(DriverLost):
        port.write(b"x")


def test_a_line_that_takes_nothing_is_lost_after_the_time_out(line: SerialLine) -> None:
    port = SerialPort(line.path, 9600, write_timeout_s=0.05)
    with pytest.raises(DriverLost):
        for _ in range(100):
            port.write(b"x" * 4096)
    port.release()


def test_release_twice_then_nothing_works(line: SerialLine, port: SerialPort) -> None:
    port.release()
    port.release()
    for call in (port.read, port.discard, lambda: port.write(b"x")):
        with pytest.raises(DriverLost, match="released"):
            call()


def test_a_symlink_and_the_device_itself(line: SerialLine) -> None:
    SerialPort(str(line.link.resolve()), 9600).release()


def test_no_descriptor_is_left_behind(line: SerialLine) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    for path in (line.path, "/dev/null", "/nonexistent/ttyUSB0"):
        with contextlib.suppress(DriverUnsupported, DeviceMissing):
            SerialPort(path, 9600).release()
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_held_by_this_program(line: SerialLine, port: SerialPort) -> None:
    with pytest.raises(DriverBusy, match="already in use by this program"):
        SerialPort(line.path, 9600)


def test_held_by_another_program_which_is_named(line: SerialLine) -> None:
    code = (
        "import fcntl, sys; f = open(sys.argv[1]); fcntl.flock(f, fcntl.LOCK_EX); print(flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, line.path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None and child.stdin is not None
        child.stdout.readline()
        with pytest.raises(DriverBusy, match=rf"held by .* \(pid {child.pid}\)"):
            SerialPort(line.path, 9600)
        child.stdin.close()


def test_not_there(tmp_path: Path) -> None:
    dangling = tmp_path / "by-id"
    dangling.symlink_to(tmp_path / "ttyUSB7")
    for path in (str(tmp_path / "ttyUSB0"), str(dangling), ""):
        with pytest.raises((DeviceMissing, DriverUnsupported)) as caught:
            SerialPort(path, 9600)
        assert caught.value.hint
    with pytest.raises(DeviceMissing, match="is not there"):
        SerialPort(str(dangling), 9600)


@pytest.mark.parametrize("path", ["/dev/null", "/tmp", "/etc/hostname"])
def test_no_serial_line(path: str) -> None:
    with pytest.raises(DriverUnsupported):
        SerialPort(path, 9600)


@pytest.mark.parametrize("path", ["a\0b", "unknown://x", "socket://", "socket://127.0.0.1:1"])
def test_odd_paths_are_clear_errors(path: str) -> None:
    with pytest.raises((DeviceMissing, DriverUnsupported)):
        SerialPort(path, 9600)


def test_no_permission_says_what_to_type(tmp_path: Path) -> None:
    error = explain(str(tmp_path), PermissionError(errno.EACCES, "no"))
    assert isinstance(error, DeviceMissing) and "sudo usermod -aG" in error.hint


def test_nobody_is_told_to_join_the_group_of_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "group", lambda self: "root")
    error = explain("/dev/ttyUSB0", PermissionError(errno.EACCES, "no"))
    assert "usermod -aG dialout" in error.hint


def test_a_device_node_without_hardware_and_one_that_takes_no_settings(tmp_path: Path) -> None:
    (tmp_path / "ttyS7").touch()
    assert isinstance(explain(str(tmp_path / "ttyS7"), OSError(errno.EIO, "no")), DeviceMissing)
    refused = explain(str(tmp_path / "ttyS7"), termios.error(errno.EINVAL, "Invalid argument"))  # type: ignore[arg-type]
    assert isinstance(refused, DriverUnsupported) and not isinstance(refused, DriverMissing)


def test_a_line_over_the_network() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = SerialPort(f"socket://127.0.0.1:{server.getsockname()[1]}", 9600)
        far, _ = server.accept()
        far.sendall(b"\x0204A1B2C3\x03")
        data = port.read(2)
        assert data == b"\x0204A1B2C3\x03"
        port.write(b"ok")
        assert far.recv(2) == b"ok"
        far.close()
        with pytest.raises(DriverLost):
            port.read(2)
            port.read(2)
        port.release()


def test_another_speed(line: SerialLine, port: SerialPort) -> None:
    port.set_baud(115_200)
    line.write(b"x")
    assert port.read(1) == b"x"
    with pytest.raises(DriverUnsupported, match="-1 baud"):
        port.set_baud(-1)
    port.write(b"still there")
    assert line.read(11) == b"still there"
    port.release()
    with pytest.raises(DriverLost):
        port.set_baud(9600)
