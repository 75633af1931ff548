"""station.host.vault.v2g and v2g_work: the way up to a root, and contracts with an OCSP responder."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import AuthorityInformationAccessOID

from station.core.certificate_tasks import CertificateUse
from station.core.contract_tasks import ExamineContract, Examined
from station.host.state_folder import StateFolder
from station.host.vault.folder import VaultFolder
from station.host.vault.names import name_of
from station.host.vault.v2g import path_up
from station.host.vault.v2g_work import WORK
from tests.support.fake_ca import Authority, name, pem

NOW = datetime(2026, 1, 1, tzinfo=UTC)
EMAID = "DE8AA1A2B3C4D5"


def contract(issuer: Authority, url: str | None, common_name: str = EMAID) -> x509.Certificate:
    """A contract certificate; ``url`` of its OCSP responder."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(name(common_name))
        .issuer_name(issuer.certificate.subject)
        .public_key(ec.generate_private_key(ec.SECP256R1()).public_key())
        .serial_number(0x1F)
        .not_valid_before(datetime(2025, 1, 1))  # noqa: DTZ001
        .not_valid_after(datetime(2027, 1, 1))  # noqa: DTZ001
    )
    if url is not None:
        there = x509.AccessDescription(AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(url))
        issuers = x509.AccessDescription(
            AuthorityInformationAccessOID.CA_ISSUERS, x509.UniformResourceIdentifier("http://ca.test")
        )
        builder = builder.add_extension(x509.AuthorityInformationAccess([issuers, there]), critical=False)
    return builder.sign(issuer.key, hashes.SHA256())


@pytest.fixture
def bench(tmp_path: Path) -> Any:
    """What a job needs; roots of mobility operators are installed by ``trust``."""
    certificates = SimpleNamespace(manufacturer=(), v2g=(), mo=(), v2g_leaf=None)
    return SimpleNamespace(
        profile=SimpleNamespace(certificates=certificates),
        state=StateFolder(tmp_path / "state"),
        engine=SimpleNamespace(station=SimpleNamespace(certificates=SimpleNamespace(deleted=frozenset()))),
        now_utc=lambda: NOW,
    )


def examined(bench: Any, chain: str, emaid: str = EMAID) -> Examined:
    answer: Examined = WORK[ExamineContract](ExamineContract(emaid, chain), bench)
    return answer


@pytest.mark.spec("C07.FR.02")
def test_a_contract_names_who_can_tell_of_it(bench: Any) -> None:
    root = Authority("MO root")
    sub = Authority("MO sub", root)
    VaultFolder(bench.state).keep_root(CertificateUse.MO_ROOT, root.certificate)
    leaf = contract(sub, "http://ocsp.test/")
    found = examined(bench, pem(leaf) + sub.pem)
    assert (found.problem, found.rooted) == ("", True)
    (one,) = found.names
    assert (one.name, one.responder) == (name_of(leaf, sub.certificate), "http://ocsp.test/")
    assert one.name.serial == "1f"
    assert examined(bench, pem(contract(sub, None)) + sub.pem).names == ()


@pytest.mark.parametrize("shown", ["DE-8AA-1A2B3C4D5", "de8aa1a2b3c4d5", "DE8AA1A2B3C4D5X"])
def test_separators_case_and_check_digit_make_no_other_contract(bench: Any, shown: str) -> None:
    root = Authority("MO root")
    VaultFolder(bench.state).keep_root(CertificateUse.MO_ROOT, root.certificate)
    assert examined(bench, pem(contract(root, None)), shown).problem == ""
    assert examined(bench, pem(contract(root, None)), "DE8AA9" + shown[6:]).problem == "CertChainError"


def test_without_its_root_nobody_can_say(bench: Any) -> None:
    root = Authority("MO root")
    assert examined(bench, pem(contract(root, None))) == Examined(rooted=False)


def test_an_authority_that_is_none_breaks_the_chain(bench: Any) -> None:
    root = Authority("MO root")
    sub = Authority("No CA", root, ca=False)
    VaultFolder(bench.state).keep_root(CertificateUse.MO_ROOT, root.certificate)
    assert examined(bench, pem(contract(sub, None)) + sub.pem).problem == "CertChainError"


def test_a_circle_leads_nowhere() -> None:
    first = Authority("A")
    second = Authority("B", first)
    circle = Authority("A", second, key=first.key)
    steps, rooted = path_up(second.certificate, [circle.certificate, second.certificate], [])
    assert not rooted
    assert len(steps) <= 10
