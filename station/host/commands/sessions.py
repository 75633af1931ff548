"""Commands that start and stop transactions, and that send messages (docs/control.md)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import orjson

from station.core import effects, events
from station.core.values import (
    ChargingState,
    TokenResult,
)
from station.host.commands.common import (
    Data,
    Handler,
    Params,
    Wait,
    alive,
    evse_of,
    plug_car,
    present,
    settled,
    stop_reason,
    token_of,
)
from station.host.execution import CommandRefused
from station.host.notices import wire_number

if TYPE_CHECKING:
    from station.host.host import Host


def start_transaction(host: Host, params: Params) -> Wait:
    """Supply cable and card where they are missing; answer when it charges."""
    alive(host)
    evse, connector = evse_of(host, params)
    token = host.runner.engine.station.auth.validation.known_as(token_of(params))
    if evse.grant is not None and not evse.grant.token.same(token):
        raise CommandRefused("another card is charging here")
    if not evse.ev or evse.active_connector != connector:
        plug_car(host, evse, connector)
    presented = present(host, token, (evse.id,)) if evse.grant is None else None

    def wait() -> Data | None:
        if presented is not None and (answer := presented()) is not None:
            result = answer["result"]
            if result not in (TokenResult.USED_TO_START.value, TokenResult.ACCEPTED.value):
                raise CommandRefused(f"{result}: {answer['reason']}".rstrip(": "))
        now, engine = host.evse(evse.id), host.runner.engine
        if now.grant is not None and not now.grant.token.same(token):
            # A card or a remote start that waited for a cable has got this one.
            raise CommandRefused("another card is charging here")
        if now.faulted():
            raise CommandRefused(f"the connector is faulted: {', '.join(now.faults)}")
        transaction = now.transaction
        if transaction is None or not now.desk.recorded or now.charging_state is not ChargingState.CHARGING:
            return None
        wire = engine.wire_id(transaction.id)
        if wire is None and engine.registered:
            return None
        return {"transactionId": wire_number(wire), "id": transaction.id}

    return wait


def stop_transaction(host: Host, params: Params) -> Wait:
    """Stop what runs; answer when that is stored."""
    alive(host)
    evse, _ = evse_of(host, params)
    transaction = evse.transaction
    if transaction is None:
        raise CommandRefused("no transaction runs here")
    reason = stop_reason(params.get("reason", "Local"))
    host.runner.feed(events.StopRequested(evse.id, reason))
    stored = settled(host)

    def wait() -> Data | None:
        running = host.evse(evse.id).transaction
        if running is not None and running.id == transaction.id:
            return None
        if stored() is None:
            return None
        engine = host.runner.engine
        return {"transactionId": wire_number(engine.wire_id(transaction.id)), "id": transaction.id}

    return wait


def _asked(host: Host, make: Callable[[int], Any]) -> Wait:
    """Put a question; answer with the payload that comes back."""
    alive(host)
    if not host.runner.link.up:
        raise CommandRefused("the station is not connected")
    asked, future = host.runner.question()
    host.runner.feed(make(asked))

    def wait() -> Data | None:
        if not future.done():
            return None
        payload, problem = future.result()
        if problem:
            raise CommandRefused(problem)
        return dict(payload or {})

    return wait


def send_ocpp(host: Host, params: Params) -> Wait:
    """Send any call, unchecked and whatever the boot status; answer with what comes back."""
    action, payload = params["action"], dict(params.get("payload", {}))
    return _asked(host, lambda asked: events.AskCsms(asked, effects.RawQuery(action, payload, asked)))


def _unwrapped(payload: Data) -> Data:
    """An answer about a contract comes as text in the data of a DataTransfer."""
    try:
        inner = orjson.loads(payload["data"])
    except (KeyError, ValueError):
        return payload
    return inner if isinstance(inner, dict) else payload


def authorize(host: Host, params: Params) -> Wait:
    """Ask the CSMS about a card; nothing is started with it."""
    token = token_of(params)
    limit = host.runner.engine.dialect.token_limit()
    if len(token.value) > limit:
        # Cut to the length that OCPP carries, it would be another card.
        raise CommandRefused(f"tagId has {len(token.value)} characters, and this version of OCPP carries {limit}")
    wait = _asked(host, lambda asked: events.AskCsms(asked, effects.AuthorizeQuery(token, asked)))

    def answered() -> Data | None:
        payload = wait()
        if payload is None:
            return None
        payload = _unwrapped(payload)
        info = payload.get("idTagInfo") or payload.get("idTokenInfo") or {}
        return {"status": info.get("status"), **payload}

    return answered


def heartbeat(host: Host, params: Params) -> Wait:
    """Send a Heartbeat."""
    del params
    return _asked(host, events.TriggerHeartbeat)


def status_message(actions: Mapping[str, str]) -> Handler:
    """The handler that sends a status message.

    Args:
        actions: the message by version: ``1.6``, and ``2`` for all others.
    """

    def handler(host: Host, params: Params) -> Wait:
        action = actions["1.6" if host.runner.engine.dialect.version == "1.6" else "2"]
        payload = {"status": params["status"]}
        return _asked(host, lambda asked: events.AskCsms(asked, effects.RawQuery(action, payload, asked)))

    return handler


def set_meter_value(host: Host, params: Params) -> Data:
    """Set the register of the simulated meter, in Wh."""
    evse, _ = evse_of(host, params)
    host.simulated(evse.id, "meter").bay.meter.set_value(params["value"])
    host.runner.feed(events.ProbeMeter(evse.id))
    return {}


def send_meter_value(host: Host, params: Params) -> Wait:
    """Send the reading of this moment, after ``value`` (Wh) was set where it is given."""
    alive(host)
    evse, _ = evse_of(host, params)
    if "value" in params:
        set_meter_value(host, params)
    host.runner.feed(events.TriggerMeter(evse.id, evse.transaction is not None))

    def wait() -> Data | None:
        engine = host.runner.engine
        if not engine.registered:
            raise CommandRefused("the station is not connected")
        return {} if engine.station.settled and engine.outbox.empty and not engine.rpc.busy else None

    return wait
