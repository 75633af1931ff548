"""The blocks of a fleet's plan as pydantic models: keys, types, defaults and descriptions.

The input side only, as ``station.config.model`` is for profiles: what needs more than one key is in ``plan_file`` and
its helpers, and the rest of the program sees ``station.fleet.plan``. The JSON schema of plans comes from here.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag, WithJsonSchema

from station.config import units
from station.config.errors import ValueRefusedError
from station.config.model import LIST, MAPPING, WORD, Block, CsmsBlock
from station.config.types import (
    Card,
    FilePath,
    Number,
    SecretText,
    Switch,
    TextValue,
    Whole,
    at_least_one,
    choice,
    kind_of,
    problem,
    shown,
)

# A plan is new: here nobody has to remember what a number without its unit counts.
from station.config.types import DurationWithUnit as Duration
from station.config.types import PercentWithUnit as Percent

PATTERNS: Final = ("idle", "back-to-back", "paced", "commuter", "rush-hour", "highway")
TOKEN_TYPES: Final = ("ISO14443", "ISO15693", "Central", "eMAID", "KeyCode", "Local", "MacAddress")
"""Of the cards that drivers show: IdTokenEnumType of OCPP 2.x. OCPP 1.6 does not tell them apart."""

MOST_STATIONS: Final = 1_000_000
_OCPP: Final = ("1.6", "2.0.1")


def _shape(value: object) -> str:
    if isinstance(value, dict):
        return MAPPING
    return LIST if isinstance(value, list) else WORD


_by_shape = Discriminator(_shape)


def _mapping(value: object) -> object:
    if not isinstance(value, dict):
        raise problem(f"{kind_of(value)} stands where a mapping belongs")
    return value


def _more_than_none(value: float) -> float:
    if value <= 0:
        raise problem("must be more than 0")
    return value


def _versions(value: object) -> object:
    """One version or several with commas, as ``--ocpp`` takes them."""
    if not isinstance(value, str):
        raise problem(f"{kind_of(value)} stands where a version belongs", 'write it like "1.6"')
    for version in value.split(","):
        if version.strip().removeprefix("ocpp") not in _OCPP:
            raise problem(f"{shown(value)} is no version", f"known: {', '.join(_OCPP)}, several with commas")
    return str(value)


def _time_of_day(value: object) -> object:
    """Seconds since midnight of ``06:30``, or of a duration."""
    text = str(value) if isinstance(value, str) else ""
    hours, colon, minutes = text.partition(":")
    if colon and hours.isdigit() and minutes.isdigit() and int(hours) < 24 and int(minutes) < 60:
        return int(hours) * 3600.0 + int(minutes) * 60.0
    try:
        seconds = units.parse_duration(text, bare=False)
    except ValueRefusedError:
        raise problem(f"{kind_of(value)}: not a time of the day", "write it like 06:30") from None
    if seconds >= units.parse_duration("1d"):
        raise problem(f"{shown(text)}: a day has 24 hours", "write it like 06:30")
    return seconds


Share = Annotated[Percent, AfterValidator(_more_than_none)]
Positive = Annotated[Duration, AfterValidator(_more_than_none)]
Count = Annotated[Whole, Field(ge=1, le=MOST_STATIONS)]
Versions = Annotated[str, BeforeValidator(_versions), WithJsonSchema({"type": ["string", "number"]})]
NO_WORD: Final = "-"
"""Stands for an event's ``do`` where that is missing, so that the rest of the event can be looked at."""

TimeOfDay = Annotated[float, BeforeValidator(_time_of_day), WithJsonSchema({"type": ["string", "number"]})]
Params = Annotated[dict[str, Any], BeforeValidator(_mapping)]


class NetworkBlock(Block):
    """What is done to messages between station and CSMS, by seed."""

    latency: Duration = Field(default=0.0, description="added to each message, in each direction")
    jitter: Duration = Field(default=0.0, description="up to this much more, evenly spread")
    drop: Percent = Field(default=0.0, description="of all messages: they vanish")
    reset: Percent = Field(default=0.0, description="of all messages: the connection is cut instead")


class PlanBlock(Block):
    """The run as a whole."""

    name: TextValue | None = Field(default=None, description="for reports; default: the file's name")
    seed: Annotated[Whole, Field(ge=0)] = Field(default=1, description="everything that varies is drawn from it")
    ramp: Duration | None = Field(
        default=None, description="within which all stations dial; default: 100 stations a second; 0s: all at once"
    )
    run_for: Positive | None = Field(
        default=None, alias="for", description="from the moment that all are up; default: until Ctrl-C (virtual: 1d)"
    )
    ocpp: Versions | None = Field(default=None, description="1.6 or 2.0.1; default: as the groups' stations say")
    speed: Annotated[Number, Field(gt=0, le=10_000)] = Field(default=1.0, description="station seconds per second")
    begins: TimeOfDay = Field(default=0.0, description="time of the day at the beginning, for commuters and rush hours")
    end_patience: Duration = Field(default=10.0, description="how long the end waits for what is still to be told")
    thresholds: list[TextValue] = Field(default=[], description='such as "boot.p95<2s"; crossed: exit code 99')
    network: NetworkBlock = Field(default_factory=NetworkBlock, description="of groups that have none of their own")


