"""The commands of INTERFACE §2: what each does to the world or the station, and when it is answered.

A command takes effect inside its handler, so the order of calls is the order of effects. A handler answers with data,
or with a *wait*: a function that is asked after every turn of the station until it gives data or refuses.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from drivers.api import DriverError
from station.core import effects, events
from station.core.evse import Evse
from station.core.values import (
    BootReason,
    ChargingState,
    Fault,
    IdToken,
    StopReason,
    TokenInfo,
    TokenResult,
    TokenStatus,
)
from station.core.variables import SetOutcome
from station.host.configuration import delete_items, set_items
from station.host.execution import CommandRefused
from station.host.notices import wire_number
from station.host.status import station_status

if TYPE_CHECKING:
    from station.host.host import Host

Params = Mapping[str, Any]
Data = dict[str, Any]
Wait = Callable[[], Data | None]
Handler = Callable[["Host", Params], Data | Wait]

_STATUSES_S = 5.0


def _evse(host: Host, params: Params) -> tuple[Evse, int]:
    """The EVSE and its connector that a command means."""
    engine = host.runner.engine
    if "evse" in params:
        place: tuple[int, int] | None = (params["evse"], params.get("evse_connector", 1))
    elif "connector" in params:
        place = engine.place(params["connector"])
    elif sum(len(evse.connector_ids) for evse in engine.evses) == 1:
        place = (engine.evses[0].id, engine.evses[0].active_connector)
    else:
        raise CommandRefused("this station has several connectors: say which (connector, or evse)")
    evse = engine.station.evse(place[0]) if place is not None else None
    if evse is None or place is None or place[1] not in evse.connector_ids:
        raise CommandRefused("this station has no such connector")
    return evse, place[1]


def _alive(host: Host) -> None:
    if not host.runner.alive:
        raise CommandRefused("the station is down; it comes back by itself")


def _token(params: Params) -> IdToken:
    return IdToken(params["tagId"], params.get("tokenType", "ISO14443"))


def _settled(host: Host, data: Data | None = None) -> Wait:
    """Answer once everything is stored."""

    def wait() -> Data | None:
        engine = host.runner.engine
        if engine.store_failed:
            raise CommandRefused("the store failed; see the events")
        return (data or {}) if engine.station.settled else None

    return wait


# Link


def status(host: Host, params: Params) -> Data:
    del params
    return station_status(host.runner)


def connect(host: Host, params: Params) -> Wait:
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
    del params
    host.runner.stay_offline = True
    host.runner.link.close()
    return {}


def go_offline(host: Host, params: Params) -> Data:
    del params
    host.runner.stay_offline = True
    host.runner.link.abort()
    return {}


def come_online(host: Host, params: Params) -> Data:
    del params
    host.runner.stay_offline = False
    host.runner.connect()
    return {}


def drop_connection(host: Host, params: Params) -> Data:
    del params
    host.runner.link.drop("dropped by command")
    return {}


# World


def plug_in(host: Host, params: Params) -> Wait:
    evse, connector = _evse(host, params)
    hardware = host.simulated(evse.id, "pilot")
    if hardware.bay.plugged and hardware.plugged_connector != connector:
        raise CommandRefused(f"connector {hardware.plugged_connector} of EVSE {evse.id} is in use")
    hardware.plugged_connector = connector
    hardware.bay.plug_in(params.get("ready", True), params.get("soc"))
    host.plugged(evse.id)

    def wait() -> Data | None:
        return {} if not host.runner.alive or host.evse(evse.id).ev else None

    return wait


def unplug(host: Host, params: Params) -> Wait:
    evse, connector = _evse(host, params)
    hardware = host.simulated(evse.id, "pilot")
    if hardware.plugged_connector != connector:
        return dict  # This one is free; the car is at another.
    side = params.get("side", "both")
    hardware.bay.unplug(side)
    host.unplugged(evse.id)

    def wait() -> Data | None:
        now = host.evse(evse.id)
        if not host.runner.alive:
            return {}
        if side == "station" and now.connector.cable and not now.connector.fixed:
            return None
        return None if now.ev else {}

    return wait


def _pilot_verb(act: Callable[[Any], None]) -> Handler:
    def handler(host: Host, params: Params) -> Data:
        evse, _ = _evse(host, params)
        act(host.simulated(evse.id, "pilot").bay)
        host.moved()
        return {}

    return handler


def tap(host: Host, params: Params) -> Wait:
    _alive(host)
    evses = (_evse(host, params)[0].id,) if "connector" in params or "evse" in params else ()
    return _present(host, _token(params), evses)


def _present(host: Host, token: IdToken, evses: tuple[int, ...]) -> Wait:
    host.told("card", {"reader": "control", "tagId": token.value, "technology": token.type, "random": False})
    asked, future = host.runner.question()
    host.runner.feed(events.TokenPresented(token, "control", evses, asked))

    def wait() -> Data | None:
        if not future.done():
            return None
        answer = future.result()
        return {"result": answer["result"], "reason": answer["reason"], "trace": answer["trace"]}

    return wait


def bay_occupied(host: Host, params: Params) -> Data:
    return _bay(host, params, True)


def bay_free(host: Host, params: Params) -> Data:
    return _bay(host, params, False)


def _bay(host: Host, params: Params, occupied: bool) -> Data:
    evse, _ = _evse(host, params)
    host.simulated(evse.id, "pilot").bay.set_occupied(occupied)
    host.moved()
    if "tagId" in params:
        _alive(host)
        _present(host, _token(params), (evse.id,))
    return {}


def fault(host: Host, params: Params) -> Wait:
    _alive(host)
    evse, _ = _evse(host, params)
    host.runner.feed(events.FaultRaised(evse.id, Fault(params.get("errorCode", "OtherError"))))
    return _settled(host)


def clear_fault(host: Host, params: Params) -> Wait:
    _alive(host)
    evse, _ = _evse(host, params)
    code = params.get("errorCode")
    host.runner.feed(events.FaultCleared(evse.id, Fault(code) if code is not None else None))
    return _settled(host)


def contactor_fault(host: Host, params: Params) -> Data:
    evse, _ = _evse(host, params)
    host.simulated(evse.id, "contactor").bay.contactor.set_fault(params["kind"])
    host.moved()
    return {}


def meter_fault(host: Host, params: Params) -> Data:
    evse, _ = _evse(host, params)
    host.simulated(evse.id, "meter").bay.meter.set_fault(params["kind"])
    host.runner.feed(events.ProbeMeter(evse.id))
    return {}


def reader_fault(host: Host, params: Params) -> Data:
    evse = _evse(host, params)[0].id if "connector" in params or "evse" in params else None
    lost = params["kind"] == "lost"
    event = events.FaultRaised if lost else events.FaultCleared
    for one in host.runner.engine.evses:
        if evse in (None, one.id):
            host.runner.feed(event(one.id, Fault.READER_FAILURE))
    return {}


def lock_failure(host: Host, params: Params) -> Data:
    evse, _ = _evse(host, params)
    host.simulated(evse.id, "lock").bay.lock.set_fault(params.get("on", True))
    host.moved()
    return {}


def select_evse(host: Host, params: Params) -> Wait:
    _alive(host)
    evse, _ = _evse(host, params)
    if not any(case.until_s is not None for case in host.runner.engine.station.auth.cases.values()):
        raise CommandRefused("no card waits for a choice")
    host.runner.feed(events.EvseSelected(evse.id))
    if evse.grant is None:
        raise CommandRefused(f"EVSE {evse.id} cannot be chosen: it is not free, or the card may not use it")
    return _settled(host)


# Transactions


def start_transaction(host: Host, params: Params) -> Wait:
    _alive(host)
    evse, connector = _evse(host, params)
    token = _token(params)
    if evse.grant is not None and not evse.grant.token.same(token):
        raise CommandRefused("another card is charging here")
    if not evse.ev:
        hardware = host.simulated(evse.id, "pilot")
        hardware.plugged_connector = connector
        hardware.bay.plug_in(True, None)
        host.plugged(evse.id)
    presented = _present(host, token, (evse.id,)) if evse.grant is None else None

    def wait() -> Data | None:
        if presented is not None and (answer := presented()) is not None:
            result = answer["result"]
            if result not in (TokenResult.USED_TO_START.value, TokenResult.ACCEPTED.value):
                raise CommandRefused(f"{result}: {answer['reason']}".rstrip(": "))
        now, engine = host.evse(evse.id), host.runner.engine
        transaction = now.transaction
        if transaction is None or not now.desk.recorded or now.charging_state is not ChargingState.CHARGING:
            return None
        wire = engine.wire_id(transaction.id)
        if wire is None and engine.registered:
            return None
        return {"transactionId": wire_number(wire), "id": transaction.id}

    return wait


_REASONS = {reason.value.casefold(): reason for reason in StopReason}


def _reason(text: str) -> StopReason:
    known = _REASONS.get(text.casefold())
    if known is None:
        raise CommandRefused(f"no stop reason is called {text[:40]!r}")
    return known


def stop_transaction(host: Host, params: Params) -> Wait:
    _alive(host)
    evse, _ = _evse(host, params)
    transaction = evse.transaction
    if transaction is None:
        raise CommandRefused("no transaction runs here")
    reason = _reason(params.get("reason", "Local"))
    host.runner.feed(events.StopRequested(evse.id, reason))
    stored = _settled(host)

    def wait() -> Data | None:
        running = host.evse(evse.id).transaction
        if running is not None and running.id == transaction.id:
            return None
        if stored() is None:
            return None
        engine = host.runner.engine
        return {"transactionId": wire_number(engine.wire_id(transaction.id)), "id": transaction.id}

    return wait


# Messages


def _asked(host: Host, make: Callable[[int], Any]) -> Wait:
    """Put a question; answer with the payload that comes back."""
    _alive(host)
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
    action, payload = params["action"], dict(params.get("payload", {}))
    return _asked(host, lambda asked: events.AskCsms(asked, effects.RawQuery(action, payload, asked)))


def authorize(host: Host, params: Params) -> Wait:
    token = _token(params)
    wait = _asked(host, lambda asked: events.AskCsms(asked, effects.AuthorizeQuery(token, asked)))

    def answered() -> Data | None:
        payload = wait()
        if payload is None:
            return None
        info = payload.get("idTagInfo") or payload.get("idTokenInfo") or {}
        return {"status": info.get("status"), **payload}

    return answered


def heartbeat(host: Host, params: Params) -> Wait:
    del params
    return _asked(host, events.TriggerHeartbeat)


def _status_message(actions: Mapping[str, str]) -> Handler:
    def handler(host: Host, params: Params) -> Wait:
        action = actions["1.6" if host.runner.engine.dialect.version == "1.6" else "2"]
        payload = {"status": params["status"]}
        return _asked(host, lambda asked: events.AskCsms(asked, effects.RawQuery(action, payload, asked)))

    return handler


def set_meter_value(host: Host, params: Params) -> Data:
    evse, _ = _evse(host, params)
    host.simulated(evse.id, "meter").bay.meter.set_value(params["value"])
    host.runner.feed(events.ProbeMeter(evse.id))
    return {}


def send_meter_value(host: Host, params: Params) -> Wait:
    _alive(host)
    evse, _ = _evse(host, params)
    if "value" in params:
        set_meter_value(host, params)
    host.runner.feed(events.TriggerMeter(evse.id, evse.transaction is not None))

    def wait() -> Data | None:
        engine = host.runner.engine
        if not engine.registered:
            raise CommandRefused("the station is not connected")
        return {} if engine.station.settled and engine.outbox.empty and not engine.rpc.busy else None

    return wait


# Power


def power_cycle(host: Host, params: Params) -> Data:
    _alive(host)
    keep = params.get("keepTransactions")
    host.runner.power_cycle(_reason(params.get("reason", "PowerLoss")), keep)
    return {}


_RESETS = {
    "Soft": (False, StopReason.SOFT_RESET),
    "Hard": (False, StopReason.HARD_RESET),
    "Immediate": (False, StopReason.IMMEDIATE_RESET),
    "OnIdle": (True, StopReason.IMMEDIATE_RESET),
}


def reboot(host: Host, params: Params) -> Wait:
    _alive(host)
    on_idle, reason = _RESETS.get(params.get("type", ""), (False, StopReason.REBOOT))
    boots = host.runner.boots
    host.runner.feed(events.ResetRequested(None, on_idle, reason, boot_reason=BootReason.LOCAL_RESET))

    def wait() -> Data | None:
        down = host.runner.boots != boots or (host.runner.rebooting and not host.runner.link.up)
        return {} if down else None

    return wait


# Configuration and tokens


def set_config(host: Host, params: Params) -> Wait:
    _alive(host)
    variables = host.runner.engine.variables
    items = set_items(params["key"], params["value"])
    outcome = SetOutcome("Accepted")
    for address, attribute, value in items:
        outcome = variables.check(address, value, attribute, hand="manufacturer")
        if not outcome.accepted:
            detail = outcome.detail or outcome.reason_code or outcome.status
            raise CommandRefused(f"{params['key']}: {detail}")
    host.runner.feed(events.SetVariables(None, items, "manufacturer"))
    return _settled(host, {"status": outcome.status})


def delete_config(host: Host, params: Params) -> Wait:
    _alive(host)
    for address in delete_items(params["key"]):
        if not host.runner.engine.variables.known(address):
            raise CommandRefused(f"{params['key']}: this station has no such variable")
        host.runner.feed(events.DeleteVariable(address))
    return _settled(host)


def cache_put(host: Host, params: Params) -> Wait:
    _alive(host)
    group = IdToken(params["group"]) if params.get("group") else None
    info = TokenInfo(TokenStatus(params["status"]), group)
    host.runner.feed(events.PutToken(IdToken(params["tagId"]), info, local_list=False))
    return _settled(host)


def local_list_put(host: Host, params: Params) -> Data:
    del host, params
    raise CommandRefused("this station has no local authorization list")


HANDLERS: dict[str, Handler] = {
    "status": status,
    "connect": connect,
    "disconnect": disconnect,
    "go_offline": go_offline,
    "come_online": come_online,
    "drop_connection": drop_connection,
    "plug_in": plug_in,
    "unplug": unplug,
    "tap": tap,
    "ev_suspend": _pilot_verb(lambda bay: bay.suspend()),
    "ev_resume": _pilot_verb(lambda bay: bay.resume()),
    "ev_not_ready": _pilot_verb(lambda bay: bay.not_ready()),
    "bay_occupied": bay_occupied,
    "bay_free": bay_free,
    "fault": fault,
    "clear_fault": clear_fault,
    "contactor_fault": contactor_fault,
    "meter_fault": meter_fault,
    "reader_fault": reader_fault,
    "lock_failure": lock_failure,
    "select_evse": select_evse,
    "start_transaction": start_transaction,
    "stop_transaction": stop_transaction,
    "authorize": authorize,
    "set_meter_value": set_meter_value,
    "send_meter_value": send_meter_value,
    "heartbeat": heartbeat,
    "diagnostics_status_notification": _status_message(
        {"1.6": "DiagnosticsStatusNotification", "2": "LogStatusNotification"}
    ),
    "firmware_status_notification": _status_message(
        {"1.6": "FirmwareStatusNotification", "2": "FirmwareStatusNotification"}
    ),
    "power_cycle": power_cycle,
    "reboot": reboot,
    "set_config": set_config,
    "delete_config": delete_config,
    "cache_put": cache_put,
    "local_list_put": local_list_put,
    "send_ocpp": send_ocpp,
}
"""Every command of INTERFACE §2."""

REFUSALS = (DriverError,)
"""What a simulated part says when it cannot do something; becomes a refusal."""
