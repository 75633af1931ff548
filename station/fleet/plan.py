"""A fleet's plan as plain data: numbers in SI units, paths resolved, every choice made.

Not the YAML (``plan_file`` reads that) and not the command line (``station.cli.fleet``). A plan is immutable and can be
pickled, so that every worker of a distributed fleet holds the same one; with the same seed it gives the same load.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from station.config import Profile, Secret

Pattern = Literal["idle", "back-to-back", "paced", "commuter", "rush-hour", "highway"]
Start = Literal["at once", "all up"]
Stop = Literal["tap", "unplug", "remote"]

DAY_S: Final = 86_400.0


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What the drivers at a group's stations do.

    Attributes:
        pattern: see docs/fleets.md.
        samples: back-to-back: meter values of a session.
        session_s: paced: length of a session, by the clock; else the mean stay.
        pause_s: paced: between two sessions of an EVSE.
        sample_s: paced: between two meter values; None: as the profile says.
        start: ``at once`` when the station was accepted, ``all up`` when all were.
        stop: how a session ends. ``remote``: the CSMS ends it.
        day_s: the length of a day of commuters and rush hours, in station time.
        answers_remote: the driver plugs in where the CSMS starts a session remotely.
    """

    pattern: Pattern = "idle"
    samples: int = 10
    session_s: float = 60.0
    pause_s: float = 10.0
    sample_s: float | None = None
    start: Start = "all up"
    stop: Stop = "tap"
    day_s: float = DAY_S
    answers_remote: bool = True


@dataclass(frozen=True, slots=True)
class Network:
    """What is done to messages between station and CSMS, by seed. All zero: nothing.

    Attributes:
        latency_s: added to each message, in each direction.
        jitter_s: up to this much more, evenly spread.
        drop: share of messages (0 to 1) that vanish.
        reset: share of messages (0 to 1) at which the connection is cut.
    """

    latency_s: float = 0.0
    jitter_s: float = 0.0
    drop: float = 0.0
    reset: float = 0.0

    @property
    def clean(self) -> bool:
        """Whether nothing is done."""
        return not (self.latency_s or self.jitter_s or self.drop or self.reset)


@dataclass(frozen=True, slots=True)
class Group:
    """Stations of one kind.

    Attributes:
        name: for reports.
        weight: its share of the fleet; the weights of a plan's groups add up to 1.
        profile: of each of its stations, but for identity and credentials.
        behaviour: of its drivers.
        network: of its connections.
    """

    name: str
    weight: float
    profile: Profile = field(repr=False)
    behaviour: Behaviour = Behaviour()
    network: Network = Network()


@dataclass(frozen=True, slots=True)
class Station:
    """A row of a CSV of stations: an identity that the CSMS knows. None: as the group's profile says.

    ``connectors`` is the number of its EVSEs, ``line`` where it stands in the CSV.
    """

    id: str
    password: Secret | None = None
    cert: Path | None = None
    key: Path | None = None
    connectors: int | None = None
    url: str | None = None
    line: int = 0


@dataclass(frozen=True, slots=True)
class Card:
    """A card that drivers show."""

    id_tag: str
    type: str = "ISO14443"


@dataclass(frozen=True, slots=True)
class Issuing:
    """An authority that signs a certificate for each station; see ``certificates``. Whole files, for workers elsewhere.

    Attributes:
        ca_pem: the authority's certificate, and those above it that are shown along with it.
        key_pem: its key, PKCS #8, not encrypted.
        organization: O of what it signs; empty: as the group's profile says (CpoName), else the authority's own.
        folder: keeps keys and certificates; None: they are gone with the process.
    """

    ca_pem: str
    key_pem: Secret
    organization: str = ""
    folder: Path | None = None


@dataclass(frozen=True, slots=True)
class Storm:
    """Something that happens to a share of the stations at a time of the run.

    Attributes:
        at_s: seconds after all were up.
        do: see ``storms``.
        share: of the stations, 0 to 1; which ones is decided by the seed.
        for_s: how long, where it ends by itself; None: it does not.
        params: of a station's command; ``network``: members of ``Network``.
        group: only stations of this group; empty: of all.
        spread_s: begun within this time, evenly, instead of at once.
        number: of an injected storm: tells those apart that are alike, and so decides which stations.
    """

    at_s: float
    do: str
    share: float = 1.0
    for_s: float | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    group: str = ""
    spread_s: float = 0.0
    number: int = 0


@dataclass(frozen=True, slots=True)
class Stage:
    """Bring the number of stations to ``stations`` within ``ramp_s``, then hold it for ``for_s`` (seconds).

    The last stage may be held for ever (infinity): until the run is told to end.
    """

    stations: int
    ramp_s: float
    for_s: float


@dataclass(frozen=True, slots=True)
class Plan:
    """See the module.

    Attributes:
        name: of the run, for reports and the control face.
        count: stations, at the most populous stage.
        seed: everything that varies is drawn from it.
        stages: at least one.
        id_template: ``{}`` (a format of Python, of the station's number from 1) stands for the number.
        rows: stations of a CSV; where given, there are no more stations than rows.
        cards: dealt out in turn; empty: each station has a card of its own.
        password: template of the stations' passwords (``id_template.fill_password``), where a row has none.
        certificates: what makes those of the stations that have none.
        thresholds: as written; ``thresholds`` reads them.
        speed: station seconds per second.
        begins_s: time of the day at the beginning, for commuters and rush hours.
        end_patience_s: how long the end of the run waits for what is still to be told.
    """

    name: str
    count: int
    groups: tuple[Group, ...]
    stages: tuple[Stage, ...]
    seed: int = 1
    id_template: str = "LT-{:05d}"
    rows: tuple[Station, ...] = field(default=(), repr=False)
    cards: tuple[Card, ...] = field(default=(), repr=False)
    password: Secret | None = None
    certificates: Issuing | None = field(default=None, repr=False)
    storms: tuple[Storm, ...] = ()
    thresholds: tuple[str, ...] = ()
    speed: float = 1.0
    begins_s: float = 0.0
    end_patience_s: float = 10.0

    @property
    def duration_s(self) -> float:
        """How long the run holds its load, all stages; infinite where it goes on until it is told to end."""
        return sum(stage.for_s for stage in self.stages)
