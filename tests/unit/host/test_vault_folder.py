"""station.host.vault: the folder, what is read from it, and what TLS is given."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography import x509

from station.config import Profile, from_mapping
from station.core.certificate_tasks import CertificateUse, DropOwn, OwnDropped
from station.host.state_folder import StateFolder
from station.host.vault import credentials
from station.host.vault.folder import VaultFolder
from station.host.vault.own import in_order, own_certificates
from station.host.vault.reading import certificates, fingerprint, in_file, strictly
from station.host.vault.signing import make_request
from station.host.vault.trust import Trust
from station.host.vault.work import WORK
from station.net.tls import TlsSettings, client_context
from tests.support.fake_ca import Authority, days

NOW = datetime(2026, 1, 1, tzinfo=UTC)
CSMS, MANUFACTURER = CertificateUse.CSMS_ROOT, CertificateUse.MANUFACTURER_ROOT


@dataclass
class Chosen:
    """What a core would have decided."""

    deleted: frozenset[str] = frozenset()
    trial: str | None = None
    avoided: str | None = None
    passed_over: frozenset[str] = frozenset()
    lost: frozenset[str] = frozenset()


@pytest.fixture
def folder(tmp_path: Path) -> VaultFolder:
    return VaultFolder(StateFolder(tmp_path / "state"))


def profile(csms: list[Path] | None = None, **security: Any) -> Profile:
    content = {
        "station": {"id": "CP-1"},
        "csms": {"url": "wss://csms.test/ocpp", "security": {name: str(value) for name, value in security.items()}},
        "certificates": {"csms": [str(file) for file in csms or []]},
        "store": "memory",
    }
    return from_mapping(content, Path("/nonexistent"), env={}).profile


def settings(of: Profile, folder: VaultFolder, choices: Chosen | None = None, level: int = 2) -> TlsSettings:
    return credentials.tls_settings(of, folder, choices or Chosen(), level, NOW)


# Reading


def test_damaged_certificates_are_left_out_of_a_file() -> None:
    one, other = Authority("One"), Authority("Other")
    broken = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
    text = f"words\n{one.pem}{broken}words\n{other.pem}"
    assert certificates(text.encode()) == (one.certificate, other.certificate)
    assert certificates(b"\xff\x00") == ()


@pytest.mark.parametrize("text", ["", "words", "-----BEGIN CERTIFICATE-----", "\u00e4", "{pem}words", "{pem}{broken}"])
def test_a_text_of_a_message_has_to_be_whole(text: str) -> None:
    broken = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
    with pytest.raises(ValueError, match="PEM"):
        strictly(text.replace("{pem}", Authority().pem).replace("{broken}", broken))


def test_a_file_is_read_again_when_it_has_changed(tmp_path: Path) -> None:
    file = tmp_path / "root.pem"
    assert in_file(file) == ()
    first, second = Authority("First"), Authority("Second with a longer name")
    assert in_file(first.write(file)) == (first.certificate,)
    assert in_file(second.write(file)) == (second.certificate,)
    file.unlink()
    assert in_file(file) == ()
    assert in_file(tmp_path) == ()


# Roots


def test_nothing_is_made_before_something_is_kept(tmp_path: Path, folder: VaultFolder) -> None:
    assert list(folder.roots(CSMS)) == []
    assert list(folder.chains()) == []
    assert folder.key_files() == []
    assert list(tmp_path.iterdir()) == []


def test_roots_are_kept_by_their_use(folder: VaultFolder, tmp_path: Path) -> None:
    root = Authority()
    folder.keep_root(CSMS, root.certificate)
    folder.keep_root(CSMS, root.certificate)
    (kept,) = folder.roots(CSMS)
    assert (kept.certificate, kept.issuer) == (root.certificate, root.certificate)
    assert list(folder.roots(MANUFACTURER)) == []
    for path in (tmp_path / "state").rglob("*"):
        assert path.stat().st_mode & 0o077 == 0
    folder.remove([kept])
    folder.remove([kept])
    assert list(folder.roots(CSMS)) == []


def test_a_root_that_another_signed_keeps_its_issuer(folder: VaultFolder) -> None:
    root = Authority()
    following = Authority("Next", root)
    folder.keep_root(CSMS, following.certificate, root.certificate)
    (kept,) = folder.roots(CSMS)
    assert (kept.certificate, kept.issuer) == (following.certificate, root.certificate)


def test_a_file_under_a_wrong_name_is_none_of_ours(folder: VaultFolder, tmp_path: Path) -> None:
    folder.keep_root(CSMS, Authority().certificate)
    (file,) = (tmp_path / "state" / "certificates" / "csms").iterdir()
    file.rename(file.with_name("other.pem"))
    assert list(folder.roots(CSMS)) == []


def test_profile_and_folder_make_the_trust(folder: VaultFolder, tmp_path: Path) -> None:
    one, two, three = Authority("One"), Authority("Two"), Authority("Three")
    both = tmp_path / "both.pem"
    both.write_text(one.pem + two.pem, encoding="ascii")
    of = profile([both, tmp_path / "none.pem"], ca=one.write(tmp_path / "one.pem"))
    folder.keep_root(CSMS, three.certificate)
    assert Trust(of, folder).certificates(CSMS) == (one.certificate, two.certificate, three.certificate)
    deleted = {fingerprint(two.certificate), fingerprint(three.certificate)}
    assert Trust(of, folder, deleted).certificates(CSMS) == (one.certificate, three.certificate), "installed counts"


# What TLS is given


def test_whole_files_are_handed_to_tls_so_that_contexts_are_shared(folder: VaultFolder, tmp_path: Path) -> None:
    ca = Authority().write(tmp_path / "ca.pem")
    of = profile(ca=ca)
    assert settings(of, folder) == TlsSettings((ca,))
    assert client_context(settings(of, folder)) is client_context(settings(of, folder))
    folder.keep_root(CSMS, Authority("Installed").certificate)
    assert len(settings(of, folder).ca_files) == 2


def test_a_bad_file_of_roots_does_not_keep_from_dialling_with_a_good_one(folder: VaultFolder, tmp_path: Path) -> None:
    bad = tmp_path / "bad.pem"
    bad.write_text("garbage")
    good = Authority().write(tmp_path / "good.pem")
    assert settings(profile([good], ca=bad), folder).ca_files == (good,)
    assert settings(profile(ca=bad), folder).ca_files == (bad,), "the explanation is that of TLS"
    client_context(settings(profile([good], ca=bad), folder))


def test_without_roots_of_its_own_a_station_trusts_the_systems(folder: VaultFolder) -> None:
    assert settings(profile(), folder) == TlsSettings(system_too=True)
    folder.keep_root(CSMS, Authority().certificate)
    assert settings(profile(), folder).system_too


def test_a_station_that_lost_its_roots_trusts_nobody(folder: VaultFolder, tmp_path: Path) -> None:
    root = Authority()
    of = profile([tmp_path / "none.pem"])
    assert client_context(settings(of, folder)).get_ca_certs() == []
    of = profile(ca=root.write(tmp_path / "ca.pem"))
    deleted = Chosen(deleted=frozenset({fingerprint(root.certificate)}))
    assert client_context(settings(of, folder, deleted)).get_ca_certs() == []


def test_roots_that_are_passed_over(folder: VaultFolder, tmp_path: Path) -> None:
    old = Authority()
    new = Authority("Next", old)
    of = profile(ca=old.write(tmp_path / "old.pem"))
    folder.keep_root(CSMS, new.certificate, old.certificate)
    with_new = settings(of, folder, Chosen(passed_over=frozenset({fingerprint(old.certificate)})))
    assert with_new.ca_pem == new.pem
    context = client_context(with_new)
    assert context.verify_flags & ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN
    with_old = settings(of, folder, Chosen(passed_over=frozenset({fingerprint(new.certificate)})))
    assert with_old.ca_pem == old.pem


def sign(folder: VaultFolder, root: Authority, begins: float, ends: float) -> str:
    """Have a new certificate signed and keep it; its fingerprint."""
    asked = x509.load_pem_x509_csr(make_request(folder, "CP-1", "Acme").encode())
    certificate = root.issue(asked.public_key(), period=days(begins, ends, NOW))
    (key_file,) = [file for file in folder.key_files() if not file.with_suffix(".pem").exists()]
    folder.keep_chain(key_file, [certificate])
    return fingerprint(certificate)


@pytest.mark.spec("Security WP A02.FR.09", "A00.FR.430")
def test_the_newest_valid_certificate_is_shown(folder: VaultFolder, tmp_path: Path) -> None:
    root = Authority()
    cert, key = root.pair(tmp_path, "delivered", period=days(-100, 900, NOW))
    of = profile(cert=cert, key=key)
    assert settings(of, folder, level=3).cert_file == cert
    assert settings(of, folder, level=2).cert_file is None
    expired, newest = sign(folder, root, -50, -1), sign(folder, root, -10, 900)
    early, older = sign(folder, root, 5, 900), sign(folder, root, -200, 900)
    order = [own.fingerprint for own in in_order(own_certificates(of, folder), NOW)]
    assert [order.index(one) for one in (newest, older, expired, early)] == [0, 2, 3, 4]
    assert settings(of, folder, level=3).cert_file != cert
    tried = settings(of, folder, Chosen(trial=older), level=3)
    assert fingerprint(in_file(tried.cert_file or cert)[0]) == older
    back = settings(of, folder, Chosen(trial=newest, avoided=newest), level=3)
    assert back.cert_file == cert


@pytest.mark.spec("Security WP A02.FR.09", "A02.FR.10")
def test_a_newer_pair_of_the_profile_that_lost_a_trial_comes_after_the_one_that_won(
    folder: VaultFolder, tmp_path: Path
) -> None:
    root = Authority()
    cert, key = root.pair(tmp_path, "delivered", period=days(-1, 900, NOW))
    of = profile(cert=cert, key=key)
    signed, expired = sign(folder, root, -10, 900), sign(folder, root, -50, -1)
    lost = fingerprint(in_file(cert)[0])
    assert settings(of, folder, level=3).cert_file == cert
    shown = settings(of, folder, Chosen(lost=frozenset({lost})), level=3).cert_file
    assert shown is not None
    assert fingerprint(in_file(shown)[0]) == signed
    order = [own.fingerprint for own in in_order(own_certificates(of, folder), NOW, frozenset({lost}))]
    assert order == [signed, lost, expired], "one that has expired is worse"
    folder.drop(next(own for own in folder.chains() if own.fingerprint == signed))
    assert settings(of, folder, Chosen(lost=frozenset({lost})), level=3).cert_file == cert, "where there is no other"


@pytest.mark.spec("A02.FR.10")
def test_what_is_left_of_those_that_lost_is_the_profiles(folder: VaultFolder, tmp_path: Path) -> None:
    root = Authority()
    cert, key = root.pair(tmp_path, "delivered", period=days(-1, 900, NOW))
    bench: Any = SimpleNamespace(profile=profile(cert=cert, key=key), state=StateFolder(tmp_path / "state"))
    won, old = sign(folder, root, -2, 900), sign(folder, root, -10, 900)
    assert WORK[DropOwn](DropOwn(won, others=True), bench) == OwnDropped(frozenset({fingerprint(in_file(cert)[0])}))
    assert [own.fingerprint for own in folder.chains()] == [won]
    assert old != won
    assert WORK[DropOwn](DropOwn(won), bench) == OwnDropped()
    assert list(folder.chains()) == []


def test_a_damaged_certificate_does_not_keep_from_dialling_with_a_good_one(folder: VaultFolder, tmp_path: Path) -> None:
    root = Authority()
    cert, key = root.pair(tmp_path, "delivered")
    of = profile(cert=cert, key=key)
    sign(folder, root, -10, 900)
    (own,) = folder.chains()
    good = own.cert_file.read_text()
    for text in ("garbage", root.pem):
        own.cert_file.write_text(text)
        assert settings(of, folder, level=3).cert_file == cert
    own.cert_file.write_text(good)
    own.key_file.write_text("garbage")
    assert settings(of, folder, level=3).cert_file == cert
    client_context(settings(of, folder, level=3))


def test_keys_that_never_got_a_certificate_are_few(folder: VaultFolder) -> None:
    for _ in range(10):
        make_request(folder, "CP-1", "Acme")
    assert len(folder.key_files()) == 4


def test_a_pair_of_the_profile_that_does_not_belong_together_is_none(folder: VaultFolder, tmp_path: Path) -> None:
    root = Authority()
    cert, _ = root.pair(tmp_path, "one")
    _, key = root.pair(tmp_path, "two")
    assert own_certificates(profile(cert=cert, key=key), folder) == []
    assert not credentials.has_own(profile(cert=cert, key=key), folder, NOW)
    assert own_certificates(profile(cert=tmp_path / "none.pem", key=key), folder) == []
