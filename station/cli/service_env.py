"""An environment for reading a profile that is not run here: secrets that are not known count as given.

`station install`, `hw` and `doctor` read the profile of a service whose secrets systemd holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

PLACEHOLDER: Final = "given-by-the-secrets-file"


class ServiceEnvironment(dict[str, str]):
    """`asked` are the names that the profile wanted, `missing` those that are not known here."""

    def __init__(self, known: Mapping[str, str]) -> None:
        super().__init__(known)
        self._known = frozenset(known)
        self.asked: set[str] = set()

    def __contains__(self, name: object) -> bool:
        if isinstance(name, str):
            self.asked.add(name)
        return True

    def __missing__(self, name: str) -> str:
        return PLACEHOLDER

    @property
    def missing(self) -> list[str]:
        """Names that were asked for and are not known, sorted."""
        return sorted(self.asked - self._known)
