"""Stages, events, thresholds and behaviours of a plan: from the model to ``station.fleet.plan``.

Called by ``plan_file``.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from station.config import Position
from station.config.errors import Problem, ValueRefusedError, did_you_mean
from station.config.nodes import ListNode, MapNode, Node, ScalarNode, find, key_position, to_plain
from station.config.units import parse_duration
from station.fleet.plan import DAY_S, Behaviour, Network, Pattern, Stage, Storm
from station.fleet.plan_draft import Draft
from station.fleet.plan_model import NO_WORD, BehaviourBlock, NetworkBlock
from station.fleet.plan_shares import Sizes
from station.fleet.storm_words import WORDS, Refusal, looked_at

DIALS_PER_S: Final = 100.0
"""Of the ramp where none is written."""

_HOUR_S: Final = 3600.0
_SESSION_S: Final[dict[Pattern, float]] = {"rush-hour": _HOUR_S, "highway": 0.5 * _HOUR_S}
_DEFAULT_SESSION_S: Final = 30.0
_DEFAULT_PAUSE_S: Final = 30.0

_MEANT_FOR: Final[dict[str, tuple[Pattern, ...]]] = {
    "samples": ("back-to-back",),
    "session": ("paced", "rush-hour", "highway"),
    "pause": ("paced",),
    "sample": ("paced", "commuter", "rush-hour", "highway"),
    "day": ("commuter", "rush-hour", "highway"),
}


def behaviour(draft: Draft, index: int, block: BehaviourBlock) -> Behaviour:
    """What a group's drivers do."""
    for key, patterns in _MEANT_FOR.items():
        if draft.given("groups", index, "behaviour", key) and block.pattern not in patterns:
            where = key_position(draft.root, ("groups", index, "behaviour", key))
            draft.warn(where, f"{key} says nothing to the pattern {block.pattern}; it is for {', '.join(patterns)}")
    return Behaviour(
        pattern=block.pattern,
        samples=10 if block.samples is None else block.samples,
        session_s=block.session or _session_s(block),
        pause_s=_DEFAULT_PAUSE_S if block.pause is None else block.pause,
        sample_s=block.sample,
        start=block.start,
        stop=block.stop,
        day_s=block.day or DAY_S,
        answers_remote=block.answers_remote,
    )


def _session_s(block: BehaviourBlock) -> float:
    """The session where none is written: a stay of a short day is as much shorter."""
    stay_s = _SESSION_S.get(block.pattern)
    return _DEFAULT_SESSION_S if stay_s is None else stay_s * (block.day or DAY_S) / DAY_S


def network(block: NetworkBlock) -> Network:
    """What is done to messages."""
    return Network(block.latency, block.jitter, block.drop / 100, block.reset / 100)


def stages(draft: Draft, sizes: Sizes | None) -> tuple[Stage, ...]:
    """The stages; ``--ramp`` and ``--for`` make one of all stations.

    Args:
        sizes: None: not known for other mistakes; then only what is wrong with any number of stations is said.
    """
    flags, plan = draft.flags, draft.model.plan
    ramp_s = _flag(draft, "--ramp", flags.ramp)
    for_s = _flag(draft, "--for", flags.run_for, above_zero=True)
    written = draft.model.stages
    if written is None or ramp_s is not None or for_s is not None:
        if written is not None:
            flag = Position("--ramp" if for_s is None else "--for")
            draft.warn(flag, "the plan's stages give way to a single one of all stations")
        ramp_s = plan.ramp if ramp_s is None else ramp_s
        for_s = plan.run_for if for_s is None else for_s
        count = 0 if sizes is None else sizes.count
        return (Stage(count, _ramp(ramp_s, count), _for(draft, for_s)),)
    made: list[Stage] = []
    for index, block in enumerate(written):
        steps = ("stages", index)
        lasts = block.lasts or plan.run_for
        known = draft.sound(*steps, "for") and draft.sound("plan", "for")
        if lasts is None and index < len(written) - 1 and known:
            draft.fault(steps, "how long it is held is missing", "write it like {stations: 100, for: 2m}")
        if (block.stations is None) == (block.share is None):
            if draft.sound(*steps, "stations") and draft.sound(*steps, "share"):
                said = "a stage has stations or a share of all, one of them"
                draft.fault(steps, said, "write it like {stations: 100}")
            continue
        if sizes is None:
            continue
        stations = round(sizes.count * block.share / 100 if block.share is not None else _scaled(block.stations, sizes))
        if stations > sizes.count:
            said = f"{block.stations} stations, and there are {sizes.count}"
            draft.fault((*steps, "stations"), said, "write stations: {count: …} for more")
        change = abs(stations - (made[-1].stations if made else 0))
        ramp = plan.ramp if block.ramp is None else block.ramp
        made.append(Stage(stations, _ramp(ramp, change), _for(draft, lasts)))
    return tuple(made)


def _scaled(stations: int | None, sizes: Sizes) -> float:
    return (stations or 0) * sizes.scale


def _ramp(ramp_s: float | None, stations: int) -> float:
    return stations / DIALS_PER_S if ramp_s is None else ramp_s


