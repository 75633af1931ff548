"""What all stations of an agent share, and what those of a kind share: clocks, figures, schedule, profile and plan."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, Protocol

from station.clock import Clock
from station.config import Profile
from station.config.errors import Position
from station.config.profile import ShortName
from station.core.meter import METER
from station.core.records import Batch, Put
from station.fleet.census import Census
from station.fleet.metrics import Metrics
from station.fleet.patterns import visits_of
from station.fleet.plan import Group, Plan
from station.fleet.population import Member, Population
from station.fleet.scene import Scene
from station.fleet.schedule import Schedule
from station.host.kind import Kind
from station.net import Connection, DialFailed, Listener, Target
from station.store import MemoryStore

if TYPE_CHECKING:
    from station.fleet.unit import Unit

Dial = Callable[["Unit", Target, Listener], Awaitable[Connection]]

NEVER_S: Final = 86_400.0
"""An interval of what is not wanted by itself: nearly never."""

_SAMPLE: Final = "metering.sample"
_SAMPLE_NAMES: Final = frozenset({"TxUpdatedInterval", "MeterValueSampleInterval"})


class Owner(Protocol):
    """The agent, for its stations."""

    def accepted(self, unit: Unit) -> None:
        """A station's first boot here was accepted."""
        ...


@dataclass(slots=True)
class Cast:
    """What the stations of a group with the same number of EVSEs, secured in the same way, share.

    Attributes:
        group: theirs, with the profile that they have here.
        kind: what their hosts share.
        scene: what their drivers share.
    """

    group: Group
    kind: Kind
    scene: Scene

    def profile_of(self, member: Member) -> Profile:
        """The profile of one of them."""
        return replace(member, group=self.group).profile()


@dataclass(slots=True)
class World:
    """See the module.

    Attributes:
        plan: what is run.
        population: who there is.
        metrics: hears of everything.
        loop: the event loop.
        clock: station time, of all stations.
        schedule: rings for the drivers.
        dial: makes a station's connections.
        owner: the agent.
        began_s: the run's time 0, in the loop's time.
        went_s: when all were up, in the loop's time; None: they are not.
        paused: no session begins.
        ups: stations that are connected and accepted.
        census: counts the states of EVSEs.
        trouble: the last dial that failed.
    """

    plan: Plan
    population: Population
    metrics: Metrics
    loop: asyncio.AbstractEventLoop
    clock: Clock
    schedule: Schedule
    dial: Dial
    owner: Owner
    began_s: float
    went_s: float | None = None
    paused: bool = False
    ups: int = 0
    census: Census = field(default_factory=Census)
    trouble: DialFailed | None = None
    scenes: dict[str, Scene] = field(default_factory=dict)
    _casts: dict[tuple[object, ...], Cast] = field(default_factory=dict)

    def cast(self, member: Member) -> Cast:
        """What a station shares with others of its kind. How they secure their connections is part of that."""
        group = member.group
        secured = (member.password is not None, (member.cert or member.issuer) is not None)
        key = (group.name, len(group.profile.evses), *secured, (member.url or "").partition(":")[0])
        cast = self._casts.get(key)
        if cast is None:
            scene = self._scene(group)
            group = replace(group, profile=adapted(group.profile, fed=scene.feeds_samples))
            kind = Kind(replace(member, group=group).profile(), instant=True, frames=False)
            cast = self._casts[key] = Cast(group, kind, scene)
        return cast

    def store(self, cast: Cast, attempt: int) -> MemoryStore:
        """What a station finds of its life before: nothing, or registers that are not below any that were told.

        Its memory went with whoever ran it. So registers go on where they would be had the EVSE delivered its greatest
        power since the run began; they were never above that. The Wh for each attempt is what rounding up may add.

        Args:
            cast: what it shares.
            attempt: how often it was assigned before.
        """
        store = MemoryStore()
        if attempt:
            hours = (self.loop.time() - self.began_s) * self.plan.speed / 3600
            bays = [(str(evse.id), cast.kind.bay_options(evse)) for evse in cast.group.profile.evses]
            rows = [
                Put(METER, key, float(math.ceil(hours * bay.max_current_a * bay.phases * bay.voltage_v) + attempt))
                for key, bay in bays
                if bay.meter.counts == "lifetime"
            ]
            store.commit(Batch(0, tuple(rows)), None)
        return store

    def _scene(self, group: Group) -> Scene:
        scene = self.scenes.get(group.name)
        if scene is None:
            plan = self.plan
            visits = visits_of(group.behaviour, plan.seed, plan.begins_s)
            scene = self.scenes[group.name] = Scene(
                group.behaviour, visits, self.population, self.metrics, self.schedule, self.loop, plan.speed
            )
            scene.origin_s = self.began_s if group.behaviour.start == "at once" else self.went_s
            scene.paused = self.paused
        return scene

    def go(self, at_s: float) -> None:
        """All are up, at this time of the run."""
        self.went_s = self.began_s + at_s
        for scene in self.scenes.values():
            if scene.origin_s is None:
                scene.origin_s = self.went_s

    def pause(self, paused: bool) -> None:
        """Whether sessions may begin."""
        self.paused = paused
        for scene in self.scenes.values():
            scene.paused = paused


def adapted(profile: Profile, *, fed: bool) -> Profile:
    """The profile of a fleet's station.

    The register is recorded with what is told of it, and not in between: that is for a store that outlives the process.

    Args:
        profile: as the plan has it.
        fed: the driver says when a value is due: the station's own interval is a day, unless the profile sets it as a
            variable.
    """
    metering, shorts = replace(profile.metering, record_s=NEVER_S), profile.short_names
    if fed and not any(entry.address.variable in _SAMPLE_NAMES for entry in profile.variables):
        metering = replace(metering, sample_s=NEVER_S)
        sample = ShortName(_SAMPLE, NEVER_S, Position("behaviour"))
        shorts = (*(short for short in shorts if short.path != _SAMPLE), sample)
    return replace(profile, metering=metering, short_names=shorts)
