"""Commands of whoever keeps the station: power, reboots, configuration, tokens (docs/control.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from station.core import events
from station.core.local_list import capacity
from station.core.values import (
    BootReason,
    IdToken,
    StopReason,
    TokenInfo,
    TokenStatus,
)
from station.core.variables import SetOutcome
from station.host.commands.common import (
    Data,
    Params,
    Wait,
    alive,
    settled,
    stop_reason,
)
from station.host.configuration import delete_items, set_items
from station.host.execution import CommandRefused

if TYPE_CHECKING:
    from station.host.host import Host


def power_cycle(host: Host, params: Params) -> Data:
    """Cut the power; it comes back by itself after ``reboot.takes``."""
    alive(host)
    keep = params.get("keepTransactions")
    host.runner.restarts.power_cycle(stop_reason(params.get("reason", "PowerLoss")), keep)
    return {}


_RESETS = {
    "Soft": (False, StopReason.SOFT_RESET),
    "Hard": (False, StopReason.HARD_RESET),
    "Immediate": (False, StopReason.IMMEDIATE_RESET),
    "OnIdle": (True, StopReason.IMMEDIATE_RESET),
}


def reboot(host: Host, params: Params) -> Wait:
    """Reboot in order; answer when the connection is down."""
    alive(host)
    on_idle, reason = _RESETS.get(params.get("type", ""), (False, StopReason.REBOOT))
    boots = host.runner.boots
    host.runner.feed(events.ResetRequested(None, on_idle, reason, boot_reason=BootReason.LOCAL_RESET))

    def wait() -> Data | None:
        down = host.runner.boots != boots or (host.runner.restarts.under_way and not host.runner.link.up)
        return {} if down else None

    return wait


def set_config(host: Host, params: Params) -> Wait:
    """Write a variable with the manufacturer's hand; answer when it is stored."""
    alive(host)
    variables = host.runner.engine.variables
    items = set_items(params["key"], params["value"])
    outcome = SetOutcome("Accepted")
    for address, attribute, value in items:
        outcome = variables.check(address, value, attribute, hand="manufacturer")
        if not outcome.accepted:
            detail = outcome.detail or outcome.reason_code or outcome.status
            raise CommandRefused(f"{params['key']}: {detail}")
    host.runner.feed(events.SetVariables(None, items, "manufacturer"))
    return settled(host, {"status": outcome.status})


def delete_config(host: Host, params: Params) -> Wait:
    """Forget what was written later: the delivered value is back."""
    alive(host)
    for address in delete_items(params["key"]):
        if not host.runner.engine.variables.known(address):
            raise CommandRefused(f"{params['key']}: this station has no such variable")
        host.runner.feed(events.DeleteVariable(address))
    return settled(host)


def cache_put(host: Host, params: Params) -> Wait:
    """Put a card into the authorization cache."""
    alive(host)
    host.runner.feed(events.PutToken(IdToken(params["tagId"]), _said(params), local_list=False))
    return settled(host)


def local_list_put(host: Host, params: Params) -> Wait:
    """Put a card into the local authorization list; its version stays the CSMS's."""
    alive(host)
    station = host.runner.engine.station
    token, listed = IdToken(params["tagId"]), station.tokens.local_list
    if listed.busy:
        raise CommandRefused("the local authorization list is being updated; try again")
    if listed.find(token) is None and listed.count >= capacity(station.ctx):
        raise CommandRefused("the local authorization list is full")
    host.runner.feed(events.PutToken(token, _said(params), local_list=True))
    return settled(host)


def _said(params: Params) -> TokenInfo:
    """What the command says of the card."""
    group = IdToken(params["group"]) if params.get("group") else None
    return TokenInfo(TokenStatus(params["status"]), group)
