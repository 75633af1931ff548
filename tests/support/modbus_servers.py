"""Real Modbus servers (pymodbus) for tests: TCP, and RTU between two pseudo-terminals.

    units = Units({1: {"input": floats({0x48: 12.5})}})
    with tcp_server(units) as server:                 # server.port == "tcp://127.0.0.1:40123"
        units[1]["input"].update(floats({0x48: 12.6}))

    with rtu_server(units) as server: ...             # server.port is the path of a pseudo-terminal

`Units` is what the devices on the line hold; it counts requests and can be told to be slow, silent or wrong. Registers
that a unit does not hold are refused with exception 2 where it is `strict`, else they are 0.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import struct
import tempfile
import threading
import tty
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pymodbus.constants import ExcCodes
from pymodbus.exceptions import NoSuchIdException
from pymodbus.server import ModbusSerialServer, ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

Table = dict[int, int]
TABLES = {1: "coil", 2: "discrete", 3: "holding", 4: "input", 5: "coil", 6: "holding", 15: "coil", 16: "holding"}
BITS = ("coil", "discrete")


def floats(values: Mapping[int, float]) -> Table:
    """float32 values as registers, high word first."""
    words: Table = {}
    for address, value in values.items():
        words[address], words[address + 1] = struct.unpack(">HH", struct.pack(">f", value))
    return words


def sdm(kwh: float = 1234.5, **more: float) -> Table:
    """The input registers of an Eastron meter that stands at `kwh` and charges with 11 kW."""
    values = {0x00: 230.0, 0x02: 231.0, 0x04: 232.0, 0x06: 16.0, 0x08: 15.5, 0x0A: 15.0, 0x0C: 3680.0, 0x34: 11_000.0}
    return floats(values | {0x46: 50.0, 0x48: kwh, 0x4A: more.get("export_kwh", 0.5)})


class Units:
    """The devices on a line, as pymodbus's servers ask for them."""

    def __init__(self, tables: Mapping[int, Mapping[str, Table]], *, strict: bool = False) -> None:
        self._units = {unit: {name: {} for name in TABLES.values()} | dict(held) for unit, held in tables.items()}
        self.strict = strict
        self.silent: set[int] = set()
        self.delays_s: list[float] = []
        self.refusals: list[int] = []
        self.requests: list[tuple[int, int, int, int]] = []
        self.writes: list[tuple[int, int, int, list[int]]] = []
        self.most = 125
        self._turn = asyncio.Lock()
        self.mangle: Callable[[bytes], bytes] | None = None
        self.on_write: Callable[[int, int, int], None] | None = None

    def __getitem__(self, unit: int) -> dict[str, Table]:
        return self._units[unit]

    async def async_getValues(self, unit: int, function: int, address: int, count: int = 1) -> Any:
        if function in (1, 2, 3, 4):
            self.requests.append((unit, function, address, count))
            if (refused := await self._hinder(unit)) is not None:
                return refused
            if count > self.most:
                return ExcCodes.ILLEGAL_VALUE
        table = self._units[unit][TABLES[function]]
        if self.strict and any(place not in table for place in range(address, address + count)):
            return ExcCodes.ILLEGAL_ADDRESS
        values = [table.get(place, 0) for place in range(address, address + count)]
        return [bool(value) for value in values] if TABLES[function] in BITS else values

    async def async_setValues(self, unit: int, function: int, address: int, values: Any) -> Any:
        self.requests.append((unit, function, address, len(values)))
        if (refused := await self._hinder(unit)) is not None:
            return refused
        table = self._units[unit][TABLES[function]]
        if self.strict and address not in table:
            return ExcCodes.ILLEGAL_ADDRESS
        self.writes.append((unit, function, address, [int(value) for value in values]))
        for place, value in enumerate(values, address):
            table[place] = int(value)
            if self.on_write is not None:
                self.on_write(unit, place, int(value))
        return None

    def device_ids(self) -> list[int]:
        return list(self._units)

    async def _hinder(self, unit: int) -> Any:
        delay_s = self.delays_s.pop(0) if self.delays_s else 0.0
        async with self._turn:  # a slow device answers one after the other
            if delay_s:
                await asyncio.sleep(delay_s)
        if unit not in self._units or unit in self.silent:
            raise NoSuchIdException("silent")  # the servers ignore it: nothing is sent
        return ExcCodes(self.refusals.pop(0)) if self.refusals else None

    def trace(self, sending: bool, data: bytes) -> bytes:
        """pymodbus's hook on the bytes."""
        return self.mangle(data) if sending and self.mangle is not None else data


