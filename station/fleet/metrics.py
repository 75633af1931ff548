"""What a fleet measures, and totals of it that can be merged.

``Metrics`` hears everything that happens at the stations of one process (it is a ``station.host.measure.Measure``);
``Snapshot`` is plain data: counts that never fall, histograms, and gauges of the moment. Snapshots of several agents
are merged into one. Nothing here judges (``thresholds``) or words (``report``).

Names of counts: ``call.<Action>`` (ended), ``call.<Action>.error.<cause>``, ``asked.<Action>`` (calls of the CSMS),
``asked.<Action>.error.<code>``, ``dial.failed.<kind>``, ``booted``, ``lost_connections``, ``sessions.started``,
``sessions.finished`` (of those started), ``sessions.late`` (steps that came late), ``sessions.lost`` and
``messages.lost`` (by the generator). Of times, in seconds: ``call.<Action>``, ``wire.<Action>`` (see below),
``asked.<Action>``, ``connect``, ``tls``, ``upgrade``, ``accepted`` (first dial to Boot Accepted), ``recovery`` (loss to
accepted again), ``drain`` (recovery to an empty queue), ``remote_start`` (asked to the session that follows),
``loop_lag``, ``gc_pause``. Of gauges: ``stations``, ``up``, ``state.<state of an EVSE>`` (lower case), ``queued``;
merged by sum, but those that begin with ``worst.`` by the greatest.

**From when a time counts.** A call's time ends with its answer and begins when it was sent; a call that failed has no
time, it is an error. While a CSMS stalls, a station sends nothing (it has one call outstanding at most), and a tester
that measured only what was sent would see one slow call a station where all that was to be said in that time came late.
This is "coordinated omission". So waiting is part of a time:

- A value that the clock asked for (periodic, clock-aligned) counts from the moment when it arose.
- All else has waited since the station wanted to say it: a card was shown, a status changed, a transaction began. What
  a card brings about at once was wanted when it was shown. But such calls come several at once, and one after the other
  is how a station talks: had each of the n calls that ended meanwhile been as fast as this one, it would have waited n
  times as long as it took. What it waited longer than that is added. So a CSMS that always takes 100 ms is told as 100
  ms, and a stall as what it was for all that waited.

Waiting for a retry after a CALLERROR or a time-out is part of it. What arose while the station was offline, or before
its boot was accepted, counts from its sending: the outage is told by ``recovery`` and ``drain``. Where nothing is
scheduled (closed loop: each thing happens when the one before was answered) all count from their sending. What the
calls of an action of which some have waited took from their sending alone is ``wire.<Action>``.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import reduce
from typing import Any, Final

import orjson

from station.core.facts import TransactionFact
from station.core.values import TriggerReason
from station.errors import StationError
from station.fleet.histogram import BadHistogram, Histogram
from station.ocpp.outbox import FactRef
from station.ocpp.rpc import Answered, Failed

WORST: Final = "worst."
"""How the names of gauges begin whose merge is the greatest, not the sum."""

_FORMAT: Final = 1
_SCHEDULED: Final = frozenset({TriggerReason.METER_VALUE_PERIODIC, TriggerReason.METER_VALUE_CLOCK})
_CAUSES: Final = 20
"""Error codes that are kept apart for each action: they are the peer's words."""
_CODE_LENGTH: Final = 40
OTHER: Final = "other"


class BadSnapshot(StationError):
    """Bytes that are no snapshot of this program's."""


@dataclass(slots=True)
class Snapshot:
    """Totals since the beginning; see the module."""

    counts: dict[str, int] = field(default_factory=dict)
    times: dict[str, Histogram] = field(default_factory=dict)
    gauges: dict[str, int] = field(default_factory=dict)
    energy_wh: float = 0.0

    def to_bytes(self) -> bytes:
        """Compact bytes for another process."""
        times = {name: [each.to_text(), each.sum_us, each.max_us] for name, each in self.times.items()}
        whole = [_FORMAT, self.counts, times, self.gauges, self.energy_wh]
        return orjson.dumps(whole)

    @classmethod
    def from_bytes(cls, data: bytes) -> Snapshot:
        """What ``to_bytes`` made.

        Raises:
            BadSnapshot: it is none, or was made by another version.
        """
        try:
            whole = orjson.loads(data)
        except orjson.JSONDecodeError as error:
            raise BadSnapshot("not a snapshot of a fleet") from error
        if not isinstance(whole, list) or not whole or not isinstance(whole[0], int):
            raise BadSnapshot("not a snapshot of a fleet")
        if whole[0] != _FORMAT:
            raise BadSnapshot(
                f"a snapshot of another version ({whole[0]} instead of {_FORMAT})",
                "run the same version of ocpp-station on every worker",
            )
        if len(whole) != 5 or isinstance(whole[4], bool) or not isinstance(whole[4], int | float):
            raise BadSnapshot("not a snapshot of a fleet")
        _, counts, times, gauges, energy_wh = whole
        return cls(_numbers(counts, "counts"), _histograms(times), _numbers(gauges, "gauges"), float(energy_wh))


