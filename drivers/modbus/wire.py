"""One Modbus line: a serial one (RTU) or a TCP connection. The only module that knows pymodbus.

A request is sent once, its answer awaited for a bounded time and checked: unit, function, byte count. What is no
answer to it is none at all. pymodbus makes and reads the frames; waiting and sending are ours, because its own wait
on serial lines follows the wall clock. Not for several threads at once: `drivers.modbus.bus` sees to that.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from drivers.api import DriverError, DriverLost, OptionError, vendor
from drivers.modbus.blocks import BITS, Span
from drivers.serial_port import Parity, SerialPort

ANSWER_S: Final = 0.35
"""How long a device on a serial line may take before its answer begins; meters take 20 to 100 ms."""

TCP_ANSWER_S: Final = 0.45
_TCP = re.compile(r"tcp://(\[[0-9A-Fa-f:.]+\]|[^:/\[\]@]+):(\d{1,5})/?")
_GATEWAY: Final = frozenset({10, 11})
"""A gateway answers for a device that does not."""

_READS: Final = {
    "coil": "read_coils",
    "discrete": "read_discrete_inputs",
    "input": "read_input_registers",
    "holding": "read_holding_registers",
}


class NoAnswer(DriverError):
    """Nothing usable came back: silence, half a frame, the answer of somebody else."""


class Refused(DriverError):
    """The device answered with an exception; ``code`` is its number (1 function, 2 address, 3 value, ...)."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Line:
    """How a line is reached: a path, or ``tcp://host:port``; speed and parity are those of a path."""

    port: str
    baud: int = 9600
    parity: Parity = "none"

    @property
    def endpoint(self) -> tuple[str, int] | None:
        """Host and port of a TCP line. Raises: OptionError: it is none."""
        if not self.port.startswith("tcp:"):
            return None
        match = _TCP.fullmatch(self.port)
        if match is None or not 0 < int(match[2]) < 65536:
            raise OptionError("port", f"{self.port!r} is no tcp://host:port", "such as tcp://192.168.0.8:502")
        return match[1].strip("[]"), int(match[2])

    def answer_s(self, characters: int) -> float:
        """How long to wait for an exchange of so many characters in all."""
        if self.endpoint is not None:
            return TCP_ANSWER_S
        return ANSWER_S + characters * (10 if self.parity == "none" else 11) / self.baud

    def most(self, most: int) -> int:
        """How many registers one answer may have, so that slow lines keep to their second."""
        if self.endpoint is not None:
            return most
        return max(8, min(most, int(0.3 * self.baud / 20) - 8))


