"""The words of the device model: addresses, types, mutability, definitions, and the layout of a station.

Frozen data without behaviour beyond reading and writing an address. The tables made of it are in
``station.core.catalogue_data``; values are kept by ``station.core.variables``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from functools import lru_cache
from typing import NamedTuple

ATTRIBUTES = ("Actual", "Target", "MinSet", "MaxSet")
"""The attribute types of the device model, in the order of reports."""

VENDOR_COMPONENT = "CustomizationCtrlr"
"""Where a vendor's variable lives that is named without a component."""

ANY_SLOT = "*"
"""As component instance of a definition: one instance for each slot of NetworkConfigurationPriority."""


class DataType(StrEnum):
    """Type of a value (OCPP 2.0.1 DataEnumType)."""

    STRING = "string"
    DECIMAL = "decimal"
    INTEGER = "integer"
    DATE_TIME = "dateTime"
    BOOLEAN = "boolean"
    OPTION_LIST = "OptionList"
    SEQUENCE_LIST = "SequenceList"
    MEMBER_LIST = "MemberList"


class Mutability(StrEnum):
    """Who may do what (OCPP 2.0.1 MutabilityEnumType); the manufacturer's hand may always write."""

    READ_ONLY = "ReadOnly"
    WRITE_ONLY = "WriteOnly"
    READ_WRITE = "ReadWrite"


class Scope(IntEnum):
    """The tier on which a component is addressed (OCPP 2.0.1 part 1, 4.1)."""

    STATION = 0
    EVSE = 1
    CONNECTOR = 2


Slot = tuple[str, str | None, Scope, str, str | None]
"""Component, its instance, tier, variable, its instance: what a definition is found by."""

_ADDRESS = re.compile(
    r"(?P<component>[^\[\]@.#\s]+)(?:\[(?P<component_instance>[^\]]*)\])?"
    r"(?:@(?P<evse>\d{1,9})(?:\.(?P<connector>\d{1,9}))?)?"
    r"\.(?P<variable>[^\[\]@.#\s]+)(?:\[(?P<variable_instance>[^\]]*)\])?"
    r"(?:#(?P<attribute>[A-Za-z]+))?"
)


class Address(NamedTuple):
    """One variable of one component, written ``Component[instance]@evse.connector.Variable[instance]``."""

    component: str
    component_instance: str | None
    evse: int | None
    connector: int | None
    variable: str
    variable_instance: str | None = None

    @classmethod
    def parse(cls, text: str) -> tuple[Address, str]:
        """Read an address and its attribute (``Actual`` where none is written).

        Raises:
            ValueError: ``text`` is not of this form.
        """
        return _parse(text)

    @property
    def scope(self) -> Scope:
        """The tier of the component."""
        if self.evse is None:
            return Scope.STATION
        return Scope.EVSE if self.connector is None else Scope.CONNECTOR

    @property
    def slot(self) -> Slot:
        """What the definition is found by."""
        return self.component, self.component_instance, self.scope, self.variable, self.variable_instance

    @property
    def owner(self) -> tuple[str, str | None, int | None, int | None]:
        """The component that the variable belongs to."""
        return self[:4]

    def __str__(self) -> str:
        place = "" if self.evse is None else f"@{self.evse}"
        if self.connector is not None:
            place += f".{self.connector}"
        component = self.component + _bracket(self.component_instance)
        return f"{component}{place}.{self.variable}{_bracket(self.variable_instance)}"

    def folded(self) -> Address:
        """The same address for comparing: names and instances are case-insensitive."""
        return Address(
            self.component.casefold(),
            (self.component_instance or "").casefold() or None,
            self.evse,
            self.connector,
            self.variable.casefold(),
            (self.variable_instance or "").casefold() or None,
        )


def _bracket(instance: str | None) -> str:
    return "" if instance is None else f"[{instance}]"


@lru_cache(maxsize=4096)
def _parse(text: str) -> tuple[Address, str]:
    match = _ADDRESS.fullmatch(text.strip())
    attribute = (match and match["attribute"]) or "Actual"
    if match is None or attribute not in ATTRIBUTES:
        raise ValueError(f"{text!r} is not Component[instance]@evse.connector.Variable[instance]#Attribute")
    evse, connector = match["evse"], match["connector"]
    address = Address(
        match["component"],
        match["component_instance"] or None,
        None if evse is None else int(evse),
        None if connector is None else int(connector),
        match["variable"],
        match["variable_instance"] or None,
    )
    return address, attribute


@dataclass(frozen=True, slots=True)
class Definition:
    """Characteristics of a variable.

    ``minimum`` and ``maximum`` limit numbers; of texts and lists they limit the length. ``extra`` are attributes beside
    Actual with their mutability. ``constant``: never changes while the station runs. ``computed``: read at the time
    from the station itself, so nobody can set it. ``reboot``: a change is effective after the next boot.
    ``reported``: appears in reports of the device model. ``secret``: never shown in logs or dumps.
    """

    component: str
    variable: str
    type: DataType
    feature: str = "core"
    component_instance: str | None = None
    variable_instance: str | None = None
    scope: Scope = Scope.STATION
    mutability: Mutability = Mutability.READ_WRITE
    unit: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    values: tuple[str, ...] = ()
    pattern: str | None = None
    default: str = ""
    extra: tuple[tuple[str, Mutability], ...] = ()
    reboot: bool = False
    monitored: bool = False
    persistent: bool = True
    constant: bool = False
    computed: bool = False
    reported: bool = True
    secret: bool = False
    vendor: bool = False

    @property
    def slot(self) -> Slot:
        """What the definition is found by."""
        return self.component, self.component_instance, self.scope, self.variable, self.variable_instance

    def attribute(self, name: str) -> Mutability | None:
        """Mutability of an attribute; None where the variable does not have it."""
        if name == "Actual":
            return self.mutability
        return dict(self.extra).get(name)


@dataclass(frozen=True, slots=True)
class Layout:
    """The EVSEs of a station and the connectors of each, ids in the order of reports."""

    evses: tuple[tuple[int, tuple[int, ...]], ...] = ((1, (1,)),)

    def has(self, evse: int | None, connector: int | None) -> bool:
        """Whether that place exists; None, None is the station itself."""
        if evse is None:
            return connector is None
        connectors = dict(self.evses).get(evse)
        return connectors is not None and (connector is None or connector in connectors)

    def places(self, scope: Scope) -> Iterator[tuple[int | None, int | None]]:
        """Every place of a tier, in order."""
        if scope is Scope.STATION:
            yield None, None
            return
        for evse, connectors in self.evses:
            if scope is Scope.EVSE:
                yield evse, None
            else:
                yield from ((evse, connector) for connector in connectors)

    @property
    def connectors(self) -> tuple[tuple[int, int], ...]:
        """EVSE and connector id of every connector of the station."""
        return tuple((evse, connector) for evse, connectors in self.evses for connector in connectors)
