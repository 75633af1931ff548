"""Block A, security: CertificateSigned.

Spec: OCPP 2.0.1 A02, A03.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ocpp.v201 import call_result

from station.core.certificate_tasks import CertificateSigned
from station.core.effects import Outcome
from station.ocpp.dialect import Answer, Defer, Inbound, View
from station.ocpp.v201.vocabulary import Handler, Payload, Wording, answer, status_info, worded

_FEATURE: Final = "security"


def certificate_signed(payload: Payload, reply: int, view: View) -> Inbound:
    """Without a type it is the Charging Station's certificate; there is none for ISO 15118 here."""
    if _FEATURE not in view.features:
        return _rejected("UnsupportedRequest")
    if payload.get("certificateType", "ChargingStationCertificate") != "ChargingStationCertificate":
        return _rejected("UnsupportedParam")
    return Defer(CertificateSigned(reply, payload["certificateChain"]))


def _rejected(reason: str) -> Answer:
    return answer(call_result.CertificateSigned(status="Rejected", status_info=status_info(reason)))


def signed(_payload: Payload, outcome: Outcome, _view: View) -> Answer:
    """Accepted, or Rejected with what is wrong with it (A02.FR.07)."""
    return worded(call_result.CertificateSigned, outcome)


HANDLERS: Final[Mapping[str, Handler]] = {"CertificateSigned": certificate_signed}
WORDINGS: Final[Mapping[str, Wording]] = {"CertificateSigned": signed}
