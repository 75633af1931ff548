"""The screen of a running station: events and status in, lines out.

Pure: it prints nothing and reads no clock (`station.cli.terminal` does), so that a test reads what a user would.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from station.cli.exit_codes import error_text
from station.cli.text import bar, clean, evse_line, kilowatt_hours, kilowatts
from station.control.commandable import Event
from station.core.values import IdToken
from station.host.tracing import masked

KEYS: Final = "keys: [p]lug [t]ap [f]ault [o]ffline [q]uit"

_REMEMBERED: Final = 100


@dataclass(frozen=True, slots=True)
class Header:
    """What is known once, at the start.

    Args:
        csms: `embedded`, or empty where `url` says it all.
        url: the address to dial; None: `csms: none`.
        remark: such as `accepts every card`.
        versions: `OCPP 2.0.1`.
        control: where the control face is; None: off.
        warnings: such as `the CSMS's certificate is not verified`.
    """

    csms: str
    url: str | None
    remark: str
    versions: str
    control: str | None
    warnings: tuple[str, ...] = ()


class Screen:
    """Turns what happens into lines.

    Args:
        wire: one line a message; else only what the boot and a card need.
        keys: whether there are keys to press.
        masks: whether card numbers are masked, because the lines are kept.
    """

    def __init__(self, *, wire: bool = False, keys: bool = False, masks: bool = False) -> None:
        self._wire = wire
        self._keys = keys
        self._masks = masks
        self._calls: OrderedDict[tuple[str, str, bool], Event] = OrderedDict()
        self._authorized: dict[str, str] = {}
        self._running: set[str] = set()
        self._soc: dict[int, float] = {}
        self._last_error: Any = None
        self._renderers: Mapping[str, Callable[[Event], list[str]]] = {
            "wire": self._on_wire,
            "token": self._on_token,
            "connector_status": self._on_status,
            "transaction_started": self._on_started,
            "transaction_stopped": self._on_stopped,
            "meter_value": self._on_meter,
            "connected": self._on_connected,
            "disconnected": self._on_disconnected,
            "error": self._on_error,
        }

    def header(self, header: Header, status: Mapping[str, Any]) -> list[str]:
        """The first lines."""
        where = header.url or "none"
        csms = "     ".join(
            part
            for part in (f"{header.csms}  {where}" if header.csms else where, header.remark, header.versions)
            if part
        )
        lines = [f" CSMS     {csms}", f" Control  {header.control or 'off'}"]
        evses = status.get("evses") or []
        which = f" [1-{min(len(evses), 9)}] connector" if len(evses) > 1 else ""
        for index, evse in enumerate(evses):
            keys = f"     {KEYS}{which}" if self._keys and index == 0 else ""
            lines.append(f" {evse_line(evse)}{keys}")
        return lines + [f" ! {warning}" for warning in header.warnings]

    def event(self, event: Event) -> list[str]:
        """The lines that an event is worth; often none."""
        render = self._renderers.get(event["event"])
        return render(event) if render is not None else []

    def progress(self, status: Mapping[str, Any], now: datetime) -> list[str]:
        """One line for each EVSE that charges, as of now."""
        lines = []
        for evse in status.get("evses") or []:
            transaction = evse.get("transaction")
            if not isinstance(transaction, Mapping):
                continue
            soc = self._soc.get(evse.get("connector", 0))
            # OCPP 2.x says no more than Occupied.
            doing = "Charging" if (evse.get("power_w") or 0) > 0 else clean(evse.get("status") or "-")
            parts = (
                f"EVSE {evse.get('evse')} {doing}",
                kilowatts(evse.get("power_w")),
                f"{bar(soc)}  {soc:.0f} %" if soc is not None else "",
                kilowatt_hours(transaction.get("energy_wh")),
            )
            lines.append(f"{now.astimezone():%H:%M:%S} " + "  ".join(part for part in parts if part))
        return lines

    def _on_wire(self, event: Event) -> list[str]:
        data = event["data"]
        identity, sent = str(data.get("messageId")), data.get("direction") == ">"
        action = str(data.get("action") or "-").removesuffix(" CallError")
        # Both sides choose ids of their own: the same one may be in use in both directions.
        call = self._calls.pop((identity, action, not sent), None)
        if call is None:
            self._calls[identity, action, sent] = event
            if len(self._calls) > _REMEMBERED:
                self._calls.popitem(last=False)
        if self._wire:
            sign = ">" if sent else "<"
            payload = json.dumps(masked(data.get("payload")), separators=(",", ":"), ensure_ascii=False, default=str)
            return [f"{_clock(event)} {sign} {clean(data.get('action') or '-')} {clean(payload)}"]
        return [] if call is None else self._answered(call, event)

    def _answered(self, call: Event, answer: Event) -> list[str]:
        action, result = call["data"].get("action"), _result(answer["data"].get("payload"))
        if action == "BootNotification":
            took = (_when(answer) - _when(call)).total_seconds() * 1000
            return [f"{_clock(call)} > {action:<22} < {result}  {took:.0f} ms"]
        if action == "Authorize":
            tag = _tag(call["data"].get("payload"))
            if tag is not None:
                self._authorized = {tag: result}
        return []

    def _card(self, tag: str) -> str:
        return repr(IdToken(tag))[len("IdToken(") : -1] if self._masks else clean(tag)

    def _on_token(self, event: Event) -> list[str]:
        data = event["data"]
        tag, reason = str(data.get("tagId")), data.get("reason")
        asked = self._authorized.pop(tag, None)
        told = f"Authorize < {asked}" if asked is not None else clean(data.get("result"))
        if asked is None and reason:
            told += f"  {clean(reason)}"
        return [f"{_clock(event)} [t] card {self._card(tag)}       {told}"]

    def _on_status(self, event: Event) -> list[str]:
        data = event["data"]
        code = data.get("errorCode")
        error = f"  {clean(code)}" if code not in (None, "", "NoError") else ""
        return [f"{_clock(event)} EVSE {data.get('connector')} {clean(data.get('status'))}{error}"]

    def _on_started(self, event: Event) -> list[str]:
        data = event["data"]
        identity = str(data.get("id"))
        # Told again once the CSMS has given it a number.
        if identity in self._running:
            return []
        self._running.add(identity)
        card = f"  card {self._card(str(data['tagId']))}" if data.get("tagId") else ""
        return [f"{_clock(event)} EVSE {data.get('connector')} transaction started{card}"]

    def _on_stopped(self, event: Event) -> list[str]:
        data = event["data"]
        self._running.discard(str(data.get("id")))
        self._soc.pop(data.get("connector", 0), None)
        energy = kilowatt_hours(data.get("energy_wh"))
        return [
            f"{_clock(event)} EVSE {data.get('connector')} transaction ended: {clean(data.get('reason'))}  {energy}"
        ]

    def _on_meter(self, event: Event) -> list[str]:
        soc = event["data"].get("soc")
        if isinstance(soc, int | float):
            self._soc[event["data"].get("connector", 0)] = float(soc)
        return []

    def _on_connected(self, event: Event) -> list[str]:
        self._last_error = None
        return [f"{_clock(event)} = connected"]

    def _on_disconnected(self, event: Event) -> list[str]:
        reason = event["data"].get("reason")
        return [f"{_clock(event)} ! disconnected" + (f": {clean(reason)}" if reason else "")]

    def _on_error(self, event: Event) -> list[str]:
        message, hint = event["data"].get("message"), event["data"].get("hint")
        # Each attempt to dial fails in the same way: once is enough until something else happens.
        if message == self._last_error:
            return []
        self._last_error = message
        return error_text(clean(message), None if hint is None else clean(hint)).split("\n")


def _when(event: Event) -> datetime:
    try:
        return datetime.fromisoformat(event["timestamp"]).astimezone(UTC)
    except (TypeError, ValueError):
        return datetime.fromtimestamp(0, UTC)


def _clock(event: Event) -> str:
    return f"{_when(event).astimezone():%H:%M:%S}"


def _result(payload: Any) -> str:
    """The status of an answer, wherever its version has it."""
    if isinstance(payload, dict):
        for holder in (payload, payload.get("idTagInfo"), payload.get("idTokenInfo")):
            if isinstance(holder, dict) and isinstance(holder.get("status"), str):
                return clean(holder["status"])
    if isinstance(payload, list) and payload:
        return clean(payload[0])
    return "answered"


def _tag(payload: Any) -> str | None:
    if not isinstance(payload, dict):
        return None
    token = payload.get("idToken")
    tag = token.get("idToken") if isinstance(token, dict) else payload.get("idTag")
    return tag if isinstance(tag, str) else None
