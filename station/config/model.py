"""The profile's blocks as pydantic models: keys, types, defaults and descriptions.

These are the input side only: checks across blocks, derived values and paths are in `station.config.build`, and the
rest of the program sees the dataclasses of `station.config.profile`. The JSON schema for editors comes from here.
"""

from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag, model_validator

from station.config.tables import CONNECTOR_TYPES, MEASURANDS
from station.config.types import (
    EMPTY,
    AnyText,
    Card,
    Current,
    Delay,
    Duration,
    Energy,
    FilePath,
    Listen,
    Number,
    Percent,
    Phases,
    Power,
    SecretText,
    StationId,
    Switch,
    TextValue,
    Url,
    Whole,
    at_least_one,
    choice,
    chosen,
    kind_of,
    problem,
)

WORD, MAPPING, LIST = "<word>", "<mapping>", "<list>"


def _shape(value: object) -> str:
    if isinstance(value, dict | BaseModel):
        return MAPPING
    return LIST if isinstance(value, list) else WORD


_by_shape = Discriminator(_shape)


def _option_mapping(value: object) -> object:
    if not isinstance(value, dict):
        raise problem(f"{kind_of(value)} stands where a mapping belongs", "write it like {driver: sim}")
    return value


def inner_block(annotation: Any) -> type[BaseModel] | None:
    """The block inside a field's type (in a list or a union too), or None."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in get_args(annotation):
        found = inner_block(argument)
        if found is not None:
            return found
    return None


class Block(BaseModel):
    """A mapping with known keys only."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    @model_validator(mode="before")
    @classmethod
    def _left_empty(cls, value: object) -> object:
        """A block whose keys are all commented out counts as left out; a single value that is empty is an error."""
        if not isinstance(value, dict) or all(item is not None for item in value.values()):
            return value
        blocks = {key for key, field in cls.model_fields.items() if inner_block(field.annotation) is not None}
        return {
            key: EMPTY if item is None else item for key, item in value.items() if item is not None or key not in blocks
        }


Driver = Annotated[dict[str, Any], BeforeValidator(_option_mapping)]
VersionName = Annotated[Literal["ocpp1.6", "ocpp2.0.1", "ocpp2.1"], choice("ocpp1.6", "ocpp2.0.1", "ocpp2.1")]
Measurand = Annotated[
    str, BeforeValidator(lambda value: chosen(MEASURANDS, value)), Field(json_schema_extra={"enum": list(MEASURANDS)})
]
ConnectorType = Annotated[
    str,
    BeforeValidator(lambda value: chosen(CONNECTOR_TYPES, value)),
    Field(json_schema_extra={"enum": list(CONNECTOR_TYPES)}),
]


class StationBlock(Block):
    """What the station says of itself."""

    id: StationId | None = Field(default=None, description="identity towards the CSMS, at most 48 characters, no colon")
    vendor: TextValue = Field(
        default="ocpp-station", description="BootNotification's vendor, at most 20 characters (2.x: 50)"
    )
    model: TextValue = Field(default="Virtual", description="BootNotification's model, at most 20 characters")
    serial: TextValue | None = Field(default=None, description="serial number, at most 25 characters")
    firmware: TextValue | None = Field(
        default=None, description="firmware version, at most 50 characters; default: this program's"
    )
    max_current: Current | None = Field(
        default=None, description="limit of the whole station (A); default: the EVSEs' sum"
    )


def _security_profile(value: object) -> object:
    return int(str(chosen(("0", "1", "2", "3"), value)))


class SecurityBlock(Block):
    """How the connection to the CSMS is secured."""

    profile: Annotated[Literal[0, 1, 2, 3] | None, BeforeValidator(_security_profile)] = Field(
        default=None, description="OCPP security profile; default: what url, password, cert and key amount to"
    )
    password: SecretText | None = Field(
        default=None, description="Basic Auth password; ${VAR} or !file keep it out of here"
    )
    ca: FilePath | None = Field(
        default=None, description="PEM file with the roots that may sign the CSMS's certificate"
    )
    cert: FilePath | None = Field(default=None, description="PEM file with the station's certificate chain")
    key: FilePath | None = Field(default=None, description="PEM file with the station's private key")
    host_name: Annotated[Literal["check", "any"], choice("check", "any")] = Field(
        default="check", description="any: skip the name check only"
    )
    fall_back_after: Duration = Field(default=20.0, description="how long a new security profile may try to connect")


class ReconnectBlock(Block):
    """Back-off between dials; also for OCPP 1.6."""

    wait: Duration = Field(default=10.0, description="RetryBackOffWaitMinimum")
    random: Duration = Field(default=10.0, description="RetryBackOffRandomRange")
    doubles: Annotated[Whole, Field(ge=0, le=30)] = Field(default=5, description="RetryBackOffRepeatTimes")


