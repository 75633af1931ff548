"""A profile as the rest of the program sees it: frozen, with plain numbers, resolved paths and no YAML left.

Durations are seconds, currents amperes, powers watts, energies watt-hours. Made by
`station.config.profile_file`; a fleet makes one a group and a cheap copy a station with `Profile.with_identity`.
Profiles can be pickled.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

from drivers.uid import UidPolicy
from station.config.address import VariableAddress
from station.config.errors import Position
from station.config.secret import Secret
from station.config.urls import check_station_id, station_url

CsmsMode = Literal["url", "embedded", "none"]
SIMULATED_DRIVERS = frozenset({"sim", "keyboard", "http", "replay"})
TYPED_READERS = frozenset({"keyboard", "http"})
"""Readers that see only what a program shows them."""


@dataclass(frozen=True, slots=True)
class StationConfig:
    """What the station says of itself; `firmware` None is this program's version, `max_current_a` is never None."""

    id: str
    vendor: str
    model: str
    serial: str | None
    firmware: str | None
    max_current_a: float


@dataclass(frozen=True, slots=True)
class SecurityConfig:
    """How the connection is secured.

    Args:
        profile: 0 to 3, derived where the profile does not say.
        check_host_name: False for `host_name: any`.
        check_chain: False for `--insecure`, which skips the host name too.
        fall_back_after_s: how long a new security profile may try.
    """

    profile: int
    password: Secret | None
    ca: Path | None
    cert: Path | None
    key: Path | None
    check_host_name: bool
    check_chain: bool
    fall_back_after_s: float


@dataclass(frozen=True, slots=True)
class ReconnectConfig:
    """Back-off: RetryBackOffWaitMinimum, RetryBackOffRandomRange, RetryBackOffRepeatTimes."""

    wait_s: float
    random_s: float
    doubles: int


@dataclass(frozen=True, slots=True)
class CsmsConfig:
    """The central system.

    Args:
        mode: `url` (dial `url`), `embedded` (no URL given: the built-in one), `none` (`csms: none`: never dial).
        url: the template or base as written; `Profile.station_url` is the address to dial. None unless mode is `url`.
        versions: subprotocol names in the order in which they are offered: `ocpp1.6`, `ocpp2.0.1`, `ocpp2.1`.
        ping_s: 0 sends none.
    """

    mode: CsmsMode
    url: str | None
    versions: tuple[str, ...]
    security: SecurityConfig
    call_timeout_s: float
    ping_s: float
    reconnect: ReconnectConfig
    compression: bool


@dataclass(frozen=True, slots=True)
class V2gLeafConfig:
    """The SECC's chain (leaf first) and key."""

    chain: tuple[Path, ...]
    key: Path
    key_password: Secret | None


@dataclass(frozen=True, slots=True)
class CertificatesConfig:
    """Certificate files named in the profile; they may be missing, and are read each time they are asked for."""

    csms: tuple[Path, ...]
    manufacturer: tuple[Path, ...]
    v2g: tuple[Path, ...]
    mo: tuple[Path, ...]
    v2g_leaf: V2gLeafConfig | None


@dataclass(frozen=True, slots=True)
class ControlConfig:
    """The control face. `stdio` (only from `--control stdio`) adds the lines; `http` False is `control: off`."""

    http: bool
    host: str
    port: int
    token: Secret | None
    stdio: bool = False


@dataclass(frozen=True, slots=True)
class ConnectorConfig:
    """A connector: `id` within its EVSE, `number` within the station (1.6's connectorId), both from 1."""

    id: int
    number: int
    type: str
    cable: Literal["socket", "fixed"]
    lock: bool


@dataclass(frozen=True, slots=True)
class PartConfig:
    """A part of the hardware: `drivers.registry.find(part, driver).open(parsed, clock)`.

    Args:
        options: as written (texts, lists, mappings), without `driver`, `evses` and `uid`; files are absolute.
        parsed: the driver's own options.
    """

    part: str
    driver: str
    options: Mapping[str, Any]
    parsed: Any
    position: Position

    @property
    def simulated(self) -> bool:
        """Whether no real device is behind it."""
        return self.driver in SIMULATED_DRIVERS


