"""What all parts of one station share: time, variables, the ledger, deadlines and the link's state.

Parts do not know each other; ``station.core.station`` wires them. A deadline is a key and a time; the station calls the
part that the key's first member names when it is due.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from station.core import names
from station.core.device_model import Address
from station.core.effects import Ask, Notify, Publish
from station.core.facts import Notice
from station.core.journal import Ledger
from station.core.timeline import Timeline
from station.core.token_rules import token_rules
from station.core.transaction import TransactionRules, transaction_rules
from station.core.values import RegistrationStatus, Stamp
from station.core.variables import Variables

Deadline = tuple[str, int]
"""Which part is due, and for which EVSE (0: the station)."""


@dataclass(frozen=True, slots=True)
class ConnectorPlan:
    """A connector as the profile describes it."""

    id: int = 1
    fixed_cable: bool = False
    lock: bool = True
    type: str = "cType2"


@dataclass(frozen=True, slots=True)
class EvsePlan:
    """An EVSE as the profile describes it. Currents in ampere per phase.

    ``session_meter``: its meter counts from zero in each session; ``signing_meter``: it signs. ``told_sessions``: it is
    told when a session begins and ends (``effects.MeterSession``), as those two have to be.
    """

    id: int
    connectors: Sequence[ConnectorPlan] = (ConnectorPlan(),)
    max_current_a: float = 16.0
    phases: int = 3
    session_meter: bool = False
    signing_meter: bool = False
    polled_meter: bool = False
    told_sessions: bool = True


@dataclass(frozen=True, slots=True)
class FirmwarePlan:
    """How firmware is installed. ``reboots``: what was installed runs after a reboot only."""

    signed_required: bool = False
    reboots: bool = True


@dataclass(frozen=True, slots=True)
class StationPlan:
    """What of the profile the core needs. Frozen and shared by all stations of a kind.

    ``free``: nobody needs a card (OCPP 2.0.1 C02 without a button: plugging in is enough). ``allow`` are keys of tokens
    accepted without asking anyone. ``tells_states``: whether the CSMS is told of transaction events that carry neither
    meter values nor tokens, ``tells_problems``: of faults, in events of their own. ``charges_unmetered``: whether a
    session may begin while the meter fails. ``settle_s``: how long contactor and command may disagree.
    ``token_uses_reservation``: a reservation ends when its token is accepted (OCPP 2.0.1 H03.FR.09), not when its
    transaction starts.
    ``ends_with_aligned``: begin and end of a transaction are told of the measurands of its clock-aligned values too.
    ``max_current_a``: what all EVSEs have together, per phase; None: no less than their sum. ``validators`` are those
    that say whether a token may charge, in their order (``station.core.validators``). ``reswipe_withdraws``: a card
    that waits for a plug is taken back by showing it again. ``replug_after_timeout``: a vehicle that got no
    authorization within the connection time-out gets none before it was unplugged. ``group_card``: when a card of the
    group that charges starts rather than stops (``station.core.card_stops``).
    """

    evses: Sequence[EvsePlan]
    selection: str = "PlugEvents"
    remote_start_without_evse: str = "select"
    free: bool = False
    allow: frozenset[str] = frozenset()
    master_group: str | None = None
    record_s: float = 5.0
    resume_after_power_loss: bool = False
    settle_s: float = 0.5
    tells_states: bool = True
    tells_problems: bool = True
    charges_unmetered: bool = True
    ends_with_aligned: bool = False
    central: bool = True
    token_uses_reservation: bool = True
    max_current_a: float | None = None
    firmware: FirmwarePlan = FirmwarePlan()
    validators: tuple[str, ...] = ("allow", "local_list", "cache", "csms", "offline")
    reswipe_withdraws: bool = False
    replug_after_timeout: bool = False
    group_card: str = "start-if-plugged"


class Context:
    """The shared state of a station's parts. ``closing_down``: power is about to go, no energy flows any more.

    ``registered``: the CSMS has accepted this boot, as ``boot_status`` says, and is connected (``online``).
    """

    __slots__ = (
        "_stamp",
        "boot_status",
        "closing_down",
        "deadlines",
        "ledger",
        "new_id",
        "now",
        "online",
        "plan",
        "registered",
        "timeline",
        "variables",
    )

    def __init__(
        self, plan: StationPlan, variables: Variables, new_id: Callable[[], str], boot: int, now: float
    ) -> None:
        self.plan = plan
        self.variables = variables
        self.new_id = new_id
        self.timeline = Timeline(boot, now)
        self.ledger = Ledger()
        self.deadlines: dict[Deadline, float] = {}
        self.now = now
        self._stamp = Stamp(now, boot)
        self.online = False
        self.closing_down = False
        self.boot_status: RegistrationStatus | None = None
        self.registered = False

    def linked(self, online: bool, boot_status: RegistrationStatus | None) -> None:
        """The connection came or went, or the CSMS has answered the boot."""
        self.online, self.boot_status = online, boot_status
        self.registered = online and boot_status is RegistrationStatus.ACCEPTED

    @property
    def turned_away(self) -> bool:
        """Whether the CSMS has not accepted this boot, and nobody may charge before (OCPP 2.0.1 B02.FR.03, B03.FR.01).

        A station that has not heard from its CSMS yet is offline, which is another matter.
        """
        waits = self.boot_status in (RegistrationStatus.PENDING, RegistrationStatus.REJECTED)
        return waits and not self.flag(names.TX_BEFORE_ACCEPTED)

    def stamp(self) -> Stamp:
        """This moment."""
        stamp = self._stamp
        if stamp.at_s != self.now:
            stamp = self._stamp = Stamp(self.now, self.timeline.boot)
        return stamp

    def at(self, part: str, evse: int, delay_s: float) -> None:
        """Set a deadline of a part, replacing the one it had."""
        self.deadlines[(part, evse)] = self.now + delay_s

    def cancel(self, part: str, evse: int) -> None:
        """Drop a deadline; none is no error."""
        self.deadlines.pop((part, evse), None)

    def ask(self, query: object) -> None:
        """Put a question to the CSMS, after what was promised before."""
        self.ledger.promise(Ask(query))

    def notify(self, notice: Notice) -> None:
        """Tell something that is not kept, after what was promised before."""
        self.ledger.promise(Notify(notice))

    def publish(self, event: str, **data: object) -> None:
        """Tell observers, once what they are told is recorded."""
        self.ledger.promise(Publish(event, data))

    @property
    def rules(self) -> TransactionRules:
        """When transactions start and stop."""
        rules: TransactionRules | None = self.variables.found.get(transaction_rules)
        return rules if rules is not None else self.variables.derived(transaction_rules)

    def flag(self, address: Address) -> bool:
        """A boolean variable; one that this station lacks is False."""
        return self.variables.flag(address)

    def enabled(self, address: Address) -> bool:
        """A switch; one that this station lacks is on."""
        return self.variables.text(address) != "false"

    @property
    def free(self) -> bool:
        """Whether nobody needs a card: by the profile, or with AuthCtrlr.Enabled switched off (OCPP 2.0.1 C02)."""
        return self.plan.free or not self.variables.derived(token_rules).needed

    def number(self, address: Address, default: float = 0.0) -> float:
        """A number; one that this station lacks, or that is empty, is ``default``."""
        return self.variables.number(address, default)

    def items(self, address: Address) -> tuple[str, ...]:
        """The members of a list; one that this station lacks is empty."""
        return self.variables.items(address)