class CsmsBlock(Block):
    """The central system."""

    url: Url | None = Field(default=None, description="a template with {id}, or a base to which the id is appended")
    versions: Annotated[list[VersionName], AfterValidator(at_least_one)] = Field(
        default=["ocpp2.0.1", "ocpp1.6"], description="offered in this order"
    )
    security: SecurityBlock = Field(default_factory=SecurityBlock)
    call_timeout: Duration = Field(default=30.0, description="how long an answer may take")
    ping: Duration = Field(default=60.0, description="WebSocket ping interval; 0s sends none")
    reconnect: ReconnectBlock = Field(default_factory=ReconnectBlock)
    compression: Switch = Field(default=False, description="permessage-deflate")


class V2gLeafBlock(Block):
    """The SECC's certificate chain (leaf first) and its key."""

    chain: Annotated[list[FilePath], AfterValidator(at_least_one)]
    key: FilePath
    key_password: SecretText | None = None


class CertificatesBlock(Block):
    """Certificates that lie in files beside the profile; more may be installed by the CSMS."""

    csms: list[FilePath] = Field(default=[], description="more roots for the CSMS's certificate")
    manufacturer: list[FilePath] = Field(default=[], description="roots for firmware signatures")
    v2g: list[FilePath] = Field(default=[], description="V2G roots")
    mo: list[FilePath] = Field(default=[], description="mobility operator roots")
    v2g_leaf: V2gLeafBlock | None = None


class ControlBlock(Block):
    """The control face (HTTP)."""

    listen: Listen = Field(default="127.0.0.1:0", description="ADDRESS:PORT (port 0: a free one) or off")
    token: SecretText | None = Field(default=None, description="bearer token; needed beyond loopback")


class ConnectorBlock(Block):
    """One connector of an EVSE."""

    id: Annotated[Whole, Field(ge=1)] | None = Field(
        default=None, description="from 1 within the EVSE; default: its place"
    )
    type: ConnectorType = Field(default="cType2", description="OCPP 2.x ConnectorEnumType")
    cable: Annotated[Literal["socket", "fixed"], choice("socket", "fixed")] = Field(default="socket")
    lock: Switch | None = Field(default=None, description="whether it locks the plug; default: a socket does")


class HardwareBlock(Block):
    """The parts of an EVSE; each is simulated when left out."""

    pilot: Driver | None = None
    contactor: Driver | None = None
    meter: Driver | None = None
    lock: Driver | None = None
    indicator: Driver | None = None
    button: Driver | None = None


class EvseBlock(Block):
    """One EVSE."""

    id: Annotated[Whole, Field(ge=1)] | None = Field(
        default=None, description="from 1 without gaps; default: its place"
    )
    max_current: Annotated[Current, Field(gt=0, le=10000)] = Field(default=16.0, description="A per phase")
    phases: Phases = Field(default=3)
    connectors: Annotated[list[ConnectorBlock], AfterValidator(at_least_one)] = Field(default=[ConnectorBlock()])
    hardware: HardwareBlock = Field(default_factory=HardwareBlock)


class LocalBlock(Block):
    """Cards known without a CSMS."""

    allow: list[Card] = Field(default=[], description="card numbers that may always charge")


ValidatorName = Annotated[
    Literal["allow", "local_list", "cache", "csms", "offline"],
    choice("allow", "local_list", "cache", "csms", "offline"),
]


class AuthBlock(Block):
    """Who may charge."""

    selection: Annotated[
        Literal["PlugEvents", "PlugEventsLIFO", "FindFirst", "UserInput"],
        choice("PlugEvents", "PlugEventsLIFO", "FindFirst", "UserInput"),
    ] = Field(default="PlugEvents", description="which EVSE a card is for")
    remote_start_without_evse: Annotated[Literal["select", "reject"], choice("select", "reject")] = Field(
        default="select"
    )
    readers: list[Driver] = Field(
        default=[{"driver": "keyboard"}], description="card readers; driver, name, evses, uid, prevalidated and options"
    )
    local: LocalBlock = Field(default_factory=LocalBlock)
    master_group: TextValue | None = Field(default=None, description="group whose cards stop any transaction")
    validators: Annotated[list[ValidatorName], AfterValidator(at_least_one)] = Field(
        default=["allow", "local_list", "cache", "csms", "offline"],
        description="who says whether a card may charge, in this order; one that is left out is not asked",
    )
    group_card: Annotated[
        Literal["start-if-plugged", "start-if-free", "stop-first"],
        choice("start-if-plugged", "start-if-free", "stop-first"),
    ] = Field(default="start-if-plugged", description="what a card does whose group charges")
    reswipe: Annotated[Literal["refuse", "withdraw"], choice("refuse", "withdraw")] = Field(
        default="refuse", description="the same card again while it waits for a plug or a choice"
    )
    after_plug_timeout: Annotated[Literal["accept", "replug"], choice("accept", "replug")] = Field(
        default="accept", description="a card for a car that has been plugged in longer than the connection time-out"
    )


class TransactionsBlock(Block):
    """Transactions over a power loss."""

    after_power_loss: Annotated[Literal["stop", "resume"], choice("stop", "resume")] = Field(default="stop")


