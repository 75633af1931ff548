"""The OCPP 1.6 dialect: implements ``station.ocpp.dialect.Dialect`` with the modules of this package.

Stateless but for tables that are computed once. Called by the host's engine; see ``station.ocpp.dialect`` for what each
method means.

Spec: OCPP 1.6 edition 2 with errata; Security Whitepaper edition 3; OCPP 2.0.1 part 2, E for the defaults.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from station.core.events import Delivered
from station.core.facts import Fact
from station.ocpp.dialect import Answer, Dialect, Inbound, Refuse, View
from station.ocpp.rules import RULES_16, ErrorKind
from station.ocpp.v16 import keys, outbound, status, wrapped
from station.ocpp.v16.inbound import plug_and_charge, pricing, requests
from station.ocpp.v16.inbound.data_transfer import Vendor
from station.ocpp.v16.inbound.request import Request
from station.ocpp.v16.vocabulary import TOKEN_LENGTH

_DEFAULTS: Final[Mapping[str, str]] = {
    **{str(setting.address): setting.value for setting in keys.DEFAULTS if setting.value is not None},
    # StopTxnSampledData are taken every MeterValueSampleInterval (§9.1.27), which is delivered as 60 s.
    "SampledDataCtrlr.TxEndedInterval": "60",
    # No StartTxnSampledData: a MeterValues right after StartTransaction is not what 1.6 does by itself.
    "SampledDataCtrlr.TxStartedMeasurands": "",
    # A certificate that does not come is not asked for again (Security WP ed.3 A02, error handling).
    "SecurityCtrlr.CertSigningRepeatTimes": "0",
}


_FOLLOWS: Final[Mapping[str, str]] = {
    "SampledDataCtrlr.TxEndedInterval": "SampledDataCtrlr.TxUpdatedInterval",
    "AlignedDataCtrlr.TxEndedInterval": "AlignedDataCtrlr.Interval",
}

FUNCTIONS: Final = frozenset(
    {
        "core",
        "auth_cache",
        "cost_messages",
        "energy_after_invalid_id",
        "firmware",
        "local_list",
        "local_time",
        "plug_and_charge",
        "remote_trigger",
        "reservation",
        "security",
        "signed_meter_values",
        "smart_charging",
    }
)
"""See ``Dialect.functions``."""


class Dialect16:
    """OCPP 1.6J. ``vendors`` handle DataTransfer by vendorId."""

    csms_numbers_transactions = True
    mute_while_rejected = True
    repeats_statuses = False
    tells_states = False
    tells_problems = False
    ends_with_aligned = True
    token_uses_reservation = False
    types_tokens = False
    functions = FUNCTIONS

    def __init__(self, vendors: Mapping[str, Vendor] | None = None) -> None:
        self.version = "1.6"
        self.subprotocol = "ocpp1.6"
        self._vendors = dict(vendors or {})
        self._requests: dict[frozenset[str], dict[str, Request]] = {}

    def defaults(self) -> Mapping[str, str]:
        """OCPP 2.0.1 part 2, E: how TxStartPoint and TxStopPoint make a station of 1.6."""
        return _DEFAULTS

    def follows(self) -> Mapping[str, str]:
        """StopTxnSampledData and StopTxnAlignedData are taken at the intervals of MeterValues (§9.1.27, §9.1.25)."""
        return _FOLLOWS

    def choices(self) -> Mapping[str, tuple[str, ...]]:
        """See ``keys.CHOICES``."""
        return keys.CHOICES

    def actions(self, features: frozenset[str]) -> frozenset[str]:
        """Those with a handler; refusals in the message's own words included."""
        return frozenset(self._table(features))

    def token_limit(self) -> int:
        """CiString20Type (§7.28)."""
        return TOKEN_LENGTH

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
        """See ``outbound.dropped``."""
        return outbound.dropped(key, fact)

    def inbound(self, action: str, payload: Mapping[str, Any], reply: int, view: View) -> Inbound:
        """Hand the call to its handler (``station.ocpp.v16.inbound``)."""
        request = self._table(view.features).get(action)
        if request is None:
            return Refuse(RULES_16.code(ErrorKind.NOT_SUPPORTED), f"{action} is not supported by this station")
        return request.receive(payload, reply, view)

    def reply(self, action: str, payload: Mapping[str, Any], outcome: Any, view: View) -> Answer | Refuse:
        """Word the outcome of a call that was deferred."""
        request = self._table(view.features).get(action)
        if request is None or request.word is None:
            return Refuse(RULES_16.code(ErrorKind.INTERNAL), f"{action} has no answer of its own")
        return request.word(payload, outcome, view)

    def _table(self, features: frozenset[str]) -> dict[str, Request]:
        table = self._requests.get(features)
        if table is None:
            table = self._requests[features] = requests(features, self._vendors)
        return table


DIALECT: Final[Dialect] = Dialect16({outbound.COST_VENDOR: pricing.VENDOR, wrapped.VENDOR_ID: plug_and_charge.VENDOR})
"""The dialect of all stations of a process, with the vendors that this program knows."""
