"""Prices and costs shown to the driver, and the meter values that the CSMS wants for them.

Nothing here decides what is to be paid: the CSMS does. A running cost goes on by its prices until the next message; it
is not kept over a reboot, because the CSMS tells it anew with every meter value.

Spec: OCA "OCPP & California Pricing Requirements" v3, 3.1 (costs, triggers), 3.4 (idle fee after the stop).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Context, Decimal
from typing import TYPE_CHECKING, Any, Final

from station.core import names
from station.core.costs import FinalCost, PriceText, RunningCost, accrued, turned
from station.core.effects import Outcome, Reply
from station.core.events import CostTold, PriceTold
from station.core.facts import TransactionFact, UnpluggedFact
from station.core.meter import Purpose
from station.core.token_rules import token_rules
from station.core.values import TokenInfo, TokenStatus

if TYPE_CHECKING:
    from station.core.case import Case
    from station.core.evse import Evse
    from station.core.station import Station

PRICE_WAIT: Final = "price"
COST: Final = "cost"
UNPLUGS: Final = "unplugs"
"""The transactions whose unplugging is still to be told: EVSE -> id."""

_EXACT: Final = Context(prec=60)
"""Digits enough for whatever a CSMS may tell; rounding raises where they do not fit."""

_HYSTERESIS: Final = 0.05
"""How far the power has to go back before crossing its threshold counts again."""

_ACCEPTED: Final = Outcome("Accepted")
_REJECTED: Final = Outcome("Rejected")


def phase(evse: Evse) -> str:
    """Where a session stands: a charging state while one is active, else the state of the charging machine."""
    return evse.charging_state.value if evse.state == "active" else evse.state


@dataclass(slots=True, eq=False)
class Bill:
    """The cost of a transaction as it runs. ``above``: whether the power is above its threshold; None: not known."""

    transaction_id: str
    wire_id: str
    running: RunningCost
    idle_since: datetime
    phase: str
    energy_told: bool = False
    time_told: bool = False
    above: bool | None = None


@dataclass(frozen=True, slots=True)
class _Held:
    """A token that was accepted and waits for its price until this moment of station time."""

    case: Case
    info: TokenInfo
    until_s: float


class Pricing:
    """Prices of one station.

    ``bills`` are the running costs by EVSE, ``unplugs`` the transactions whose unplugging is still to be told, by EVSE;
    ``tells_unplugs`` whether there will be more of those.
    """

    __slots__ = ("_held", "_recent", "bills", "station", "tells_unplugs", "unplugs")

    def __init__(self, station: Station) -> None:
        self.station = station
        self.bills: dict[int, Bill] | None = None
        self._held: dict[str, _Held] | None = None
        self._recent: dict[int, tuple[str, str]] | None = None
        self.unplugs: dict[int, str] | None = None
        self.tells_unplugs = False

    def reread(self) -> None:
        """The variables may be others: what every turn asks for is looked up once."""
        self.tells_unplugs = self.station.ctx.flag(names.IDLE_FEE_AFTER_STOP)

    # What the CSMS tells

    def price_told(self, event: PriceTold) -> None:
        """The price for a driver. Rejected where nobody with this token is here."""
        evse = self._evse_with(event)
        if evse is None and event.token.key not in self.station.auth.cases:
            self._reply(event.reply, _REJECTED)
            return
        place: dict[str, Any] = {} if evse is None else {"evse": evse.id, "connector": evse.active_connector}
        self._publish("price", **place, token=event.token, texts=_shown(event.texts))
        self._reply(event.reply, _ACCEPTED)
        self._release(event.token.key)

    def _evse_with(self, event: PriceTold) -> Evse | None:
        for evse in self.station.evses:
            running = evse.transaction.token if evse.transaction is not None else None
            if event.token.same(evse.token) or event.token.same(running):
                return evse
        return None

    def cost_told(self, event: CostTold) -> None:
        """What a transaction costs so far, or in the end. Rejected where it is none of this station's last ones."""
        found = self._transaction(event.wire_id)
        if found is None:
            self._reply(event.reply, _REJECTED)
            return
        evse, identity = found
        self._reply(event.reply, _ACCEPTED)
        cost = event.cost
        if isinstance(cost, FinalCost):
            self._drop(evse.id)
            self._publish(
                "cost",
                evse=evse.id,
                connector=evse.active_connector,
                id=identity,
                wire_id=event.wire_id,
                cost=float(self._rounded(cost.cost)),
                final=True,
                texts=_shown(cost.texts),
                qr_code=cost.qr_code or None,
            )
            return
        self._run(evse, identity, event.wire_id, cost)

    def _run(self, evse: Evse, identity: str, wire_id: str, cost: RunningCost) -> None:
        bills = self.bills = self.bills if self.bills is not None else {}
        before = bills.get(evse.id)
        goes_on = before is not None and before.transaction_id == identity and before.running.idle and cost.idle
        idle_since = before.idle_since if goes_on and before else cost.at
        bill = bills[evse.id] = Bill(identity, wire_id, cost, idle_since, phase(evse))
        bill.above = self._above(evse, bill)
        bill.energy_told = self._energy_reached(evse, bill)
        self._schedule()
        self._show(evse, bill)

    def _transaction(self, wire_id: str) -> tuple[Evse, str] | None:
        """A transaction that runs, or the last one of an EVSE, by its id on the wire."""
        bindings = self.station.bindings
        for evse in self.station.evses:
            if evse.transaction is not None and bindings.get(evse.transaction.id, evse.transaction.id) == wire_id:
                return evse, evse.transaction.id
        for number, identity, wire in self._over():
            if bindings.get(identity, wire) == wire_id and (at := self.station.evse(number)) is not None:
                return at, identity
        return None

    def _over(self) -> Iterator[tuple[int, str, str]]:
        """EVSE, id and id on the wire of the last transactions; also those of which something is still to be told."""
        for number, identity in (self.unplugs or {}).items():
            yield number, identity, identity
        for fact in self.station.ctx.ledger.facts.values():
            if isinstance(fact, (TransactionFact, UnpluggedFact)):
                yield fact.evse, fact.transaction_id, fact.transaction_id
        for number, (identity, wire) in (self._recent or {}).items():
            yield number, identity, wire

    # Waiting for a price before a session begins

    def hold(self, case: Case, info: TokenInfo) -> bool:
        """Whether an accepted token waits for its price; ``station.core.validation`` asks this."""
        wait_s = self.station.ctx.variables.derived(token_rules).price_wait_s
        if wait_s <= 0 or info.status is not TokenStatus.ACCEPTED:
            return False
        held = _Held(case, info, self.station.ctx.now + wait_s)
        self._held = {**(self._held or {}), case.token.key: held}
        self.station.auth.cases[case.token.key] = case
        case.asking = False
        case.note("price")
        self._await_prices()
        return True

    def wait_over(self) -> None:
        """No price came in time: the sessions whose time is over begin without."""
        for key, held in list((self._held or {}).items()):
            if held.until_s <= self.station.ctx.now:
                self._release(key)
        self._await_prices()

    def _await_prices(self) -> None:
        if self._held:
            first_s = min(held.until_s for held in self._held.values())
            self.station.ctx.at(PRICE_WAIT, 0, first_s - self.station.ctx.now)
        else:
            self.station.ctx.cancel(PRICE_WAIT, 0)

    def _release(self, key: str) -> None:
        """Go on with a token, unless its presentation has ended meanwhile and another one is in its place."""
        held = self._held.pop(key, None) if self._held else None
        if held is not None and self.station.auth.cases.get(key) is held.case:
            del self.station.auth.cases[key]
            self.station.auth.decided(held.case, held.info)

    # As time goes on

    def review(self) -> None:
        """Something may have changed: is a meter value wanted, was a cable pulled?"""
        if self.bills:
            for number, bill in list(self.bills.items()):
                if (evse := self.station.evse(number)) is not None:
                    self._watch(evse, bill)
        if self.unplugs or self.tells_unplugs:
            for evse in self.station.evses:
                self._look_for_unplug(evse)

    def ended(self, evse: int, identity: str, wire_id: str) -> None:
        """The last message of a transaction was answered; a final cost may still come."""
        if self.station.ctx.variables.derived(token_rules).priced:
            self._recent = {**(self._recent or {}), evse: (identity, wire_id)}

    def awaits(self, identity: str) -> bool:
        """Whether the id of a transaction on the wire is still needed."""
        return bool(self.unplugs) and identity in (self.unplugs or {}).values()

    def _watch(self, evse: Evse, bill: Bill) -> None:
        if evse.transaction is not None and evse.transaction.id != bill.transaction_id:
            self._drop(evse.id)
            return
        triggers = bill.running.triggers
        was, bill.phase = bill.phase, phase(evse)
        if triggers is None:
            return
        wanted = bill.phase != was and bill.phase in triggers.phases
        if not bill.energy_told and self._energy_reached(evse, bill):
            bill.energy_told = wanted = True
        above = self._above(evse, bill)
        if above is not None and above is not bill.above:
            wanted = wanted or bill.above is not None
            bill.above = above
        if wanted:
            evse.service.want(Purpose.OTHER)

    def _energy_reached(self, evse: Evse, bill: Bill) -> bool:
        triggers, transaction = bill.running.triggers, evse.transaction
        if triggers is None or triggers.energy_wh is None or transaction is None:
            return False
        return transaction.last_wh - transaction.begin_wh >= triggers.energy_wh

    def _above(self, evse: Evse, bill: Bill) -> bool | None:
        """On which side of the threshold the power is; near it, on the one where it was."""
        triggers, reading = bill.running.triggers, evse.meter.last
        if triggers is None or triggers.power_w is None or reading is None or reading.power_w is None:
            return bill.above
        if bill.above is None:
            return reading.power_w > triggers.power_w
        margin_w = triggers.power_w * _HYSTERESIS
        if bill.above:
            return reading.power_w > triggers.power_w - margin_w
        return reading.power_w > triggers.power_w + margin_w

    def due(self) -> None:
        """A price changes, or a meter value is wanted, at this moment."""
        now = self._now()
        for number, bill in (self.bills or {}).items():
            evse, running = self.station.evse(number), bill.running
            if evse is None:
                continue
            if running.following is not None and running.following.at <= now:
                bill.running = turned(running, bill.idle_since, self._register_wh(evse))
                self._show(evse, bill)
            at = running.triggers.at if running.triggers is not None else None
            if at is not None and at <= now and not bill.time_told:
                bill.time_told = True
                evse.service.want(Purpose.OTHER)
        self._schedule()

    def _schedule(self) -> None:
        """Ring at the next moment of any bill; what lies in the past is due at once."""
        moments = []
        for bill in (self.bills or {}).values():
            if bill.running.following is not None:
                moments.append(bill.running.following.at)
            triggers = bill.running.triggers
            if triggers is not None and triggers.at is not None and not bill.time_told:
                moments.append(triggers.at)
        if moments:
            self.station.ctx.at(COST, 0, max(0.0, (min(moments) - self._now()).total_seconds()))
        else:
            self.station.ctx.cancel(COST, 0)

    def _drop(self, evse: int) -> None:
        if self.bills is not None and self.bills.pop(evse, None) is not None:
            self._schedule()

    # Unplugged after the stop

    def _look_for_unplug(self, evse: Evse) -> None:
        """Tell when the vehicle of a finished transaction leaves: the idle fee ends then."""
        ctx, transaction = self.station.ctx, evse.transaction
        known = (self.unplugs or {}).get(evse.id)
        if transaction is not None:
            if known != transaction.id:
                self.unplugs = {**(self.unplugs or {}), evse.id: transaction.id}
                ctx.ledger.put(UNPLUGS, str(evse.id), transaction.id)
        elif known is not None and not evse.ev and self.unplugs is not None:
            del self.unplugs[evse.id]
            ctx.ledger.delete(UNPLUGS, str(evse.id))
            ctx.ledger.tell(UnpluggedFact(known, evse.id, ctx.stamp(), offline=not ctx.online))

    def rows(self) -> dict[str, str]:
        """The transactions whose unplugging is still to be told, as they are stored."""
        return {str(evse): identity for evse, identity in (self.unplugs or {}).items()}

    def restore(self, key: str, row: Any) -> None:
        """Take a stored one back."""
        self.unplugs = {**(self.unplugs or {}), int(key): str(row)}

    # Showing

    def cost(self, evse: int, now: datetime) -> float | None:
        """What the running transaction of an EVSE has cost by ``now`` (UTC), as far as it is known."""
        bill, at = (self.bills or {}).get(evse), self.station.evse(evse)
        if bill is None or at is None:
            return None
        return float(self._rounded(accrued(bill.running, bill.idle_since, self._register_wh(at), now)))

    def _show(self, evse: Evse, bill: Bill) -> None:
        self._publish(
            "cost",
            evse=evse.id,
            connector=evse.active_connector,
            id=bill.transaction_id,
            wire_id=bill.wire_id,
            cost=float(self._rounded(bill.running.cost)),
            final=False,
            texts=[],
            qr_code=None,
        )

    def _rounded(self, cost: Decimal) -> Decimal:
        decimals = int(self.station.ctx.number(names.COST_DECIMALS, 3))
        return cost.quantize(Decimal(1).scaleb(-decimals), context=_EXACT)

    def _register_wh(self, evse: Evse) -> float:
        return evse.transaction.last_wh if evse.transaction is not None else evse.meter.known_wh

    def _now(self) -> datetime:
        ctx = self.station.ctx
        return ctx.timeline.now_utc(ctx.now)

    def _reply(self, token: int, outcome: Outcome) -> None:
        self.station.ctx.ledger.promise(Reply(token, outcome))

    def _publish(self, event: str, **data: Any) -> None:
        self.station.ctx.publish(event, **data)


def _shown(texts: tuple[PriceText, ...]) -> list[dict[str, str]]:
    return [{"text": text.text, "language": text.language} for text in texts]
