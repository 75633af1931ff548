"""Commands about cards that wait: choosing an EVSE for one, and taking one back (docs/control.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from station.core import events
from station.core.selection import Selection
from station.core.values import TokenResult
from station.host.commands.common import Params, Wait, alive, evse_of, settled, token_of
from station.host.execution import CommandRefused

if TYPE_CHECKING:
    from station.host.host import Host


def select_evse(host: Host, params: Params) -> Wait:
    """Choose the EVSE for the card that waits, or, with the selection UserInput, for the next one."""
    alive(host)
    evse, _ = evse_of(host, params)
    desk = host.runner.engine.station.auth
    waits = any(case.until_s is not None for case in desk.cases.values())
    if not waits and desk.ctx.plan.selection != Selection.USER_INPUT:
        raise CommandRefused("no card waits for a choice")
    before = evse.grant
    host.runner.feed(events.EvseSelected(evse.id))
    kept = desk.choice is not None and desk.choice.evse == evse.id
    if not kept and (evse.grant is None or evse.grant is before):
        raise CommandRefused(f"EVSE {evse.id} cannot be chosen: it is not free, or the card may not use it")
    return settled(host)


def withdraw(host: Host, params: Params) -> Wait:
    """Take a card back that is asked about, or waits for a plug or a choice."""
    alive(host)
    token = token_of(params)
    if not host.runner.engine.station.auth.in_process(token):
        raise CommandRefused("this card does not wait")
    host.runner.feed(events.TokenWithdrawn(token))
    return settled(host, {"result": TokenResult.WITHDRAWN.value})
