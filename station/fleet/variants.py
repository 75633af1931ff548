"""A profile with another number of EVSEs: stations of one group differ in nothing else. Called by ``population``."""

from __future__ import annotations

from dataclasses import replace

from station.config import EvseConfig, Profile


def with_evses(profile: Profile, count: int) -> Profile:
    """The same station with ``count`` EVSEs, at least 1: its own, and then its own over again.

    The limit of the whole station stays where it was below the sum of the EVSEs, else it is the new sum.
    """
    if count == len(profile.evses):
        return profile
    evses: list[EvseConfig] = []
    number = 1
    for index in range(count):
        like = profile.evses[index % len(profile.evses)]
        connectors = tuple(replace(one, number=number + place) for place, one in enumerate(like.connectors))
        number += len(connectors)
        evses.append(replace(like, id=index + 1, connectors=connectors))
    limit = profile.station.max_current_a
    if limit >= sum(evse.max_current_a for evse in profile.evses):
        limit = sum(evse.max_current_a for evse in evses)
    ids = tuple(evse.id for evse in evses)
    readers = tuple(replace(reader, evses=ids) for reader in profile.auth.readers)
    return replace(
        profile,
        station=replace(profile.station, max_current_a=limit),
        evses=tuple(evses),
        auth=replace(profile.auth, readers=readers),
    )
