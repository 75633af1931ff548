"""Reservations: which EVSEs are kept for whom, and how each reservation ends.

A reservation is for one EVSE, or for any (any with a connector of a type). Those for any EVSE are kept by counting: a
stranger is refused where, without that EVSE, not every reservation could be served any more. A reservation ends exactly
once: used, cancelled, replaced, expired, or removed because its EVSE is out of service.

Not here: who asks the CSMS which group a token belongs to (``station.core.authorization``), and statuses (derived from
``Evse.reserved``). Called by ``station.core.station`` and the authorization desk.

Spec: OCPP 2.0.1 H01-H04; OCPP 1.6 §3.11, §5.1, §5.13.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from station.core import names
from station.core.codec import from_row, to_row
from station.core.context import Context
from station.core.effects import Outcome, Reply
from station.core.events import CancelReservation, ReserveNow
from station.core.evse import Evse
from station.core.facts import ReservationFact
from station.core.records import Json
from station.core.reservation_places import Places, unused
from station.core.values import IdToken, Reservation

if TYPE_CHECKING:
    from station.core.authorization import AuthDesk

RESERVATIONS = "reservations"
DEADLINE = "reservation"
EXPIRED, REMOVED = "Expired", "Removed"
"""OCPP 2.0.1 ReservationUpdateStatusEnumType: how a reservation ended that nobody used or cancelled."""

_ACCEPTED = Outcome("Accepted")
_TOLERANCE = timedelta(milliseconds=1)
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


def reservation_from_row(key: str, row: Json) -> Reservation:
    """A reservation from the store.

    Raises:
        ValueError, TypeError, KeyError, AttributeError: the row is no reservation of this program.
    """
    found = from_row(Reservation, row)
    naive = any(one is not None and one.tzinfo is None for one in (found.expires, found.made))
    nameless = any(one is not None and not one.key for one in (found.token, found.group))
    if str(found.id) != key or naive or nameless:
        raise ValueError("no reservation")
    return found


class Reservations:
    """The reservations of a station, in the order in which they were accepted.

    ``presented`` are the tokens in process: drivers who were told to plug in, and no reservation takes that from them.
    ``marked``: whether an EVSE was reserved when the last turn ended.
    """

    __slots__ = ("all", "ctx", "evses", "marked", "presented")

    presented: AuthDesk

    def __init__(self, ctx: Context, evses: Sequence[Evse]) -> None:
        self.ctx = ctx
        self.evses = evses
        # A tuple: most stations have none, and an empty one takes no memory.
        self.all: tuple[Reservation, ...] = ()
        self.marked = False

    @property
    def _places(self) -> Places:
        return Places(self.ctx.plan, self.evses)

    # Stored

    def rows(self) -> dict[str, Json]:
        """What is stored: id -> reservation."""
        return {str(one.id): to_row(one) for one in self.all}

    def restore(self, key: str, row: Json) -> None:
        """Take a row back. One whose time is over ends once that is known."""
        self._keep(reservation_from_row(key, row))
        self.conclude()

    def _keep(self, reservation: Reservation) -> None:
        """Hold it, in the place of one with its id."""
        others = (one for one in self.all if one.id != reservation.id)
        self.all = tuple(sorted((*others, reservation), key=lambda one: (one.made or _LONG_AGO, one.id)))

    def _find(self, number: int) -> Reservation | None:
        return next((one for one in self.all if one.id == number), None)

    # Requests

    def reserve(self, event: ReserveNow) -> None:
        """Reserve, or answer why not (OCPP 2.0.1 H01; OCPP 1.6 §5.13). One with the same id is replaced."""
        ctx = self.ctx
        now = ctx.timeline.now_utc(ctx.now) if ctx.timeline.known else None
        new = replace(event.reservation, made=now)
        outcome = self._verdict(new)
        if outcome is None:
            before, waiting = self.all, self.presented.waiting()
            self._keep(new)
            if self.presented.waiting() < waiting:
                self.all = before
                outcome = Outcome("Occupied", "TokenInProcess")
            else:
                self._accept(event.reply, new, before)
                return
        ctx.ledger.promise(Reply(event.reply, outcome))

    def _accept(self, reply: int, new: Reservation, before: tuple[Reservation, ...]) -> None:
        self._unclaim(new.id)
        self._store(new.id, new, next((one for one in before if one.id == new.id), None))
        self.ctx.ledger.promise(Reply(reply, _ACCEPTED))

    def cancel(self, event: CancelReservation) -> None:
        """Give a reservation up (OCPP 2.0.1 H02; OCPP 1.6 §5.1)."""
        known = self._find(event.id)
        if known is None:
            self.ctx.ledger.promise(Reply(event.reply, Outcome("Rejected", "NotFound")))
            return
        self._drop(known.id)
        self._unclaim(known.id)
        self._store(known.id, None, known)
        self.ctx.ledger.promise(Reply(event.reply, _ACCEPTED))

    def _drop(self, number: int) -> None:
        self.all = tuple(one for one in self.all if one.id != number)

    def _store(self, number: int, now: Reservation | None, before: Reservation | None) -> None:
        """Record a change that is taken back where it cannot be recorded."""
        ledger = self.ctx.ledger
        if now is None:
            ledger.delete(RESERVATIONS, str(number))
        else:
            ledger.put(RESERVATIONS, str(number), to_row(now))

        def take_back() -> None:
            self._drop(number)
            if before is not None:
                self._keep(before)
            self._mark()

        ledger.undo(take_back, RESERVATIONS, str(number))

    def _verdict(self, new: Reservation) -> Outcome | None:
        """Why a reservation cannot be made; None where it can."""
        ctx = self.ctx
        if not ctx.enabled(names.RESERVATION_ENABLED):
            return Outcome("Rejected", "NotEnabled")
        if new.evse is None and not ctx.flag(names.RESERVATION_NON_EVSE):
            return Outcome("Rejected", "UnsupportedParam", "only an EVSE can be reserved")
        if self._over(new):
            return Outcome("Rejected", "InvalidValue", "it has expired already")
        targets = [evse for evse in self.evses if self._places.fits(new, evse)]
        if not targets:
            unknown = all(evse.id != new.evse for evse in self.evses) and new.evse is not None
            return Outcome("Rejected", "UnknownEvse" if unknown else "UnknownConnectorType")
        states = {self._places.state(new, evse) for evse in targets}
        if "" in states and self._makes_room(new):
            return None
        status = next(status for status in ("", "Unavailable", "Faulted") if status in states)
        return Outcome(status or "Occupied")

    def _makes_room(self, new: Reservation) -> bool:
        """Whether a reservation can be served besides the others. Of those who use EVSEs now, nobody will leave."""
        others = [one for one in self.all if one.id != new.id and not self._claimed(one)]
        wanted = [one for one in others if one.evse is None]
        taken = {one.evse for one in others if one.evse is not None}
        evse = next((one for one in self.evses if one.id == new.evse), None)
        if evse is None:
            return self._places.served([*wanted, new], self._places.free([*wanted, new], taken)) > len(wanted)
        old = self._find(new.id)
        kept = old is not None and old.evse == new.evse and evse.reserved
        if not unused(evse) or evse.id in taken or (evse.in_use and not kept):
            return False
        return self._places.spares(wanted, self._places.free(wanted, taken), evse)

    # Who may use what

    def _claimed(self, reservation: Reservation) -> bool:
        """Whether its token was presented and a vehicle is awaited, without the reservation being used up by that."""
        if self.ctx.plan.token_uses_reservation:
            return False
        return any(evse.grant is not None and evse.grant.reservation_id == reservation.id for evse in self.evses)

    def _unclaim(self, number: int) -> None:
        """The session that rests on this reservation goes on without it."""
        if not self.ctx.plan.token_uses_reservation:
            for evse in self.evses:
                if evse.grant is not None and evse.grant.reservation_id == number:
                    evse.grant.reservation_id = None

    def _named(self, evse: Evse) -> Reservation | None:
        """The reservation of exactly this EVSE."""
        return next((one for one in self.all if one.evse == evse.id and not self._claimed(one)), None)

    def _wanted(self) -> list[Reservation]:
        """The reservations for any EVSE."""
        return [one for one in self.all if one.evse is None and not self._claimed(one)]

    def _free(self, wanted: Sequence[Reservation]) -> list[Evse]:
        """The EVSEs that can serve those for any EVSE."""
        taken = {one.evse for one in self.all if one.evse is not None and not self._claimed(one)}
        return self._places.free(wanted, taken) if wanted else []

    def admits(self, evse: Evse, token: IdToken, group: IdToken | None = None) -> bool:
        """Whether a token may use an EVSE as far as reservations go (H03.FR.01-06; OCPP 1.6 §5.13)."""
        return not self.all or self._admission(evse, token, group)[0]

    def _admission(self, evse: Evse, token: IdToken, group: IdToken | None) -> tuple[bool, Reservation | None]:
        """Whether a token may use an EVSE, and the reservation that it uses by that."""
        named = self._named(evse)
        if named is not None:
            return (True, named) if named.matches(token, group) else (False, None)
        wanted = self._wanted()
        if not wanted:
            return True, None
        free = self._free(wanted)
        own = [one for one in wanted if one.matches(token, group) and self._places.serves(one, evse)]
        for used in [*sorted(own, key=lambda one: not one.token.same(token)), None]:
            if self._places.spares([one for one in wanted if one is not used], free, evse):
                return True, used
        return False, None

    def expects(self, evse: int) -> bool:
        """Whether somebody who has reserved an EVSE (0: any) has not come yet."""
        meant = [one for one in self.evses if evse in (0, one.id)] if self.all else []
        return any(self._places.fits(reservation, one) for reservation in self.all for one in meant)

    def reserved_for(self, token: IdToken, group: IdToken | None, evses: Collection[Evse]) -> Evse | None:
        """The EVSE of ``evses`` that is reserved by its number for this token."""
        for evse in evses if self.all else ():
            named = self._named(evse)
            if named is not None and named.matches(token, group):
                return evse
        return None

    def asks_group(self, evses: Iterable[Evse]) -> bool:
        """Whether it depends on a token's group who may use one of these (H03.FR.08; OCPP 1.6 §5.13)."""
        wanted = [one for one in self._wanted() if one.group is not None] if self.all else []
        for evse in evses if self.all else ():
            named = self._named(evse)
            if named is not None and named.group is not None:
                return True
            if named is None and any(self._places.serves(one, evse) for one in wanted):
                return True
        return False

    def claim(self, evse: Evse, token: IdToken, group: IdToken | None) -> int | None:
        """A token begins a session at an EVSE; answers the id of the reservation that it uses, None without one.

        Whether the reservation ends with that or with the transaction's start is the plan's to say (H03.FR.09;
        OCPP 1.6 §5.13).
        """
        used = self._admission(evse, token, group)[1] if self.all else None
        if used is None:
            return None
        if self.ctx.plan.token_uses_reservation:
            self._end(used)
        return used.id

    def _end(self, reservation: Reservation) -> None:
        self._drop(reservation.id)
        self.ctx.ledger.delete(RESERVATIONS, str(reservation.id))

    # Time, faults and transactions

    def review(self) -> None:
        """Something happened: end what is used, over or cannot be kept; who waits for what is free again gets it."""
        if self.idle:
            return
        self._use()
        for one in [one for one in self.all if not self._claimed(one) and self._over(one)]:
            self._give_up(one, EXPIRED)
        for one in self._lost():
            self._give_up(one, REMOVED)
        before = [evse for evse in self.evses if evse.reserved]
        self._mark()
        for evse in before:
            if not evse.reserved and evse.grant is None:
                evse.hooks.serviceable_again(evse)

    @property
    def idle(self) -> bool:
        """Whether there is none, and none was when the last turn ended."""
        return not self.all and not self.marked

    def conclude(self) -> None:
        """The end of a turn: what the turn has used ends, and every EVSE knows whether it is reserved."""
        if not self.idle:
            self._use()
            self._mark()
            self._schedule()

    def _use(self) -> None:
        """Reservations whose transaction has started are used."""
        if self.ctx.plan.token_uses_reservation:
            return
        for evse in self.evses:
            grant, transaction = evse.grant, evse.transaction
            if grant is None or grant.reservation_id is None or transaction is None or transaction.token is None:
                continue
            used = self._find(grant.reservation_id)
            grant.reservation_id = None
            if used is not None:
                self._end(used)

    def _lost(self) -> list[Reservation]:
        """Those that cannot be kept (H01.FR.16-17; OCPP 1.6 §5.13): of those for any EVSE, the latest."""
        wanted = self._wanted()
        kept = self._places.matched(wanted, self._free(wanted)).values()
        lost = [one for one in wanted if one not in kept]
        named = [one for one in self.all if one.evse is not None and not self._claimed(one)]
        return lost + [one for one in named if not any(self._places.serves(one, evse) for evse in self.evses)]

    def _give_up(self, reservation: Reservation, status: str) -> None:
        """It ended by itself: the CSMS is told (H04.FR.01, H01.FR.16-17)."""
        ctx = self.ctx
        self._end(reservation)
        ctx.ledger.tell(ReservationFact(reservation.id, status, ctx.stamp(), offline=not ctx.online))

    def _mark(self) -> None:
        """Say of every EVSE whether it is reserved: whether a stranger would be refused there."""
        wanted = self._wanted()
        free = self._free(wanted)
        for evse in self.evses:
            evse.reserved = self._named(evse) is not None or not self._places.spares(wanted, free, evse)
        self.marked = any(evse.reserved for evse in self.evses)

    def at(self, evse: Evse) -> Reservation | None:
        """The reservation for which an EVSE is kept at this moment; None where it is not reserved."""
        if not evse.reserved:
            return None
        wanted = self._wanted()
        return self._named(evse) or self._places.matched(wanted, self._free(wanted)).get(evse.id)

    # The clock

    def clock_changed(self) -> None:
        """UTC became known, or jumped: reservations may be over by now."""
        if self.all:
            self.ctx.at(DEADLINE, 0, 0.0)

    def _left(self, reservation: Reservation) -> timedelta | None:
        """How long it has to run; None where that is not known.

        Without UTC, a reservation of an earlier boot lasts from this boot on no longer than it was to last in all.
        """
        timeline, now = self.ctx.timeline, self.ctx.now
        if timeline.known:
            return reservation.expires - timeline.now_utc(now)
        if reservation.made is None:
            return None
        return reservation.expires - reservation.made - timedelta(seconds=now - timeline.zero)

    def _over(self, reservation: Reservation) -> bool:
        left = self._left(reservation)
        return left is not None and left <= _TOLERANCE

    def _schedule(self) -> None:
        times = [left for one in self.all if not self._claimed(one) and (left := self._left(one)) is not None]
        if times:
            self.ctx.at(DEADLINE, 0, max(0.0, min(times).total_seconds()))
        else:
            self.ctx.cancel(DEADLINE, 0)
