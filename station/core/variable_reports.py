"""Reports of the device model: which variables belong into a base report or a custom report.

Nothing is sent from here and nothing is cut into messages: that is a dialect's work. Called through
``station.core.variables.Variables.report`` and ``select``.

Spec: OCPP 2.0.1 B07, B08.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from station.core.catalogue import Address, DataType, Definition, Mutability
from station.core.variable_model import Model

BASES = ("ConfigurationInventory", "FullInventory", "SummaryInventory")
"""The base reports."""

_ABNORMAL = ("Problem", "Tripped", "Overload", "Fallback")
_PLACES = ("ChargingStation", "EVSE", "Connector")


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute as reported. ``value`` is None where it must not be told (WriteOnly)."""

    type: str
    value: str | None
    mutability: Mutability
    persistent: bool
    constant: bool


@dataclass(frozen=True, slots=True)
class Characteristics:
    """What a variable can hold. Lists are comma separated, as on the wire."""

    data_type: DataType
    unit: str | None
    min_limit: float | None
    max_limit: float | None
    values_list: str | None
    supports_monitoring: bool


@dataclass(frozen=True, slots=True)
class ReportLine:
    """A variable of a report."""

    address: Address
    attributes: tuple[Attribute, ...]
    characteristics: Characteristics


@dataclass(frozen=True, slots=True)
class Wanted:
    """A component and variable that a custom report asks for; None is any (B08.FR.20 to B08.FR.25)."""

    component: str
    component_instance: str | None = None
    evse: int | None = None
    connector: int | None = None
    variable: str | None = None
    variable_instance: str | None = None

    def matches(self, address: Address) -> bool:
        """Whether the address is asked for; names and instances are compared without case."""
        return (
            _same(self.component, address.component)
            and _fits(self.component_instance, address.component_instance)
            and self.evse in (None, address.evse)
            and self.connector in (None, address.connector)
            and _fits(self.variable, address.variable)
            and _fits(self.variable_instance, address.variable_instance)
        )


class Readable(Protocol):
    """What a report needs of a station's variables."""

    @property
    def model(self) -> Model: ...

    def reported(self, address: Address, attribute: str) -> str:
        """The value of an attribute, cut to what a report may hold."""

    def flag(self, address: Address | str) -> bool: ...


def base_report(variables: Readable, base: str) -> Iterator[ReportLine]:
    """The lines of a base report, in the order of the catalogue.

    Raises:
        ValueError: ``base`` is none of ``BASES``.

    Spec: OCPP 2.0.1 B07.FR.07, B07.FR.08, B07.FR.09, B07.FR.11.
    """
    if base not in BASES:
        raise ValueError(f"{base!r} is none of {', '.join(BASES)}")
    for address, definition in _reportable(variables):
        if (
            base == "FullInventory"
            or (base == "ConfigurationInventory" and _settable(definition))
            or (base == "SummaryInventory" and _summarized(variables, address))
        ):
            yield line(variables, address, definition)


def custom_report(variables: Readable, criteria: Sequence[str] = (), wanted: Iterable[Wanted] = ()) -> list[ReportLine]:
    """The lines that satisfy one of the criteria, where given, and one of the wanted, where given.

    Spec: OCPP 2.0.1 B08.FR.05, B08.FR.07 to B08.FR.13, B08.FR.20 to B08.FR.25.
    """
    asked = tuple(wanted)
    return [
        line(variables, address, definition)
        for address, definition in _reportable(variables)
        if (not asked or any(one.matches(address) for one in asked))
        and (not criteria or any(_meets(variables, address, criterion) for criterion in criteria))
    ]


def line(variables: Readable, address: Address, definition: Definition) -> ReportLine:
    """One variable with all attributes that it supports, unset ones included (B07.FR.11)."""
    attributes = tuple(
        Attribute(
            type=name,
            value=None if mutability is Mutability.WRITE_ONLY else variables.reported(address, name),
            mutability=mutability,
            persistent=definition.persistent or name != "Actual",
            constant=definition.constant and name == "Actual",
        )
        for name, mutability in (("Actual", definition.mutability), *definition.extra)
    )
    return ReportLine(address, attributes, characteristics(definition))


def characteristics(definition: Definition) -> Characteristics:
    """The characteristics as a report tells them."""
    return Characteristics(
        data_type=definition.type,
        unit=definition.unit,
        min_limit=definition.minimum,
        max_limit=definition.maximum,
        values_list=",".join(definition.values) or None,
        supports_monitoring=definition.monitored,
    )


def _reportable(variables: Readable) -> Iterator[tuple[Address, Definition]]:
    for address in variables.model.addresses:
        definition = variables.model.find(address)
        if definition is not None and definition.reported:
            yield address, definition


def _settable(definition: Definition) -> bool:
    mutabilities = (definition.mutability, *(mutability for _, mutability in definition.extra))
    return any(mutability is not Mutability.READ_ONLY for mutability in mutabilities)


def _summarized(variables: Readable, address: Address) -> bool:
    if address.component in _PLACES and address.variable == "AvailabilityState":
        return True
    if address.variable not in (*_ABNORMAL, "Active"):
        return False
    return any(variables.flag(address._replace(variable=name)) for name in _ABNORMAL)


def _meets(variables: Readable, address: Address, criterion: str) -> bool:
    variable = address._replace(variable=criterion, variable_instance=None)
    if variables.model.find(variable) is None:
        return criterion != "Problem"
    return variables.flag(variable)


def _same(one: str, other: str) -> bool:
    return one.casefold() == other.casefold()


def _fits(asked: str | None, actual: str | None) -> bool:
    return asked is None or (actual is not None and _same(asked, actual))