@dataclass(frozen=True, slots=True)
class HardwareConfig:
    """The parts of an EVSE. `contactor` None: the controller named under `pilot` switches it."""

    pilot: PartConfig
    contactor: PartConfig | None
    meter: PartConfig
    lock: PartConfig
    indicator: PartConfig
    button: PartConfig

    @property
    def parts(self) -> tuple[PartConfig, ...]:
        """Every part that has a driver of its own."""
        parts = (self.pilot, self.contactor, self.meter, self.lock, self.indicator, self.button)
        return tuple(part for part in parts if part is not None)


@dataclass(frozen=True, slots=True)
class EvseConfig:
    """An EVSE; ids run from 1 without gaps, in this order."""

    id: int
    max_current_a: float
    phases: int
    connectors: tuple[ConnectorConfig, ...]
    hardware: HardwareConfig


@dataclass(frozen=True, slots=True)
class ReaderConfig:
    """A card reader: `part` for the registry, the EVSEs that it serves, and how UIDs become tokens (None: as read).

    `name` tells it from others of its driver. `prevalidated`: its tokens may charge without anybody being asked.
    """

    part: PartConfig
    evses: tuple[int, ...]
    uid: UidPolicy | None
    name: str
    prevalidated: bool


@dataclass(frozen=True, slots=True)
class AuthConfig:
    """Who may charge. `free`: everybody, without a card; then the rest holds its defaults."""

    free: bool
    selection: Literal["PlugEvents", "PlugEventsLIFO", "FindFirst", "UserInput"]
    remote_start_without_evse: Literal["select", "reject"]
    readers: tuple[ReaderConfig, ...]
    allow: tuple[str, ...]
    master_group: str | None
    validators: tuple[str, ...]
    group_card: Literal["start-if-plugged", "start-if-free", "stop-first"]
    reswipe: Literal["refuse", "withdraw"]
    after_plug_timeout: Literal["accept", "replug"]


@dataclass(frozen=True, slots=True)
class TransactionsConfig:
    """What becomes of a transaction that a power loss interrupted."""

    after_power_loss: Literal["stop", "resume"]


@dataclass(frozen=True, slots=True)
class CarConfig:
    """The simulated car; the fields are those of `drivers.sim.CarOptions`, whose defaults stand behind a None.

    `battery_wh` None: never full. None in `plugs_in_s`, `taps`, `stays_s`: it does not do that by itself.
    """

    battery_wh: float | None = None
    soc_percent: float | None = None
    max_power_w: float = 11000.0
    phases: int = 3
    plugged: bool = False
    plugs_in_s: float | None = None
    taps: str | None = None
    stays_s: float | None = None


@dataclass(frozen=True, slots=True)
class MeteringConfig:
    """Meter values; intervals of 0 send none; `measurands` empty: the catalogue's.

    `without_meter`: what becomes of new sessions while the meter fails, `charge` or `refuse`.
    """

    sample_s: float
    aligned_s: float
    record_s: float
    measurands: tuple[str, ...]
    without_meter: str = "charge"


@dataclass(frozen=True, slots=True)
class FirmwareConfig:
    """Firmware updates. `installer` None: simulated, taking `takes_s`; else the program to run."""

    signed_required: bool
    installer: Path | None
    takes_s: float
    reboot: bool


@dataclass(frozen=True, slots=True)
class RebootConfig:
    """Reboots. `real`: exit for systemd to restart; `program` (then `real` too): run that instead."""

    takes_s: float
    real: bool
    program: Path | None


