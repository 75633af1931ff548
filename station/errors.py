"""The root of all errors this program raises on purpose, and the store's own.

Not here: ``ConfigError`` (``station.config``), ``DialFailed`` (``station.net``) and the errors of the wire, which live
beside what raises them and derive from ``StationError``. Drivers have a root of their own: they are usable alone.
"""

from __future__ import annotations


class StationError(Exception):
    """Something the user can be told in a sentence.

    Args:
        message: one line: what happened, and where.
        hint: the next thing to try, without the word "try".
    """

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class StoreError(StationError):
    """Rows could not be stored or read; what was stored before stays."""


class StoreBusyError(StoreError):
    """Another process, or another part of this one, owns the store."""


class StoreTooNewError(StoreError):
    """The store was written by a newer program; nothing in it was touched."""
