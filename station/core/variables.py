"""The variables of one station: typed reading, checked writing, and the rows that outlive a reboot.

Only what differs from delivery is kept per station; everything else is read from the shared ``Model``. This is not a
message handler: dialects call ``get``, ``set``, ``report`` and translate; the parts of the core read with ``text``,
``number``, ``integer``, ``flag``, ``items``. Whoever writes hands the records of the outcome to the current batch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeVar

from station.core.catalogue import Address, Catalogue, Definition, Layout, Mutability
from station.core.records import Delete, Json, Put, Record
from station.core.variable_model import Key, Model, Setting, VariableError
from station.core.variable_reports import ReportLine, Wanted, base_report, custom_report
from station.core.variable_values import Refusal, normalized, split

__all__ = [
    "TABLE",
    "Address",
    "GetResult",
    "Hand",
    "Layout",
    "Model",
    "Refusal",
    "ReportLine",
    "SetOutcome",
    "Setting",
    "VariableError",
    "Variables",
    "Wanted",
]

TABLE: Final = "variables"
"""The table of the rows: address (with ``#Attribute`` unless Actual) -> text."""

D = TypeVar("D")

Hand = Literal["csms", "csms_key", "manufacturer"]
"""Who writes: the CSMS, bound by mutability; the CSMS through a name with an access of its own, which the caller has
checked; or the manufacturer, who may write read-only variables too."""

Status = Literal[
    "Accepted", "Rejected", "UnknownComponent", "UnknownVariable", "NotSupportedAttributeType", "RebootRequired"
]

_UNDERIVED: Final[dict[Any, Any]] = {}
"""The table of whoever has derived nothing since the variables changed. Shared, and never written."""
_WRITE_SIZE: Final = Address("DeviceDataCtrlr", None, None, None, "ConfigurationValueSize")
_READ_SIZE: Final = Address("DeviceDataCtrlr", None, None, None, "ReportingValueSize")
_COMMON_SIZE: Final = Address("DeviceDataCtrlr", None, None, None, "ValueSize")


@dataclass(frozen=True, slots=True)
class GetResult:
    """Answer to a read. ``value`` is None unless Accepted; a variable without a value is an empty text (B06.FR.13)."""

    status: Status
    value: str | None = field(default=None, repr=False)
    definition: Definition | None = None
    mutability: Mutability | None = None
    reason_code: str | None = None


@dataclass(frozen=True, slots=True)
class SetOutcome:
    """Answer to a write.

    ``records`` make it durable and belong into the batch of the event that caused the write. ``before`` is the stored
    text that was replaced, for ``Variables.undo``.
    """

    status: Status
    reason_code: str | None = None
    detail: str = ""
    records: tuple[Record, ...] = field(default=(), repr=False)
    key: Key | None = None
    before: str | None = field(default=None, repr=False)

    @property
    def accepted(self) -> bool:
        """Whether the value was stored, effective at once or after a reboot."""
        return self.status in ("Accepted", "RebootRequired")


class Keeper:
    """Who takes part in a station's variables: nobody does more than he overrides.

    One object for all of it: a callback for each purpose would take half a kilobyte of every station.
    """

    __slots__ = ()

    def variable_changed(self, address: Address, old: str, new: str) -> None:
        """The Actual value in effect is another one now."""

    def variable_refusal(self, address: Address, value: str, hand: Hand) -> Refusal | None:
        """Why an Actual value that is legal cannot be taken; ``hand`` is csms or manufacturer."""

    def variable_value(self, address: Address) -> str | None:
        """The value of a computed variable; None gives the delivered one."""


class Variables:
    """What a station is configured to do, and what it says about itself.

    Every address may be given as an ``Address`` or as its text. Names and instances are compared without case.
    ``found`` is what ``derived`` has made of them already; whoever derives in every turn looks there first.
    """

    __slots__ = ("_keepers", "_pending", "_stored", "found", "model")

    def __init__(
        self, catalogue: Catalogue | Model, settings: Sequence[Setting] = (), layout: Layout | None = None
    ) -> None:
        """Begin as delivered.

        Args:
            catalogue: the catalogue, or a finished ``Model`` that many stations share.
            settings: what the profile says, only with a catalogue.
            layout: EVSEs and connectors, only with a catalogue.

        Raises:
            VariableError: a setting that cannot be.
        """
        self.model = catalogue if isinstance(catalogue, Model) else Model(catalogue, settings, layout)
        self.found = _UNDERIVED
        self._stored: dict[Key, str] | None = None
        self._pending: dict[Key, str | None] | None = None
        self._keepers: tuple[Keeper, ...] = ()

    # Reading for the core ------------------------------------------------------------------------------------------

    def text(self, address: Address | str, attribute: str = "Actual") -> str | None:
        """The effective value; None where the station has no such variable, empty where it has no value.

        WriteOnly values are given too: this is for the core, not for reports.
        """
        if attribute == "Actual" and not isinstance(address, str):
            # The short way to a value that is as delivered, which nearly all are.
            stored = self._stored
            if stored is None or (address, "Actual") not in stored:
                plain = self.model.plain.get(address)
                if plain is not None:
                    return plain
        found = self._resolve(address)
        return None if found is None else self._effective(found, attribute)

    def number(self, address: Address | str, otherwise: float = 0.0) -> float:
        """The value in the variable's own unit; ``otherwise`` where there is none."""
        text = self.text(address)
        return float(text) if text else otherwise

    def integer(self, address: Address | str, otherwise: int = 0) -> int:
        """The value in the variable's own unit; ``otherwise`` where there is none."""
        text = self.text(address)
        return int(text) if text else otherwise

    def flag(self, address: Address | str) -> bool:
        """The value of a boolean; false where there is none."""
        return self.text(address) == "true"

    def items(self, address: Address | str) -> tuple[str, ...]:
        """The items of a list, in the order kept; none where there is no such variable."""
        return split(self.text(address) or "")

    def derived(self, derive: Callable[[Variables], D]) -> D:
        """What ``derive`` makes of the variables: once, until one is changed, and for all stations of the same values.

        It must read nothing else, and neither computed variables nor secrets.
        """
        if self.found is _UNDERIVED:
            self.found = self.model.derived(self._stored)
        found: D | None = self.found.get(derive)
        if found is None:
            found = self.found[derive] = derive(self)
        return found

    def become(self, model: Model) -> None:
        """Be of another model: the words of another version. What was set stays."""
        self.model = model
        self.found = _UNDERIVED

    def changed(self, address: Address) -> bool:
        """Whether the value in effect was set, and is not the delivered one."""
        return self._stored is not None and (address, "Actual") in self._stored

    def known(self, address: Address | str) -> bool:
        """Whether the station has this variable."""
        return self._resolve(address) is not None

    def definition(self, address: Address | str) -> Definition | None:
        """The characteristics of a variable that the station has."""
        found = self._resolve(address)
        return None if found is None else self.model.find(found)

    # Reading and writing for others --------------------------------------------------------------------------------

    def get(self, address: Address | str, attribute: str = "Actual") -> GetResult:
        """What a CSMS or a command gets to read.

        Spec: OCPP 2.0.1 B06.FR.06 to B06.FR.10, B06.FR.13, B06.FR.15.
        """
        found, definition, status = self._lookup(address, attribute)
        if found is None or definition is None:
            return GetResult(status)
        mutability = definition.attribute(attribute)
        if mutability is Mutability.WRITE_ONLY:
            return GetResult("Rejected", None, definition, mutability, "WriteOnly")
        return GetResult("Accepted", self.reported(found, attribute), definition, mutability)

    def check(self, address: Address | str, value: str, attribute: str = "Actual", hand: Hand = "csms") -> SetOutcome:
        """What ``set`` would answer, without doing it; no records.

        Spec: OCPP 2.0.1 B05.FR.04 to B05.FR.09.
        """
        return self._judge(address, value, attribute, hand)[0]

    def set(self, address: Address | str, value: str, attribute: str = "Actual", hand: Hand = "csms") -> SetOutcome:
        """Change a variable; it wins over the profile until it is deleted.

        A variable that needs a reboot keeps its effective value until ``restore`` at the next boot.

        Spec: OCPP 2.0.1 B05.FR.04 to B05.FR.10.
        """
        outcome, kept = self._judge(address, value, attribute, hand)
        if outcome.key is None or not outcome.accepted:
            return outcome
        return self._store(outcome.key, kept, outcome.status)

    def delete(self, address: Address | str, attribute: str = "Actual") -> SetOutcome:
        """Forget what was set: back to the profile's value, or the catalogue's."""
        found, definition, status = self._lookup(address, attribute)
        if found is None or definition is None:
            return SetOutcome(status)
        return self._store((found, attribute), None, "RebootRequired" if definition.reboot else "Accepted")

    def undo(self, outcome: SetOutcome) -> None:
        """Take back a change whose records could not be stored; refused changes are none."""
        if outcome.key is not None and outcome.records:
            self._store(outcome.key, outcome.before, outcome.status)

    # Hooks ---------------------------------------------------------------------------------------------------------

    def keep_with(self, keeper: Keeper) -> None:
        """Have somebody hear of changes, judge them, and compute values; he comes after those who came before."""
        self._keepers = (*self._keepers, keeper)

    # Reports and rows ----------------------------------------------------------------------------------------------

    def report(self, base: str) -> Iterator[ReportLine]:
        """The lines of a base report; see ``station.core.variable_reports.base_report``."""
        return base_report(self, base)

    def select(self, criteria: Sequence[str] = (), wanted: Iterable[Wanted] = ()) -> list[ReportLine]:
        """The lines of a custom report; see ``station.core.variable_reports.custom_report``."""
        return custom_report(self, criteria, wanted)

    def reported(self, address: Address, attribute: str = "Actual") -> str:
        """The effective value, cut to ReportingValueSize."""
        limit = self.integer(_READ_SIZE) or self.integer(_COMMON_SIZE)
        value = self._effective(address, attribute)
        return value[:limit] if limit else value

    def restore(self, rows: Mapping[str, Json]) -> tuple[str, ...]:
        """Begin a boot with the stored rows: what waited for a reboot becomes effective. Nobody is called.

        Returns:
            Keys that say nothing here: no such variable any more, or a value that it no longer takes. They stay stored.
        """
        self._pending = self._stored = None
        self.found = _UNDERIVED
        ignored = []
        stored: dict[Key, str] = {}
        for name, value in rows.items():
            key = self._readable(name, value)
            if key is None:
                ignored.append(name)
            else:
                stored[key] = value
        self._stored = stored or None
        return tuple(ignored)

    def rows(self) -> dict[str, str]:
        """Everything that differs by a change, as stored; what waits for a reboot included."""
        merged = {**(self._stored or {}), **(self._pending or {})}
        return {_name(key): value for key, value in merged.items() if value is not None}

    # Inside --------------------------------------------------------------------------------------------------------

    def _resolve(self, address: Address | str) -> Address | None:
        if isinstance(address, str):
            try:
                address = Address.parse(address)[0]
            except ValueError:
                return None
        return self.model.canonical(address)

    def _must(self, address: Address | str) -> Address:
        found = self._resolve(address)
        if found is None:
            raise KeyError(str(address))
        return found

    def _lookup(self, address: Address | str, attribute: str) -> tuple[Address | None, Definition | None, Status]:
        found = self._resolve(address)
        if found is None:
            return None, None, self._unknown(address)
        definition = self.model.find(found)
        if definition is None or definition.attribute(attribute) is None:
            return None, None, "NotSupportedAttributeType"
        return found, definition, "Accepted"

    def _unknown(self, address: Address | str) -> Status:
        if isinstance(address, str):
            try:
                address = Address.parse(address)[0]
            except ValueError:
                return "UnknownComponent"
        return "UnknownVariable" if self.model.has_component(address) else "UnknownComponent"

    def _effective(self, address: Address, attribute: str) -> str:
        if attribute == "Actual":
            computed = self._computed(address)
            if computed is not None:
                return computed
        stored = self._stored.get((address, attribute)) if self._stored else None
        return self.model.delivered(address, attribute) if stored is None else stored

    def _computed(self, address: Address) -> str | None:
        definition = self.model.find(address)
        if definition is None or not definition.computed:
            return None
        values = (keeper.variable_value(address) for keeper in self._keepers)
        return next((value for value in values if value is not None), None)

    def _judge(self, address: Address | str, value: str, attribute: str, hand: Hand) -> tuple[SetOutcome, str]:
        found, definition, status = self._lookup(address, attribute)
        if found is None or definition is None:
            return SetOutcome(status), value
        key = (found, attribute)
        result = self._accept(found, definition, value, attribute, hand)
        if isinstance(result, Refusal):
            return SetOutcome("Rejected", result.reason_code, result.detail, key=key), value
        return SetOutcome("RebootRequired" if definition.reboot else "Accepted", key=key), result

    def _accept(
        self, address: Address, definition: Definition, value: str, attribute: str, hand: Hand
    ) -> str | Refusal:
        if definition.computed and attribute == "Actual":
            return Refusal("ReadOnly", "computed by the station")
        if hand == "csms" and definition.attribute(attribute) is Mutability.READ_ONLY:
            return Refusal("ReadOnly", "cannot be set")
        limit = self.integer(_WRITE_SIZE) or self.integer(_COMMON_SIZE)
        if limit and len(value) > limit:
            return Refusal("TooLargeElement", f"longer than {limit} characters")
        result = normalized(definition, value)
        if not isinstance(result, Refusal) and attribute == "Actual":
            for keeper in self._keepers:
                refusal = keeper.variable_refusal(address, result, "csms" if hand == "csms_key" else hand)
                if refusal is not None:
                    return refusal
        return result

    def _store(self, key: Key, value: str | None, status: Status) -> SetOutcome:
        before = self._kept(key)
        record: Record = Delete(TABLE, _name(key)) if value is None else Put(TABLE, _name(key), value)
        outcome = SetOutcome(status, records=(record,), key=key, before=before)
        if status == "RebootRequired":
            self._pending = self._pending if self._pending is not None else {}
            self._pending[key] = value
            return outcome
        address, attribute = key
        old = self._effective(address, attribute)
        self.found = _UNDERIVED
        if value is not None:
            self._stored = self._stored if self._stored is not None else {}
            self._stored[key] = value
        elif self._stored is not None:
            self._stored.pop(key, None)
        new = self._effective(address, attribute)
        if old != new and attribute == "Actual":
            self._tell(address, old, new)
        return outcome

    def _kept(self, key: Key) -> str | None:
        for kept in (self._pending, self._stored):
            if kept and key in kept:
                return kept[key]
        return None

    def _tell(self, address: Address, old: str, new: str) -> None:
        for keeper in self._keepers:
            keeper.variable_changed(address, old, new)

    def _readable(self, name: str, value: Json) -> Key | None:
        try:
            address, attribute = Address.parse(name)
        except ValueError:
            return None
        found, definition, _ = self._lookup(address, attribute)
        if found is None or definition is None or not isinstance(value, str):
            return None
        if definition.computed and attribute == "Actual":
            return None
        return None if isinstance(normalized(definition, value), Refusal) else (found, attribute)


def _name(key: Key) -> str:
    address, attribute = key
    return str(address) if attribute == "Actual" else f"{address}#{attribute}"
