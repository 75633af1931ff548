"""What a word of a storm does to one station, and the weather that stations are in meanwhile.

``storms`` says whom and when. What a station refuses (it is down, nothing runs that could be stopped) is counted, and
nobody's mistake.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Protocol, cast

from station.core.values import StopReason
from station.fleet.chance import key_of
from station.fleet.network import Dial, Disturbance, HeldMeasure, Measured, disturb
from station.fleet.plan import Network, Storm
from station.fleet.population import Population
from station.fleet.storm_words import WORDS
from station.host.commands.common import stop_reason
from station.host.execution import CommandRefused
from station.net import Connection, DialFailed, Listener, Target
from station.net.errors import FailureKind

if TYPE_CHECKING:
    from station.host.host import Host

_log = logging.getLogger(__name__)

BATCH: Final = 50
"""Stations struck in a turn of the loop: a cut takes 0.1 to 0.2 ms, a command some 0.3 ms, a boot 1 ms."""
_BATCH_OF_COMMANDS: Final = 25
_BATCH_OF_BOOTS: Final = 10
_ANSWER_S: Final = 60.0
"""A command that was not answered so long after it is waited for no more."""
_OWN_CARD: Final = frozenset({"tap", "start_transaction", "authorize"})
_ANY_PLACE: Final = frozenset({"tap"})
"""Commands that mean a reader of all EVSEs where they name no connector."""


class Afflicted(Protocol):
    """What a storm needs of a station.

    Attributes:
        host: the station.
        paused: its drivers begin no session.
        stands_ready: its drivers plug in where the CSMS starts a session remotely, whatever their behaviour says.
    """

    host: Host
    paused: bool
    stands_ready: bool

    def act(self) -> None:
        """Let its drivers look whether there is something to do now."""
        ...


class DialBarred(DialFailed):
    """A storm refused the dial, not the CSMS."""

    def __init__(self, url: str) -> None:
        super().__init__(FailureKind.REFUSED, f"{url}: refused by the plan (csms_restart, blackout)")


class Weather:
    """What the stations of an agent are in: dials that are refused, and networks that are bad.

    Args:
        population: who there is.
        dial: makes connections.
        now: seconds of the clock by which calls are measured.
        count: hears what happened: ``storms.struck``, ``storms.refused``, ``network.dropped``, ``network.reset``.
    """

    def __init__(
        self, population: Population, dial: Dial, now: Callable[[], float], count: Callable[[str], None]
    ) -> None:
        self.population = population
        self.count = count
        self._dial = dial
        self._now = now
        self._loop = asyncio.get_running_loop()
        self._bars: dict[int, int] = {}
        self._networks: dict[int, list[Network]] = {}
        self._disturbances: dict[int, Disturbance] = {}
        self._open: list[tuple[float, asyncio.Future[dict[str, Any]]]] = []
        self._sweep: asyncio.TimerHandle | None = None
        self._always_clean = all(group.network.clean for group in population.plan.groups)

    async def dial(self, index: int, unit: Afflicted | None, target: Target, listener: Listener) -> Connection:
        """Make a connection of this station.

        Raises:
            DialBarred: a storm is on.
            DialFailed: as the dialler.
        """
        if index in self._bars:
            raise DialBarred(target.url)
        connection = await self._dial(target, listener)
        if index in self._bars:  # the storm came meanwhile
            connection.abort()
            raise DialBarred(target.url)
        if unit is None or (self._always_clean and index not in self._networks) or self._network(index).clean:
            return connection
        return disturb(connection, listener, self._disturbance(index, unit))

    def execute(self, host: Host, command: str, params: Mapping[str, Any]) -> None:
        """Let a station carry out a command; nobody waits for the answer."""
        try:
            done = host.execute(command, params).done
        except CommandRefused as problem:
            _log.debug("%s: %s: %s", host.id, command, problem.message)
            self.count("storms.refused")
            return
        done.add_done_callback(self._answered)
        if not done.done():
            self._open.append((self._loop.time() + _ANSWER_S, done))
            if self._sweep is None:
                self._sweep = self._loop.call_later(_ANSWER_S, self._give_up)

    def _answered(self, done: asyncio.Future[dict[str, Any]]) -> None:
        if not done.cancelled() and done.exception() is not None:
            self.count("storms.refused")

    def _give_up(self) -> None:
        """Wait no more for what was not answered in time."""
        now_s = self._loop.time()
        late = [done for due_s, done in self._open if due_s <= now_s]
        self._open = [(due_s, done) for due_s, done in self._open if due_s > now_s and not done.done()]
        for done in late:
            done.cancel()
        self._sweep = self._loop.call_at(self._open[0][0], self._give_up) if self._open else None

    def close(self) -> None:
        """The agent ends."""
        if self._sweep is not None:
            self._sweep.cancel()

    # Bars

    def bar(self, index: int) -> None:
        """No dial of this station succeeds until as many ``unbar``."""
        self._bars[index] = self._bars.get(index, 0) + 1

    def unbar(self, index: int) -> None:
        """See ``bar``."""
        left = self._bars.get(index, 0) - 1
        if left > 0:
            self._bars[index] = left
        else:
            self._bars.pop(index, None)

    # Networks

    def worsen(self, index: int, unit: Afflicted | None, network: Network) -> None:
        """The network of this station is like this from now on; the last one counts."""
        self._networks.setdefault(index, []).append(network)
        if unit is None:
            return
        disturbance = self._disturbance(index, unit)
        unit.host.runner.link.interpose(partial(disturb, disturbance=disturbance))

    def mend(self, index: int, network: Network) -> None:
        """It is not like this any more."""
        stack = self._networks.get(index)
        if stack is not None and network in stack:
            stack.remove(network)
            if not stack:
                del self._networks[index]
        disturbance = self._disturbances.get(index)
        if disturbance is not None:
            disturbance.network = self._network(index)

    def _network(self, index: int) -> Network:
        stack = self._networks.get(index)
        return stack[-1] if stack else self.population.member(index).group.network

    def _disturbance(self, index: int, unit: Afflicted) -> Disturbance:
        disturbance = self._disturbances.get(index)
        network = self._network(index)
        if disturbance is None:
            key = key_of(f"{self.population.plan.seed}/network/{index}")
            disturbance = self._disturbances[index] = Disturbance(key, network, self._now, self.count)
        around = unit.host.runner.around
        if around.measure is not None and not isinstance(around.measure, Measured):
            around.measure = unit.host.runner.engine.measure = Measured(cast(HeldMeasure, around.measure), disturbance)
        disturbance.network = network
        return disturbance


# What a word does


@dataclass(frozen=True, slots=True)
class Strike:
    """The beginning or the end of something, at one station.

    Attributes:
        act: what happens to a station of the population that is struck; the unit is None where it is not here.
        batch: so many in a turn of the loop.
    """

    act: Callable[[Weather, int, Afflicted | None], None]
    batch: int = BATCH


def strikes_of(storm: Storm) -> tuple[tuple[Strike, ...], Strike | None]:
    """What a storm does to each station at its beginning, one after the other, and at its end."""
    made = _COMPOUND.get(storm.do)
    if made is not None:
        return made(storm)
    begins = Strike(_command(storm.do, storm.params, told=True), _BATCH_OF_COMMANDS)
    ending = WORDS[storm.do].ends
    if ending is None:
        return (begins,), None
    command, fixed = ending
    known = WORDS[command].params
    params = {name: value for name, value in storm.params.items() if name in known} | dict(fixed)
    return (begins,), Strike(_command(command, params), _BATCH_OF_COMMANDS)


def _command(
    command: str, params: Mapping[str, Any], *, told: bool = False
) -> Callable[[Weather, int, Afflicted | None], None]:
    """A command of a station; where it names no connector, at each of them."""
    placed = "connector" in WORDS[command].params and command not in _ANY_PLACE and params.keys().isdisjoint(_PLACE)
    own_card = command in _OWN_CARD and "tagId" not in params

    def act(weather: Weather, index: int, unit: Afflicted | None) -> None:
        if unit is None:
            return
        if told:
            weather.count("storms.struck")
        given = dict(params)
        if own_card:
            card = weather.population.card(index, 0)
            given |= {"tagId": card.id_tag, "tokenType": card.type}
        connectors = sum(len(evse.connector_ids) for evse in unit.host.runner.engine.evses)
        if not placed or connectors < 2:
            weather.execute(unit.host, command, given)
            return
        for connector in range(1, connectors + 1):
            weather.execute(unit.host, command, {**given, "connector": connector})

    return act


_PLACE: Final = frozenset({"connector", "evse"})


def _at_unit(act: Callable[[Afflicted], None], *, told: bool = False) -> Strike:
    """Something that happens to a station where it is here."""

    def strike(weather: Weather, index: int, unit: Afflicted | None) -> None:
        del index
        if unit is not None:
            if told:
                weather.count("storms.struck")
            act(unit)

    return Strike(strike)


def _cut(unit: Afflicted) -> None:
    unit.host.runner.link.drop("cut by the plan")


def _redial(unit: Afflicted) -> None:
    if not unit.host.runner.stay_offline:
        unit.host.runner.connect()


def _reconnect_storm(storm: Storm) -> tuple[tuple[Strike, ...], Strike | None]:
    del storm
    return (_at_unit(_cut, told=True), _at_unit(_redial)), None


def _csms_restart(storm: Storm) -> tuple[tuple[Strike, ...], Strike | None]:
    del storm

    def begin(weather: Weather, index: int, unit: Afflicted | None) -> None:
        weather.bar(index)
        if unit is not None:
            weather.count("storms.struck")
            _cut(unit)

    return (Strike(begin),), Strike(lambda weather, index, unit: weather.unbar(index))


def _blackout(storm: Storm) -> tuple[tuple[Strike, ...], Strike | None]:
    reason = stop_reason(storm.params.get("reason", StopReason.POWER_LOSS.value))
    keep = storm.params.get("keepTransactions")

    def begin(weather: Weather, index: int, unit: Afflicted | None) -> None:
        weather.bar(index)
        if unit is not None:
            weather.count("storms.struck")
            unit.host.runner.restarts.power_cut()

    def end(weather: Weather, index: int, unit: Afflicted | None) -> None:
        weather.unbar(index)
        if unit is not None:
            unit.host.runner.restarts.power_back(reason, keep)
            _redial(unit)

    return (Strike(begin),), Strike(end, _BATCH_OF_BOOTS)


def _ready(unit: Afflicted, ready: bool) -> None:
    unit.stands_ready = ready


def _paused(unit: Afflicted, paused: bool) -> None:
    unit.paused = paused
    if not paused:
        unit.act()


def _remote_starts(storm: Storm) -> tuple[tuple[Strike, ...], Strike | None]:
    del storm
    return (_at_unit(partial(_ready, ready=True), told=True),), _at_unit(partial(_ready, ready=False))


def _network(storm: Storm) -> tuple[tuple[Strike, ...], Strike | None]:
    network = Network(**storm.params)

    def begin(weather: Weather, index: int, unit: Afflicted | None) -> None:
        if unit is not None:
            weather.count("storms.struck")
        weather.worsen(index, unit, network)

    return (Strike(begin),), Strike(lambda weather, index, unit: weather.mend(index, network))


def _pause(storm: Storm) -> tuple[tuple[Strike, ...], Strike | None]:
    del storm
    return (_at_unit(partial(_paused, paused=True), told=True),), _at_unit(partial(_paused, paused=False))


def _resume(storm: Storm) -> tuple[tuple[Strike, ...], Strike | None]:
    del storm
    return (_at_unit(partial(_paused, paused=False), told=True),), None


_COMPOUND: Final[Mapping[str, Callable[[Storm], tuple[tuple[Strike, ...], Strike | None]]]] = {
    "reconnect_storm": _reconnect_storm,
    "csms_restart": _csms_restart,
    "blackout": _blackout,
    "power_cycle": _blackout,
    "remote_starts": _remote_starts,
    "network": _network,
    "pause": _pause,
    "resume": _resume,
}
