"""The profile: strict YAML in, frozen dataclasses out.

What it is: everything of docs/profile.md, from text with positions to a `Profile` with plain numbers (seconds, amperes,
watts, watt-hours) and resolved paths. What it is not: it opens no device, connects to nothing, and does not know the
catalogue of OCPP variables. The CLI, the fleet and tests call it.

What reads (and `pydantic` with it: 13 MB, a seventh of a second) is imported when it is first asked for; a process that
is handed its profiles, as a worker of a distributed fleet is, never needs it.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from station.config.address import AddressError, VariableAddress, parse_address
from station.config.errors import ConfigError, Position, Problem
from station.config.profile import (
    AuthConfig,
    CarConfig,
    CertificatesConfig,
    ConnectorConfig,
    ControlConfig,
    CsmsConfig,
    EvseConfig,
    FirmwareConfig,
    HardwareConfig,
    MeteringConfig,
    PartConfig,
    Profile,
    ReaderConfig,
    RebootConfig,
    ReconnectConfig,
    SecurityConfig,
    ShortName,
    StationConfig,
    TransactionsConfig,
    V2gLeafConfig,
    VariableSetting,
)
from station.config.secret import Secret
from station.config.urls import UrlError, station_url

if TYPE_CHECKING:
    from station.config.commented import template
    from station.config.explanation import Explained, explain
    from station.config.overrides import Overrides
    from station.config.profile_file import Loaded, from_mapping, load
    from station.config.schema import json_schema

_READING = {
    "Explained": "explanation",
    "Loaded": "profile_file",
    "Overrides": "overrides",
    "explain": "explanation",
    "from_mapping": "profile_file",
    "json_schema": "schema",
    "load": "profile_file",
    "template": "commented",
}
"""Name -> the module that has it."""


def __getattr__(name: str) -> Any:
    if name not in _READING:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = getattr(import_module(f"{__name__}.{_READING[name]}"), name)
    return found


__all__ = [
    "AddressError",
    "AuthConfig",
    "CarConfig",
    "CertificatesConfig",
    "ConfigError",
    "ConnectorConfig",
    "ControlConfig",
    "CsmsConfig",
    "EvseConfig",
    "Explained",
    "FirmwareConfig",
    "HardwareConfig",
    "Loaded",
    "MeteringConfig",
    "Overrides",
    "PartConfig",
    "Position",
    "Problem",
    "Profile",
    "ReaderConfig",
    "RebootConfig",
    "ReconnectConfig",
    "Secret",
    "SecurityConfig",
    "ShortName",
    "StationConfig",
    "TransactionsConfig",
    "UrlError",
    "V2gLeafConfig",
    "VariableAddress",
    "VariableSetting",
    "explain",
    "from_mapping",
    "json_schema",
    "load",
    "parse_address",
    "station_url",
    "template",
]