class CarBlock(Block):
    """The simulated car."""

    battery: Annotated[Energy, Field(gt=0)] | None = Field(default=None, description="capacity; left out: never full")
    soc: Percent | None = Field(default=None, description="state of charge at the start")
    max_power: Annotated[Power, Field(gt=0)] = Field(default=11000.0)
    phases: Phases = Field(default=3)
    plugged: Switch = Field(default=False, description="plugged in from the start")
    plugs_in: Delay | None = Field(default=None, description="plugs in by itself, so long after the start")
    taps: Card | None = Field(default=None, description="the card it shows after plugging in")
    stays: Duration | None = Field(default=None, description="unplugs by itself after so long")


class MeteringBlock(Block):
    """Meter values."""

    sample: Duration = Field(default=60.0, description="interval while charging; 0s: none")
    aligned: Duration = Field(default=0.0, description="clock-aligned interval; 0s: none")
    record: Duration = Field(default=5.0, description="how often the running register is stored")
    measurands: list[Measurand] | None = Field(default=None, description="default: the catalogue's")
    without_meter: Literal["charge", "refuse"] = Field(
        default="charge", description="while the meter fails: charge on, or finish what runs and begin no session"
    )


class ExecBlock(Block):
    """A program of the installation."""

    exec: FilePath


Installer = Annotated[
    Annotated[ExecBlock, Tag(MAPPING)] | Annotated[Literal["simulated"], choice("simulated"), Tag(WORD)], _by_shape
]
RealReboot = Annotated[
    Annotated[ExecBlock, Tag(MAPPING)] | Annotated[Literal["yes", "no"], choice("yes", "no"), Tag(WORD)], _by_shape
]


class FirmwareBlock(Block):
    """Firmware updates."""

    signed: Annotated[Literal["off", "required"], choice("off", "required")] = Field(default="off")
    installer: Installer = Field(default="simulated")
    takes: Duration = Field(default=2.0, description="how long a simulated installation takes")
    reboot: Switch = Field(default=True, description="whether an installation ends with a reboot")


class RebootBlock(Block):
    """Reboots."""

    takes: Duration = Field(default=3.0, description="how long a simulated reboot takes")
    real: RealReboot = Field(default="no")


class VariableBlock(Block):
    """A variable with its characteristics; left out: the catalogue's."""

    value: Annotated[AnyText, Tag(WORD)] | None = None
    type: (
        Annotated[
            Literal["string", "decimal", "integer", "dateTime", "boolean", "OptionList", "SequenceList", "MemberList"],
            choice("string", "decimal", "integer", "dateTime", "boolean", "OptionList", "SequenceList", "MemberList"),
        ]
        | None
    ) = None
    mutability: (
        Annotated[Literal["ReadOnly", "ReadWrite", "WriteOnly"], choice("ReadOnly", "ReadWrite", "WriteOnly")] | None
    ) = None
    min: Number | None = Field(default=None, description="for texts the least length")
    max: Number | None = Field(default=None, description="for texts the greatest length")
    values: list[TextValue] | None = None
    pattern: TextValue | None = Field(default=None, description="a regular expression for the whole value")
    reboot: Switch | None = Field(default=None, description="whether a change takes effect at the next boot")


Variable = Annotated[
    Annotated[VariableBlock, Tag(MAPPING)]
    | Annotated[list[TextValue], Tag(LIST)]
    | Annotated[AnyText | None, Tag(WORD)],
    _by_shape,
]


CsmsOrNone = Annotated[
    Annotated[CsmsBlock, Tag(MAPPING)] | Annotated[Literal["none"], choice("none"), Tag(WORD)], _by_shape
]
ControlOrOff = Annotated[
    Annotated[ControlBlock, Tag(MAPPING)] | Annotated[Literal["off"], choice("off"), Tag(WORD)], _by_shape
]
AuthOrFree = Annotated[
    Annotated[AuthBlock, Tag(MAPPING)] | Annotated[Literal["free"], choice("free"), Tag(WORD)], _by_shape
]


class ProfileModel(Block):
    """An ocpp-station profile: one charging station."""

    station: StationBlock = Field(default_factory=StationBlock)
    csms: CsmsOrNone = Field(default_factory=CsmsBlock)
    certificates: CertificatesBlock = Field(default_factory=CertificatesBlock)
    store: FilePath | None = Field(
        default=None, description="SQLite file, or memory; default: below the user's state directory"
    )
    state: FilePath | None = Field(
        default=None, description="folder for keys, certificates, logs; default: beside the store"
    )
    control: ControlOrOff = Field(default_factory=ControlBlock)
    evses: Annotated[list[EvseBlock], AfterValidator(at_least_one)] = Field(default=[EvseBlock()])
    auth: AuthOrFree = Field(default_factory=AuthBlock)
    transactions: TransactionsBlock = Field(default_factory=TransactionsBlock)
    car: CarBlock | None = Field(
        default=None, description="left out: a car of 11 kW that is never full and does nothing"
    )
    metering: MeteringBlock = Field(default_factory=MeteringBlock)
    firmware: FirmwareBlock = Field(default_factory=FirmwareBlock)
    reboot: RebootBlock = Field(default_factory=RebootBlock)
    variables: dict[str, Variable] = Field(default={}, description="variables of OCPP 2.x or keys of 1.6, by address")