class Server:
    """A server in a thread of its own; `stop` and `start` are a device that goes and comes back at the same place."""

    def __init__(self, units: Units) -> None:
        self.units = units
        self.port = ""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server: Any = None

    def start(self) -> None:
        """Serve."""
        self._call(self._start())

    def stop(self) -> None:
        """Close everything; the line is gone."""
        self._call(self._stop())

    def close(self) -> None:
        """Stop and end the thread."""
        self.stop()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    def _call(self, work: Any) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(5)

    async def _start(self) -> None:
        self._server = self._make()
        self._server.context = self.units
        await self._server.serve_forever(background=True)
        self._started()

    async def _stop(self) -> None:
        if self._server is not None:
            await self._server.shutdown()
            self._server = None
        await asyncio.sleep(0)

    def _make(self) -> Any:
        raise NotImplementedError

    def _started(self) -> None:
        """Hook."""


def _any_device() -> SimDevice:
    return SimDevice(1, simdata=[SimData(0, values=0, datatype=DataType.REGISTERS)])


class TcpServer(Server):
    """Modbus TCP on a loopback port that stays the same."""

    number = 0

    def _make(self) -> Any:
        address = ("127.0.0.1", self.number)
        return ModbusTcpServer(
            _any_device(), address=address, ignore_missing_devices=True, trace_packet=self.units.trace
        )

    def _started(self) -> None:
        self.number = self._server.transport.sockets[0].getsockname()[1]
        self.port = f"tcp://127.0.0.1:{self.number}"


class RtuServer(Server):
    """Modbus RTU: the server at one pseudo-terminal, the driver at another, the bytes carried between them.

    `port` is a symlink that stays the same when the adapter is pulled (`stop`) and put back (`start`).
    """

    def __init__(self, units: Units, folder: Path) -> None:
        super().__init__(units)
        self._link = folder / "rs485"
        self.port = str(self._link)
        self._ends: tuple[int, ...] = ()

    async def _start(self) -> None:
        near, near_slave = os.openpty()
        far, far_slave = os.openpty()
        self._ends = (near, near_slave, far, far_slave)
        for descriptor in self._ends:
            tty.setraw(descriptor)
        os.set_blocking(near, False)
        os.set_blocking(far, False)
        self._far_path = os.ttyname(far_slave)
        self._link.symlink_to(os.ttyname(near_slave))
        self._loop.add_reader(near, self._carry, near, far)
        self._loop.add_reader(far, self._carry, far, near)
        await super()._start()

    async def _stop(self) -> None:
        await super()._stop()
        self._link.unlink(missing_ok=True)
        for descriptor in self._ends:
            self._loop.remove_reader(descriptor)
            os.close(descriptor)
        self._ends = ()

    def _make(self) -> Any:
        return ModbusSerialServer(
            _any_device(),
            port=self._far_path,
            baudrate=115_200,
            ignore_missing_devices=True,
            trace_packet=self.units.trace,
        )

    @staticmethod
    def _carry(source: int, target: int) -> None:
        try:
            os.write(target, os.read(source, 4096))
        except OSError as error:
            if error.errno not in (errno.EIO, errno.EAGAIN):
                raise


@contextlib.contextmanager
def tcp_server(units: Units) -> Iterator[TcpServer]:
    """A TCP server that runs."""
    server = TcpServer(units)
    try:
        server.start()
        yield server
    finally:
        server.close()


@contextlib.contextmanager
def rtu_server(units: Units) -> Iterator[RtuServer]:
    """An RTU server that runs."""
    with tempfile.TemporaryDirectory() as folder:
        server = RtuServer(units, Path(folder))
        try:
            server.start()
            yield server
        finally:
            server.close()
