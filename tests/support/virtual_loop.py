"""Virtual time for tests: the loop of virtual fleets."""

from station.fleet.virtual_loop import LoopClock, VirtualLoop, run_virtual

__all__ = ["LoopClock", "VirtualLoop", "run_virtual"]
