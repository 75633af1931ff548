"""Flows with certificates of OCPP 1.6. Not a test module; imported by those beside it."""

from __future__ import annotations

from functools import partial

from tests.support.certified import secured
from tests.support.rig import Rig

CSMS, MANUFACTURER = "CentralSystemRootCertificate", "ManufacturerRootCertificate"
CPO = {"CpoName": "Acme Charging"}
profile = partial(secured, "1.6")


async def install(rig: Rig, use: str, certificate: str) -> str:
    """InstallCertificate; the status."""
    answer = await rig.call("InstallCertificate", {"certificateType": use, "certificate": certificate})
    status: str = answer["status"]
    return status


async def installed(rig: Rig, use: str) -> list[dict[str, str]]:
    """GetInstalledCertificateIds; the hash data."""
    answer = await rig.call("GetInstalledCertificateIds", {"certificateType": use})
    found: list[dict[str, str]] = answer.get("certificateHashData", [])
    assert answer["status"] == ("Accepted" if found else "NotFound")
    return found


async def delete(rig: Rig, hash_data: dict[str, str]) -> str:
    """DeleteCertificate; the status."""
    status: str = (await rig.call("DeleteCertificate", {"certificateHashData": hash_data}))["status"]
    return status


async def triggered(rig: Rig) -> str:
    """ExtendedTriggerMessage SignChargePointCertificate; the signing request that follows."""
    before = len(rig.heard_all("SignCertificate"))
    answer = await rig.call("ExtendedTriggerMessage", {"requestedMessage": "SignChargePointCertificate"})
    assert answer == {"status": "Accepted"}
    await rig.until(lambda: len(rig.heard_all("SignCertificate")) > before)
    request: str = rig.heard_all("SignCertificate")[-1]["csr"]
    return request


async def signed(rig: Rig, chain: str) -> str:
    """CertificateSigned; the status."""
    status: str = (await rig.call("CertificateSigned", {"certificateChain": chain}))["status"]
    return status


def security_events(rig: Rig) -> list[str]:
    """The types of the security events that the CSMS was told."""
    return [told["type"] for told in rig.heard_all("SecurityEventNotification")]
