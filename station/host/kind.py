"""What all stations of one profile share: plan, variable models, wiring. Built once, used by thousands."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from drivers.sim.config import BayOptions, CarOptions, ContactorOptions, LockOptions, MeterOptions, PilotOptions
from station import __version__
from station.config import ConfigError, Profile
from station.config.errors import Position
from station.config.profile import EvseConfig, VariableSetting
from station.config.units import FALSE_WORDS
from station.core.catalogue import Address, Catalogue, Layout, Mutability, build_catalogue
from station.core.context import ConnectorPlan, EvsePlan, FirmwarePlan, StationPlan
from station.core.variable_model import Model, Setting
from station.host.settings import merged, owners_password, profile_settings
from station.host.view import Wiring
from station.net.transfer.files import protocols
from station.ocpp.dialect import Dialect, Identity
from station.ocpp.rules import RULES, WireRules
from station.ocpp.v16 import DIALECT as V16
from station.ocpp.v16 import price_keys
from station.ocpp.v201 import DIALECT as V201

SETTLE_S = 0.5
"""How long a simulated contactor may take."""

_SIGNED = frozenset({"signed_meter_values"})
"""What a station can do only with a meter that can."""

_FUNCTIONS = {
    "AuthCacheCtrlr": "auth_cache",
    "LocalAuthListCtrlr": "local_list",
    "ReservationCtrlr": "reservation",
    "SmartChargingCtrlr": "smart_charging",
}
"""The controllers whose ``Available: false`` in a profile leaves their function out."""

DIALECTS: dict[str, Dialect] = {dialect.subprotocol: dialect for dialect in (V201, V16)}


@dataclass(frozen=True)
class Kind:
    """A profile, made ready.

    Args:
        profile: the profile.
        settle_s: how long contactor and command may disagree.
        signing: EVSEs whose meter signs, besides those of which the profile says so.
        polled: EVSEs whose meter is read regularly, whoever asks.
        frames: the stations' logs have a line for each message; for thousands of them that is more than it says.
        instant: simulated bays have no inertia: what follows from a plug or an offer happens in the same moment.

    Raises on first use:
        ConfigError: the profile's variables are wrong.
    """

    profile: Profile
    settle_s: float = SETTLE_S
    signing: frozenset[int] = frozenset()
    polled: frozenset[int] = frozenset()
    instant: bool = False
    frames: bool = True

    @cached_property
    def features(self) -> Mapping[str, frozenset[str]]:
        """The features present, by version.

        Those that the version has words for, the hardware is fit for, and the profile does not leave out.
        """
        left_out = {_FUNCTIONS[entry.address.component or ""] for entry in self.profile.variables if _leaves_out(entry)}
        lacking = left_out if self._signs else left_out | _SIGNED
        return {dialect.version: dialect.functions - lacking for dialect in DIALECTS.values()}

    @cached_property
    def _signs(self) -> bool:
        """Whether a meter of the station signs."""
        return any(self._signs_at(evse) for evse in self.profile.evses)

    def _signs_at(self, evse: EvseConfig) -> bool:
        meter = evse.hardware.meter.parsed
        return evse.id in self.signing or (isinstance(meter, MeterOptions) and meter.signed is not False)

    @cached_property
    def catalogue(self) -> Catalogue:
        """The variables that a station of this kind may have, in whichever version."""
        return build_catalogue(frozenset().union(*(self.features[dialect.version] for dialect in self.dialects)))

    @cached_property
    def layout(self) -> Layout:
        """EVSEs and connectors."""
        return Layout(tuple((evse.id, tuple(c.id for c in evse.connectors)) for evse in self.profile.evses))

    @cached_property
    def dialects(self) -> tuple[Dialect, ...]:
        """The versions that are offered, in this order; those that this program does not speak are left out."""
        return tuple(DIALECTS[name] for name in self.profile.csms.versions if name in DIALECTS)

    @cached_property
    def _settings(self) -> tuple[Setting, ...]:
        own = self._own_settings()
        entries = tuple(entry for entry in self.profile.variables if not _leaves_out(entry))
        profile = replace(self.profile, variables=entries)
        return (*own, *profile_settings(profile, self.catalogue, self.layout, own))

    @cached_property
    def _models(self) -> dict[str, Model]:
        return {}

    def check(self) -> None:
        """Build everything that a profile may get wrong.

        Raises:
            ConfigError: unknown variables, illegal values, contradictions; no version that this program speaks.
        """
        if not self.dialects:
            spoken = ", ".join(DIALECTS)
            message = f"none of {', '.join(self.profile.csms.versions)} is spoken; this program speaks {spoken}"
            raise ConfigError.at(Position("--ocpp"), message)
        for dialect in self.dialects:
            self.model(dialect)

    def model(self, dialect: Dialect) -> Model:
        """The variables as delivered for a version."""
        known = self._models.get(dialect.version)
        if known is None:
            catalogue = build_catalogue(self.features[dialect.version])
            settings = merged(dialect, tuple(self._fitting(catalogue)))
            languages = catalogue.find(price_keys.SUPPORTED_LANGUAGES)
            if languages is not None:
                settings = (*price_keys.price_texts(settings, languages.default), *settings)
            known = self._models[dialect.version] = Model(catalogue, settings, self.layout)
        return known

    def _fitting(self, catalogue: Catalogue) -> Iterator[Setting]:
        """The settings without those of functions that only another of the station's versions has."""
        for setting in self._settings:
            standard = self.catalogue.find(setting.address)
            if standard is None or standard.feature in catalogue.features:
                yield setting

    @cached_property
    def _plans(self) -> dict[str, StationPlan]:
        return {}

    def plan(self, dialect: Dialect) -> StationPlan:
        """What the core needs of the profile."""
        known = self._plans.get(dialect.version)
        if known is None:
            known = self._plans[dialect.version] = self._plan(dialect)
        return known

    def _plan(self, dialect: Dialect) -> StationPlan:
        profile = self.profile
        return StationPlan(
            evses=tuple(self._evse(evse) for evse in profile.evses),
            selection=profile.auth.selection,
            remote_start_without_evse=profile.auth.remote_start_without_evse,
            free=profile.auth.free,
            allow=frozenset(card.upper() for card in profile.auth.allow),
            master_group=profile.auth.master_group,
            validators=profile.auth.validators,
            reswipe_withdraws=profile.auth.reswipe == "withdraw",
            replug_after_timeout=profile.auth.after_plug_timeout == "replug",
            group_card=profile.auth.group_card,
            record_s=profile.metering.record_s,
            resume_after_power_loss=profile.transactions.after_power_loss == "resume",
            tells_states=dialect.tells_states,
            tells_problems=dialect.tells_problems,
            charges_unmetered=profile.metering.without_meter == "charge",
            ends_with_aligned=dialect.ends_with_aligned,
            token_uses_reservation=dialect.token_uses_reservation,
            central=profile.csms.mode != "none",
            max_current_a=profile.station.max_current_a,
            settle_s=self.settle_s,
            firmware=FirmwarePlan(profile.firmware.signed_required, profile.firmware.reboot),
        )

    def _evse(self, evse: EvseConfig) -> EvsePlan:
        meter = evse.hardware.meter.parsed
        simulated = isinstance(meter, MeterOptions)
        return EvsePlan(
            id=evse.id,
            connectors=tuple(
                ConnectorPlan(c.id, c.cable == "fixed", c.lock and c.cable != "fixed", c.type) for c in evse.connectors
            ),
            max_current_a=evse.max_current_a,
            phases=evse.phases,
            session_meter=simulated and meter.counts == "session",
            signing_meter=self._signs_at(evse),
            polled_meter=evse.id in self.polled,
            told_sessions=not simulated or meter.counts == "session" or meter.signed is not False,
        )

    @cached_property
    def wiring(self) -> Wiring:
        """Identity and features for the engine."""
        station = self.profile.station
        identity = Identity(station.vendor, station.model, station.serial, station.firmware or __version__)
        return Wiring(identity, self.features, self.profile.csms.mode != "none")

    @cached_property
    def _supported(self) -> dict[str, Callable[[str], bool]]:
        return {d.version: d.actions(self.features[d.version]).__contains__ for d in self.dialects}

    def supported(self, dialect: Dialect) -> Callable[[str], bool]:
        """Whether the CSMS may call an action in a version; one object for all stations."""
        return self._supported[dialect.version]

    def rules(self, dialect: Dialect) -> WireRules:
        """The wire's rules of a version."""
        return RULES[dialect.version]  # type: ignore[index]

    @cached_property
    def _bays(self) -> dict[int, BayOptions]:
        bays = {evse.id: self._bay(evse) for evse in self.profile.evses}
        return {number: bay.instant() for number, bay in bays.items()} if self.instant else bays

    def bay_options(self, evse: EvseConfig) -> BayOptions:
        """The simulated bay of an EVSE; one object for all stations."""
        return self._bays[evse.id]

    def _bay(self, evse: EvseConfig) -> BayOptions:
        hardware, car = evse.hardware, self.profile.car
        parsed = {type(part.parsed): part.parsed for part in hardware.parts}
        return BayOptions(
            max_current_a=evse.max_current_a,
            phases=evse.phases,
            # One bay serves them all; what it shows of the station's end counts only at a socket.
            cable="socket" if any(c.cable == "socket" for c in evse.connectors) else "fixed",
            car=CarOptions(
                battery_wh=car.battery_wh,
                soc_percent=car.soc_percent,
                max_power_w=car.max_power_w,
                phases=car.phases,
                plugged=car.plugged,
                plugs_in_s=car.plugs_in_s,
                taps=car.taps,
                stays_s=car.stays_s,
            ),
            pilot=parsed.get(PilotOptions, PilotOptions()),
            contactor=parsed.get(ContactorOptions, ContactorOptions()),
            lock=parsed.get(LockOptions, LockOptions()),
            meter=parsed.get(MeterOptions, MeterOptions()),
        )

    def _own_settings(self) -> tuple[Setting, ...]:
        """What the profile says in other places and the device model repeats."""
        station = self.profile.station
        identity = self.wiring.identity
        own = {
            "ChargingStation.VendorName": station.vendor,
            "ChargingStation.Model": station.model,
            "ChargingStation.SerialNumber": station.serial or "",
            "ChargingStation.FirmwareVersion": identity.firmware or "",
            "SecurityCtrlr.SecurityProfile": str(self.profile.csms.security.profile),
            "ChargingStation.SupplyPhases": str(max(evse.phases for evse in self.profile.evses)),
            "OCPPCommCtrlr.FileTransferProtocols": ",".join(protocols()),
        }
        if self._signs:
            own["SampledDataCtrlr.SignReadings"] = "true"  # whoever has a meter that signs wants that to be told
        settings = [Setting(Address.parse(name)[0], value, default=True) for name, value in own.items()]
        password = self.profile.csms.security.password
        if password is not None:
            settings.append(owners_password(password.reveal(), default=True))
        if all(connector.cable == "fixed" for evse in self.profile.evses for connector in evse.connectors):
            # Nothing to unlock (OCPP 1.6 errata 3.85; OCPP 2.0.1 OCPPCommCtrlr.UnlockOnEVSideDisconnect).
            address = Address.parse("OCPPCommCtrlr.UnlockOnEVSideDisconnect")[0]
            settings.append(Setting(address, "false", mutability=Mutability.READ_ONLY, default=True))
        for evse in self.profile.evses:
            power = Address.parse(f"EVSE@{evse.id}.Power")[0]
            settings.append(Setting(power, maximum=evse.max_current_a * evse.phases * 230.0, default=True))
            phases = Address.parse(f"EVSE@{evse.id}.SupplyPhases")[0]
            settings.append(Setting(phases, str(evse.phases), default=True))
            for connector in evse.connectors:
                where = Address.parse(f"Connector@{evse.id}.{connector.id}.ConnectorType")[0]
                settings.append(Setting(where, connector.type, default=True))
                phases = Address.parse(f"Connector@{evse.id}.{connector.id}.SupplyPhases")[0]
                settings.append(Setting(phases, str(evse.phases), default=True))
        return tuple(settings)


def _leaves_out(entry: VariableSetting) -> bool:
    """Whether an entry of the profile says that a function is not there."""
    address = entry.address
    switched_off = entry.value is not None and entry.value.casefold() in FALSE_WORDS
    return switched_off and address.variable == "Available" and address.component in _FUNCTIONS