class AuthorityBlock(Block):
    """An authority that signs a certificate for each station, for security profile 3."""

    ca: FilePath = Field(description="PEM file of the authority; those above it may follow")
    key: FilePath = Field(description="PEM file of its key")
    key_password: SecretText | None = None
    folder: FilePath | None = Field(default=None, description="keeps what was made; default: gone with the process")
    organization: TextValue | None = Field(
        default=None, description="O of the certificates; default: the profile's CpoName, else the authority's"
    )


class StationsBlock(Block):
    """Who the stations are."""

    id: TextValue | None = Field(default=None, description="template of the ids; default: LT-{:05d}")
    csv: FilePath | None = Field(default=None, description="CSV of stations: id, password, cert, key, connectors, url")
    count: Count | None = Field(default=None, description="how many, all groups together")
    password: SecretText | None = Field(
        default=None, description="of each station; {id} in it is the identity, {} or {:05d} its number"
    )
    certificates: AuthorityBlock | None = None


class CardBlock(Block):
    """A card."""

    idTag: Card  # noqa: N815 - the word of OCPP 1.6, as in the CSV
    type: Annotated[str, choice(*TOKEN_TYPES)] = "ISO14443"


class BehaviourBlock(Block):
    """What the drivers at a group's stations do."""

    pattern: Annotated[
        Literal["idle", "back-to-back", "paced", "commuter", "rush-hour", "highway"], choice(*PATTERNS)
    ] = Field(default="paced")
    samples: Annotated[Whole, Field(ge=0, le=100_000)] | None = Field(
        default=None, description="back-to-back: meter values of a session; default: 10"
    )
    session: Positive | None = Field(
        default=None, description="paced: length of a session (30s); rush-hour (1h), highway (30m): mean stay"
    )
    pause: Duration | None = Field(default=None, description="paced: between two sessions of an EVSE; default: 30s")
    sample: Positive | None = Field(default=None, description="between two meter values; default: as the profile says")
    start: Annotated[Literal["at once", "all up"], choice("at once", "all up")] = Field(default="all up")
    stop: Annotated[Literal["tap", "unplug", "remote"], choice("tap", "unplug", "remote")] = Field(default="tap")
    day: Positive | None = Field(default=None, description="length of a day in station time; default: 1d")
    answers_remote: Switch = Field(
        default=True, description="the driver plugs in where the CSMS starts a session remotely"
    )


StationOrFile = Annotated[Annotated[dict[str, Any], Tag(MAPPING)] | Annotated[FilePath, Tag(WORD)], _by_shape]


class GroupBlock(Block):
    """Stations of one kind."""

    name: TextValue | None = Field(default=None, description="for reports and events; default: group-1, group-2, …")
    count: Count | None = Field(default=None, description="of its stations")
    share: Share | None = Field(default=None, description="of all stations; neither: what the others leave")
    station: StationOrFile | None = Field(
        default=None, description="a profile, or its file; default: one EVSE of 11 kW, meter values every 5 s"
    )
    ocpp: Versions | None = Field(default=None, description="1.6 or 2.0.1; default: the plan's")
    behaviour: BehaviourBlock = Field(default_factory=BehaviourBlock)
    network: NetworkBlock | None = Field(default=None, description="default: the plan's")


class EventBlock(Block):
    """Something that happens to a share of the stations at a time of the run."""

    at: Duration = Field(description="from the moment that all are up")
    do: TextValue = Field(description="a storm, or a command of a station")
    share: Share = Field(default=100.0, description="of the stations (of the group)")
    lasts: Positive | None = Field(default=None, alias="for", description="then it is over; default: it is not undone")
    group: TextValue | None = Field(default=None, description="only stations of this group; default: of all")
    spread: Duration = Field(default=0.0, description="begun within this time, evenly, instead of at once")
    params: Params = Field(default={}, description="of the command, or of the storm")


class StageBlock(Block):
    """A number of stations, how fast it is reached, and how long it is held."""

    stations: Annotated[Whole, Field(ge=0, le=MOST_STATIONS)] | None = None
    share: Percent | None = Field(default=None, description="of all stations, in place of stations")
    ramp: Duration | None = Field(default=None, description="default: the plan's")
    lasts: Positive | None = Field(default=None, alias="for", description="default: the plan's")


StationsOrCsv = Annotated[Annotated[StationsBlock, Tag(MAPPING)] | Annotated[FilePath, Tag(WORD)], _by_shape]
CardItem = Annotated[Annotated[CardBlock, Tag(MAPPING)] | Annotated[Card, Tag(WORD)], _by_shape]
CardsOrCsv = Annotated[
    Annotated[list[CardItem], AfterValidator(at_least_one), Tag(LIST)] | Annotated[FilePath, Tag(WORD)], _by_shape
]


class PlanModel(Block):
    """An ocpp-station fleet plan: who the stations are, what their drivers do, and what befalls them."""

    plan: PlanBlock = Field(default_factory=PlanBlock)
    csms: CsmsBlock | None = Field(
        default=None, description="laid over the groups' stations key by key, as a profile's csms"
    )
    stations: StationsOrCsv = Field(default_factory=StationsBlock)
    cards: CardsOrCsv | None = Field(default=None, description="dealt out in turn; default: each station has its own")
    groups: Annotated[list[GroupBlock], AfterValidator(at_least_one)] | None = Field(
        default=None, description="default: one, `stations`"
    )
    events: list[EventBlock] = Field(default=[])
    stages: Annotated[list[StageBlock], AfterValidator(at_least_one)] | None = Field(
        default=None, description="default: one, with all stations, of plan.ramp and plan.for"
    )
