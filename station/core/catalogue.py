"""Which variables a station has: the tables of ``station.core.catalogue_data``, chosen by feature and made findable.

This is the device model's dictionary, not its values: those are kept per station by ``station.core.variables``.
Whoever composes a station calls ``build_catalogue`` with the features that the station really has; a feature that is
left out has no variables.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property, lru_cache

from station.core.catalogue_data import COMPONENTS, DEFINITIONS, FEATURES, GENERIC
from station.core.device_model import (
    ANY_SLOT,
    ATTRIBUTES,
    VENDOR_COMPONENT,
    Address,
    DataType,
    Definition,
    Layout,
    Mutability,
    Scope,
    Slot,
)

__all__ = [
    "ANY_SLOT",
    "ATTRIBUTES",
    "FEATURES",
    "VENDOR_COMPONENT",
    "Address",
    "Catalogue",
    "DataType",
    "Definition",
    "Layout",
    "Mutability",
    "Scope",
    "build_catalogue",
]


class Catalogue:
    """The variables that stations of one kind have. Shared and never changed; see ``build_catalogue``."""

    def __init__(self, definitions: Iterable[Definition], features: frozenset[str], known: Catalogue | None = None):
        self.features = features
        self._known = known
        self._by_slot: dict[Slot, Definition] = {definition.slot: definition for definition in definitions}

    def __iter__(self) -> Iterator[Definition]:
        return iter(self._by_slot.values())

    def __len__(self) -> int:
        return len(self._by_slot)

    def find(self, address: Address) -> Definition | None:
        """The definition at exactly this address; whether the place and the slot exist is not asked here."""
        definition = self._by_slot.get(address.slot)
        if definition is None and address.component_instance is not None:
            component, _, scope, variable, instance = address.slot
            definition = self._by_slot.get((component, ANY_SLOT, scope, variable, instance))
        return definition

    def standard(self, address: Address) -> Definition | None:
        """What the standards say about an address, delivered or not; None for a vendor's own name."""
        definition = self.find(address)
        if definition is None and self._known is not None:
            definition = self._known.find(address)
        return definition if definition is not None else _generic(address)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Every defined address, for suggestions; EVSE and connector 1 stand for all."""
        places = {Scope.STATION: (None, None), Scope.EVSE: (1, None), Scope.CONNECTOR: (1, 1)}
        return tuple(
            str(
                Address(
                    definition.component,
                    "1" if definition.component_instance == ANY_SLOT else definition.component_instance,
                    *places[definition.scope],
                    definition.variable,
                    definition.variable_instance,
                )
            )
            for definition in self
        )


def _generic(address: Address) -> Definition | None:
    row = GENERIC.get(address.variable)
    if row is None or address.component not in COMPONENTS:
        return None
    kind, unit = row
    return Definition(
        component=address.component,
        variable=address.variable,
        type=kind,
        component_instance=address.component_instance,
        variable_instance=address.variable_instance,
        scope=address.scope,
        mutability=Mutability.READ_ONLY,
        unit=unit,
    )


@lru_cache(maxsize=64)
def build_catalogue(features: frozenset[str]) -> Catalogue:
    """The catalogue of a station with these features (``core`` is always there); the same object for the same set.

    Raises:
        ValueError: a feature that ``FEATURES`` does not name.
    """
    if unknown := features - FEATURES:
        raise ValueError(f"unknown features {', '.join(sorted(unknown))}; known are {', '.join(sorted(FEATURES))}")
    wanted = features | {"core"}
    return Catalogue((row for row in DEFINITIONS if row.feature in wanted), wanted, _everything())


@lru_cache(maxsize=1)
def _everything() -> Catalogue:
    return Catalogue(DEFINITIONS, FEATURES)
