"""The charging station: events in, effects out.

``Station`` wires the parts and routes events to them. It does no I/O, reads no clock and knows no version of OCPP. Same
events, same effects. Called by ``station.host.engine``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from station.core import events
from station.core.alignment import Alignment
from station.core.authorization import AuthDesk
from station.core.availability import Availability
from station.core.certificate_tasks import SigningQuery
from station.core.certificates import Certificates
from station.core.charging import Grant
from station.core.context import Context, StationPlan
from station.core.contracts import Contracts
from station.core.device_model import Address
from station.core.dispatch import EVSE_PARTS, HANDLERS, STATION_PARTS
from station.core.effects import AuthorizeQuery, BootQuery, Effect, QueryEnded
from station.core.events import Event
from station.core.evse import Evse
from station.core.faults import FaultSet, Standing, by_name
from station.core.firmware import Firmware
from station.core.jobs import Jobs
from station.core.log_upload import LogUpload
from station.core.names import HEARTBEAT_INTERVAL, IDLE_FEE_AFTER_STOP
from station.core.pricing import Pricing
from station.core.problems import ProblemQuery, Problems
from station.core.records import Rows
from station.core.registration import Registration
from station.core.requests import Requests
from station.core.reservation import Reservations
from station.core.reset import Reset
from station.core.security_events import SecurityLog
from station.core.security_trial import SecurityTrial
from station.core.smart_charging.desk import SmartCharging
from station.core.storage import CLOCKS, META, boot_number, restore, snapshot
from station.core.token_store import TokenStore
from station.core.turn import NOTHING_FOLLOWS
from station.core.v2g_certificate import V2gCertificate
from station.core.v2g_tasks import V2gSigningQuery
from station.core.values import BootReason, Fault, StopReason
from station.core.variables import Keeper, Variables

_KEPT_CLOCKS = 8


class Station(Keeper):
    """One charging station.

    Args:
        plan: what the profile says.
        variables: the variable store, built over the profile's settings.
        rows: what the store holds (``Rows``); empty on a first start.
        now: monotonic seconds of station time.
        new_id: makes transaction ids, never the same twice.
        boot_reason: for BootNotification.

    ``fault_set`` are the faults of the station as a whole; they stand at every EVSE too. ``damaged`` are journal rows
    that could not be read. ``bindings`` are the CSMS's ids of transactions. ``stirred``: what is derived from it all,
    such as the statuses of connectors, may have changed; whoever looks at it sets that back.
    """

    __slots__ = (
        "alignment",
        "auth",
        "availability",
        "bindings",
        "boot",
        "certificates",
        "ctx",
        "damaged",
        "evses",
        "fault_set",
        "firmware",
        "jobs",
        "log_upload",
        "plug_count",
        "pricing",
        "problems",
        "registration",
        "requests",
        "reservations",
        "reset",
        "restored",
        "security",
        "smart_charging",
        "statuses",
        "stirred",
        "tokens",
        "trial",
        "v2g",
    )

    ctx: Context
    tokens: TokenStore
    auth: AuthDesk
    certificates: Certificates
    jobs: Jobs
    security: SecurityLog
    trial: SecurityTrial
    alignment: Alignment
    firmware: Firmware
    log_upload: LogUpload
    registration: Registration
    reservations: Reservations
    pricing: Pricing
    problems: Problems
    requests: Requests
    reset: Reset
    smart_charging: SmartCharging
    v2g: V2gCertificate

    def __init__(
        self,
        plan: StationPlan,
        variables: Variables,
        rows: Rows,
        now: float,
        new_id: Callable[[], str],
        boot_reason: BootReason = BootReason.POWER_UP,
    ) -> None:
        self.boot = boot_number(rows)
        self.ctx = ctx = Context(plan, variables, new_id, self.boot, now)
        self.bindings: dict[str, str] = {}
        self.statuses: dict[tuple[int, int], str] = {}  # told last, as ``StatusTold`` gave them
        self.fault_set = FaultSet()
        self.plug_count = 0
        self.damaged: list[str] = []
        self.jobs = Jobs(ctx.ledger)
        self.security = SecurityLog(ctx)
        self.trial = SecurityTrial(ctx.ledger)
        self.certificates = Certificates(ctx, self.jobs, self.security)
        self.v2g = V2gCertificate(ctx, self.jobs, self.security)
        self.tokens = TokenStore(ctx.ledger)
        self.availability = Availability(ctx.ledger)
        self.evses = tuple(Evse(ctx, evse, self) for evse in plan.evses)
        self.problems = Problems(ctx, self.evses, self.fault_set)
        self.pricing = Pricing(self)
        self.reservations = Reservations(ctx, self.evses)
        contracts = Contracts(ctx, self.jobs)
        self.auth = AuthDesk(ctx, self.evses, self.tokens, self.reservations, contracts, self.pricing)
        self.reservations.presented = self.auth
        self.registration = Registration(ctx, boot_reason)
        self.reset = Reset(ctx, self.evses, self.auth, self.reservations)
        self.requests = Requests(self)
        self.alignment = Alignment(ctx, self.evses)
        self.firmware = Firmware(ctx, self.evses, self.jobs, self.security, self.reset)
        self.log_upload = LogUpload(ctx, self.jobs)
        self.smart_charging = SmartCharging(ctx, self.evses)
        self.restored = False
        self.stirred = True
        restore(self, rows)
        if self.firmware.activating:
            self.registration.reason = BootReason.FIRMWARE_UPDATE
        elif boot_reason is BootReason.POWER_UP and self.reset.ordered is not None:
            self.registration.reason = self.reset.ordered
        variables.keep_with(self)

    # The face

    def handle(self, event: Event, now: float) -> list[Effect]:
        """Take one event at ``now``; answers what is to be done, in order."""
        self.ctx.now = now
        handler = HANDLERS.get(type(event))
        if handler is None or handler(self, event) is not NOTHING_FOLLOWS:
            self._after()
        return self.ctx.ledger.close_turn(self._after)

    def start(self, now: float) -> list[Effect]:
        """The first turn of a boot: the boot number is recorded."""
        self.ctx.now = now
        self.ctx.ledger.put(META, "boot", self.boot)
        self.reset.began()
        self.pricing.reread()
        self.security.booted(self.registration.reason)
        return self.ctx.ledger.close_turn(self._after)

    def tick(self, now: float) -> list[Effect]:
        """Carry out every deadline that is due at ``now``."""
        self.ctx.now = now
        deadlines = self.ctx.deadlines
        follows = False
        for key in sorted((k for k, when in deadlines.items() if when <= now), key=deadlines.__getitem__):
            due_s = deadlines.get(key)
            if due_s is not None and due_s <= now:
                del deadlines[key]
                follows |= self._due(*key, due_s) is not NOTHING_FOLLOWS
        if follows:
            self._after()
        return self.ctx.ledger.close_turn(self._after)

    def _due(self, part: str, number: int, due_s: float) -> object:
        station_part = STATION_PARTS.get(part)
        if station_part is not None:
            return station_part(self)
        evse = self.evse(number)
        return EVSE_PARTS[part](self, evse, due_s) if evse is not None else None

    def next_deadline(self) -> float | None:
        """When ``tick`` is wanted next, in monotonic seconds; None where nothing waits."""
        deadlines = self.ctx.deadlines
        return min(deadlines.values()) if deadlines else None

    @property
    def settled(self) -> bool:
        """Whether everything that happened is recorded."""
        return self.ctx.ledger.settled

    def evse(self, number: int | None) -> Evse | None:
        """The EVSE with this number."""
        for evse in self.evses:
            if evse.id == number:
                return evse
        return None

    def heard(self) -> None:
        """The CSMS answered something: a heartbeat may wait a full interval (OCPP 1.6 §4.6, OCPP 2.0.1 G02.FR.06)."""
        self.registration.heard_s = self.ctx.now

    def _after(self) -> None:
        self.stirred = True
        if self.smart_charging.active:
            self.smart_charging.review()
        reservations = self.reservations
        reserves = bool(reservations.all) or reservations.marked
        if reserves:
            reservations.review()
        reset = self.reset
        hindered = reset.waiting or reset.rebooting or self.availability.inoperative or self.firmware.update
        for evse in self.evses:
            evse.conclude(bool(hindered))
        if self.auth.cases:
            self.auth.review()
        if reserves:
            reservations.conclude()
        pricing, problems = self.pricing, self.problems
        if pricing.bills or pricing.unplugs or pricing.tells_unplugs:
            pricing.review()
        if problems.pending is not None:
            problems.review()
        if reset.waiting:
            reset.check()
        elif self.firmware.update is not None and not reset.rebooting:
            self.firmware.check()

    def snapshot(self) -> Rows:
        """Exactly what the store holds once everything is recorded."""
        return snapshot(self)

    # Hooks of the EVSEs

    def ev_plugged(self, evse: Evse) -> None:
        """A vehicle was plugged in and nobody has been authorised for it."""
        self.plug_count += 1
        evse.plugged_at = self.plug_count
        self.auth.plugged_in(evse)

    def ev_gone(self, evse: Evse) -> None:
        """The vehicle's end was pulled."""
        evse.plugged_at = 0

    def session_began(self, evse: Evse) -> None:
        """Token and plug came together."""
        self.auth.session_began(evse)

    def session_over(self, evse: Evse, grant: Grant, reason: StopReason) -> None:
        """A token's session ended."""
        self.auth.session_over(evse, grant, reason)

    def serviceable_again(self, evse: Evse) -> None:
        """A session may begin again: whoever waits with a vehicle or a card need not do anything anew."""
        if evse.ev and evse.state == "plugged":
            self.auth.plugged_in(evse)

    def operative(self, evse: int, connector: int) -> bool:
        """Whether commands let the connector be used."""
        return self.availability.operative(evse, connector)

    @property
    def hindered(self) -> bool:
        """Whether anything may keep sessions from beginning that is not an EVSE's own; ``admits`` says where."""
        reset = self.reset
        return bool(reset.waiting or reset.rebooting or self.availability.inoperative or self.firmware.update)

    def admits(self, evse: int, connector: int) -> bool:
        """Whether sessions may begin at a connector: by command, and as no reset and no update is in their way."""
        commanded = self.availability.operative(evse, connector)
        return commanded and not self.reset.blocks(evse) and not self.firmware.blocks()

    def offering(self) -> bool:
        """An EVSE is about to offer current. Whether what it may offer can be another current now."""
        return self.smart_charging.offering()

    def problem(self, evse: int, fault: Standing, active: bool) -> None:
        """A fault came to stand at an EVSE (0: the station as a whole), or is gone."""
        self.problems.changed(evse, fault, active)

    # Variables and the clock

    def variable_changed(self, address: Address, old: str, new: str) -> None:
        """See ``Keeper``."""
        self.security.variable_changed(address)
        self.trial.variable_changed(address, old, new)
        self.v2g.variable_changed(address)
        if address == IDLE_FEE_AFTER_STOP:
            self.pricing.reread()
        if address == HEARTBEAT_INTERVAL:
            self.registration.reschedule()
        elif address.component == "AlignedDataCtrlr":
            self.alignment.changed()
        elif address.component == "SampledDataCtrlr":
            for evse in self.evses:
                evse.desk.reschedule()

    # Link

    def connected(self, event: events.Connected) -> None:
        """A connection stands: register, or go on."""
        self.ctx.linked(True, self.ctx.boot_status)
        self.pricing.reread()
        self.security.series_over()
        self.registration.connected()
        self.certificates.connected()
        if self.ctx.registered:
            self.v2g.registered()

    def disconnected(self, event: events.Disconnected) -> None:
        """What is still queued was told too late to count as online (OCPP 2.0.1 E11.FR.02)."""
        ctx = self.ctx
        ctx.linked(False, ctx.boot_status)
        self.registration.disconnected()
        for key, fact in list(ctx.ledger.facts.items()):
            if not fact.offline:
                ctx.ledger.replace(key, replace(fact, offline=True))

    def boot_answered(self, event: events.BootAnswered) -> None:
        """BootNotification was answered."""
        before = self.ctx.timeline.offset
        accepted = self.registration.answered(event)
        self._clock_changed(before)
        if accepted:
            self.ctx.publish("connected")
            self.certificates.own.registered()
            self.v2g.registered()
            for evse in self.evses:
                self.serviceable_again(evse)
            self.firmware.registered()
            self.log_upload.registered()

    def heartbeat_answered(self, event: events.HeartbeatAnswered) -> object:
        """Heartbeat was answered with the CSMS's time."""
        before = self.ctx.timeline.offset
        self.registration.heartbeat_answered(event)
        self._clock_changed(before)
        return NOTHING_FOLLOWS

    def clock_learnt(self, event: events.ClockLearnt) -> None:
        """The host's clock was read; the CSMS's word, where there was one, goes before it."""
        before = self.ctx.timeline.offset
        if not event.sure:
            self.ctx.timeline.assume(event.utc, self.ctx.now)
            self.smart_charging.clock_changed()
        elif before is None:
            self.registration.learn_time(event.utc)
            self._clock_changed(before)

    def _clock_changed(self, before: float | None) -> None:
        """The time was told. Most tell nothing new, and a row for each heartbeat would wear the card."""
        timeline = self.ctx.timeline
        if timeline.offset is None or timeline.offset == before:
            return
        if before is None:
            for boot, offset in timeline.settle().items():
                self.ctx.ledger.put(CLOCKS, str(boot), offset)
            for boot in sorted(timeline.offsets.keys() - timeline.ends.keys())[:-_KEPT_CLOCKS]:
                timeline.forget(boot)
                self.ctx.ledger.delete(CLOCKS, str(boot))
        self.ctx.ledger.put(CLOCKS, str(timeline.boot), timeline.offset)
        self.security.clock_changed(before, timeline.offset)
        self.alignment.clock_changed()
        self.smart_charging.clock_changed()
        self.reservations.clock_changed()
        self.certificates.own.clock_changed()
        self.v2g.clock_changed()
        self.firmware.clock_changed()

    def query_failed(self, event: events.QueryFailed) -> None:
        """A question was not answered."""
        query = event.query
        if isinstance(query, BootQuery):
            self.registration.failed()
        elif isinstance(query, AuthorizeQuery) and query.asked is None:
            self.auth.validation.failed(query.token, event.cause)
        elif isinstance(query, SigningQuery):
            self.certificates.own.unanswered(event.cause)
        elif isinstance(query, V2gSigningQuery):
            self.v2g.unanswered(event.cause)
        elif isinstance(query, ProblemQuery):
            self.problems.unanswered(query, event.cause)
        asked = getattr(query, "asked", None)
        if asked is not None:
            refused = f"{event.code}: {event.description}" if event.cause == "CallError" else event.cause
            self.ctx.ledger.promise(QueryEnded(asked, None, refused))

    def ask(self, event: events.AskCsms) -> None:
        """The owner puts a question."""
        self.ctx.ask(event.query)

    def security_event(self, event: events.SecurityEvent) -> None:
        """Something of the security event list happened."""
        self.security.raised(event.type, event.info)

    @property
    def faults(self) -> Mapping[Fault, str]:
        """The faults of the station as a whole, each with its text."""
        return by_name(self.fault_set.standing)
