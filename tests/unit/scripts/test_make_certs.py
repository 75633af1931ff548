"""scripts.make_certs: the laboratory is what its README says."""

from __future__ import annotations

import ssl
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from scripts.make_certs import main


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("lab") / "certs"
    assert main([str(made), "--host", "csms.example", "--station", "CP-7", "--organization", "Acme"]) == 0
    return made


def certificate(folder: Path, name: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate((folder / f"{name}.pem").read_bytes())


def test_every_pair_belongs_together_and_is_in_the_readme(folder: Path) -> None:
    readme = (folder / "README.txt").read_text()
    for pem in folder.glob("*.pem"):
        key = pem.with_suffix(".key")
        assert stat.S_IMODE(key.stat().st_mode) == 0o600
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(pem, key)
        assert f"\n{pem.stem} " in readme


@pytest.mark.spec(
    "Security WP A00.FR.502", "Security WP A00.FR.503", "Security WP A00.FR.509", "Security WP A00.FR.512"
)
def test_certificates_are_as_the_white_paper_wants_them(folder: Path) -> None:
    names = {"server": "csms.example", "station": "CP-7", "csms-root": "CSMS Root"}
    for name, common_name in names.items():
        made = certificate(folder, name)
        assert made.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value == common_name
        assert made.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)[0].value == "Acme"
        assert made.extensions.get_extension_for_class(x509.KeyUsage).critical
        key = made.public_key()
        assert isinstance(key, ec.EllipticCurvePublicKey)
        assert key.curve.key_size == 256
    for name in ("server-rsa", "station-rsa"):
        key = certificate(folder, name).public_key()
        assert isinstance(key, rsa.RSAPublicKey)
        assert key.key_size == 2048


def test_bad_ones_are_bad(folder: Path) -> None:
    now = datetime.now(UTC)
    assert certificate(folder, "bad-server-expired").not_valid_after_utc < now
    assert certificate(folder, "bad-server-not-yet").not_valid_before_utc > now
    assert certificate(folder, "bad-server-unknown-ca").issuer != certificate(folder, "server").issuer


def test_made_again_and_what_cannot_be(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (folder / "server.pem").read_bytes()
    assert main([str(folder)]) == 0
    assert (folder / "server.pem").read_bytes() != before
    (tmp_path / "file").write_text("")
    assert main([str(tmp_path / "file" / "below")]) == 1
    assert "file" in capsys.readouterr().err
    assert main([str(tmp_path / "x"), "--host", "ü" * 80]) == 2
