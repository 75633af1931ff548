"""The hash data that names a certificate: there and back, and chains with and without sub CAs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from station.core.certificate_tasks import CertificateHash, CertificateUse, HashAlgorithm, Installed
from station.ocpp.hash_data import chain_out, hash_data_in, hash_data_out

NAME = CertificateHash(HashAlgorithm.SHA384, "aa", "bb", "1f")
WIRE = {"hashAlgorithm": "SHA384", "issuerNameHash": "aa", "issuerKeyHash": "bb", "serialNumber": "1f"}
CHILDREN = tuple(replace(NAME, serial=str(number)) for number in range(3))


def test_hash_data_there_and_back() -> None:
    assert hash_data_out(NAME) == WIRE
    assert hash_data_in(WIRE) == NAME


def test_a_certificate_without_sub_cas() -> None:
    one = Installed(CertificateUse.V2G_ROOT, NAME)
    assert chain_out(one) == {"certificateType": "V2GRootCertificate", "certificateHashData": WIRE}


@pytest.mark.parametrize(("most", "listed"), [(None, 3), (2, 2)])
def test_sub_cas_are_listed_below_their_certificate(most: int | None, listed: int) -> None:
    chain = chain_out(Installed(CertificateUse.V2G_CHAIN, NAME, CHILDREN), most)
    assert chain["childCertificateHashData"] == [hash_data_out(child) for child in CHILDREN[:listed]]
