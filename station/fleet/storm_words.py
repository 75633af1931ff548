"""What may befall stations: the words of ``do``, their parameters, and what ends them.

A table and the check that plans and the control face share; ``storms`` carries it out. Most words are commands of a
station (docs/control.md) that make sense where nobody stands by; the others exist only for many stations at once.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from station.config import units
from station.config.errors import ValueRefusedError
from station.core.values import Fault, StopReason
from station.errors import StationError


class StormRefused(StationError):
    """No such word, or its parameters or its duration make no sense."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """One thing that is wrong with an event.

    Attributes:
        where: the keys to it, from the event.
        missed: what is wrong is only that something is missing.
    """

    where: tuple[str, ...]
    message: str
    hint: str | None
    missed: bool = False


class Lasting(Enum):
    """Whether a word takes a duration (``for``)."""

    NEVER = "never"
    MAY = "may"
    MUST = "must"


Check = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Word:
    """A word of ``do``.

    Attributes:
        doc: what it does, one line.
        params: each with its check, which answers the normal form.
        needs: parameters that must be given.
        ends: a command of a station: the command that undoes it when its time is over, and the parameters of that
            (those of the word of these names are handed on); None: nothing undoes it.
        lasting: whether ``for`` is taken.
        compound: whether it is none of a station's commands.
    """

    doc: str
    params: Mapping[str, Check]
    needs: tuple[str, ...] = ()
    ends: tuple[str, Mapping[str, Any]] | None = None
    lasting: Lasting = Lasting.NEVER
    compound: bool = False


def _plain(value: Any, kind: str) -> float:
    """A number of a program, which needs no unit."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < math.inf:
        raise ValueRefusedError(f"not a {kind}")
    return float(value)


def seconds(value: Any) -> float:
    """Of a duration: a text with its unit, or a number (of JSON), which is seconds.

    Raises:
        ValueRefusedError: anything else.
    """
    return units.parse_duration(value, bare=False) if isinstance(value, str) else _plain(value, "duration")


def share(value: Any) -> float:
    """0 to 1 of a share: a text with ``%``, or a number (of JSON) up to 1.

    Raises:
        ValueRefusedError: anything else.
    """
    if isinstance(value, str):
        part = units.parse_quantity(value, "percentage", bare=False) / 100
    else:
        part = _plain(value, "percentage")
    if part > 1:
        raise ValueRefusedError("more than 100 %", "" if isinstance(value, str) else f'write "{value:g}%"')
    return part


def _percent(value: Any) -> float:
    """As the command of a station takes it: a number is percent, with and without its unit."""
    return units.parse_quantity(value, "percentage") if isinstance(value, str) else _plain(value, "percentage")


def _whole(value: Any) -> int:
    number = value if isinstance(value, int) and not isinstance(value, bool) else units.parse_int(str(value))
    if number < 1:
        raise ValueRefusedError("counted from 1")
    return number


def _number(value: Any) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    return units.parse_number(str(value))


def _switch(value: Any) -> bool:
    return value if isinstance(value, bool) else units.parse_bool(str(value))


def _text(value: Any) -> str:
    if not isinstance(value, str | int | float) or isinstance(value, bool) or value == "":
        raise ValueRefusedError("not a text")
    return str(value)


