"""Block M, certificate management: InstallCertificate, DeleteCertificate, GetInstalledCertificateIds.

Spec: OCPP 2.0.1 M03, M04, M05.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ocpp.v201 import call_result

from station.core.certificate_tasks import CertificateUse, DeleteCertificate, InstallCertificate, ListCertificates
from station.core.effects import Outcome
from station.ocpp.dialect import Answer, Defer, Inbound, View
from station.ocpp.hash_data import chain_out, hash_data_in
from station.ocpp.v201.vocabulary import Handler, Payload, Wording, answer, status_info, worded

_FEATURE: Final = "security"


def install(payload: Payload, reply: int, view: View) -> Inbound:
    """A root of any use (M05.FR.01)."""
    if _FEATURE not in view.features:
        return answer(call_result.InstallCertificate(status="Rejected", status_info=_unsupported()))
    return Defer(InstallCertificate(reply, CertificateUse(payload["certificateType"]), payload["certificate"]))


def installed(_payload: Payload, outcome: Outcome, _view: View) -> Answer:
    """Accepted, Rejected or Failed (M05.FR.02, .03, .06, .07)."""
    return worded(call_result.InstallCertificate, outcome)


def delete(payload: Payload, reply: int, view: View) -> Inbound:
    """The certificate with this hash data (M04.FR.01)."""
    if _FEATURE not in view.features:
        return answer(call_result.DeleteCertificate(status="Failed", status_info=_unsupported()))
    return Defer(DeleteCertificate(reply, hash_data_in(payload["certificateHashData"])))


def deleted(_payload: Payload, outcome: Outcome, _view: View) -> Answer:
    """Accepted, Failed or NotFound (M04.FR.02-04); what could not be recorded has failed."""
    status = outcome.status if outcome.status in ("Accepted", "NotFound") else "Failed"
    return answer(
        call_result.DeleteCertificate(status=status, status_info=status_info(outcome.reason, outcome.info)),
    )


def installed_ids(payload: Payload, reply: int, view: View) -> Inbound:
    """The certificates of some uses, or all (M03.FR.01)."""
    if _FEATURE not in view.features:
        return answer(call_result.GetInstalledCertificateIds(status="NotFound", status_info=_unsupported()))
    return Defer(ListCertificates(reply, tuple(map(CertificateUse, payload.get("certificateType", ())))))


def listed(_payload: Payload, outcome: Outcome, _view: View) -> Answer:
    """The hash data of all that match, sub CAs below their certificate (M03.FR.03-05); NotFound without any."""
    found = [chain_out(one) for one in outcome.data or ()]
    return answer(
        call_result.GetInstalledCertificateIds(
            status="Accepted" if found else "NotFound", certificate_hash_data_chain=found or None
        )
    )


def _unsupported() -> dict[str, Any] | None:
    return status_info("UnsupportedRequest")


HANDLERS: Final[Mapping[str, Handler]] = {
    "InstallCertificate": install,
    "DeleteCertificate": delete,
    "GetInstalledCertificateIds": installed_ids,
}
WORDINGS: Final[Mapping[str, Wording]] = {
    "InstallCertificate": installed,
    "DeleteCertificate": deleted,
    "GetInstalledCertificateIds": listed,
}
