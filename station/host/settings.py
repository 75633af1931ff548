"""What a profile says about variables, as settings of the variable store.

Three spellings of the same: a variable of 2.x by its address, a configuration key of 1.6 by its name, and the short
names of the profile (``csms.ping``). The same thing given twice and differently is an error that shows both places.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from station.config import ConfigError, Profile
from station.config.errors import Position, Problem
from station.config.profile import ShortName, VariableSetting
from station.config.secret import Secret
from station.config.units import FALSE_WORDS, TRUE_WORDS
from station.core.catalogue import Address, Catalogue, DataType, Layout, Mutability
from station.core.variable_model import Model, Setting, VariableError
from station.ocpp.dialect import Dialect
from station.ocpp.v16 import keys

PASSWORD_LENGTH = 16
"""The least that OCPP 2.0.1 takes for BasicAuthPassword, and the Security Whitepaper for AuthorizationKey."""

_PASSWORD = Address.parse("SecurityCtrlr.BasicAuthPassword")[0]

_SHORT: dict[str, tuple[str, ...]] = {
    "csms.security.profile": ("SecurityCtrlr.SecurityProfile",),
    "csms.security.password": ("SecurityCtrlr.BasicAuthPassword",),
    "csms.call_timeout": ("OCPPCommCtrlr.MessageTimeout[Default]",),
    "csms.ping": ("OCPPCommCtrlr.WebSocketPingInterval",),
    "csms.reconnect.wait": ("OCPPCommCtrlr.RetryBackOffWaitMinimum",),
    "csms.reconnect.random": ("OCPPCommCtrlr.RetryBackOffRandomRange",),
    "csms.reconnect.doubles": ("OCPPCommCtrlr.RetryBackOffRepeatTimes",),
    "auth.master_group": ("AuthCtrlr.MasterPassGroupId",),
    "metering.sample": ("SampledDataCtrlr.TxUpdatedInterval",),
    "metering.aligned": ("AlignedDataCtrlr.Interval",),
    "metering.measurands": ("SampledDataCtrlr.TxUpdatedMeasurands",),
}
"""Short names and the variables that they are. ``transactions.after_power_loss`` is no variable of either version."""


def _text(value: object) -> str:
    if isinstance(value, Secret):
        return value.reveal()
    if isinstance(value, tuple):
        return ",".join(str(item) for item in value)
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


class _Collector:
    """Settings with the places where they were written."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._places: dict[tuple[Address, str], tuple[str, Position]] = {}
        self.settings: list[tuple[Setting, Position]] = []
        self.problems: list[Problem] = []

    def add(self, setting: Setting, position: Position) -> None:
        key = (self._model.canonical(setting.address) or setting.address, setting.attribute)
        known = self._places.get(key)
        if setting.value is not None:
            if known is not None and known[0] != setting.value:
                message = f"{setting.address} is given twice and differently, here and at {known[1]}"
                self.problems.append(Problem(position, message))
                return
            self._places[key] = (setting.value, position)
        self.settings.append((setting, position))


def profile_settings(
    profile: Profile, catalogue: Catalogue, layout: Layout, own: Iterable[Setting] = ()
) -> tuple[Setting, ...]:
    """Every setting of the profile, in order.

    Args:
        profile: the profile.
        catalogue: the variables that the station may have.
        layout: its EVSEs and connectors.
        own: what stands before the profile's variables and limits them, such as the power of an EVSE.

    Raises:
        ConfigError: unknown names without a type, illegal values, contradictions; all of them at once.
    """
    collector = _Collector(Model(catalogue, (), layout))
    for short in profile.short_names:
        for setting in _short(short):
            collector.add(setting, short.position)
    for entry in profile.variables:
        try:
            for setting in _variable(entry, catalogue):
                collector.add(setting, entry.position)
        except (ValueError, KeyError) as problem:
            collector.problems.append(Problem(entry.position, str(problem).strip("'\"")))
    collector.problems.extend(_refused(collector.settings, catalogue, layout, own))
    if collector.problems:
        raise ConfigError(collector.problems)
    return tuple(setting for setting, _ in collector.settings)


