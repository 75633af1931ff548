"""Who the stations of a fleet are: index to identity, group, credentials and cards. A pure function of the plan.

The groups are interleaved, so that the first n stations have the groups in their shares for every n.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from station.config import Profile, Secret
from station.fleet.plan import Card, Group, Plan


@dataclass(frozen=True, slots=True)
class Member:
    """A station of the population.

    Attributes:
        index: from 0.
        id: the identity.
        group: what it is, and what its drivers do.
        url: where it dials, where that is its own.
    """

    index: int
    id: str
    group: Group
    password: Secret | None = None
    cert: Path | None = None
    key: Path | None = None
    url: str | None = None

    def profile(self) -> Profile:
        """The group's profile under this station's identity."""
        return self.group.profile.with_identity(self.id, password=self.password, cert=self.cert, key=self.key)


class Population:
    """See the module."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.size = min(plan.count, len(plan.rows)) if plan.rows else plan.count
        self._groups = _interleaved(plan.groups, self.size)
        self._index: dict[str, int] | None = None

    def member(self, index: int) -> Member:
        """The station of an index below ``size``."""
        group = self.plan.groups[self._groups[index]]
        if self.plan.rows:
            row = self.plan.rows[index]
            return Member(index, row.id, group, row.password, row.cert, row.key, row.url)
        return Member(index, self.plan.id_template.format(index + 1), group)

    def index_of(self, station_id: str) -> int | None:
        """The index of an identity; None: there is none."""
        if self._index is None:
            self._index = {self.member(index).id: index for index in range(self.size)}
        return self._index.get(station_id)

    def card(self, index: int, turn: int) -> Card:
        """The card that is shown at a station in its ``turn``-th session, from 0.

        While there are at least as many cards as stations, no card is ever shown at two of them.
        """
        cards = self.plan.cards
        if not cards:
            return Card(f"LT{index + 1:06d}")
        hand = len(cards) // self.size
        return cards[index + turn % hand * self.size] if hand else cards[(index + turn) % len(cards)]


def _interleaved(groups: tuple[Group, ...], size: int) -> bytes | list[int]:
    """The group of each index: always the one that is furthest behind its share."""
    if len(groups) == 1:
        return bytes(size)
    given = [0] * len(groups)
    order: list[int] = []
    for index in range(size):
        behind = [group.weight * (index + 1) - count for group, count in zip(groups, given, strict=True)]
        chosen = behind.index(max(behind))
        given[chosen] += 1
        order.append(chosen)
    return order
