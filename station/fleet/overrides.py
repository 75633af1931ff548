"""What the command line says of a fleet, laid over its plan.

Not the command line itself (``station.cli.fleet_options`` fills this in), and no values yet: durations and thresholds
are texts here, so that whatever is wrong with one is said with the name of its flag. Called by ``plan_file``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from station.config import Overrides


@dataclass(frozen=True, slots=True)
class FleetOverrides:
    """What the flags said; None: the flag was not given.

    Attributes:
        count: ``-n``.
        id: ``--id``: a template such as ``LT-{:05d}``.
        stations: ``--stations``: a CSV; relative to the working folder, as every path of a flag.
        cards: ``--cards``: a CSV.
        ramp: ``--ramp``: a duration.
        run_for: ``--for``: a duration.
        thresholds: ``--threshold``, besides those of the plan.
        seed: ``--seed``.
        speed: ``--speed``: station seconds per second.
        virtual: ``--virtual``: nothing is dialled, so that no CSMS needs to be named.
        only_checked: nothing is run: a CSMS and a number that the command line would name are not missed.
        csms: ``--csms URL``.
        ocpp: ``--ocpp``: ``1.6``, ``2.0.1``, several with commas.
        password_file: ``--password-file``: of all stations, but for those that a CSV gives one of their own.
        insecure: ``--insecure``: verify neither chain nor name.
    """

    count: int | None = None
    id: str | None = None
    stations: Path | None = None
    cards: Path | None = None
    ramp: str | None = None
    run_for: str | None = None
    thresholds: tuple[str, ...] = ()
    seed: int | None = None
    speed: float | None = None
    virtual: bool = False
    only_checked: bool = False
    csms: str | None = None
    ocpp: str | None = None
    password_file: Path | None = None
    ca: Path | None = None
    cert: Path | None = None
    key: Path | None = None
    insecure: bool = False

    @property
    def needs_csms(self) -> bool:
        """Whether somebody has to name a CSMS."""
        return not (self.virtual or self.only_checked)

    def of_a_profile(self) -> Overrides:
        """What is laid over each group's profile."""
        # Here and not above: a fleet that runs reads no profile any more.
        from station.config import Overrides

        return Overrides(
            csms=self.csms,
            ocpp=self.ocpp,
            password_file=self.password_file,
            ca=self.ca,
            cert=self.cert,
            key=self.key,
            insecure=self.insecure,
        )