@dataclass(frozen=True, slots=True)
class VariableSetting:
    """One entry of `variables`; None means that the catalogue decides. `value` may be a secret: not in the repr.

    Args:
        values: what may be chosen; None where the profile does not say.
        min: least value, for texts the least length.
    """

    address_text: str
    address: VariableAddress
    value: str | None = field(repr=False)
    position: Position
    type: str | None = None
    mutability: str | None = None
    min: float | None = None
    max: float | None = None
    values: tuple[str, ...] | None = None
    pattern: str | None = None
    reboot: bool | None = None


@dataclass(frozen=True, slots=True)
class ShortName:
    """A key that the profile (or a flag) gave and that is a short name for variables.

    `path` is like `csms.reconnect.wait`, `value` the plain number, text, list or Secret.
    """

    path: str
    value: float | int | str | tuple[str, ...] | Secret
    position: Position


@dataclass(frozen=True, slots=True)
class Profile:
    """One charging station.

    Args:
        store: the SQLite file; None keeps everything in memory.
        state: the folder for keys, certificates, logs and downloads; None (a store in memory, no `state`) is a
            temporary folder that whoever runs the station makes and removes.
        base: the folder to which the profile's paths were relative.
    """

    station: StationConfig
    csms: CsmsConfig
    certificates: CertificatesConfig
    store: Path | None
    state: Path | None
    control: ControlConfig
    evses: tuple[EvseConfig, ...]
    auth: AuthConfig
    transactions: TransactionsConfig
    car: CarConfig
    metering: MeteringConfig
    firmware: FirmwareConfig
    reboot: RebootConfig
    variables: tuple[VariableSetting, ...]
    short_names: tuple[ShortName, ...]
    base: Path

    @property
    def station_url(self) -> str | None:
        """The address to dial, with the identity in it; None unless `csms.mode` is `url`."""
        return station_url(self.csms.url, self.station.id) if self.csms.url is not None else None

    @property
    def file_stem(self) -> str:
        """The id as part of a file's name."""
        return file_stem(self.station.id)

    @property
    def uses_hardware(self) -> bool:
        """Whether any part or reader is a real device."""
        parts = [part for evse in self.evses for part in evse.hardware.parts]
        return any(not part.simulated for part in [*parts, *(reader.part for reader in self.auth.readers)])

    def with_identity(
        self,
        station_id: str,
        *,
        password: Secret | None = None,
        cert: Path | None = None,
        key: Path | None = None,
    ) -> "Profile":
        """A copy for another station; everything else is shared.

        Files do not collide: a store or state folder becomes one of the new id's beside the old one. What is left out
        stays; a password or a pair of cert and key raises a derived security profile as the rules of the profile say.

        Raises:
            ValueRefusedError: the id cannot be one (see `station.config.urls.check_station_id`).
        """
        check_station_id(station_id)
        old = self.csms.security
        security = old
        if password is not None or cert is not None or key is not None:
            security = replace(old, password=password or old.password, cert=cert or old.cert, key=key or old.key)
            if not any(short.path == "csms.security.profile" for short in self.short_names):
                security = replace(security, profile=derived_security_profile(self.csms.url, security))
        stem = file_stem(station_id)
        return replace(
            self,
            station=replace(self.station, id=station_id),
            csms=self.csms if security is old else replace(self.csms, security=security),
            store=self.store and self.store.with_name(f"{stem}.db"),
            state=self.state and self.state.with_name(f"{stem}.d"),
        )


def file_stem(station_id: str) -> str:
    """An id as part of a file's name: no separators, no dots at the front."""
    stem = quote(station_id, safe=" *=+@|")
    return f"%2E{stem[1:]}" if stem.startswith(".") else stem


def derived_security_profile(url: str | None, security: SecurityConfig) -> int:
    """The security profile where none is written: ws 0, ws with a password 1, wss 2, wss with cert and key 3."""
    if url is not None and url.startswith("wss:"):
        return 3 if security.cert is not None and security.key is not None else 2
    return 1 if security.password is not None else 0
