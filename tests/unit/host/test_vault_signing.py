"""Keys and signing requests: what stands in the subject, and which key a certificate is for."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography import x509

from station.errors import StationError
from station.host.state_folder import StateFolder
from station.host.vault.folder import VaultFolder
from station.host.vault.signing import key_of, make_request
from tests.support.fake_ca import Authority


@pytest.fixture
def folder(tmp_path: Path) -> VaultFolder:
    return VaultFolder(StateFolder(tmp_path / "state"))


@pytest.mark.spec("A02.FR.02", "A02.FR.03")
@pytest.mark.parametrize(
    ("names", "subject"),
    [
        (("CP-1", "Acme"), "CN=CP-1,O=Acme"),
        (("CP-1", "Acme", "NL"), "CN=CP-1,O=Acme,C=NL"),
        (("CP-1", ""), "CN=CP-1"),
        (("x" * 64, "Acme"), f"CN={'x' * 64},O=Acme"),
    ],
)
def test_the_subject_has_the_names_that_there_are(folder: VaultFolder, names: tuple[str, ...], subject: str) -> None:
    asked = x509.load_pem_x509_csr(make_request(folder, *names).encode())
    assert asked.is_signature_valid
    assert asked.subject.rfc4514_string() == subject


@pytest.mark.parametrize("names", [("x" * 65, "Acme"), ("CP-1", "x" * 65)])
def test_a_name_that_is_too_long_makes_no_key(folder: VaultFolder, names: tuple[str, str]) -> None:
    with pytest.raises(StationError, match="at most 64 characters"):
        make_request(folder, *names)
    assert list(folder.key_files()) == []


def test_a_certificate_finds_its_key(folder: VaultFolder) -> None:
    root = Authority()
    first, second = (x509.load_pem_x509_csr(make_request(folder, "CP-1", "Acme").encode()) for _ in range(2))
    files = {key_of(folder, root.issue(asked.public_key())) for asked in (first, second)}
    assert files == set(folder.key_files())
    assert key_of(folder, root.certificate) is None
