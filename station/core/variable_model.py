"""The variables of one kind of station: a catalogue, a layout, and what the profile says about them.

Built once and shared by all stations of that kind; nothing here changes while a station runs. What stations changed is
kept by ``station.core.variables``.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from station.core.catalogue import (
    ANY_SLOT,
    VENDOR_COMPONENT,
    Address,
    Catalogue,
    DataType,
    Definition,
    Layout,
    Mutability,
)
from station.core.variable_values import Refusal, normalized

Key = tuple[Address, str]
"""An address and an attribute."""

_MOST_DERIVED: Final = 64
"""So many different sets of changes share what is derived; a fleet has one or two."""

_ENUMERATED: Final = (DataType.OPTION_LIST, DataType.MEMBER_LIST, DataType.SEQUENCE_LIST)
_PRIORITY: Final = Address("OCPPCommCtrlr", None, None, None, "NetworkConfigurationPriority")


class VariableError(ValueError):
    """A profile's setting that cannot be: an unknown name without a type, or a value out of place."""

    def __init__(self, address: str, message: str, suggestion: str | None = None):
        hint = f"; did you mean {suggestion}?" if suggestion else ""
        super().__init__(f"{address}: {message}{hint}")
        self.address = address
        self.message = message
        self.suggestion = suggestion


@dataclass(frozen=True, slots=True)
class Setting:
    """What a profile says about a variable; None leaves the catalogue's word.

    For texts and lists ``minimum`` and ``maximum`` are lengths. A later setting of the same address adds to an earlier
    one.
    """

    address: Address
    value: str | None = field(default=None, repr=False)
    attribute: str = "Actual"
    type: DataType | None = None
    mutability: Mutability | None = None
    minimum: float | None = None
    maximum: float | None = None
    values: tuple[str, ...] | None = None
    pattern: str | None = None
    reboot: bool | None = None
    default: bool = False
    """The program's own choice, not the user's: silently left out where the station has no such variable."""


