"""The charging machine of an EVSE, and who may charge: names and a table, no behaviour.

The machine's callbacks and everything that follows from a state are ``station.core.evse``'s.
Spec: OCPP 1.6 §4.9 (transitions A1 to I9); OCPP 2.0.1 E02, E03, E09, E10.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from station.core.blueprint import Blueprint
from station.core.smart_charging.profile import ChargingProfile
from station.core.values import IdToken, TriggerReason

BLUEPRINT: Final = Blueprint(
    "charging",
    ["idle", "plugged", "awaiting", "active", "interrupted", "finishing"],
    [
        {"trigger": "occupied", "source": "idle", "dest": "plugged"},
        {"trigger": "plug", "source": ["awaiting", "interrupted"], "dest": "active"},
        {"trigger": "authorised", "source": ["idle", "plugged", "finishing"], "dest": "active", "conditions": "ev"},
        {"trigger": "authorised", "source": ["idle", "plugged", "finishing"], "dest": "awaiting"},
        {"trigger": "interrupt", "source": "active", "dest": "interrupted"},
        {"trigger": "deauthorised", "source": ["active", "interrupted"], "dest": "finishing"},
        {"trigger": "deauthorised", "source": "awaiting", "dest": "plugged"},
        {"trigger": "lapsed", "source": "plugged", "dest": "finishing"},
        {"trigger": "cleared", "source": ["plugged", "finishing"], "dest": "idle"},
    ],
)
"""``idle`` nothing plugged; ``plugged`` waits for a token; ``awaiting`` has a token, waits for a vehicle; ``active``
has both; ``interrupted`` keeps its token while the vehicle is away (E10); ``finishing`` is over, still plugged."""


@dataclass(slots=True, eq=False)
class Grant:
    """A token that may charge at an EVSE. ``case`` is its presentation, until that has ended in a result.

    ``profile`` came with it and waits for its transaction (OCPP 2.0.1 K05).
    """

    token: IdToken
    group: IdToken | None = None
    remote_start_id: int | None = None
    reservation_id: int | None = None
    trigger: TriggerReason = TriggerReason.AUTHORIZED
    case: object = None
    profile: ChargingProfile | None = None

    def opens(self, token: IdToken, group: IdToken | None = None) -> bool:
        """Whether this card, or one of this group, may end what the grant began (C09, 1.6 parentIdTag)."""
        return self.token.same(token) or (group is not None and group.same(self.group))
