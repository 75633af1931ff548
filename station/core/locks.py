"""The connector locks of one EVSE: what was commanded, what was seen, and what waits for the contacts to open.

A cable is never let go while current may flow. A lock that does not follow is told to the EVSE, which makes a fault of
it. Spec: IEC 61851-1 §9; OCPP 1.6 §3.7, OCPP 2.0.1 E09, F05.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from station.core.context import ConnectorPlan, Context
from station.core.effects import MoveLock

_move = lru_cache(maxsize=256)(MoveLock)

LOCK = "lock"
_LOCK_S = 5.0


@dataclass(slots=True)
class Connector:
    """A connector's moving parts. ``wanted`` is the position that was commanded last; None before the first command.

    ``secured``: whether the cable is held, where it has to be. ``bolt`` keeps it.
    """

    id: int
    fixed: bool
    lockable: bool
    cable: bool = False
    locked: bool = False
    limit_a: float | None = None
    wanted: bool | None = None

    secured: bool = field(init=False)

    def __post_init__(self) -> None:
        self.bolt(self.locked, self.wanted)

    def bolt(self, locked: bool, wanted: bool | None) -> None:
        """Where the bolt is, and where it was told to be."""
        self.locked, self.wanted = locked, wanted
        self.secured = not self.lockable or (locked and wanted is not False)


class Locks:
    """The connectors of an EVSE and their locks."""

    __slots__ = ("_held", "connectors", "ctx", "evse")

    def __init__(self, ctx: Context, evse: int, plans: Sequence[ConnectorPlan]) -> None:
        self.ctx = ctx
        self.evse = evse
        self.connectors = [
            Connector(plan.id, plan.fixed_cable, plan.lock and not plan.fixed_cable, plan.fixed_cable) for plan in plans
        ]
        self._held: Connector | None = None

    def find(self, connector: int) -> Connector | None:
        """The connector with this number."""
        for one in self.connectors:
            if one.id == connector:
                return one
        return None

    def secure(self, connector: Connector) -> None:
        """Hold the cable for a session; ``LOCK`` is due where that takes too long."""
        self._held = None
        if not connector.secured:
            self._move(connector, True)
            self.ctx.at(LOCK, self.evse, _LOCK_S)

    def release(self, connector: Connector, *, live: bool) -> None:
        """Let the cable go, at once or, while current may flow, when the contacts are seen open."""
        if not connector.lockable or connector.wanted is False:
            return
        if live:
            self._held = connector
        elif connector.locked or connector.wanted:
            self._move(connector, False)
        self.ctx.cancel(LOCK, self.evse)

    def force(self, connector: Connector, *, live: bool) -> None:
        """Let the cable go although it may be gone already: somebody asked for it."""
        if live:
            self._held = connector
        else:
            self._move(connector, False)

    def opened(self) -> None:
        """The contacts are open: what was held back is let go."""
        held, self._held = self._held, None
        if held is not None:
            self._move(held, False)

    def _move(self, connector: Connector, locked: bool) -> None:
        connector.bolt(connector.locked, locked)
        self.ctx.ledger.out.append(_move(self.evse, connector.id, locked))

    def moved(self, connector: Connector, locked: bool, failed: bool) -> bool:
        """A lock reached a position, or failed to. Answers whether a session may not go on because of it."""
        connector.bolt(locked, connector.wanted)
        if failed:
            return connector.wanted is True
        if connector.wanted is locked:
            self.ctx.deadlines.pop((LOCK, self.evse), None)
        elif connector.wanted and (LOCK, self.evse) not in self.ctx.deadlines:
            self.secure(connector)
        return False
