"""A real PC/SC service with a virtual reader, for tests: `pcscd` with the driver `vpcd`, and cards over TCP.

The service is one for the whole machine: its socket is /run/pcscd/pcscd.comm. A lock keeps parallel tests apart.
Debian packages: pcscd, vsmartcard-vpcd.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

VPCD = Path("/usr/lib/pcsc/drivers/serial/libifdvpcd.so")
SOCKET = Path("/run/pcscd/pcscd.comm")
MIFARE_ATR = bytes.fromhex("3B8F8001804F0CA000000306030001000000006A")
"""A MIFARE Classic 1K behind a PC/SC reader."""
_POWER_OFF, _POWER_ON, _RESET, _GET_ATR = 0, 1, 2, 4


def available() -> bool:
    """Whether this machine has what is needed, and nobody's service runs."""
    return bool(shutil.which("pcscd")) and VPCD.exists() and os.geteuid() == 0 and not SOCKET.exists()


class Service:
    """A running pcscd; `port` takes cards."""

    def __init__(self, folder: Path) -> None:
        self.port = _free_port()
        self._folder = folder
        (folder / "vpcd").write_text(
            f'FRIENDLYNAME "Virtual PICC"\nDEVICENAME /dev/null:0x{self.port:X}\nLIBPATH {VPCD}\n'
            f"CHANNELID 0x{self.port:X}\n"
        )
        self.start()

    def start(self) -> None:
        with (self._folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                ["pcscd", "--foreground", "--auto-exit", "--config", str(self._folder)],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
            )
        _until(lambda: SOCKET.exists() and _listens(self.port), "pcscd is up")

    def stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class VirtualCard:
    """A card that lies on the virtual reader until it is taken away."""

    def __init__(self, port: int, uid: str, atr: bytes = MIFARE_ATR, status: bytes = b"\x90\x00") -> None:
        self._atr, self._answer = atr, bytes.fromhex(uid) + status
        self.asked: list[bytes] = []
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=5)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def take_away(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(2)
        self._socket.close()

    def _serve(self) -> None:
        self._socket.settimeout(None)
        with contextlib.suppress(OSError), self._socket.makefile("rb") as incoming:
            while len(header := incoming.read(2)) == 2:
                self._handle(incoming.read(int.from_bytes(header, "big")))

    def _handle(self, message: bytes) -> None:
        if len(message) == 1:
            if message[0] == _GET_ATR:
                self._send(self._atr)
            return
        self.asked.append(message)
        self._send(self._answer if message[:2] == b"\xff\xca" else b"\x6a\x81")

    def _send(self, data: bytes) -> None:
        self._socket.sendall(len(data).to_bytes(2, "big") + data)


@contextlib.contextmanager
def service() -> Iterator[Service]:
    """A pcscd with one virtual reader."""
    with Path(tempfile.gettempdir(), "ocpp-station-tests-pcscd.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with tempfile.TemporaryDirectory() as folder:
            running = Service(Path(folder))
            try:
                yield running
            finally:
                running.stop()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
        return port


def _listens(port: int) -> bool:
    """Without connecting, which would be a card."""
    return f":{port:04X} 00000000:0000 0A" in Path("/proc/net/tcp").read_text()


def _until(condition: Callable[[], bool], what: str, deadline_s: float = 5.0) -> None:
    end_s = time.monotonic() + deadline_s
    while not condition():
        assert time.monotonic() < end_s, f"not so: {what}"
        time.sleep(0.02)
