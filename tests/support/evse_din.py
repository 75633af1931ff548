"""An EVSE-WB-DIN for tests: its registers, its relay, and a car at it.

board = EvseDin()
with rtu_server(board.units) as server:
    board.plug_in(asks=True)      # vehicle state 2, and 3 once it is offered current
"""

from __future__ import annotations

from tests.support.modbus_servers import Table, Units

UNIT = 1


class EvseDin:
    """The board. `welded` holds the relay closed; the car asks as soon as it is offered 6 A."""

    def __init__(self, firmware: int = 18, config: int = 0, boot_a: int = 32, cable_a: int = 5) -> None:
        self.per_a = 100 if firmware >= 17 and config & 0x80 else 1
        run = {1000: boot_a * self.per_a, 1001: 0, 1002: 1, 1003: cable_a, 1004: 0, 1005: firmware, 1006: 1, 1007: 0}
        boot = {2000: boot_a, 2001: 1, 2002: 5, 2003: 1, 2004: 0, 2005: config}
        self.units = Units({UNIT: {"holding": run | boot}})
        self.units.on_write = lambda unit, address, value: self.settle()
        self.asks = False
        self.welded = False
        self.failed = 0

    @property
    def registers(self) -> Table:
        """The holding registers."""
        return self.units[UNIT]["holding"]

    @property
    def offered_a(self) -> float:
        """What the pilot offers: 0 without a signal."""
        if self.registers[1004] & 1:
            return 0.0
        offered_a = self.registers[1000] / self.per_a
        return offered_a if offered_a >= 6 else 0.0

    @property
    def closed(self) -> bool:
        """The relay."""
        return bool(self.registers[1007] & 1)

    def plug_in(self, *, asks: bool = True, cable_a: int = 32) -> None:
        """A car comes."""
        self.registers[1002], self.registers[1003], self.asks = 2, cable_a, asks
        self.settle()

    def unplug(self) -> None:
        """It goes."""
        self.registers[1002], self.registers[1003], self.asks = 1, 5, False
        self.settle()

    def ask(self, asks: bool) -> None:
        """S2 closes or opens."""
        self.asks = asks
        self.settle()

    def fail(self, flags: int) -> None:
        """Vehicle state 5 with flags of 1007; 0: mended."""
        self.failed = flags
        self.settle()

    def settle(self) -> None:
        """What the board makes of it all."""
        registers = self.registers
        if self.failed:
            registers[1002] = 5
        elif registers[1002] == 5:
            registers[1002] = 2
        elif registers[1002] in (2, 3):
            registers[1002] = 3 if self.asks and self.offered_a else 2
        closed = self.welded or registers[1002] == 3
        registers[1006] = 2 if self.offered_a else 1
        registers[1007] = int(closed) | self.failed
