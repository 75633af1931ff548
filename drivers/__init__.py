"""Drivers for the parts of a charging station: readers, contactors, meters, pilots, locks, indicators.

Usable without the ``station`` package. ``drivers.api`` has the Protocols, ``drivers.registry`` finds a driver by part
and name, ``drivers.sim`` is a charging bay with a car in it, made of arithmetic.
"""

from drivers import registry as registry
