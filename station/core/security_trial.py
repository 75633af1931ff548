"""A higher security profile on trial: until it has connected, the one before is kept, over power cuts too.

Who dials, and when the trial has failed, is the host's business. Called by ``station.core.station``.

Spec: Security WP ed.3 A05.FR.08; OCPP 2.0.1 A05.
"""

from __future__ import annotations

from typing import Final

from station.core.device_model import Address
from station.core.journal import Ledger
from station.core.records import Json

TABLE: Final = "security_trial"
_KEY: Final = "previous"
_LEVEL: Final = Address("SecurityCtrlr", None, None, None, "SecurityProfile")


class SecurityTrial:
    """``previous`` is the profile to go back to; None where none is on trial."""

    __slots__ = ("_ledger", "previous")

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self.previous: str | None = None

    def variable_changed(self, address: Address, old: str | None, new: str | None) -> None:
        """A higher profile begins a trial, in the batch that makes it hold; a lower one ends it."""
        if address != _LEVEL or not (old and new):
            return
        if int(new) <= int(self.previous if self.previous is not None else old):
            self.held()
        elif self.previous is None:
            self._set(old)

    def held(self) -> None:
        """The profile has connected, or is given up: there is no way back any more."""
        if self.previous is not None:
            self._set(None)

    def _set(self, previous: str | None) -> None:
        self.previous = previous
        if previous is None:
            self._ledger.delete(TABLE, _KEY)
        else:
            self._ledger.put(TABLE, _KEY, previous)

    def restore(self, rows: dict[str, Json]) -> None:
        """Begin a boot with the stored row; one that names no profile counts as none."""
        previous = rows.get(_KEY)
        self.previous = previous if isinstance(previous, str) and previous in ("0", "1", "2") else None

    def rows(self) -> dict[str, Json]:
        """Exactly what is stored."""
        return {} if self.previous is None else {_KEY: self.previous}
