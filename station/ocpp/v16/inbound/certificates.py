"""InstallCertificate, DeleteCertificate, GetInstalledCertificateIds and CertificateSigned.

Spec: Security WP ed.3 A02, M03-M05, §5.1-5.4, §5.7-5.8, §5.11-5.12, §6.1-6.7.
"""

from __future__ import annotations

from typing import Final

from ocpp.v16 import call, call_result
from ocpp.v16.enums import CertificateSignedStatus as Signed
from ocpp.v16.enums import CertificateStatus as Installed
from ocpp.v16.enums import CertificateUse as Use
from ocpp.v16.enums import DeleteCertificateStatus as Deleted
from ocpp.v16.enums import GetInstalledCertificateStatus as Listed

from station.core.certificate_tasks import (
    CertificateSigned,
    CertificateUse,
    DeleteCertificate,
    InstallCertificate,
    ListCertificates,
)
from station.core.effects import Outcome
from station.ocpp.dialect import Answer, Defer, Inbound, Refuse, View
from station.ocpp.hash_data import hash_data_in, hash_data_out
from station.ocpp.payload import decode
from station.ocpp.v16.inbound.request import Payload, Request, answer, by_status

_USES: Final = {
    Use.central_system_root_certificate: CertificateUse.CSMS_ROOT,
    Use.manufacturer_root_certificate: CertificateUse.MANUFACTURER_ROOT,
}


def _install(payload: Payload, reply: int, _view: View) -> Inbound:
    asked = decode(call.InstallCertificate, payload)
    return Defer(InstallCertificate(reply, _USES[Use(asked.certificate_type)], asked.certificate))


def _delete(payload: Payload, reply: int, _view: View) -> Inbound:
    name = hash_data_in(payload["certificateHashData"])
    return Defer(DeleteCertificate(reply, name, tuple(_USES.values())))


def _list(payload: Payload, reply: int, _view: View) -> Inbound:
    asked = decode(call.GetInstalledCertificateIds, payload)
    return Defer(ListCertificates(reply, (_USES[Use(asked.certificate_type)],)))


def _listed(_payload: Payload, outcome: Outcome, _view: View) -> Answer | Refuse:
    found = [hash_data_out(one.name) for one in outcome.data or ()]
    return answer(call_result.GetInstalledCertificateIds(Listed.accepted if found else Listed.not_found, found or None))


def _signed(payload: Payload, reply: int, _view: View) -> Inbound:
    """One that is not valid yet is taken, for the time when it is (A02.FR.08)."""
    asked = decode(call.CertificateSigned, payload)
    return Defer(CertificateSigned(reply, asked.certificate_chain, early=True))


REQUESTS: Final = {
    "InstallCertificate": Request(
        _install,
        by_status(
            call_result.InstallCertificate,
            {"Accepted": Installed.accepted, "Rejected": Installed.rejected},
            Installed.failed,
        ),
    ),
    "DeleteCertificate": Request(
        _delete,
        by_status(
            call_result.DeleteCertificate,
            {"Accepted": Deleted.accepted, "NotFound": Deleted.not_found},
            Deleted.failed,
        ),
    ),
    "GetInstalledCertificateIds": Request(_list, _listed),
    "CertificateSigned": Request(
        _signed, by_status(call_result.CertificateSigned, {"Accepted": Signed.accepted}, Signed.rejected)
    ),
}
