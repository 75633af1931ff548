"""Contexts for TLS towards a CSMS. The handshakes are in tests/e2e."""

from __future__ import annotations

import os
import ssl
from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives import serialization

from station.net.tls import TlsSettings, TlsSettingsError, Verify, client_context


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def files(tmp_path: Path, authority: trustme.CA) -> dict[str, Path]:
    own = authority.issue_cert("CP-1")
    paths = {name: tmp_path / f"{name}.pem" for name in ("ca", "cert", "key", "locked", "other")}
    authority.cert_pem.write_to_path(paths["ca"])
    own.cert_chain_pems[0].write_to_path(paths["cert"])
    own.private_key_pem.write_to_path(paths["key"])
    authority.issue_cert("x").private_key_pem.write_to_path(paths["other"])
    key = serialization.load_pem_private_key(own.private_key_pem.bytes(), None)
    paths["locked"].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"pass"),
        )
    )
    return paths


@pytest.mark.spec("A00.FR.313", "A00.FR.319", "A00.FR.320", "A00.FR.321")
@pytest.mark.spec(
    "Security WP A00.FR.312", "Security WP A00.FR.318", "Security WP A00.FR.319", "Security WP A00.FR.320"
)
@pytest.mark.spec(
    "Security WP A00.FR.416", "Security WP A00.FR.422", "Security WP A00.FR.423", "Security WP A00.FR.424"
)
def test_only_modern_tls(files: dict[str, Path]) -> None:
    context = client_context(TlsSettings(ca_files=(files["ca"],)))
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    names = {cipher["name"] for cipher in context.get_ciphers()}
    assert {"ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384"} <= names
    assert {"AES128-GCM-SHA256", "AES256-GCM-SHA384"} <= names
    assert all(cipher["aead"] for cipher in context.get_ciphers())
    assert context.options & ssl.OP_NO_COMPRESSION


@pytest.mark.parametrize(
    ("verify", "mode", "host_name"),
    [
        (Verify.FULL, ssl.CERT_REQUIRED, True),
        (Verify.CHAIN, ssl.CERT_REQUIRED, False),
        (Verify.NOTHING, ssl.CERT_NONE, False),
    ],
)
def test_how_much_is_checked(verify: Verify, mode: ssl.VerifyMode, host_name: bool) -> None:
    context = client_context(TlsSettings(verify=verify))
    assert (context.verify_mode, context.check_hostname) == (mode, host_name)


def test_a_context_is_shared_until_a_file_changes(files: dict[str, Path], authority: trustme.CA) -> None:
    settings = TlsSettings((files["ca"],), files["cert"], files["key"])
    first = client_context(settings)
    assert client_context(TlsSettings((files["ca"],), files["cert"], files["key"])) is first
    os.utime(files["cert"], ns=(1, 1))
    assert client_context(settings) is not first


def test_a_locked_key_opens_with_its_password(files: dict[str, Path]) -> None:
    settings = TlsSettings((), files["cert"], files["locked"], "pass")
    client_context(settings)
    assert "pass" not in repr(settings).replace("key_password", "")


@pytest.mark.parametrize("password", [None, "wrong"])
def test_a_locked_key_never_asks_on_the_terminal(files: dict[str, Path], password: str | None) -> None:
    with pytest.raises(TlsSettingsError):
        client_context(TlsSettings((), files["cert"], files["locked"], password))


def test_files_that_do_not_fit_are_named(files: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(TlsSettingsError, match="does not belong to the certificate"):
        client_context(TlsSettings((), files["cert"], files["other"]))
    with pytest.raises(TlsSettingsError, match=r"nowhere\.pem: No such file"):
        client_context(TlsSettings((tmp_path / "nowhere.pem",)))
    (tmp_path / "text.pem").write_text("hello")
    with pytest.raises(TlsSettingsError, match=r"text\.pem: no certificates"):
        client_context(TlsSettings((tmp_path / "text.pem",)))
    with pytest.raises(TlsSettingsError, match="cannot be read"):
        client_context(TlsSettings((), tmp_path / "text.pem", None))
