"""What the command line of `station fleet` says, as plain data. Read by `fleet_options`, carried out by `fleet`."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from station.config import ControlConfig
from station.fleet.overrides import FleetOverrides


@dataclass(frozen=True, slots=True)
class FleetOptions:
    """What the command line says.

    Attributes:
        plan: the file; None: the default plan.
        overrides: what is laid over the plan.
        html: report, a page.
        csv: report, a folder of tables.
        junit: report of the thresholds.
        json: the report as the last line, no table.
        workers: processes of this machine; None: this one alone.
        scheduler: address of a Dask scheduler.
        insecure_scheduler: it may be elsewhere without TLS.
        control: the control face; None: none.
        debug: tracebacks, and everything logged.
    """

    plan: Path | None
    overrides: FleetOverrides
    html: Path | None = None
    csv: Path | None = None
    junit: Path | None = None
    json: bool = False
    workers: int | None = None
    scheduler: str | None = None
    insecure_scheduler: bool = False
    control: ControlConfig | None = field(default=None, repr=False)
    debug: bool = False

    @property
    def virtual(self) -> bool:
        """Whether time and network are made up."""
        return self.overrides.virtual
