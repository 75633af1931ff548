"""The groups' profiles: a file or a mapping in place, the plan's ``csms`` laid over it, and the flags over that.

A fleet's stations keep everything in memory, have no control face of their own and no real hardware; they have a CSMS
with a URL. Called by ``plan_file``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from station.config import ConfigError, Loaded, Position, Profile, from_mapping
from station.config.errors import Problem
from station.config.loader import read_file
from station.config.nodes import ListNode, MapNode, Node, ScalarNode, find, from_plain, value_position
from station.config.nodes import Path as Steps
from station.fleet.plan_draft import Draft
from station.fleet.plan_model import GroupBlock

VIRTUAL_URL: Final = "ws://virtual.invalid/ocpp"
"""What stations of a virtual fleet would dial."""

_DEFAULT: Final[dict[str, Any]] = {"metering": {"sample": "5s"}}
_SECURITY_FILES: Final = ("ca", "cert", "key")
_SPEAKS_OF: Final = {"evses": ("auth", "variables")}
"""Blocks that name what stands in another: without that their names would be unknown."""

_STEPS: Final = 4
_FOR_READERS: Final = "leave it out: the drivers of a fleet show its cards"


@dataclass(frozen=True, slots=True)
class _Source:
    """A profile's tree, where it is from, and the folder of its paths."""

    tree: MapNode
    name: str
    base: Path


class Profiles:
    """Reads each file once, however many groups name it."""

    def __init__(self, draft: Draft, *, brings_credentials: bool) -> None:
        self._draft = draft
        self._brings_credentials = brings_credentials
        self._files: dict[Path, MapNode | None] = {}

    def of(self, index: int, group: GroupBlock) -> Loaded | None:
        """The profile of a group; None: there were problems."""
        if not self._draft.known("groups", index, "station"):
            return None
        source = self._source(index, group)
        if source is None:
            return None
        tree = _copy(source.tree)
        if not self._connect(tree, index, group):
            return None
        _keep_to_itself(tree)
        loaded, whole = self._loaded(tree, source)
        if loaded is None:
            return None
        problems = [*_real_things(loaded), *_wrong_variables(loaded.profile)]
        if whole:
            problems.extend(self._unconnected(loaded, index))
            self._warn(loaded)
        self._draft.take(problems)
        return loaded if whole and not problems else None

    def _loaded(self, tree: MapNode, source: _Source) -> tuple[Loaded | None, bool]:
        """The profile, and whether it is the whole one: blocks with mistakes are told and left out.

        A profile is checked in steps, each of which wants a sound one: so the other blocks get to the later steps.
        """
        for attempt in range(_STEPS):
            try:
                loaded = from_mapping(
                    tree,
                    source.base,
                    source=source.name,
                    overrides=self._draft.flags.of_a_profile(),
                    env=self._draft.env,
                )
            except ConfigError as error:
                self._draft.take(error.problems)
                if not _cut(tree, error.problems):
                    break
            else:
                return loaded, attempt == 0
        return None, False

    def _source(self, index: int, group: GroupBlock) -> _Source | None:
        draft = self._draft
        if group.station is None:
            position = Position("the default station")
            tree = from_plain(_DEFAULT, position)
            assert isinstance(tree, MapNode)
            return _Source(tree, position.source, draft.base)
        if isinstance(group.station, dict):
            node = find(draft.root, ("groups", index, "station"))
            assert isinstance(node, MapNode)
            return _Source(node, draft.root.position.source, draft.base)
        path = draft.near(group.station)
        if path not in self._files:
            self._files[path] = self._read(path, index)
        read = self._files[path]
        return None if read is None else _Source(read, str(path), path.absolute().parent)

    def _read(self, path: Path, index: int) -> MapNode | None:
        draft = self._draft
        if not path.is_file():
            draft.fault(("groups", index, "station"), f"{path} is no file", "the path is relative to the plan")
            return None
        try:
            node, problems = read_file(path, draft.env)
        except ConfigError as error:
            draft.take(error.problems)
            return None
        draft.take(problems)
        if isinstance(node, MapNode):
            return node
        draft.take([Problem(node.position, "a profile is a mapping of blocks", "write it like station: {id: CP-1}")])
        return None

    def _connect(self, tree: MapNode, index: int, group: GroupBlock) -> bool:
        """Lay over what the plan says of the CSMS. False: there is none."""
        draft = self._draft
        written = tree.values.get("csms")
        own = find(draft.root, ("csms",))
        if isinstance(written, ScalarNode):
            if written.text == "none" and own is None and draft.flags.csms is None and draft.flags.needs_csms:
                hint = "station fleet --csms URL …, or csms: {url: …} in the plan"
                draft.take([Problem(written.position, "csms: a fleet needs a CSMS, and this station has none", hint)])
                return False
            if written.text in ("none", ""):
                del tree.values["csms"], tree.keys["csms"]
        if isinstance(own, MapNode):
            _lay_over(tree, "csms", own.position, _with_whole_paths(own, draft))
        self._set_versions(tree, index, group)
        if not draft.flags.needs_csms:
            position = Position("--virtual")
            csms = _child(tree, "csms", position)
            if csms is not None and "url" not in csms.values:
                csms.put("url", position, ScalarNode(VIRTUAL_URL, position))
        return True

    def _set_versions(self, tree: MapNode, index: int, group: GroupBlock) -> None:
        draft = self._draft
        if draft.flags.ocpp is not None:
            return
        text, where = draft.model.plan.ocpp, draft.position("plan", "ocpp")
        if group.ocpp is not None:
            text, where = group.ocpp, draft.position("groups", index, "ocpp")
        if text is not None:
            names = [f"ocpp{item.strip().removeprefix('ocpp')}" for item in text.split(",")]
            csms = _child(tree, "csms", where)
            if csms is not None:
                csms.put("versions", where, ListNode([ScalarNode(name, where) for name in names], where))

    def _unconnected(self, loaded: Loaded, index: int) -> Iterator[Problem]:
        if loaded.profile.csms.mode == "url":
            return
        draft = self._draft
        where = draft.position("groups", index) if draft.given("groups") else Position("--csms")
        if draft.written and not draft.given("groups"):
            where = draft.position()
        yield Problem(where, "no CSMS is named", "station fleet --csms URL …, or csms: {url: …} in the plan")

    def _warn(self, loaded: Loaded) -> None:
        for warning in loaded.warnings:
            if self._brings_credentials and warning.endswith("there is no password"):
                continue
            if warning not in self._draft.warnings:
                self._draft.warnings.append(warning)