def _for(draft: Draft, for_s: float | None) -> float:
    if for_s is not None:
        return for_s
    return DAY_S if draft.flags.virtual else math.inf


def _flag(draft: Draft, flag: str, text: str | None, *, above_zero: bool = False) -> float | None:
    if text is None:
        return None
    try:
        seconds = parse_duration(text, bare=False)
        if above_zero and seconds <= 0:
            raise ValueRefusedError("must be more than 0")
    except ValueRefusedError as error:
        draft.fault_at(Position(flag), error, f"'{text[:40]}'")
        return None
    return seconds


def storms(draft: Draft, names: Sequence[str], places: Mapping[str, Mapping[str, int]]) -> Iterator[Storm]:
    """What befalls the stations, in the order of the plan.

    Args:
        names: of the groups.
        places: of the groups that are sound: how many of ``evse`` and ``connector`` their stations have at most.
    """
    named = all(draft.known("groups", index, "name") for index in range(len(names)))
    for index, block in enumerate(draft.model.events):
        steps = ("events", index)
        if block.group is not None and block.group not in names and named:
            said = f"there is no group '{block.group[:60]}'"
            draft.fault((*steps, "group"), said, did_you_mean(block.group, names))
        if block.do == NO_WORD and not draft.sound(*steps, "do"):
            continue
        if block.do not in WORDS:
            draft.fault((*steps, "do"), f"nothing is called '{block.do[:60]}'", _meant(block.do))
            continue
        params, refusals = looked_at(block.do, _params(draft, index), block.lasts)
        draft.take(_problem(draft, index, one) for one in refusals if not _left_out(draft, index, one))
        concerned = [block.group] if block.group is not None else list(names)
        if all(name in places for name in concerned):
            _check_place(draft, index, params, [places[name] for name in concerned])
        yield Storm(
            at_s=block.at,
            do=block.do,
            share=block.share / 100,
            for_s=block.lasts,
            params=params,
            group=block.group or "",
            spread_s=block.spread,
        )


def _problem(draft: Draft, index: int, refusal: Refusal) -> Problem:
    steps: tuple[str | int, ...] = ("events", index, *refusal.where)
    of_key = refusal.where[0] == "params"
    where = key_position(draft.root, steps) if of_key else draft.position(*steps)
    return Problem(where, f"events[{index}]: {refusal.message}", refusal.hint or "")


def _left_out(draft: Draft, index: int, refusal: Refusal) -> bool:
    """Whether somebody wrote what is missed, with another mistake in it."""
    there = draft.sound("events", index, "for") and draft.sound("events", index, "params")
    return refusal.missed and not there


def _check_place(draft: Draft, index: int, params: Mapping[str, Any], places: Sequence[Mapping[str, int]]) -> None:
    """A connector or an EVSE that no station has; one that some have is theirs."""
    for name in ("connector", "evse"):
        number, most = params.get(name), max(place[name] for place in places)
        if isinstance(number, int) and number > most:
            said = f"events[{index}]: {name} {number}: these stations have {most}"
            hint = f"write 1 to {most}" if most > 1 else "write 1, or leave it out"
            draft.problems.append(Problem(draft.position("events", index, "params", name), said, hint))


def _meant(word: str) -> str:
    return did_you_mean(word.replace("-", "_"), WORDS)


def _params(draft: Draft, index: int) -> dict[str, Any]:
    """Texts, as they were written; what is nested is JSON (a payload) and has its types."""
    node = find(draft.root, ("events", index, "params"))
    if not isinstance(node, MapNode):
        return {}
    plain = {name: _json(one) if isinstance(one, MapNode) else to_plain(one) for name, one in node.values.items()}
    return {name: str(value) if isinstance(value, str) else value for name, value in plain.items()}


def _json(node: Node) -> Any:
    if isinstance(node, MapNode):
        return {name: _json(one) for name, one in node.values.items()}
    if isinstance(node, ListNode):
        return [_json(one) for one in node.items]
    return _json_scalar(node)


def _json_scalar(node: ScalarNode) -> Any:
    """What YAML's JSON schema makes of a plain text."""
    text = node.text
    if not node.plain or node.origin:
        return text
    words: dict[str, Any] = {"": None, "~": None, "null": None, "true": True, "false": False}
    if text in words:
        return words[text]
    for kind in (int, float):
        try:
            number = kind(text)
        except ValueError:
            continue
        # Leading zeros and signs are texts: card numbers, serials.
        plainly = text[0] in "-.123456789" or text == "0" or text.startswith("0.")
        return number if plainly and math.isfinite(number) else text
    return text


def thresholds(draft: Draft) -> tuple[str, ...]:
    """The thresholds of the plan and the flags, each known to be one."""
    written = [(text, draft.position("plan", "thresholds", n)) for n, text in enumerate(draft.model.plan.thresholds)]
    written.extend((text, Position("--threshold")) for text in draft.flags.thresholds)
    if not written:
        return ()
    parse = importlib.import_module("station.fleet.thresholds").parse
    for number, (text, where) in enumerate(written):
        if not draft.sound("plan", "thresholds", number):
            continue
        try:
            parse(text)
        except ValueRefusedError as error:
            draft.fault_at(where, error)
    return tuple(str(text) for text, _ in written)
