"""A serial line, opened through pyserial, with errors that say what to do.

Used by every driver that talks over a UART or an adapter. Any path, symlink or by-id link will do, and any URL that
pyserial knows (``socket://``, ``rfc2217://``). A driver that lost its line releases it and opens a new one.
"""

from __future__ import annotations

import contextlib
import errno
import os
from pathlib import Path
from typing import Any, Literal

from drivers.api import DeviceMissing, DriverBusy, DriverError, DriverLost, DriverUnsupported, vendor
from drivers.holders import held_by

Parity = Literal["none", "even", "odd"]
_PARITIES: dict[Parity, str] = {"none": "N", "even": "E", "odd": "O"}
MAX_READ = 4096


class SerialPort:
    """An open line, 8 data bits. Not for several threads at once."""

    def __init__(
        self, path: str, baud: int, *, parity: Parity = "none", stop_bits: int = 1, write_timeout_s: float = 0.5
    ) -> None:
        """
        Raises:
            DriverMissing: pyserial is not installed.
            DeviceMissing: there is no such device, or no permission; the hint says what to type.
            DriverBusy: somebody else holds it.
            DriverUnsupported: it is no serial line, or does not know the speed.
        """
        self.path = path
        serial = vendor("serial", extra="serial")
        try:
            self._port: Any = serial.serial_for_url(
                path if "://" in path else os.path.realpath(path),
                baudrate=baud,
                parity=_PARITIES[parity],
                stopbits=stop_bits,
                timeout=0,
                write_timeout=write_timeout_s,
                **({} if "://" in path else {"exclusive": True}),
            )
        except (OSError, ValueError) as error:  # SerialException is an OSError
            raise explain(path, error) from error

    def read(self, timeout_s: float = 0.0) -> bytes:
        """What has arrived, at most 4,096 bytes; waits for the first up to ``timeout_s``. Raises: DriverLost."""
        with self._losses():
            port = self._port
            waiting = min(port.in_waiting, MAX_READ)
            if not waiting and timeout_s > 0:
                port.timeout = timeout_s
                first = bytes(port.read(1))
                return first + bytes(port.read(min(port.in_waiting, MAX_READ - 1))) if first else b""
            return bytes(port.read(waiting)) if waiting else b""

    def write(self, data: bytes) -> None:
        """Send all of it. Raises: DriverLost."""
        with self._losses():
            self._port.write(data)

    def discard(self) -> None:
        """Forget what has arrived. Raises: DriverLost."""
        with self._losses():
            self._port.reset_input_buffer()

    def release(self) -> None:
        """Give the line back; may be called twice."""
        # pyserial raises termios.error, which is no OSError, when the adapter was pulled.
        with contextlib.suppress(Exception):
            self._port.close()

    @contextlib.contextmanager
    def _losses(self) -> Any:
        try:
            yield
        except Exception as error:
            # SerialException, termios.error and TypeError (a closed descriptor) all mean that the line is gone.
            raise DriverLost(f"{self.path}: {error}", "is the cable in? station doctor") from error


def explain(path: str, error: Exception) -> DriverError:
    """What an error while opening a device file means, as a DriverError."""
    number = getattr(error, "errno", None)
    if "://" in path:
        return DeviceMissing(f"{path}: {error}", "is the address right, and does the server run?")
    if number in (errno.EBUSY, errno.EAGAIN) or "exclusively lock" in str(error):
        return DriverBusy(f"{path} is {held_by(path)}", "stop it, or name another port")
    if number in (errno.EACCES, errno.EPERM):
        return DeviceMissing(f"{path}: no permission", f"sudo usermod -aG {_group(path)} $USER, then log in again")
    if not Path(path).exists():
        return DeviceMissing(f"{path} is not there", "is it plugged in? station readers lists the serial lines")
    return DriverUnsupported(f"{path} cannot be opened: {error}", "is it a serial line, and the speed one of its own?")


def _group(path: str) -> str:
    try:
        return Path(path).group()
    except (OSError, KeyError):
        return "dialout"