def _cut(tree: MapNode, problems: Sequence[Problem]) -> bool:
    """Take out the blocks in which something is wrong, and those that speak of them. False: nothing was found."""
    places = {problem.position for problem in problems}
    wrong = [key for key, node in tree.values.items() if tree.keys[key] in places or not places.isdisjoint(_all(node))]
    others = [other for key in wrong for other in _SPEAKS_OF.get(key, ())]
    for key in {*wrong, *others} & tree.values.keys():
        del tree.values[key], tree.keys[key]
    if "csms" in wrong:
        position = Position("fleet")
        tree.put("csms", position, from_plain({"url": VIRTUAL_URL}, position))
    return bool(wrong)


def _all(node: Node) -> Iterator[Position]:
    """Every place in a tree."""
    yield node.position
    inner: Iterable[Node] = ()
    if isinstance(node, MapNode):
        yield from node.keys.values()
        inner = node.values.values()
    elif isinstance(node, ListNode):
        inner = node.items
    for one in inner:
        yield from _all(one)


def _copy(node: MapNode) -> MapNode:
    """A copy of which the upper two levels may be changed."""
    return MapNode(node.position, dict(node.values), dict(node.keys))


def _child(tree: MapNode, key: str, position: Position) -> MapNode | None:
    """A copy of the mapping under a key, made if need be; None: something else stands there."""
    there = tree.values.get(key)
    if there is not None and not isinstance(there, MapNode):
        return None
    fresh = MapNode(position) if there is None else _copy(there)
    tree.put(key, tree.keys.get(key, position), fresh)
    return fresh


def _lay_over(tree: MapNode, key: str, position: Position, over: Node) -> None:
    """Put a value under a key; mappings are merged key by key."""
    if isinstance(over, MapNode):
        child = _child(tree, key, position)
        if child is not None:
            for inner, value in over.values.items():
                _lay_over(child, inner, over.keys[inner], value)
            return
    tree.put(key, position, over)


def _with_whole_paths(csms: MapNode, draft: Draft) -> MapNode:
    """The plan's ``csms``; its files are relative to the plan, and not to the profile that it is laid over."""
    security = csms.values.get("security")
    if not isinstance(security, MapNode):
        return csms
    whole, inner = _copy(csms), _copy(security)
    for name in _SECURITY_FILES:
        node = inner.values.get(name)
        if isinstance(node, ScalarNode) and node.text:
            path = str(draft.file(node.text))
            inner.put(name, inner.keys[name], ScalarNode(path, node.position, plain=False, origin=node.origin))
    whole.put("security", whole.keys["security"], inner)
    return whole


def _keep_to_itself(tree: MapNode) -> None:
    """Nothing on disk, no control face."""
    position = Position("fleet")
    tree.put("store", tree.keys.get("store", position), ScalarNode("memory", position))
    tree.put("control", tree.keys.get("control", position), ScalarNode("off", position))
    tree.values.pop("state", None)
    tree.keys.pop("state", None)


def _wrong_variables(profile: Profile) -> Sequence[Problem]:
    """Unknown variables, illegal values, no version that this program speaks."""
    # Here and not above: it brings the catalogue and the dialects, which a schema does without.
    from station.host.kind import Kind

    try:
        Kind(profile).check()
    except ConfigError as error:
        return error.problems
    return ()


def _real_things(loaded: Loaded) -> Iterator[Problem]:
    """What a thousand stations cannot have."""
    profile = loaded.profile
    for evse in profile.evses:
        for part in evse.hardware.parts:
            if not part.simulated:
                said = f"{part.part}: a fleet's stations have no real hardware ({part.driver})"
                yield Problem(part.position, said, "leave it out: then it is simulated")
    for reader in profile.auth.readers:
        if not reader.part.simulated or reader.part.driver == "replay":
            said = f"reader: a fleet's stations have no readers of their own ({reader.part.driver})"
            yield Problem(reader.part.position, said, _FOR_READERS)
    if profile.reboot.real:
        yield _real(loaded, ("reboot", "real"), "a real reboot would end the whole fleet")
    if profile.firmware.installer is not None:
        yield _real(loaded, ("firmware", "installer"), "a fleet's stations install nothing on this machine")


def _real(loaded: Loaded, steps: Steps, message: str) -> Problem:
    return Problem(value_position(loaded.root, steps), f"{'.'.join(map(str, steps))}: {message}", "leave it out")
