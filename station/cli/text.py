"""Answers, events and status as text for people. Pure: data in, lines out.

Not the screens of a running station (`station.cli.screen`); both share the lines of this module.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

_BAR: Final = 20


def answer_lines(name: str, data: Mapping[str, Any], *, explain: bool = False) -> Iterator[str]:
    """The answer of a command that came about.

    Args:
        name: the command.
        data: of the answer.
        explain: with the trace of a card.
    """
    if name == "status":
        yield from status_lines(data)
        return
    if name == "send_ocpp":
        yield json.dumps(data, indent=2, ensure_ascii=False)
        return
    if name == "tap":
        reason = data.get("reason")
        yield f" {clean(data.get('result', 'ok'))}" + (f"  {clean(reason)}" if reason else "")
        if explain:
            yield from trace_lines(data.get("trace"))
        return
    shown = "  ".join(f"{key} {_value(value)}" for key, value in data.items() if value is not None)
    yield f" ok  {shown}".rstrip()


def trace_lines(trace: Any) -> Iterator[str]:
    """The steps that ended in the result of a card."""
    for step in trace if isinstance(trace, list) else [trace] if trace else []:
        if isinstance(step, Mapping):
            named = {"": step.get("step"), **{key: value for key, value in step.items() if key != "step"}}
            yield "   " + "  ".join(
                f"{key} {_value(value)}".strip() for key, value in named.items() if value is not None
            )
        else:
            yield f"   {_value(step)}"


def status_lines(status: Mapping[str, Any]) -> Iterator[str]:
    """The state of a station."""
    online = "online" if status.get("online") else "offline"
    boot = status.get("boot")
    yield (
        f" {clean(status.get('id'))}  {online}  OCPP {clean(status.get('version') or '-')}"
        f"  boot {clean(boot or '-')}  queue {clean(status.get('queue', '-'))}"
    )
    for evse in status.get("evses") or []:
        yield f" {evse_line(evse)}"


def evse_line(evse: Mapping[str, Any]) -> str:
    """One EVSE in a line."""
    parts = [
        f"EVSE {clean(evse.get('evse'))}",
        f"{clean(evse.get('status') or '-'):<12}",
        f"car: {'plugged in' if evse.get('plugged') else 'unplugged'}",
    ]
    power = evse.get("power_w")
    if isinstance(power, int | float) and power > 0:
        parts.append(kilowatts(power))
    transaction = evse.get("transaction")
    if isinstance(transaction, Mapping):
        parts.append(f"transaction {clean(transaction.get('transactionId') or transaction.get('id'))}")
        parts.append(f"card {clean(transaction.get('token') or '-')}")
        parts.append(kilowatt_hours(transaction.get("energy_wh")))
    faults = evse.get("faults")
    if faults:
        parts.append("faults: " + ", ".join(clean(fault) for fault in faults))
    return "  ".join(part for part in parts if part)


def bar(percent: float, width: int = _BAR) -> str:
    """`####----`: a state of charge from 0 to 100."""
    filled = round(max(0.0, min(100.0, percent)) / 100 * width)
    return "#" * filled + "-" * (width - filled)


def kilowatts(power_w: Any) -> str:
    """`10.9 kW`, or nothing where it is no number."""
    return f"{power_w / 1000:.1f} kW" if isinstance(power_w, int | float) else ""


def kilowatt_hours(energy_wh: Any) -> str:
    """`0.03 kWh`, or nothing where it is no number."""
    return f"{energy_wh / 1000:.2f} kWh" if isinstance(energy_wh, int | float) else ""


def clean(value: Any) -> str:
    """Somebody else's text without control characters: it may not steer the terminal."""
    return "".join(letter if letter.isprintable() else "?" for letter in str(value))


def _value(value: Any) -> str:
    return clean(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str))