def _scalar(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value == "" else _text(value)


def _mapping(value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise ValueRefusedError("not a mapping")
    return dict(value)


def _one_of(*words: str) -> Check:
    def check(value: Any) -> str:
        if value not in words:
            raise ValueRefusedError("no such word", f"one of {', '.join(words)}")
        return str(value)

    return check


def _stop_reason(value: Any) -> str:
    reasons = {reason.value.casefold(): reason.value for reason in StopReason}
    if not isinstance(value, str) or value.casefold() not in reasons:
        raise ValueRefusedError("no stop reason", f"one of {', '.join(reasons.values())}")
    return reasons[value.casefold()]


_PLACE: Final[Mapping[str, Check]] = {"connector": _whole, "evse": _whole, "evse_connector": _whole}
_FAULT: Final[Check] = _one_of(*(fault.value for fault in Fault))
_CARD: Final[Mapping[str, Check]] = {"tagId": _text, "tokenType": _text}
_STATUS: Final[Mapping[str, Check]] = {"status": _text}
_ENTRY: Final[Mapping[str, Check]] = {"tagId": _text, "status": _text, "group": _text}
_NO: Final[Mapping[str, Any]] = {}


def _command(
    doc: str,
    params: Mapping[str, Check] = _NO,
    *,
    needs: tuple[str, ...] = (),
    ends: str | None = None,
    end_params: Mapping[str, Any] = _NO,
) -> Word:
    ending = None if ends is None else (ends, end_params)
    return Word(doc, params, needs, ending, Lasting.NEVER if ends is None else Lasting.MAY)


def _part_fault(name: str, *kinds: str) -> Word:
    params = {**_PLACE, "kind": _one_of(*kinds)}
    return _command(
        f"a simulated {name.partition('_')[0]} fails", params, needs=("kind",), ends=name, end_params={"kind": "none"}
    )


WORDS: Final[Mapping[str, Word]] = {
    "reconnect_storm": Word(
        "all connections are cut at one moment, and all dial again at once, without back-off", {}, compound=True
    ),
    "csms_restart": Word(
        "connections are cut and every dial is refused; then stations come back by their own back-off",
        {},
        lasting=Lasting.MUST,
        compound=True,
    ),
    "blackout": Word(
        "the power is cut: nothing is told, nothing is stored any more; stations boot when it is back",
        {"reason": _stop_reason, "keepTransactions": _switch},
        lasting=Lasting.MUST,
        compound=True,
    ),
    "remote_starts": Word(
        "drivers stand ready and plug in where the CSMS starts a session remotely",
        {},
        lasting=Lasting.MAY,
        compound=True,
    ),
    "network": Word(
        "messages are late, vanish, or the connection is cut at one",
        {
            "latency": seconds,
            "jitter": seconds,
            "drop": share,
            "reset": share,
        },
        lasting=Lasting.MAY,
        compound=True,
    ),
    "pause": Word("drivers begin no session", {}, lasting=Lasting.MAY, compound=True),
    "resume": Word("drivers begin sessions again", {}, compound=True),
    "power_cycle": Word(
        "the power is cut; stations boot after their reboot.takes",
        {"reason": _stop_reason, "keepTransactions": _switch},
        compound=True,
    ),
    "go_offline": _command("the network is gone, without a close, and nobody dials", ends="come_online"),
    "come_online": _command("the network is back; stations dial at once"),
    "drop_connection": _command("connections are aborted; the back-off takes over"),
    "disconnect": _command("connections are closed properly, and nobody dials", ends="connect"),
    "connect": _command("stations dial at once"),
    "reboot": _command("stations reboot in order", {"type": _one_of("Soft", "Hard", "Immediate", "OnIdle")}),
    "plug_in": _command(
        "cars are plugged in",
        {**_PLACE, "ready": _switch, "soc": _percent},
        ends="unplug",
    ),
    "unplug": _command("cables are pulled", {**_PLACE, "side": _one_of("ev", "station", "both")}),
    "tap": _command("a card is shown; without tagId the station's own", {**_CARD, **_PLACE}),
    "ev_suspend": _command("cars pause", _PLACE, ends="ev_resume"),
    "ev_resume": _command("cars go on", _PLACE),
    "ev_not_ready": _command("cars are not ready", _PLACE, ends="ev_resume"),
    "bay_occupied": _command("cars park", _PLACE, ends="bay_free"),
    "bay_free": _command("bays become free", _PLACE),
    "fault": _command("a fault arises", {**_PLACE, "errorCode": _FAULT}, ends="clear_fault"),
    "clear_fault": _command("a fault goes; without errorCode all", {**_PLACE, "errorCode": _FAULT}),
    "contactor_fault": _part_fault("contactor_fault", "weld", "stuck_open", "none"),
    "meter_fault": _part_fault("meter_fault", "silent", "none"),
    "reader_fault": _part_fault("reader_fault", "lost", "none"),
    "lock_failure": _command(
        "a simulated lock fails", {**_PLACE, "on": _switch}, ends="lock_failure", end_params={"on": False}
    ),
    "start_transaction": _command(
        "stations charge; a missing cable and card are supplied", {**_CARD, **_PLACE}, ends="stop_transaction"
    ),
    "stop_transaction": _command("transactions end", {**_PLACE, "reason": _stop_reason}),
    "authorize": _command("stations ask about a card; without tagId their own", _CARD),
    "set_meter_value": _command("registers of simulated meters jump", {**_PLACE, "value": _number}, needs=("value",)),
    "send_meter_value": _command("stations send a meter value", {**_PLACE, "value": _number}),
    "heartbeat": _command("stations send a Heartbeat"),
    "diagnostics_status_notification": _command("stations tell a status of a log upload", _STATUS, needs=("status",)),
    "firmware_status_notification": _command("stations tell a status of an update", _STATUS, needs=("status",)),
    "set_config": _command(
        "a variable is written", {"key": _text, "value": _scalar}, needs=("key", "value"), ends="delete_config"
    ),
    "delete_config": _command("a written variable is forgotten", {"key": _text}, needs=("key",)),
    "cache_put": _command("a card is put into the cache", _ENTRY, needs=("tagId", "status")),
    "local_list_put": _command("a card is put into the local list", _ENTRY, needs=("tagId", "status")),
    "send_ocpp": _command("stations send any message", {"action": _text, "payload": _mapping}, needs=("action",)),
}
"""Every word by its name."""

_NETWORK: Final = {"latency": "latency_s", "jitter": "jitter_s"}


def check(do: str, params: Mapping[str, Any], for_s: float | None = None) -> dict[str, Any]:
    """The parameters of a word in their normal form: what ``plan.Storm.params`` holds.

    Args:
        do: a word of ``WORDS``.
        params: as they came from a plan (texts, quantities with their units) or over HTTP (numbers too: seconds, and
            shares up to 1).
        for_s: how long it is to last; None: it is not undone.

    Raises:
        StormRefused: with what would do.
    """
    normal, refusals = looked_at(do, params, for_s)
    if refusals:
        raise StormRefused(refusals[0].message, refusals[0].hint)
    return normal


def looked_at(
    do: str, params: Mapping[str, Any], for_s: float | None = None
) -> tuple[dict[str, Any], tuple[Refusal, ...]]:
    """As ``check``: what is sound of the parameters, in their normal form, and all that is wrong."""
    word = WORDS.get(do)
    if word is None:
        said = f"nothing is called {do[:60]!r}{_nearest(do, WORDS)}"
        return {}, (Refusal(("do",), said, f"known: {', '.join(WORDS)}"),)
    refusals = list(_lasting(do, word, for_s))
    normal: dict[str, Any] = {}
    for name, value in params.items():
        where = ("params", name)
        if name not in word.params:
            said = f"{do} has no parameter {name[:60]!r}{_nearest(name, word.params)}"
            refusals.append(Refusal(where, said, f"it has {', '.join(word.params) or 'none'}"))
            continue
        try:
            normal[name] = word.params[name](value)
        except ValueRefusedError as problem:
            refusals.append(Refusal(where, f"{do}: {name}: {problem.message}", problem.suggestion or None))
    missing = [name for name in word.needs if name not in params]
    if missing:
        refusals.append(Refusal(("do",), f"{do} needs {', '.join(missing)}", f"params: {{{missing[0]}: …}}", True))
    if do == "network" and not params:
        hint = f"params: {{latency: 200ms}}; it has {', '.join(word.params)}"
        refusals.append(Refusal(("do",), "network does nothing as it stands", hint, True))
    if do == "network":
        normal = {_NETWORK.get(name, name): value for name, value in normal.items()}
    return normal, tuple(refusals)


def _lasting(do: str, word: Word, for_s: float | None) -> Iterator[Refusal]:
    if for_s is None and word.lasting is Lasting.MUST:
        yield Refusal(("do",), f"{do} needs its duration", "for: 30s", True)
    if for_s is not None and word.lasting is Lasting.NEVER:
        yield Refusal(("for",), f"{do} takes no duration: nothing undoes it", "leave `for` out")
    elif for_s is not None and for_s <= 0:
        yield Refusal(("for",), f"{do}: for must be more than 0", "for: 30s")


def _nearest(word: str, known: Mapping[str, Any]) -> str:
    folded = word[:60].casefold().replace("-", "_")
    near = difflib.get_close_matches(folded, known, n=1, cutoff=0.6)
    return f"; did you mean {near[0]!r}?" if near else ""