def merged(one: Snapshot, other: Snapshot) -> Snapshot:
    """The totals of both; neither is changed. The order does not matter."""
    return _merged(one, other, set())


def merged_all(snapshots: Iterable[Snapshot]) -> Snapshot:
    """The totals of all of them, none of which is changed; of none: nothing."""
    ours: set[str] = set()
    return reduce(lambda one, other: _merged(one, other, ours), snapshots, Snapshot())


def _merged(one: Snapshot, other: Snapshot, ours: set[str]) -> Snapshot:
    """``ours``: names of histograms in ``one`` that were made here, so that they can be added to."""
    times = _with_wires(one.times, other.times)
    for name, each in _with_wires(other.times, one.times).items():
        if name not in times:
            times[name] = each
            continue
        if name not in ours:
            times[name] = times[name].copy()
            ours.add(name)
        times[name].add(each)
    counts = dict(one.counts)
    for name, count in other.counts.items():
        counts[name] = counts.get(name, 0) + count
    return Snapshot(counts, times, _gauges(one.gauges, other.gauges), one.energy_wh + other.energy_wh)


def _with_wires(mine: Mapping[str, Histogram], theirs: Mapping[str, Histogram]) -> dict[str, Histogram]:
    """With ``wire.<Action>`` where only the others tell it apart: here each call counts from its sending."""
    all_mine = dict(mine)
    for name in theirs:
        call = "call." + name.removeprefix("wire.")
        if name.startswith("wire.") and name not in mine and call in mine:
            all_mine[name] = mine[call].copy()
    return all_mine


