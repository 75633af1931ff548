"""Jobs of the core, carried out: one module for each kind of work, one table for all.

A job is a coroutine: it gets the task, the bench and a function for reports on the way, and what it returns is its
last report. Called by ``station.host.jobs.desk``.
"""

from __future__ import annotations

from station.host.jobs import certificates, firmware, logs, plug_and_charge
from station.host.jobs.bench import JobRunner

RUNNERS: dict[type, JobRunner] = {**certificates.JOBS, **firmware.JOBS, **logs.JOBS, **plug_and_charge.JOBS}
"""Task -> who carries it out."""
