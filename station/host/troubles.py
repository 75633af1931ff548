"""What real parts of an EVSE report beside their state, as faults by source: alarms, and contradictions of a contactor.

The words' meaning is ``station.core.hardware_faults``'s table. A housing that was opened is no fault but a security
event. Called by ``host.outside``, in the loop's thread.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from drivers import api
from station.core import hardware_faults
from station.core.events import Event, SecurityEvent
from station.core.security_events import SecurityEventType

_TAMPER: Final = "tamper"
_WORD: Final = re.compile(r"[a-z0-9][a-z0-9_]{0,39}")
_AT_MOST: Final = 16
_LATCHED: Final = frozenset({hardware_faults.CONTACTOR_WELDED, hardware_faults.CONTACTOR_STUCK})
"""They are over when the contacts agree and somebody says so, not when a driver does not show them any more."""
_NONE: Final[frozenset[str]] = frozenset()


def words_of(part: str, state: Any) -> frozenset[str]:
    """The sources of faults that a state of a part shows; a contactor's own word is ``contactor_<word>``.

    Drivers come from anywhere: what is no word is one that says nothing, and there are at most sixteen.
    """
    alarms = getattr(state, "alarms", ())
    fault = state.fault if isinstance(state, api.ContactorState) else None
    if not alarms and not fault:
        return _NONE
    suffix = "" if part == "contactor" else f"#{part}"
    words = {f"{_word(alarm)}{suffix}" for alarm in alarms[:_AT_MOST]}
    return frozenset(words | {f"{part}_{_word(fault)}"} if fault else words)


def _word(word: object) -> str:
    return word if isinstance(word, str) and _WORD.fullmatch(word) else "fault"


class Troubles:
    """What stands at one EVSE.

    Args:
        evse: its number.
        feed: takes events of the core.
    """

    __slots__ = ("_evse", "_feed", "_words")

    def __init__(self, evse: int, feed: Callable[[Event], None]) -> None:
        self._evse = evse
        self._feed = feed
        self._words: dict[str, frozenset[str]] = {}

    def forget(self) -> None:
        """Another core listens: what stands is news to it."""
        self._words.clear()

    def report(self, part: str, state: Any) -> None:
        """A part shows this."""
        words, before = words_of(part, state), self._words.get(part, _NONE)
        if words == before:
            return
        self._words[part] = words
        for word in sorted(words - before):
            if word.partition("#")[0] == _TAMPER:
                where = f"EVSE {self._evse}: the {part} reports that its housing was opened"
                self._feed(SecurityEvent(SecurityEventType.TAMPER_DETECTION_ACTIVATED, where))
            else:
                self._feed(hardware_faults.raised(self._evse, word))
        for word in sorted(before - words - _LATCHED):
            if word.partition("#")[0] != _TAMPER:
                self._feed(hardware_faults.cleared(self._evse, word))
