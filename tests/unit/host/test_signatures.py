"""Signatures over firmware, and who may make them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from station.host.signatures import revoked, signature_problem, signer_problem
from tests.support.firmware_signing import Manufacturer

NOW = datetime(2026, 1, 1, tzinfo=UTC)
CONTENT = b"firmware" * 300_000


@pytest.mark.parametrize(("kind", "scheme"), [("ec", ""), ("rsa", "pss"), ("rsa", "pkcs1")])
def test_signatures_that_are_good(tmp_path: Path, kind: str, scheme: str) -> None:
    maker = Manufacturer(kind=kind)
    file = tmp_path / "fw"
    file.write_bytes(CONTENT)
    signature = maker.signature(CONTENT, scheme)
    assert signature_problem(file, maker.signer(), signature) == ""
    assert signature_problem(file, maker.signer(), f"\n{signature[:40]}\n{signature[40:]}\n") == ""
    file.write_bytes(CONTENT + b"!")
    assert signature_problem(file, maker.signer(), signature) != ""
    file.write_bytes(CONTENT)
    assert signature_problem(file, Manufacturer("Mallory", kind).signer(), signature) != ""


@pytest.mark.parametrize("signature", ["", "*", "AAAA", "A" * 800, "\u20ac"])
@pytest.mark.parametrize("kind", ["ec", "rsa"])
def test_signatures_that_are_none(tmp_path: Path, kind: str, signature: str) -> None:
    file = tmp_path / "fw"
    file.write_bytes(CONTENT)
    assert signature_problem(file, Manufacturer(kind=kind).signer(), signature) != ""


def test_who_may_sign() -> None:
    maker = Manufacturer()
    roots = (Manufacturer("Other").root, maker.root)
    assert signer_problem(maker.signer(), roots, NOW) == ""
    assert signer_problem(maker.signer(purpose=ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE), roots, NOW) == ""
    assert "signing code" in signer_problem(maker.signer(purpose=ExtendedKeyUsageOID.SERVER_AUTH), roots, NOW)
    assert "may not sign" in signer_problem(maker.signer(usage="key_encipherment"), roots, NOW)
    assert "expired" in signer_problem(maker.signer(last=NOW.replace(year=2025, month=6)), roots, NOW)
    assert "not valid yet" in signer_problem(maker.signer(first=NOW.replace(year=2027)), roots, NOW)
    assert "root" in signer_problem(maker.signer(), (), NOW)
    assert "root" in signer_problem(Manufacturer("Mallory").signer(), roots, NOW)
    assert "PEM" in signer_problem("", roots, NOW)
    assert "may not sign" in signer_problem(maker.root_pem, roots, NOW)


def test_revocation_lists(tmp_path: Path) -> None:
    maker, other = Manufacturer(), Manufacturer("Other")
    file = tmp_path / "roots.pem"
    signer = maker.signer(serial=7)
    file.write_text(maker.root_pem + other.revocation_list(7))
    assert not revoked(signer, (maker.root, other.root), (file,)), "a list of somebody else"
    file.write_text(
        maker.root_pem + "-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n" + maker.revocation_list(7)
    )
    assert revoked(signer, (maker.root,), (tmp_path / "gone.pem", file))
    assert not revoked(maker.signer(serial=8), (maker.root,), (file,))
    assert not revoked("none", (maker.root,), (file,))
