"""The 2.0.1 dialect: the tables of this package behind the ``Dialect`` Protocol.

It has no behaviour of its own beyond looking up. A later version builds another ``Dialect2x`` with these tables and
its new ones.

Spec: OCPP 2.0.1 part 2; part 4, 3 (subprotocol name).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from station.core.effects import Outcome
from station.core.events import Delivered
from station.core.facts import Fact
from station.ocpp.dialect import Answer, Inbound, Refuse, View
from station.ocpp.rules import ErrorKind
from station.ocpp.v201 import outbound, status
from station.ocpp.v201.inbound import (
    a_certificate_signed,
    b_provisioning,
    b_reports,
    b_reset,
    c_authorization,
    d_local_list,
    e_transactions,
    f_remote_control,
    f_trigger_message,
    g_availability,
    h_reservation,
    k_smart_charging,
    l_firmware,
    m_certificates,
    n_logs,
    p_data_transfer,
)
from station.ocpp.v201.vocabulary import TOKEN_LIMIT, Handler, Payload, Wording

HANDLERS: Final[Mapping[str, Handler]] = MappingProxyType(
    {
        **a_certificate_signed.HANDLERS,
        **b_provisioning.HANDLERS,
        **b_reports.HANDLERS,
        **b_reset.HANDLERS,
        **c_authorization.HANDLERS,
        **d_local_list.HANDLERS,
        **e_transactions.HANDLERS,
        **f_remote_control.HANDLERS,
        **f_trigger_message.HANDLERS,
        **g_availability.HANDLERS,
        **h_reservation.HANDLERS,
        **k_smart_charging.HANDLERS,
        **l_firmware.HANDLERS,
        **m_certificates.HANDLERS,
        **n_logs.HANDLERS,
        **p_data_transfer.HANDLERS,
    }
)
"""What is done about each call of the CSMS."""

WORDINGS: Final[Mapping[str, Wording]] = MappingProxyType(
    {
        **a_certificate_signed.WORDINGS,
        **b_provisioning.WORDINGS,
        **b_reset.WORDINGS,
        **c_authorization.WORDINGS,
        **d_local_list.WORDINGS,
        **f_remote_control.WORDINGS,
        **g_availability.WORDINGS,
        **h_reservation.WORDINGS,
        **k_smart_charging.WORDINGS,
        **l_firmware.WORDINGS,
        **m_certificates.WORDINGS,
        **n_logs.WORDINGS,
    }
)
"""How the answers to deferred calls are worded."""

FUNCTIONS: Final = frozenset(
    {
        "core",
        "auth_cache",
        "energy_after_invalid_id",
        "firmware",
        "local_list",
        "remote_trigger",
        "reservation",
        "security",
        "signed_meter_values",
        "smart_charging",
    }
)
"""See ``Dialect.functions``."""


class Dialect2x:
    """A version of OCPP 2, given by its tables. Stateless; one object serves all stations."""

    csms_numbers_transactions = False
    mute_while_rejected = False
    repeats_statuses = True
    tells_states = True
    tells_problems = True
    ends_with_aligned = False
    token_uses_reservation = True
    types_tokens = True
    functions = FUNCTIONS

    def __init__(
        self, version: str, subprotocol: str, handlers: Mapping[str, Handler], wordings: Mapping[str, Wording]
    ) -> None:
        self.version = version
        self.subprotocol = subprotocol
        self._handlers = handlers
        self._wordings = wordings

    def defaults(self) -> Mapping[str, str]:
        """None: the catalogue's defaults are those of OCPP 2."""
        return {}

    def follows(self) -> Mapping[str, str]:
        """None: every interval is a variable of its own."""
        return {}

    def choices(self) -> Mapping[str, tuple[str, ...]]:
        """None: the catalogue's lists are those of OCPP 2."""
        return {}

    def actions(self, features: frozenset[str]) -> frozenset[str]:
        """All that have a handler: those of a function that is not there are refused in the message's own words."""
        return frozenset(self._handlers)

    def token_limit(self) -> int:
        """36 characters."""
        return TOKEN_LIMIT

    # Worded by the modules of this package; most of what a station does passes here, without another step.
    render = staticmethod(outbound.render)
    delivered = staticmethod(outbound.delivered)
    retry = staticmethod(outbound.retry)
    notice = staticmethod(outbound.notice)
    ask = staticmethod(outbound.ask)
    answered = staticmethod(outbound.answered)
    told = staticmethod(status.told)
    status_targets = staticmethod(status.targets)
    status_call = staticmethod(status.status_call)

    def dropped(self, key: int, fact: Fact, view: View) -> Delivered:
        """A fact given up changes nothing here (E13.FR.04)."""
        return Delivered(key, dropped=True)

    def inbound(self, action: str, payload: Payload, reply: int, view: View) -> Inbound:
        """What to do with a call of the CSMS, already checked against its schema."""
        handler = self._handlers.get(action)
        if handler is None:
            return Refuse(ErrorKind.NOT_SUPPORTED.value)
        return handler(payload, reply, view)

    def reply(self, action: str, payload: Payload, outcome: Outcome, view: View) -> Answer | Refuse:
        """The answer to a deferred request, worded from the core's outcome.

        Raises:
            KeyError: an action that is never deferred.
        """
        return self._wordings[action](payload, outcome, view)
