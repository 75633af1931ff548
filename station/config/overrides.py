"""Flags of the command line, laid over a profile's tree key by key.

Not the command line itself; the CLI fills in an `Overrides`. Paths of flags are relative to the working folder.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from station.config.errors import Position, Problem
from station.config.loader import read_secret
from station.config.nodes import ListNode, MapNode, Node, ScalarNode

Steps = tuple[str, ...]

_SECURITY: Final = ("csms", "security")


@dataclass(frozen=True, slots=True)
class Overrides:
    """What the flags said; None: the flag was not given.

    Args:
        csms: `--csms URL`.
        id: `--id`.
        ocpp: `--ocpp`: `1.6`, `2.0.1`, `2.1`, several with commas.
        password_file: `--password-file`; one trailing newline is dropped.
        insecure: `--insecure`: verify neither chain nor name.
        control: `--control`: `stdio`, an address, or `off`.
    """

    csms: str | None = None
    id: str | None = None
    ocpp: str | None = None
    password_file: Path | None = None
    ca: Path | None = None
    cert: Path | None = None
    key: Path | None = None
    insecure: bool = False
    control: str | None = None

    @property
    def stdio(self) -> bool:
        """Whether the control lines are on stdin and stdout."""
        return self.control == "stdio"

    def apply(self, root: MapNode) -> list[Problem]:
        """Lay the flags over a tree, in place; what cannot be laid over is returned."""
        problems: list[Problem] = []
        for flag, steps, text in self._texts():
            self._put(root, steps, ScalarNode(text, Position(flag), plain=False), problems)
        if self.ocpp is not None:
            position = Position("--ocpp")
            versions = [
                ScalarNode(f"ocpp{item.strip().removeprefix('ocpp')}", position) for item in self.ocpp.split(",")
            ]
            self._put(root, ("csms", "versions"), ListNode(list[Node](versions), position), problems)
        if self.password_file is not None:
            self._put_password(root, self.password_file, problems)
        return problems

    def _texts(self) -> list[tuple[str, Steps, str]]:
        files = (
            ("--ca", (*_SECURITY, "ca"), self.ca),
            ("--cert", (*_SECURITY, "cert"), self.cert),
            ("--key", (*_SECURITY, "key"), self.key),
        )
        found: list[tuple[str, Steps, str]] = []
        if self.csms is not None:
            found.append(("--csms", ("csms", "url"), self.csms))
        if self.id is not None:
            found.append(("--id", ("station", "id"), self.id))
        if self.control is not None and not self.stdio:
            found.append(("--control", ("control", "listen"), self.control))
        found.extend((flag, steps, str(path.absolute())) for flag, steps, path in files if path is not None)
        return found

    def _put_password(self, root: MapNode, path: Path, problems: list[Problem]) -> None:
        position = Position("--password-file")
        try:
            text = read_secret(path)
        except (OSError, ValueError) as error:
            problems.append(Problem(position, f"{path}: {getattr(error, 'strerror', None) or error}"))
            return
        node = ScalarNode(text, position, plain=False, origin=f"file {path}")
        self._put(root, (*_SECURITY, "password"), node, problems)

    def _put(self, root: MapNode, steps: Steps, value: Node, problems: list[Problem]) -> None:
        parent = root
        for step in steps[:-1]:
            child = parent.values.get(step)
            if isinstance(child, ScalarNode) and child.text == "none" and step == "csms" and self.csms is None:
                problems.append(
                    Problem(value.position, f"{value.position} needs a CSMS, and the profile says csms: none")
                )
                return
            if isinstance(child, MapNode):
                # A copy: the same tree may be read again without these flags.
                fresh = MapNode(child.position, dict(child.values), dict(child.keys))
                parent.put(step, parent.keys[step], fresh)
            else:
                fresh = MapNode(value.position)
                parent.put(step, value.position, fresh)
            parent = fresh
        parent.put(steps[-1], value.position, value)
