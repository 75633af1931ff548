"""What can be wrong with a profile, and where.

A `ConfigError` carries every problem that was found, in the order of the file, so that one run shows them all.
Called by every module of `station.config` and by the fleet for its plans.
"""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Position:
    """Where a value was written.

    Args:
        source: the file as the user named it, or a flag such as `--csms`.
        line: counted from 1; 0 where the source has no lines (a flag, a mapping made by a program).
        column: counted from 1; 0 like `line`.
    """

    source: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.source}:{self.line}:{self.column}" if self.line else self.source


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: what, where, and what to write instead (may be empty)."""

    position: Position
    message: str
    suggestion: str = ""

    def __str__(self) -> str:
        return f"{self.position}: {self.message}" + (f"; {self.suggestion}" if self.suggestion else "")


class ConfigError(Exception):
    """A profile, plan or flag that cannot be used. Its text is one line a problem, `file:line:column: message`."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))

    def __reduce__(self) -> tuple[type["ConfigError"], tuple[tuple[Problem, ...]]]:
        return type(self), (self.problems,)

    @classmethod
    def at(cls, position: Position, message: str, suggestion: str = "") -> "ConfigError":
        """An error with a single problem."""
        return cls([Problem(position, message, suggestion)])

    @property
    def file(self) -> str:
        """The file of the first problem."""
        return self.problems[0].position.source

    @property
    def line(self) -> int:
        """The line of the first problem, from 1; 0 where there are none."""
        return self.problems[0].position.line

    @property
    def column(self) -> int:
        """The column of the first problem, from 1; 0 where there are none."""
        return self.problems[0].position.column

    @property
    def message(self) -> str:
        """What is wrong first."""
        return self.problems[0].message

    @property
    def suggestion(self) -> str:
        """What to write instead; empty where nothing came to mind."""
        return self.problems[0].suggestion


class ValueRefusedError(ValueError):
    """A value that a parser refuses; the caller knows where it stands and adds the position."""

    def __init__(self, message: str, suggestion: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.suggestion = suggestion


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`did you mean 'pilot'?` for the nearest known word, else what is known, else nothing."""
    words = list(known)
    if not words:
        return ""
    folded = {candidate.casefold(): candidate for candidate in words}
    near = difflib.get_close_matches(word[:80].casefold(), folded, n=1, cutoff=0.6)
    if near:
        return f"did you mean '{folded[near[0]]}'?"
    listed = ", ".join(words[:12]) + (", …" if len(words) > 12 else "")
    return f"known: {listed}"
