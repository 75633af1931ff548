"""Which part of a station handles which event, and whom a deadline calls. Tables only.

Called by ``station.core.station``; an event that no table names does nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

from station.core import (
    alignment,
    authorization,
    certificate_tasks,
    contactor,
    delivery,
    events,
    evse,
    firmware,
    local_list,
    locks,
    log_upload,
    meter,
    own_certificate,
    power,
    pricing,
    problems,
    registration,
    requests,
    reservation,
    reset,
    v2g_certificate,
    v2g_tasks,
    world,
)
from station.core.effects import Outcome, Reply
from station.core.sampling import PURPOSES, RECORD
from station.core.sampling_plan import SAMPLE, SAMPLE_END, sampling_plan
from station.core.smart_charging import desk as smart_charging
from station.core.smart_charging import requests as charging_requests
from station.core.transactions import ENDING
from station.core.turn import NOTHING_FOLLOWS
from station.core.values import TriggerReason

if TYPE_CHECKING:
    from station.core.evse import Evse
    from station.core.station import Station

Handler = Callable[["Station", Any], object]


def _on_evse(method: str, *members: str) -> Handler:
    """A handler that hands members of an event to a method of the EVSE it names; an unknown EVSE is no error."""
    act: Callable[..., object] = getattr(evse.Evse, method)
    read = attrgetter(*members)

    def handle_one(station: Station, event: Any) -> None:
        for one in station.evses:
            if one.id == event.evse:
                act(one, read(event))

    def handle(station: Station, event: Any) -> None:
        for one in station.evses:
            if one.id == event.evse:
                act(one, *read(event))

    return handle_one if len(members) == 1 else handle


def _sample(part: str) -> Callable[[Station, Evse, float], object]:
    """Read for a sampling deadline and come again; intervals do not drift, and missed ones are not made up for.

    To ask for a reading changes nothing by itself; a polled meter may have one that is taken at once.
    """

    def due(station: Station, evse: Evse, due_s: float) -> object:
        ctx, desk = station.ctx, evse.desk
        every_s = ctx.plan.record_s if part == RECORD else ctx.variables.derived(sampling_plan).every_s[part]
        if every_s > 0 and desk.transaction is not None and desk.ending is None:
            next_s = due_s + every_s
            if part == RECORD and desk.register_told_s + every_s > ctx.now:
                # What was told was recorded: another reading so soon would only wear the card.
                ctx.deadlines[part, evse.id] = desk.register_told_s + every_s
                return NOTHING_FOLLOWS
            ctx.deadlines[part, evse.id] = next_s if next_s > ctx.now else ctx.now + every_s
            if evse.service.due(PURPOSES[part]) or station.pricing.bills:
                return None
        return NOTHING_FOLLOWS

    return due


def _together(station: Station, event: events.Together) -> object:
    follows: object = NOTHING_FOLLOWS
    for one in event.happened:
        handler = HANDLERS.get(type(one))
        if handler is None or handler(station, one) is not NOTHING_FOLLOWS:
            follows = None
    return follows


def _sample_now(station: Station, event: events.SampleDue) -> object:
    """As if the periodic deadline had been this moment."""
    for one in station.evses:
        if one.id == event.evse:
            return _SAMPLE_DUE(station, one, station.ctx.now)
    return NOTHING_FOLLOWS


def _meter_read(station: Station, event: events.MeterRead) -> object:
    """A reading that is sampled and recorded like many before it changes nothing else."""
    for one in station.evses:
        if one.id == event.evse:
            follows = one.service.read(event.reading)
            return None if follows or station.pricing.bills else NOTHING_FOLLOWS
    return NOTHING_FOLLOWS


def _reset(station: Station, event: events.ResetRequested) -> None:
    """An installer is not cut off by a request; whoever stands before the station may."""
    if station.firmware.installing and event.reply is not None:
        station.ctx.ledger.promise(Reply(event.reply, Outcome("Rejected", "FwUpdateInProgress")))
    else:
        station.reset.request(event)


def _heartbeat_wanted(station: Station, event: events.TriggerHeartbeat) -> object:
    station.registration.trigger_heartbeat(event)
    return NOTHING_FOLLOWS


def _heartbeat_due(station: Station) -> object:
    station.registration.heartbeat_due()
    return NOTHING_FOLLOWS


_SAMPLE_DUE: Final = _sample(SAMPLE)

HANDLERS: Final[dict[type[Any], Handler]] = {
    events.Together: _together,
    events.PilotChanged: _on_evse("pilot_changed", "pilot"),
    events.CableChanged: _on_evse("cable_changed", "connector", "present", "limit_a"),
    events.BayChanged: _on_evse("bay_changed", "occupied"),
    events.ContactorMoved: _on_evse("contactor_moved", "closed"),
    events.LockMoved: world.lock_moved,
    events.MeterRead: _meter_read,
    events.FaultRaised: world.fault_raised,
    events.FaultCleared: world.fault_cleared,
    events.TokenPresented: lambda s, e: s.auth.present(e),
    events.TokenWithdrawn: lambda s, e: s.auth.withdraw(e.token),
    events.EvseSelected: world.selected,
    events.StopRequested: lambda s, e: s.requests.stop(e),
    events.RemoteStart: lambda s, e: s.requests.remote_start(e),
    events.RemoteStop: lambda s, e: s.requests.remote_stop(e),
    events.ChangeAvailability: lambda s, e: s.requests.change_availability(e),
    events.ResetRequested: _reset,
    events.UnlockRequested: lambda s, e: s.requests.unlock(e),
    events.SampleDue: _sample_now,
    events.TriggerMeter: lambda s, e: s.requests.trigger_meter(e),
    events.TriggerBoot: lambda s, e: s.registration.trigger(),
    events.TriggerHeartbeat: _heartbeat_wanted,
    events.SetVariables: lambda s, e: s.requests.set_variables(e),
    events.DeleteVariable: lambda s, e: s.requests.delete_variable(e),
    events.ReserveNow: lambda s, e: s.reservations.reserve(e),
    events.CancelReservation: lambda s, e: s.reservations.cancel(e),
    events.ClearCache: lambda s, e: s.requests.clear_cache(e),
    events.PutToken: lambda s, e: s.requests.put_token(e),
    events.SendLocalList: lambda s, e: local_list.send_local_list(s.ctx, s.tokens.local_list, e),
    events.PriceTold: lambda s, e: s.pricing.price_told(e),
    events.CostTold: lambda s, e: s.pricing.cost_told(e),
    events.UpdateFirmware: lambda s, e: s.firmware.request(e),
    events.TriggerFirmwareStatus: lambda s, e: s.firmware.trigger(e),
    events.UploadLog: lambda s, e: s.log_upload.request(e),
    events.TriggerLogStatus: lambda s, e: s.log_upload.trigger(e),
    charging_requests.SetChargingProfile: lambda s, e: s.smart_charging.set(e),
    charging_requests.ClearChargingProfile: lambda s, e: s.smart_charging.clear(e),
    charging_requests.GetChargingProfiles: lambda s, e: s.smart_charging.get(e),
    charging_requests.GetCompositeSchedule: lambda s, e: s.smart_charging.report(e),
    events.AskCsms: lambda s, e: s.ask(e),
    events.BootAnswered: lambda s, e: s.boot_answered(e),
    events.HeartbeatAnswered: lambda s, e: s.heartbeat_answered(e),
    events.TokenAnswered: lambda s, e: s.auth.validation.answered(e.token, e.info),
    events.QueryFailed: lambda s, e: s.query_failed(e),
    events.Delivered: delivery.delivered,
    events.Bound: delivery.bound,
    events.StatusTold: delivery.status_told,
    events.Connected: lambda s, e: s.connected(e),
    events.Disconnected: lambda s, e: s.disconnected(e),
    events.Recorded: power.recorded,
    events.RecordFailed: power.record_failed,
    events.ClockLearnt: lambda s, e: s.clock_learnt(e),
    events.PowerFailing: power.power_failing,
    events.SecurityEvent: lambda s, e: s.security_event(e),
    events.SecurityProfileHeld: lambda s, e: s.trial.held(),
    events.ProbeMeter: world.probe_meter,
    events.MeterReplaced: world.meter_replaced,
    certificate_tasks.InstallCertificate: lambda s, e: s.certificates.install(e),
    certificate_tasks.DeleteCertificate: lambda s, e: s.certificates.delete(e),
    certificate_tasks.ListCertificates: lambda s, e: s.certificates.list(e),
    certificate_tasks.CertificateSigned: lambda s, e: s.certificates.own.signed(e),
    certificate_tasks.TriggerSigning: lambda s, e: s.certificates.own.sign(),
    certificate_tasks.SigningAnswered: lambda s, e: s.certificates.own.signing_answered(e),
    v2g_tasks.TriggerV2gSigning: lambda s, e: s.v2g.trigger(),
    v2g_tasks.V2gSigningAnswered: lambda s, e: s.v2g.answered(e),
    v2g_tasks.V2gSigned: lambda s, e: s.v2g.signed(e),
    problems.ProblemsTold: lambda s, e: s.problems.answered(),
    certificate_tasks.DialRefused: lambda s, e: s.certificates.refused(e),
    events.JobReported: lambda s, e: s.jobs.reported(e.job, e.report, e.last),
    events.HardwareReady: power.hardware_ready,
}
"""Event -> who handles it."""

STATION_PARTS: Final[dict[str, Callable[[Station], object]]] = {
    registration.BOOT: lambda s: s.registration.due(),
    registration.HEARTBEAT: _heartbeat_due,
    authorization.DEADLINE: lambda s: s.auth.due(),
    reset.DEADLINE: lambda s: s.reset.due(),
    reservation.DEADLINE: lambda s: None,  # What is over ends with the turn.
    alignment.ALIGNED: lambda s: s.alignment.due(alignment.ALIGNED),
    alignment.ALIGNED_END: lambda s: s.alignment.due(alignment.ALIGNED_END),
    pricing.PRICE_WAIT: lambda s: s.pricing.wait_over(),
    pricing.COST: lambda s: s.pricing.due(),
    problems.DEADLINE: lambda s: s.problems.due(),
    firmware.DEADLINE: lambda s: s.firmware.due(),
    log_upload.DEADLINE: lambda s: s.log_upload.due(),
    own_certificate.RENEWAL: lambda s: s.certificates.own.renewal_due(),
    own_certificate.SWITCH: lambda s: s.certificates.own.switch_due(),
    own_certificate.SIGNING: lambda s: s.certificates.own.signing_due(),
    v2g_certificate.RENEWAL: lambda s: s.v2g.renewal_due(),
    v2g_certificate.SIGNING: lambda s: s.v2g.signing_due(),
    smart_charging.DEADLINE: lambda s: None,
    power.RETRY: power.retry,
}
"""Deadlines of the station."""

EVSE_PARTS: Final[dict[str, Callable[[Station, Evse, float], object]]] = {
    contactor.DEADLINE: lambda s, e, due_s: e.contactor_overdue(),
    meter.DEADLINE: lambda s, e, due_s: e.service.read(None),
    evse.GRACE: lambda s, e, due_s: e.settle(TriggerReason.CHARGING_STATE_CHANGED),
    evse.PLUG: lambda s, e, due_s: e.plug_overdue(),
    locks.LOCK: lambda s, e, due_s: e.lock_failed(),
    requests.UNLOCK: lambda s, e, due_s: s.requests.unlock_due(e.id),
    ENDING: lambda s, e, due_s: e.desk.finish(e.meter.last),
    SAMPLE: _SAMPLE_DUE,
    SAMPLE_END: _sample(SAMPLE_END),
    RECORD: _sample(RECORD),
}
"""Deadlines of an EVSE, with the moment at which each was due."""
