"""A text that hides itself in logs, tracebacks and dumps.

It is not encryption: whoever holds the object can `reveal()` it. Used for passwords, tokens and key passwords.
"""

from typing import Final

_MASK: Final = "***"


class Secret:
    """A secret text. `str`, `repr` and formatting give `***`; `reveal()` gives the text."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself; call it as late as possible."""
        return self._text

    def __repr__(self) -> str:
        return _MASK

    def __str__(self) -> str:
        return _MASK

    def __format__(self, spec: str) -> str:
        return _MASK

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash((Secret, self._text))

    def __bool__(self) -> bool:
        return bool(self._text)
