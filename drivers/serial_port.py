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
        self._lost: str | None = None
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
        except Exception as error:  # SerialException, ValueError, termios.error, and what a URL's handler raises
            raise explain(path, error) from error

    def read(self, timeout_s: float = 0.0) -> bytes:
        """What has arrived, at most 4,096 bytes; waits for the first up to ``timeout_s``. Raises: DriverLost."""
        with self._losses():
            port = self._port
            data = bytearray()
            if timeout_s > 0 and not port.in_waiting:
                if port.timeout != timeout_s:  # setting it sets up the whole line again
                    port.timeout = timeout_s
                data += port.read(1)
                if not data:
                    return b""
            # A socket never tells of more than one byte that waits, so ask again until none does.
            while len(data) < MAX_READ and (waiting := port.in_waiting):
                data += port.read(min(waiting, MAX_READ - len(data)))
            return bytes(data)

    def write(self, data: bytes) -> None:
        """Send all of it. Raises: DriverLost."""
        with self._losses():
            self._port.write(data)

    def discard(self) -> None:
        """Forget what has arrived. Raises: DriverLost."""
        with self._losses():
            self._port.reset_input_buffer()

    def set_baud(self, baud: int) -> None:
        """Change the speed; what is being sent must be out. Raises: DriverLost. DriverUnsupported: no such speed."""
        with self._losses():
            before = self._port.baudrate
            try:
                self._port.baudrate = baud
                return
            except (ValueError, NotImplementedError, OverflowError) as error:
                self._port.baudrate = before
                unknown = error
        raise DriverUnsupported(f"{self.path} cannot do {baud} baud: {unknown}")

    def release(self) -> None:
        """Give the line back; may be called twice."""
        self._lost = self._lost or "released"
        # pyserial raises termios.error, which is no OSError, when the adapter was pulled.
        with contextlib.suppress(Exception):
            self._port.close()

    @contextlib.contextmanager
    def _losses(self) -> Any:
        if self._lost is not None:
            raise DriverLost(f"{self.path}: {self._lost}")
        try:
            yield
        except Exception as error:
            # SerialException, termios.error and TypeError (a closed descriptor) all mean that the line is gone. What
            # is at that path afterwards may be another device: a lost line stays lost.
            self._lost = str(error)
            raise DriverLost(f"{self.path}: {error}", "is the cable in? station doctor") from error


def explain(path: str, error: Exception) -> DriverError:
    """What an error while opening a device file means, as a DriverError."""
    number = _number(error)
    if "://" in path:
        return DeviceMissing(f"{path}: {error}", "is the address right, and does the server run?")
    if number in (errno.EBUSY, errno.EAGAIN) or "exclusively lock" in str(error):
        return DriverBusy(f"{path} is {held_by(path)}", "stop it, or name another port")
    if number in (errno.EACCES, errno.EPERM):
        return DeviceMissing(f"{path}: no permission", f"sudo usermod -aG {_group(path)} $USER, then log in again")
    if number in (errno.ENOENT, errno.ENXIO, errno.ENODEV, errno.EIO) or not os.path.lexists(_openable(path)):
        return DeviceMissing(f"{path} is not there", "is it plugged in? station readers lists the serial lines")
    return DriverUnsupported(f"{path} cannot be opened: {error}", "is it a serial line, and the speed one of its own?")


def _number(error: Exception) -> int | None:
    """The errno; termios.error carries it as its first argument only."""
    number = getattr(error, "errno", None)
    if number is None and error.args and isinstance(error.args[0], int):
        number = error.args[0]
    return number if isinstance(number, int) else None


def _openable(path: str) -> str:
    return os.path.realpath(path.replace("\0", ""))


def _group(path: str) -> str:
    """The group that may open it; nobody is told to join root's, and where it is root's a udev rule gives it away."""
    with contextlib.suppress(OSError, KeyError, ValueError):
        if (group := Path(path).group()) != "root":
            return group
    return "dialout"