def _refused(
    settings: Iterable[tuple[Setting, Position]], catalogue: Catalogue, layout: Layout, own: Iterable[Setting]
) -> Iterator[Problem]:
    """Every setting that the variable store does not take, with its place."""
    taken = list(own)
    for setting, position in settings:
        try:
            Model(catalogue, (*taken, setting), layout)
        except VariableError as problem:
            suggestion = f"did you mean {problem.suggestion}?" if problem.suggestion else ""
            yield Problem(position, f"{problem.address}: {problem.message}", suggestion)
        else:
            taken.append(setting)


def owners_password(text: str, *, default: bool = False) -> Setting:
    """The Basic Auth password of the profile. A short one stands; the CSMS may not set one shorter than OCPP allows."""
    return Setting(_PASSWORD, text, minimum=min(PASSWORD_LENGTH, len(text)), default=default)


def _short(short: ShortName) -> Iterator[Setting]:
    for name in _SHORT.get(short.path, ()):
        address, _ = Address.parse(name)
        value = _text(short.value)
        if short.path == "csms.security.password":
            yield owners_password(value)
        elif "." in value and isinstance(short.value, float):
            # OCPP has whole seconds here; an owner who writes a fraction gets it.
            yield Setting(address, value, type=DataType.DECIMAL)
        else:
            yield Setting(address, value)


def _variable(entry: VariableSetting, catalogue: Catalogue) -> tuple[Setting, ...]:
    kind = DataType(entry.type) if entry.type is not None else None
    characteristics = {
        "type": kind,
        "mutability": Mutability(entry.mutability) if entry.mutability is not None else None,
        "minimum": entry.min,
        "maximum": entry.max,
        "values": entry.values,
        "pattern": entry.pattern,
        "reboot": entry.reboot,
    }
    given = {name: value for name, value in characteristics.items() if value is not None}
    if entry.address.component is not None:
        parts = entry.address
        address = Address(
            parts.component or "",
            parts.component_instance,
            parts.evse,
            parts.connector,
            parts.variable,
            parts.variable_instance,
        )
        value = _plain(entry.value, kind or _type_of(catalogue, address))
        return (Setting(address, value, parts.attribute, **given),)  # type: ignore[arg-type]
    name = entry.address.variable
    known = keys.resolve(name)
    if known is not None:
        return keys.settings(name, _plain(entry.value, kind or _type_of(catalogue, known)), **given)
    if kind is None:
        suggestion = keys.suggest(name)
        hint = f"; did you mean {suggestion}?" if suggestion else ""
        raise ValueError(f"{name}: no standard knows this name, so it needs a type{hint}")
    return (Setting(keys.vendor_address(name), _plain(entry.value, kind), **given),)  # type: ignore[arg-type]


def _type_of(catalogue: Catalogue, address: Address) -> DataType | None:
    definition = catalogue.find(address) or catalogue.standard(address)
    return definition.type if definition is not None else None


def _plain(value: str | None, kind: DataType | None) -> str | None:
    """``off``, ``no`` and ``false`` mean the same for a boolean, and so do their opposites."""
    if value is not None and kind is DataType.BOOLEAN:
        lowered = value.casefold()
        return "true" if lowered in TRUE_WORDS else "false" if lowered in FALSE_WORDS else value
    return value


def merged(dialect: Dialect, profile: tuple[Setting, ...]) -> tuple[Setting, ...]:
    """A version's defaults, under what the profile says; variables that are one key in it keep step."""
    own = [Setting(Address.parse(name)[0], value, default=True) for name, value in dialect.defaults().items()]
    own += [Setting(Address.parse(name)[0], values=items, default=True) for name, items in dialect.choices().items()]
    given = {setting.address: setting for setting in profile if setting.attribute == "Actual"}
    following = []
    for name, leader_name in dialect.follows().items():
        follower, leader = Address.parse(name)[0], Address.parse(leader_name)[0]
        if follower not in given and leader in given:
            following.append(replace(given[leader], address=follower, default=True))
    return (*own, *following, *profile)
