"""The table of commands: names, parameters, what each is for. Lines, HTTP, OpenAPI and CLI are generated from it.

It adds no behaviour: what a command does, the `Commandable` knows. Parameters are checked here in one way for all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from station.control.commandable import CommandRefused
from station.control.params import MAX_INTEGER, Kind, Param, checked_params, nearest, shown

DEFAULT_TIMEOUT_S: Final = 30.0
MAX_TIMEOUT_S: Final = 3600.0

TIMEOUT: Final = Param(
    "timeout",
    Kind.NUMBER,
    "seconds to wait at most for the answer",
    default=DEFAULT_TIMEOUT_S,
    minimum=0,
    maximum=MAX_TIMEOUT_S,
)

_CONNECTOR: Final = (
    Param(
        "connector",
        Kind.INTEGER,
        "number of the connector within the station, from 1; left out: the only one",
        minimum=1,
        maximum=MAX_INTEGER,
    ),
    Param("evse", Kind.INTEGER, "EVSE, from 1; in place of connector", minimum=1, maximum=MAX_INTEGER),
    Param("evse_connector", Kind.INTEGER, "connector of that EVSE, from 1", minimum=1, maximum=MAX_INTEGER),
)
_TAG: Final = Param("tagId", Kind.TEXT, "the card's number", required=True)
_TOKEN_TYPES: Final = (
    "Central",
    "DirectPayment",
    "eMAID",
    "EVCCID",
    "ISO14443",
    "ISO15693",
    "KeyCode",
    "Local",
    "MacAddress",
    "NoAuthorization",
    "VIN",
)
_TOKEN_TYPE: Final = Param(
    "tokenType", Kind.TEXT, "kind of token, as OCPP 2.x", default="ISO14443", flag="type", choices=_TOKEN_TYPES
)
_CERTIFICATE: Final = Param(
    "certificate", Kind.TEXT, "contract certificate of an eMAID with the authorities above it, PEM, leaf first"
)

FAULTS: Final = (
    "ConnectorLockFailure",
    "EVCommunicationError",
    "GroundFailure",
    "HighTemperature",
    "InternalError",
    "LocalListConflict",
    "OtherError",
    "OverCurrentFailure",
    "OverVoltage",
    "PowerMeterFailure",
    "PowerSwitchFailure",
    "ReaderFailure",
    "ResetFailure",
    "UnderVoltage",
    "WeakSignal",
)
"""Error codes of OCPP 1.6 §7.6 that are faults."""

_STATUSES: Final = (
    "Accepted",
    "Blocked",
    "ConcurrentTx",
    "Expired",
    "Invalid",
    "NoCredit",
    "NotAllowedTypeEVSE",
    "NotAtThisLocation",
    "NotAtThisTime",
    "Unknown",
)


@dataclass(frozen=True, slots=True)
class Command:
    """One command.

    Args:
        doc: what it does, one line.
        answered: when the answer comes.
    """

    name: str
    doc: str
    params: tuple[Param, ...] = ()
    answered: str = "at once"
    by_name: Mapping[str, Param] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", {param.name: param for param in (*self.params, TIMEOUT)})

    @property
    def verb(self) -> str:
        """The spelling on the command line."""
        return self.name.replace("_", "-")

    def schema(self) -> dict[str, Any]:
        """The JSON schema of the parameters."""
        return {
            "type": "object",
            "additionalProperties": False,
            "required": [param.name for param in self.params if param.required],
            "properties": {name: param.schema() for name, param in self.by_name.items()},
        }


def _status(name: str, what: str) -> Command:
    status = Param("status", Kind.TEXT, "as OCPP spells it", required=True)
    return Command(name, f"Send {what}", (status,), "when the answer came")


def _entry(name: str, where: str) -> Command:
    status = Param("status", Kind.TEXT, "authorization status", required=True, choices=_STATUSES)
    group = Param("group", Kind.TEXT, "parent or group id")
    return Command(name, f"Put a card into the {where}", (_TAG, status, group), "when stored")


def _part_fault(name: str, what: str, kinds: tuple[str, ...]) -> Command:
    kind = Param("kind", Kind.TEXT, "what the part does", required=True, choices=kinds)
    return Command(name, f"Let the simulated {what} fail", (*_CONNECTOR, kind))


_PILOT: Final = "when the pilot has changed"

_TABLE: Final = (
    Command("status", "Show the state of the station"),
    Command("connect", "Dial the CSMS now", answered="when the boot was accepted and the statuses answered"),
    Command("disconnect", "Close the connection; no redial until connect or come-online", answered="when closed"),
    Command("go_offline", "Cut the network without a close, and do not redial", answered="when cut"),
    Command("come_online", "Bring the network back and dial at once"),
    Command("drop_connection", "Abort the connection once; the back-off takes over", answered="when aborted"),
    Command(
        "plug_in",
        "Plug a car in",
        (
            *_CONNECTOR,
            Param("ready", Kind.BOOLEAN, "whether the car wants energy", default=True),
            Param("soc", Kind.NUMBER, "state of charge of the car, percent", minimum=0, maximum=100),
        ),
        _PILOT,
    ),
    Command(
        "unplug",
        "Pull the cable",
        (*_CONNECTOR, Param("side", Kind.TEXT, "which end", default="both", choices=("ev", "station", "both"))),
        _PILOT,
    ),
    Command("tap", "Show a card", (_TAG, _TOKEN_TYPE, _CERTIFICATE, *_CONNECTOR), "when accepted or refused"),
    Command("ev_suspend", "Let the car pause", _CONNECTOR, _PILOT),
    Command("ev_resume", "Let the car go on", _CONNECTOR, _PILOT),
    Command("ev_not_ready", "Let the car not be ready", _CONNECTOR, _PILOT),
    *(
        Command(name, doc, (*_CONNECTOR, Param("tagId", Kind.TEXT, "a card shown at the same moment")))
        for name, doc in (
            ("bay_occupied", "Let a car park in the bay"),
            ("bay_free", "Let the bay become free"),
        )
    ),
    Command(
        "fault",
        "Let a fault arise",
        (*_CONNECTOR, Param("errorCode", Kind.TEXT, "name in OCPP 1.6", default="OtherError", choices=FAULTS)),
        "when told or queued",
    ),
    Command(
        "clear_fault",
        "Let a fault go",
        (
            *_CONNECTOR,
            Param("errorCode", Kind.TEXT, "name in OCPP 1.6; left out: all", choices=FAULTS),
            Param("newMeter", Kind.BOOLEAN, "the meter was replaced: its register counts from now on"),
        ),
        "when told or queued",
    ),
    _part_fault("contactor_fault", "contactor", ("weld", "stuck_open", "none")),
    _part_fault("meter_fault", "meter", ("silent", "none")),
    _part_fault("reader_fault", "reader", ("lost", "none")),
    Command(
        "lock_failure",
        "Let the simulated lock fail",
        (*_CONNECTOR, Param("on", Kind.BOOLEAN, "false mends it", default=True)),
    ),
    Command("select_evse", "Choose the EVSE for the waiting card", _CONNECTOR, "when the selection was made"),
    Command("withdraw", "Take a card back that waits", (_TAG, _TOKEN_TYPE), "when stored"),
    Command(
        "start_transaction",
        "Charge: plug in and show the card where that is missing",
        (*_CONNECTOR, _TAG, _TOKEN_TYPE),
        "when charging",
    ),
    Command(
        "stop_transaction",
        "End the running transaction",
        (*_CONNECTOR, Param("reason", Kind.TEXT, "as OCPP spells it", default="Local")),
        "when stored",
    ),
    Command("authorize", "Ask the CSMS about a card", (_TAG, _TOKEN_TYPE), "when the answer came"),
    Command(
        "set_meter_value",
        "Set the register of the simulated meter",
        (*_CONNECTOR, Param("value", Kind.NUMBER, "register, Wh", required=True)),
    ),
    Command(
        "send_meter_value",
        "Send a meter value",
        (*_CONNECTOR, Param("value", Kind.NUMBER, "register, Wh; left out: as it stands")),
        "when the answer came",
    ),
    Command("heartbeat", "Send a Heartbeat", answered="when the answer came"),
    _status("diagnostics_status_notification", "a status of a log upload"),
    _status("firmware_status_notification", "a status of a firmware update"),
    Command(
        "power_cycle",
        "Cut the power; the station is back by itself",
        (
            Param("reason", Kind.TEXT, "stop reason of what was running", default="PowerLoss"),
            Param("keepTransactions", Kind.BOOLEAN, "resume running transactions; left out: as the profile says"),
        ),
        "when the connection is down",
    ),
    Command(
        "reboot",
        "Reboot in order; the station is back by itself",
        (Param("type", Kind.TEXT, "as a reset", choices=("Soft", "Hard", "Immediate", "OnIdle")),),
        "when the connection is down",
    ),
    Command(
        "set_config",
        "Write a configuration key or variable, read-only ones too",
        (
            Param("key", Kind.TEXT, "a key of 1.6 or Component[instance]@evse.Variable[instance]", required=True),
            Param("value", Kind.TEXT, "the value as text", required=True, from_scalar=True, may_be_empty=True),
        ),
        "when stored and effective",
    ),
    Command(
        "delete_config",
        "Forget what was written later; the profile's value is back",
        (Param("key", Kind.TEXT, "as in set_config", required=True),),
        "when stored and effective",
    ),
    _entry("cache_put", "authorization cache"),
    _entry("local_list_put", "local authorization list"),
    Command(
        "send_ocpp",
        "Send any OCPP message, whatever the boot status",
        (
            Param("action", Kind.TEXT, "name of the message", required=True),
            Param("payload", Kind.OBJECT, "its payload, as it goes out", default={}),
        ),
        "when the answer came; the data is its payload",
    ),
)

COMMANDS: Final[Mapping[str, Command]] = {command.name: command for command in _TABLE}
"""Every command by its name."""


class UnknownCommand(CommandRefused):
    """No command has this name."""


def find(name: str) -> Command:
    """The command of that name.

    Raises:
        UnknownCommand: with a suggestion.
    """
    command = COMMANDS.get(name)
    if command is None:
        raise UnknownCommand(f"unknown command {shown(name)}{nearest(name, COMMANDS)}", "station --help lists them")
    return command


def checked(name: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of a command in their normal form, `timeout` among them.

    Args:
        name: a name of `COMMANDS`.
        params: as they came from outside.

    Raises:
        CommandRefused: unknown command or parameter, missing, wrong type, out of range, contradicting.
    """
    command = find(name)
    normal = checked_params(name, command.by_name, params)
    if "connector" in normal and "evse" in normal:
        raise CommandRefused(f"{name} takes connector or evse, not both")
    if "evse_connector" in normal and "evse" not in normal:
        raise CommandRefused(f"{name}: evse_connector stands beside evse")
    return normal