class Model:
    """Catalogue, layout and profile put together: which variables there are and what they are at delivery."""

    def __init__(self, catalogue: Catalogue, settings: Sequence[Setting] = (), layout: Layout | None = None):
        """Apply ``settings`` in order.

        Raises:
            VariableError: an unknown name without a type, a computed variable, or an illegal value.
        """
        self.catalogue = catalogue
        self.layout = layout or Layout()
        self._definitions: dict[Address, Definition] = {}
        self._values: dict[Key, str] = {}
        self._mutability_given: set[Address] = set()
        self._derived: dict[frozenset[tuple[Key, str]], dict[Any, Any]] = {}
        self._found: dict[Address, Definition] = {}
        self._slots: tuple[str, ...] = ("1",)
        self._read_slots(settings)
        self._by_fold = {address.folded(): address for address in self._expand()}
        for setting in settings:
            self._apply(setting)
        self.addresses: tuple[Address, ...] = tuple(self._by_fold.values())
        """Every variable of the station, in the order of reports."""
        self.vendor = tuple((address, row) for address, row in self._definitions.items() if row.vendor)
        """The variables that only the profile knows, in its order."""
        self._owners = frozenset(address.owner for address in self._by_fold)
        for (address, attribute), value in self._values.items():
            self._values[address, attribute] = self._checked(address, value)
        self._found = {address: row for address in self.addresses if (row := self._search(address)) is not None}
        self.plain = {address: self.delivered(address) for address, row in self._found.items() if not row.computed}
        """The delivered Actual values, of what is not computed: the core asks for them many times in every turn."""

    def derived(self, changed: Mapping[Key, str] | None) -> dict[Any, Any]:
        """Where stations with these changes keep what they derive from their variables, together.

        Secrets are no part of it: nothing may be derived from them, and they differ from station to station.
        """
        key = frozenset(item for item in (changed or {}).items() if not self._is_secret(item[0][0]))
        if key not in self._derived and len(self._derived) >= _MOST_DERIVED:
            self._derived.clear()  # those who have a table go on with it
        return self._derived.setdefault(key, {})

    def _is_secret(self, address: Address) -> bool:
        definition = self.find(address)
        return definition is not None and (definition.secret or definition.mutability is Mutability.WRITE_ONLY)

    def find(self, address: Address) -> Definition | None:
        """The definition of a variable that the station has, at exactly this address."""
        return self._found.get(address) or self._search(address)

    def _search(self, address: Address) -> Definition | None:
        own = self._definitions.get(address)
        if own is not None:
            return own
        definition = self.catalogue.find(address)
        if definition is None or not self.layout.has(address.evse, address.connector):
            return None
        if definition.component_instance == ANY_SLOT and address.component_instance not in self._slots:
            return None
        return definition

    def canonical(self, address: Address) -> Address | None:
        """The address as it is spelt here, names and instances compared without case; None where there is none."""
        return address if self.find(address) is not None else self._by_fold.get(address.folded())

    def has_component(self, address: Address) -> bool:
        """Whether the component of an address exists (for UnknownComponent against UnknownVariable)."""
        return address.folded().owner in self._owners

    def delivered(self, address: Address, attribute: str = "Actual") -> str:
        """The value that the profile or the catalogue gives; empty where neither does."""
        value = self._values.get((address, attribute))
        if value is not None:
            return value
        definition = self.find(address)
        return definition.default if definition is not None and attribute == "Actual" else ""

    def mutability_given(self, address: Address) -> bool:
        """Whether the profile itself says who may write this variable."""
        return address in self._mutability_given

    def _expand(self) -> Iterator[Address]:
        for row in self.catalogue:
            instances = self._slots if row.component_instance == ANY_SLOT else (row.component_instance,)
            for instance in instances:
                for evse, connector in self.layout.places(row.scope):
                    yield Address(row.component, instance, evse, connector, row.variable, row.variable_instance)

    def _read_slots(self, settings: Sequence[Setting]) -> None:
        definition = self.catalogue.find(_PRIORITY)
        if definition is not None:
            self._slots = definition.values
        for setting in settings:
            if setting.address == _PRIORITY and setting.values is not None:
                self._slots = setting.values

    def _apply(self, setting: Setting) -> None:
        address = self.canonical(setting.address) or setting.address
        base = self.find(address)
        if base is None:
            if setting.default:
                return
            base = self._brought_in(address, setting)
        if base.computed and setting.value is not None and setting.attribute == "Actual":
            raise VariableError(str(address), "is computed by the station and cannot be given")
        changed = _changed(base, setting)
        if changed.type in _ENUMERATED and not changed.values:
            raise VariableError(str(address), f"a {changed.type} needs its values")
        if changed is not self.catalogue.find(address):
            self._definitions[address] = changed
            self._by_fold[address.folded()] = address
        if setting.mutability is not None and setting.attribute == "Actual":
            self._mutability_given.add(address)
        if setting.value is not None:
            self._values[address, setting.attribute] = setting.value

    def _brought_in(self, address: Address, setting: Setting) -> Definition:
        if not self.layout.has(address.evse, address.connector):
            raise VariableError(str(address), "the station has no such EVSE or connector")
        standard = self.catalogue.standard(address)
        if standard is not None:
            if standard.feature not in self.catalogue.features and standard.feature != "optional":
                raise VariableError(str(address), f"belongs to {standard.feature}, which this station does not have")
            return replace(standard, component_instance=address.component_instance)
        if setting.type is None:
            raise VariableError(str(address), "is no known variable, so it needs a type", self.suggestion(address))
        return Definition(
            component=address.component,
            variable=address.variable,
            type=setting.type,
            component_instance=address.component_instance,
            variable_instance=address.variable_instance,
            scope=address.scope,
            vendor=True,
        )

    def suggestion(self, address: Address) -> str | None:
        """The known address that looks most like this one."""
        text = str(address)
        if address.component == VENDOR_COMPONENT:
            text = address.variable
        near = difflib.get_close_matches(text, self.catalogue.names, n=1, cutoff=0.6)
        return near[0] if near else None

    def _checked(self, address: Address, value: str) -> str:
        definition = self.find(address)
        assert definition is not None
        result = normalized(definition, value) if value else value
        if isinstance(result, Refusal):
            raise VariableError(str(address), result.detail)
        return result


def _changed(base: Definition, setting: Setting) -> Definition:
    changes: dict[str, Any] = {
        "type": setting.type,
        "minimum": setting.minimum,
        "maximum": setting.maximum,
        "values": setting.values,
        "pattern": _pattern(setting),
        "reboot": setting.reboot,
    }
    if setting.attribute == "Actual":
        changes["mutability"] = setting.mutability
        writable = setting.mutability not in (None, Mutability.READ_ONLY)
        changes["constant"] = False if writable else None
        changes["persistent"] = True if writable else None
    elif base.attribute(setting.attribute) is None or setting.mutability is not None:
        extra = dict(base.extra)
        extra[setting.attribute] = setting.mutability or Mutability.READ_WRITE
        changes["extra"] = tuple(extra.items())
    changes = {name: value for name, value in changes.items() if value is not None and value != getattr(base, name)}
    return replace(base, **changes) if changes else base


def _pattern(setting: Setting) -> str | None:
    if setting.pattern is not None:
        try:
            re.compile(setting.pattern)
        except re.error as error:
            raise VariableError(str(setting.address), f"pattern {setting.pattern!r}: {error}") from None
    return setting.pattern