class Wire:
    """An open line."""

    def __init__(self, line: Line) -> None:
        """Raises: DriverMissing, DeviceMissing, DriverBusy, DriverUnsupported: as for any serial line."""
        self.line = line
        _quiet()
        clients, framers = vendor("pymodbus.client", extra="modbus"), vendor("pymodbus.framer", extra="modbus")
        if line.endpoint is None:
            self._client = _serial_client(clients, framers, SerialPort(line.port, line.baud, parity=line.parity))
        else:
            self._client = _tcp_client(clients, *line.endpoint)

    def read(self, unit: int, span: Span, timeout_s: float) -> list[int]:
        """Registers, or bits as 0 and 1. Raises: NoAnswer, Refused, DriverLost."""
        call = getattr(self._client, _READS[span.table])
        answer = self._exchange(
            lambda: call(span.address, count=span.count, device_id=unit), _READS[span.table], unit, timeout_s
        )
        if span.table in BITS:
            values = [int(bool(bit)) for bit in answer.bits]
            fits = len(values) == -(-span.count // 8) * 8
        else:
            values = [int(word) for word in answer.registers]
            fits = len(values) == span.count
        if not fits:
            raise self._foreign(unit)
        return values[: span.count]

    def write(self, unit: int, span: Span, values: Sequence[int], timeout_s: float, *, single: bool = False) -> None:
        """Holding registers (function 16, or 6 if ``single``) or a coil (function 5). Raises: as ``read``."""
        client, address = self._client, span.address
        if span.table == "coil":
            made = self._exchange(
                lambda: client.write_coil(address, bool(values[0]), device_id=unit), "write_coil", unit, timeout_s
            )
            echoed = made.address == address and list(made.bits[:1]) == [bool(values[0])]
        elif single:
            made = self._exchange(
                lambda: client.write_register(address, values[0], device_id=unit), "write_register", unit, timeout_s
            )
            echoed = made.address == address and list(made.registers) == list(values)
        else:
            made = self._exchange(
                lambda: client.write_registers(address, list(values), device_id=unit),
                "write_registers",
                unit,
                timeout_s,
            )
            echoed = made.address == address and made.count == len(values)
        if not echoed:
            raise self._foreign(unit)

    def close(self) -> None:
        """Give the line back."""
        self._client.release()

    def _exchange(self, call: Callable[[], Any], name: str, unit: int, timeout_s: float) -> Any:
        client = self._client
        client.comm_params.timeout_connect = timeout_s
        client.until_s = time.monotonic() + timeout_s
        try:
            answer = call()
        except DriverLost:
            raise
        except Exception as error:
            # pymodbus raises its own exceptions, struct.error, IndexError and OSError: all mean that nothing came.
            client.reset()
            raise self._silent(unit) from error
        if answer.isError():
            code = int(getattr(answer, "exception_code", 0))
            if code in _GATEWAY:
                raise self._silent(unit)
            raise Refused(code, f"unit {unit} at {self.line.port} refuses this with exception {code}")
        if answer.function_code != _FUNCTIONS[name]:
            raise self._foreign(unit)
        return answer

    def _silent(self, unit: int) -> NoAnswer:
        serial = self.line.endpoint is None
        hint = "are unit, speed and parity right, A and B not swapped?" if serial else "are address and unit right?"
        return NoAnswer(f"unit {unit} at {self.line.port} does not answer", hint)

    def _foreign(self, unit: int) -> NoAnswer:
        self._client.reset()
        return NoAnswer(f"what came from {self.line.port} is no answer of unit {unit} to this request")


_FUNCTIONS: Final = {
    "read_coils": 1,
    "read_discrete_inputs": 2,
    "read_holding_registers": 3,
    "read_input_registers": 4,
    "write_coil": 5,
    "write_register": 6,
    "write_registers": 16,
}


def _serial_client(clients: Any, framers: Any, port: SerialPort) -> Any:
    class SerialClient(clients.ModbusSerialClient):  # type: ignore[misc]  # the library is imported at opening
        """pymodbus's client on our line: nothing that was there before the request is taken for its answer."""

        until_s = 0.0

        def connect(self) -> bool:
            return True

        def send(self, request: bytes, addr: Any = None) -> int:
            port.discard()
            port.write(request)
            return len(request)

        def recv(self, size: int | None) -> bytes:
            left_s = self.until_s - time.monotonic()
            return port.read(left_s) if left_s > 0 else b""

        def reset(self) -> None:
            """Nothing to do: what comes late is discarded before the next request."""

        def release(self) -> None:
            port.release()

    return SerialClient(port.path, framer=framers.FramerType.RTU, retries=0)


def _tcp_client(clients: Any, host: str, port: int) -> Any:
    class TcpClient(clients.ModbusTcpClient):  # type: ignore[misc]
        """pymodbus's client with one deadline for connecting, sending and receiving."""

        until_s = 0.0

        def recv(self, size: int | None) -> bytes:
            left_s = self.until_s - time.monotonic()
            if left_s <= 0:
                return b""
            self.comm_params.timeout_connect = left_s
            received: bytes = super().recv(size)
            return received

        def reset(self) -> None:
            """A new connection for the next request: what comes late goes nowhere."""
            self.close()

        def release(self) -> None:
            self.close()

    return TcpClient(host, port=port, retries=0)


def _quiet() -> None:
    """Keep pymodbus from telling of each lost answer; who debugs it sets its level before."""
    logger = logging.getLogger("pymodbus")
    if logger.level == logging.NOTSET:
        logger.setLevel(logging.CRITICAL)
