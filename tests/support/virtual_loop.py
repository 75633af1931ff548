"""Virtual time for tests: the loop of virtual fleets."""

from station.fleet.virtual_loop import VirtualLoop, run_virtual

__all__ = ["VirtualLoop", "run_virtual"]
