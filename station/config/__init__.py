"""The profile: strict YAML in, frozen dataclasses out.

What it is: everything of docs/profile.md, from text with positions to a `Profile` with plain numbers (seconds, amperes,
watts, watt-hours) and resolved paths. What it is not: it opens no device, connects to nothing, and does not know the
catalogue of OCPP variables. The CLI, the fleet and tests call it.
"""

from station.config.address import AddressError, VariableAddress, parse_address
from station.config.errors import ConfigError, Position, Problem
from station.config.explain import Explained, explain
from station.config.load import Loaded, from_mapping, load
from station.config.overrides import Overrides
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
from station.config.schema import json_schema
from station.config.secret import Secret
from station.config.template import template
from station.config.urls import UrlError, station_url

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
