"""Commands about the connection, and looking at the station (docs/control.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from station.host.commands.common import (
    Data,
    Params,
    Wait,
)
from station.host.execution import CommandRefused

if TYPE_CHECKING:
    from station.host.host import Host

_STATUSES_S = 5.0


def status(host: Host, params: Params) -> Data:
    """What the station shows of itself."""
    del params
    return host.status()


def connect(host: Host, params: Params) -> Wait:
    """Dial at once; answer when the boot is accepted and the statuses are answered, 5 s after it at most."""
    del params
    runner = host.runner
    if not runner.kind.wiring.central:
        raise CommandRefused("there is no CSMS (csms: none)")
    runner.stay_offline = False
    if not runner.link.up:
        runner.connect()
    accepted_s: list[float] = []

    def wait() -> Data | None:
        engine = host.runner.engine
        if not (runner.alive and engine.registered):
            accepted_s.clear()
            return None
        if not accepted_s:
            accepted_s.append(runner.loop.time())
            runner.loop.call_later(_STATUSES_S + 0.05, host.look)
        patient = runner.loop.time() - accepted_s[0] < _STATUSES_S
        return None if engine.board.unanswered and patient else {"version": runner.version}

    return wait


def disconnect(host: Host, params: Params) -> Data:
    """Close properly, and stay offline."""
    del params
    host.runner.stay_offline = True
    host.runner.link.close()
    return {}


def go_offline(host: Host, params: Params) -> Data:
    """Cut without a close, as a network that is gone, and stay offline."""
    del params
    host.runner.stay_offline = True
    host.runner.link.abort()
    return {}


def come_online(host: Host, params: Params) -> Data:
    """Dial at once; this is no boot."""
    del params
    host.runner.stay_offline = False
    host.runner.connect()
    return {}


def drop_connection(host: Host, params: Params) -> Data:
    """Abort once; the back-off takes over."""
    del params
    host.runner.link.drop("dropped by command")
    return {}