def _gauges(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    both = dict(one)
    for name, value in other.items():
        if name in both:
            both[name] = max(both[name], value) if name.startswith(WORST) else both[name] + value
        else:
            both[name] = value
    return both


def _numbers(value: Any, what: str) -> dict[str, int]:
    if not isinstance(value, dict) or not all(type(each) is int for each in value.values()):
        raise BadSnapshot(f"the {what} of a snapshot are not numbers")
    return value


def _histograms(value: Any) -> dict[str, Histogram]:
    if not isinstance(value, dict):
        raise BadSnapshot("the times of a snapshot are not histograms")
    times = {}
    for name, each in value.items():
        match each:
            case [str(text), int(sum_us), int(max_us)]:
                try:
                    times[name] = Histogram.from_text(text, sum_us, max_us)
                except BadHistogram as error:
                    raise BadSnapshot(f"the times of a snapshot: {error.message}") from error
            case _:
                raise BadSnapshot("the times of a snapshot are not histograms")
    return times


class _Times:
    """A histogram that is written to, and its last copy, which serves as long as nothing was added."""

    __slots__ = ("_copy", "live")

    def __init__(self) -> None:
        self.live = Histogram()
        self._copy: Histogram | None = None

    def copy(self) -> Histogram:
        if self._copy is None or self._copy.count != self.live.count:
            self._copy = self.live.copy()
        return self._copy


class _Calls:
    """What is known of the calls of one action."""

    __slots__ = ("errors", "failed", "times", "wire")

    def __init__(self) -> None:
        self.times = _Times()
        self.wire: _Times | None = None
        self.failed = 0
        self.errors: dict[str, int] | None = None

    def fail(self, cause: str) -> None:
        self.failed += 1
        if self.errors is None:
            self.errors = {}
        cause = cause if cause in self.errors or len(self.errors) < _CAUSES else OTHER
        self.errors[cause] = self.errors.get(cause, 0) + 1

    def split(self) -> None:
        """From now on what a call took from its sending is kept apart."""
        self.wire = _Times()
        self.wire.live = self.times.live.copy()


class Metrics:
    """See the module.

    Args:
        now: seconds of a monotonic clock.
        station_now: seconds of the station time that all stations share, by which values are scheduled; None: nothing
            is scheduled, or each station has a time of its own.
        speed: station seconds per second.
    """

    def __init__(
        self,
        now: Callable[[], float] = time.perf_counter,
        station_now: Callable[[], float] | None = None,
        speed: float = 1.0,
    ) -> None:
        self.now = now
        self._station_now = station_now
        self._speed = speed
        self._called: dict[str, _Calls] = {}
        self._asked: dict[str, _Calls] = {}
        self._times: dict[str, _Times] = {}
        self._counts: dict[str, int] = {}
        self._energy_wh = 0.0

    def closed_loop(self) -> ClosedLoop:
        """A listener for stations whose values nobody schedules; it counts here."""
        return ClosedLoop(self)

    # What a station's conversation tells (``Measure``)

    def answered(
        self, call: Answered, elapsed_s: float, sent_s: float = 0.0, ended: int = 0, held_s: float = 0.0
    ) -> None:
        """See ``Measure``; ``held_s`` more the call was held up by the plan."""
        try:
            calls = self._called[call.action]
        except KeyError:
            calls = self._called[call.action] = _Calls()
        ref: Any = call.ref
        whole_s, scheduled = elapsed_s, False
        if type(ref) is FactRef and type(ref.fact) is TransactionFact and ref.fact.trigger in _SCHEDULED:
            if self._station_now is not None and not ref.fact.offline:
                whole_s = max((self._station_now() - ref.fact.stamp.at_s) / self._speed - held_s, elapsed_s)
                scheduled = True
        elif (wish := ref.wish) is not None and wish[1] != ended:
            # Those before it, had they been as fast as this one, are how a station talks; what is left is the stall.
            whole_s += max(0.0, sent_s - wish[0] - (ended - wish[1]) * elapsed_s)
        if (scheduled or whole_s > elapsed_s) and calls.wire is None:
            calls.split()
        calls.times.live.record(whole_s)
        if calls.wire is not None:
            calls.wire.live.record(elapsed_s)

    def answered_as_sent(
        self, call: Answered, elapsed_s: float, sent_s: float = 0.0, ended: int = 0, held_s: float = 0.0
    ) -> None:
        """The same where nothing is scheduled."""
        try:
            calls = self._called[call.action]
        except KeyError:
            calls = self._called[call.action] = _Calls()
        calls.times.live.record(elapsed_s)
        if calls.wire is not None:
            calls.wire.live.record(elapsed_s)

    def failed(self, call: Failed, elapsed_s: float) -> None:
        """A call of a station got no usable answer."""
        calls = self._called.get(call.action)
        if calls is None:
            calls = self._called[call.action] = _Calls()
        calls.fail(_code(call.code) or "CallError" if call.cause == "CallError" else call.cause)

    def replied(self, action: str, elapsed_s: float, code: str) -> None:
        """A call of the CSMS was answered so long after it came; ``code`` of a CALLERROR, or empty."""
        calls = self._asked.get(action)
        if calls is None:
            calls = self._asked[action] = _Calls()
        if code:
            calls.fail(_code(code))
        else:
            calls.times.live.record(elapsed_s)

    # What the fleet tells

    def count(self, name: str, by: int = 1) -> None:
        """One more of something; never less (``by`` from 0)."""
        self._counts[name] = self._counts.get(name, 0) + by

    def took(self, name: str, elapsed_s: float) -> None:
        """Something took this long."""
        times = self._times.get(name)
        if times is None:
            times = self._times[name] = _Times()
        times.live.record(elapsed_s)

    def times(self, name: str) -> Histogram:
        """Where ``took`` of this name writes: for who records often. Only record there."""
        if name not in self._times:
            self._times[name] = _Times()
        return self._times[name].live

    def delivered(self, energy_wh: float) -> None:
        """A session delivered this much energy."""
        self._energy_wh += energy_wh

    def snapshot(self, gauges: dict[str, int]) -> Snapshot:
        """Totals so far, with the gauges of this moment."""
        counts = dict(self._counts)
        times = {name: each.copy() for name, each in self._times.items()}
        for prefix, every in (("call.", self._called), ("asked.", self._asked)):
            for action, calls in every.items():
                name = prefix + action
                counts[name] = calls.times.live.count + calls.failed
                times[name] = calls.times.copy()
                if calls.wire is not None:
                    times["wire." + action] = calls.wire.copy()
                for cause, count in (calls.errors or {}).items():
                    counts[f"{name}.error.{cause}"] = count
        return Snapshot(counts, times, gauges, self._energy_wh)


class ClosedLoop:
    """A ``Measure`` for stations of a closed loop, where each value is taken when the one before was answered."""

    __slots__ = ("answered", "failed", "now", "replied")

    def __init__(self, metrics: Metrics) -> None:
        self.now = metrics.now
        self.answered = metrics.answered_as_sent
        self.failed = metrics.failed
        self.replied = metrics.replied


def _code(text: str) -> str:
    """An error code as the peer wrote it, fit for a name: short, printable, without the dot that separates names."""
    return "".join(letter if letter.isprintable() and letter != "." else "?" for letter in text[:_CODE_LENGTH])
