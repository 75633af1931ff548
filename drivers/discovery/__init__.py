"""Which readers this machine has, and what is in their way: ``find()`` and ``problems()``.

Nothing is opened or started. For ``station readers`` and ``station doctor``, usable without them.
"""

from __future__ import annotations

from drivers.discovery.devices import Found, Kind, find, loaded_modules, pcscd_runs
from drivers.discovery.obstacles import Problem, Severity, problems

__all__ = ["Found", "Kind", "Problem", "Severity", "find", "loaded_modules", "pcscd_runs", "problems"]
