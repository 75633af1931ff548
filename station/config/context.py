"""What the builders share: the tree with its positions, folder and environment, and what was found so far."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from station.config.errors import Problem
from station.config.model import ProfileModel
from station.config.nodes import MapNode, find, key_position, spell, value_position
from station.config.nodes import Path as Steps


@dataclass(slots=True)
class Context:
    """One profile on its way from the model to the dataclasses.

    Args:
        base: the folder of the profile.
        default_id: the id where none is written.
        derived: values that no one wrote, by path: what they are and why, for `--explain`.
    """

    root: MapNode
    model: ProfileModel
    base: Path
    env: Mapping[str, str]
    default_id: str
    id_reason: str
    problems: list[Problem] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    derived: dict[str, tuple[str, str]] = field(default_factory=dict)

    def fault(self, steps: Steps, message: str, suggestion: str = "", *, key: bool = False) -> None:
        """A problem at a value, or at its key."""
        position = key_position(self.root, steps) if key else value_position(self.root, steps)
        where = spell(steps)
        self.problems.append(Problem(position, f"{where}: {message}" if where else message, suggestion))

    def warn(self, steps: Steps, message: str) -> None:
        """Something that works, but perhaps not as it was meant."""
        self.warnings.append(f"{value_position(self.root, steps)}: {spell(steps)}: {message}")

    def given(self, steps: Steps) -> bool:
        """Whether somebody wrote this."""
        return find(self.root, steps) is not None

    def file(self, text: str) -> Path:
        """A path of the profile, made absolute."""
        return absolute(text, self.base)

    def optional_file(self, text: str | None) -> Path | None:
        """Like `file`, for a key that may be left out."""
        return None if text is None else self.file(text)


def absolute(text: str, base: Path) -> Path:
    """A path of a profile, made absolute; `~` is the user's home where there is one."""
    path = Path(text)
    if text.startswith("~"):
        try:
            path = path.expanduser()
        except RuntimeError:
            path = Path(text)
    return path if path.is_absolute() else base / path
