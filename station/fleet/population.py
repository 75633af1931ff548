"""Who the stations of a fleet are: index to identity, group, credentials and cards. A pure function of the plan.

The groups are interleaved, so that the first n stations have the groups in their shares for every n.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from station.config import Profile, Secret
from station.config.profile import derived_security_profile
from station.fleet.id_template import fill_password
from station.fleet.interleave import interleaved
from station.fleet.plan import Card, Group, Plan
from station.fleet.variants import with_evses

if TYPE_CHECKING:
    from station.fleet.certificates import Issuer


@dataclass(frozen=True, slots=True)
class Member:
    """A station of the population.

    Attributes:
        index: from 0.
        id: the identity.
        group: what it is, and what its drivers do; stations of as many EVSEs share one.
        url: where it dials, where that is its own.
        issuer: makes its certificate, where it has none and shows one.
    """

    index: int
    id: str
    group: Group
    password: Secret | None = None
    cert: Path | None = None
    key: Path | None = None
    url: str | None = None
    issuer: Issuer | None = field(default=None, repr=False, compare=False)

    def profile(self) -> Profile:
        """The group's profile under this station's identity.

        Raises:
            StationError: its certificate cannot be made.
        """
        profile = self.group.profile if self.url is None else _at(self.group.profile, self.url)
        cert, key = self.cert, self.key
        if self.issuer is not None and cert is None and (profile.csms.url or "").startswith("wss:"):
            # Here and not above: most fleets do without cryptography.
            from station.fleet.certificates import organization_of

            cert, key = self.issuer.files(self.id, organization_of(profile))
        return profile.with_identity(self.id, password=self.password, cert=cert, key=key)


class Population:
    """See the module."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.size = min(plan.count, len(plan.rows)) if plan.rows else plan.count
        self._groups = interleaved([group.weight for group in plan.groups], self.size)
        self._index: dict[str, int] | None = None
        self._variants: dict[tuple[int, int], Group] = {}
        self._issuer: Issuer | None = None

    def member(self, index: int) -> Member:
        """The station of an index below ``size``."""
        number = self._groups[index]
        group = self.plan.groups[number]
        if self.plan.rows:
            row = self.plan.rows[index]
            if row.connectors is not None:
                group = self._variant(number, row.connectors)
            password = row.password or self._password(row.id, index)
            return Member(index, row.id, group, password, row.cert, row.key, row.url, self._authority())
        name = self._id(index)
        return Member(index, name, group, self._password(name, index), issuer=self._authority())

    def _id(self, index: int) -> str:
        return self.plan.rows[index].id if self.plan.rows else self.plan.id_template.format(index + 1)

    def _password(self, station_id: str, index: int) -> Secret | None:
        template = self.plan.password
        return None if template is None else Secret(fill_password(template.reveal(), station_id, index + 1))

    def _variant(self, number: int, evses: int) -> Group:
        """The group with another number of EVSEs, one for all stations that have as many."""
        variant = self._variants.get((number, evses))
        if variant is None:
            group = self.plan.groups[number]
            profile = with_evses(group.profile, evses)
            variant = group if profile is group.profile else replace(group, profile=profile)
            self._variants[number, evses] = variant
        return variant

    def _authority(self) -> Issuer | None:
        if self._issuer is None and self.plan.certificates is not None:
            from station.fleet.certificates import Issuer

            self._issuer = Issuer(self.plan.certificates)
        return self._issuer

    def group_of(self, index: int) -> Group:
        """The group of an index."""
        return self.plan.groups[self._groups[index]]

    def index_of(self, station_id: str) -> int | None:
        """The index of an identity; None: there is none."""
        if self._index is None:
            self._index = {self._id(index): index for index in range(self.size)}
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


def _at(profile: Profile, url: str) -> Profile:
    """The profile of a station that dials elsewhere."""
    csms = replace(profile.csms, url=url)
    if not any(short.path == "csms.security.profile" for short in profile.short_names):
        csms = replace(csms, security=replace(csms.security, profile=derived_security_profile(url, csms.security)))
    return replace(profile, csms=csms)
