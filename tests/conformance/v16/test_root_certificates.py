"""Root certificates over OCPP 1.6: installed, listed, deleted, replaced."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from station.net import DialFailed
from station.net.errors import FailureKind, TlsEvent
from tests.conformance.v16.certificate_flows import (
    CPO,
    CSMS,
    MANUFACTURER,
    delete,
    install,
    installed,
    profile,
    signed,
    triggered,
)
from tests.conformance.v16.flows import rebooted
from tests.support.certified import shown, trusts
from tests.support.fake_ca import Authority, days
from tests.support.rig import START, Rig, virtual


@pytest.mark.case("TC_075_1_CS", "1.6")
@pytest.mark.spec("Security WP M05.FR.01", "Security WP M05.FR.02", "Security WP M03.FR.03", "Security WP M03.FR.04")
@virtual
async def test_tc_075_1_install_a_manufacturer_root() -> None:
    root = Authority("Manufacturer")
    async with Rig() as rig:
        await rig.boot()
        assert await installed(rig, MANUFACTURER) == []
        assert await install(rig, MANUFACTURER, root.pem) == "Accepted"
        assert len(await installed(rig, MANUFACTURER)) == 1
        assert await installed(rig, CSMS) == []


@pytest.mark.case("TC_075_2_CS", "1.6")
@pytest.mark.spec("Security WP M05.FR.02", "Security WP M03.FR.02")
@virtual
async def test_tc_075_2_install_a_csms_root(tmp_path: Path) -> None:
    root = Authority()
    async with Rig(profile=profile(tmp_path, root, client=False)) as rig:
        await rig.boot()
        assert len(await installed(rig, CSMS)) == 1
        assert await install(rig, CSMS, Authority("Next").pem) == "Accepted"
        assert len(await installed(rig, CSMS)) == 2
        await rig.do("reboot")
        await rebooted(rig)
        assert len(await installed(rig, CSMS)) == 2


@pytest.mark.spec("Security WP §6.1")
@virtual
async def test_hash_data_is_that_of_ocsp() -> None:
    root = Authority("Manufacturer")
    async with Rig() as rig:
        await rig.boot()
        await install(rig, MANUFACTURER, root.pem)
        (told,) = await installed(rig, MANUFACTURER)
    point = root.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    assert told == {
        "hashAlgorithm": "SHA256",
        "issuerNameHash": hashlib.sha256(root.certificate.subject.public_bytes()).hexdigest(),
        "issuerKeyHash": hashlib.sha256(point).hexdigest(),
        "serialNumber": f"{root.certificate.serial_number:x}",
    }


@pytest.mark.case("TC_076_CS", "1.6")
@pytest.mark.spec("Security WP M04.FR.01", "Security WP M04.FR.02", "Security WP M04.FR.04")
@virtual
async def test_tc_076_delete_a_certificate() -> None:
    async with Rig() as rig:
        await rig.boot()
        await install(rig, MANUFACTURER, Authority("Manufacturer").pem)
        (told,) = await installed(rig, MANUFACTURER)
        assert await delete(rig, {**told, "serialNumber": "ABC"}) == "NotFound"
        changed = {
            **told,
            "issuerNameHash": told["issuerNameHash"].upper(),
            "serialNumber": told["serialNumber"].upper(),
        }
        assert await delete(rig, changed) == "Accepted"
        assert await installed(rig, MANUFACTURER) == []
        assert await delete(rig, told) == "NotFound"


@pytest.mark.spec("Security WP M04.FR.02")
@pytest.mark.parametrize("algorithm", ["SHA256", "SHA384", "SHA512"])
@virtual
async def test_a_certificate_may_be_named_with_any_hash_algorithm(algorithm: str) -> None:
    root = Authority("Manufacturer")
    made = hashlib.new(algorithm)
    name, key = made.copy(), made.copy()
    name.update(root.certificate.subject.public_bytes())
    key.update(root.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))
    named = {
        "hashAlgorithm": algorithm,
        "issuerNameHash": name.hexdigest(),
        "issuerKeyHash": key.hexdigest(),
        "serialNumber": f"{root.certificate.serial_number:X}",
    }
    async with Rig() as rig:
        await rig.boot()
        await install(rig, MANUFACTURER, root.pem)
        assert await delete(rig, named) == "Accepted"


@pytest.mark.spec("Security WP M04.FR.02")
@virtual
async def test_what_the_profile_names_is_deleted_without_touching_its_file(tmp_path: Path) -> None:
    root, other = Authority(), Authority("Other")
    file = tmp_path / "both.pem"
    file.write_text(root.pem + other.pem, encoding="ascii")
    made = profile(tmp_path, root, client=False, ca=str(file))
    async with Rig(profile=made) as rig:
        await rig.boot()
        first, second = await installed(rig, CSMS)
        assert await delete(rig, second) == "Accepted"
        assert await installed(rig, CSMS) == [first]
        await rig.do("power_cycle")
        await rebooted(rig)
        assert await installed(rig, CSMS) == [first]
        assert file.read_text(encoding="ascii") == root.pem + other.pem
        assert not trusts(rig, other, tmp_path)
        assert await install(rig, CSMS, other.pem) == "Accepted"
        assert len(await installed(rig, CSMS)) == 2


@pytest.mark.spec("Security WP M03")
@virtual
async def test_a_file_of_the_profile_that_is_gone_is_not_installed(tmp_path: Path) -> None:
    root = Authority("Manufacturer").write(tmp_path / "fw-root.pem")
    async with Rig(profile={"certificates": {"manufacturer": [str(root), str(tmp_path / "none.pem")]}}) as rig:
        await rig.boot()
        assert len(await installed(rig, MANUFACTURER)) == 1
        root.unlink()
        assert await installed(rig, MANUFACTURER) == []


@pytest.mark.spec("Security WP M03")
@virtual
async def test_only_self_signed_certificates_of_a_root_file_count(tmp_path: Path) -> None:
    root = Authority("Manufacturer")
    below = Authority("Below", root)
    file = tmp_path / "chain.pem"
    file.write_text(f"a comment\n{below.pem}{root.pem}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    async with Rig(profile={"certificates": {"manufacturer": [str(file)]}}) as rig:
        await rig.boot()
        (told,) = await installed(rig, MANUFACTURER)
        assert told["serialNumber"] == f"{root.certificate.serial_number:x}"


def _weak() -> str:
    return Authority("Weak", key=rsa.generate_private_key(65537, 1024)).pem


@pytest.mark.spec("Security WP M05.FR.06", "Security WP A00.FR.502", "Security WP A00.FR.503")
@pytest.mark.parametrize(
    "certificate",
    [
        "no certificate",
        "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
        Authority("A").pem + Authority("B").pem,
        Authority("No CA", ca=False).pem,
        Authority("Below", Authority("Above")).pem,
        Authority("Expired", period=days(-20, -10, START)).pem,
        _weak(),
        Authority("Weak curve", key=ec.generate_private_key(ec.SECP192R1())).pem,
    ],
    ids=["text", "damaged", "two", "no-ca", "no-root", "expired", "weak-rsa", "weak-ec"],
)
@virtual
async def test_an_invalid_root_is_rejected(certificate: str) -> None:
    async with Rig() as rig:
        await rig.boot()
        assert await install(rig, CSMS, certificate) == "Rejected"
        assert await installed(rig, CSMS) == []


@pytest.mark.spec("Security WP M05.FR.03", "Security WP §7.4")
@virtual
async def test_a_full_store_takes_no_more() -> None:
    async with Rig(variables={"CertificateStoreMaxLength": 2}) as rig:
        await rig.boot()
        first = Authority("First")
        assert await install(rig, MANUFACTURER, first.pem) == "Accepted"
        assert await install(rig, CSMS, Authority("Second").pem) == "Accepted"
        assert await install(rig, CSMS, Authority("Third").pem) == "Rejected"
        assert await install(rig, MANUFACTURER, first.pem) == "Accepted", "it is there already"
        assert len(await installed(rig, MANUFACTURER)) == 1
        answer = await rig.call("GetConfiguration", {"key": ["CertificateStoreMaxLength"]})
        assert answer["configurationKey"][0]["value"] == "2"


@pytest.mark.spec("Security WP M05.FR.04")
@virtual
async def test_a_folder_that_cannot_be_written_fails(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file where the folder should be")
    async with Rig(profile={"state": str(tmp_path / "state")}) as rig:
        await rig.boot()
        assert await install(rig, CSMS, Authority().pem) == "Failed"


@pytest.mark.spec("Security WP M03")
@virtual
async def test_damaged_files_keep_nobody_from_booting(tmp_path: Path) -> None:
    root = Authority()
    made = profile(tmp_path, root)
    for place in ("csms/00.pem", "station/11.pem", "station/11.key", "manufacturer/x.pem"):
        file = tmp_path / "state" / "certificates" / place
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"\x00garbage")
    async with Rig(profile=made) as rig:
        await rig.boot()
        assert shown(rig, root, tmp_path) is not None
        assert len(await installed(rig, CSMS)) == 1
        assert await installed(rig, MANUFACTURER) == []


@pytest.mark.spec("RELIABILITY: files with secrets have mode 0600")
@virtual
async def test_keys_and_certificates_are_the_owners_alone(tmp_path: Path) -> None:
    root = Authority()
    async with Rig(profile=profile(tmp_path, root), variables=CPO) as rig:
        await rig.boot()
        assert await signed(rig, root.sign(await triggered(rig))) == "Accepted"
        assert await install(rig, MANUFACTURER, root.pem) == "Accepted"
        files = list((tmp_path / "state" / "certificates").rglob("*"))
        assert len([file for file in files if file.is_file()]) == 3
        for file in files:
            assert file.stat().st_mode & 0o077 == 0


# AdditionalRootCertificateCheck

CHECKED = {"AdditionalRootCertificateCheck": {"value": "true"}}


@pytest.mark.spec("Security WP M05.FR.09", "Security WP M05.FR.10")
@virtual
async def test_a_root_that_the_old_one_did_not_sign_is_rejected(tmp_path: Path) -> None:
    root = Authority()
    async with Rig(profile=profile(tmp_path, root, client=False), variables=CHECKED) as rig:
        await rig.boot()
        assert await install(rig, CSMS, Authority("Next").pem) == "Rejected"
        assert len(await installed(rig, CSMS)) == 1
        assert await install(rig, MANUFACTURER, Authority("Firmware").pem) == "Accepted"
        assert await install(rig, CSMS, root.pem) == "Accepted", "it is there already"


@pytest.mark.spec("Security WP M05.FR.08", "Security WP M05.FR.11", "Security WP M05.FR.12")
@virtual
async def test_a_root_that_the_old_one_signed_replaces_it_once_it_has_connected(tmp_path: Path) -> None:
    root = Authority()
    following = Authority("Next", root)
    async with Rig(profile=profile(tmp_path, root, client=False), variables=CHECKED) as rig:
        await rig.boot()
        (old,) = await installed(rig, CSMS)
        assert await install(rig, CSMS, following.pem) == "Accepted"
        assert len(await installed(rig, CSMS)) == 2
        rig.lose_connection()
        await rig.until(lambda: len(rig.targets) == 2)
        await rig.quiet()
        (new,) = await installed(rig, CSMS)
        assert new["issuerKeyHash"] == old["issuerKeyHash"], "the old one signed it"
        assert new["serialNumber"] == f"{following.certificate.serial_number:x}"
        assert trusts(rig, following, tmp_path)
        assert not trusts(rig, root, tmp_path)


@pytest.mark.spec("Security WP M05.FR.13")
@virtual
async def test_the_old_root_is_tried_where_the_new_one_does_not_fit(tmp_path: Path) -> None:
    root = Authority()
    async with Rig(profile=profile(tmp_path, root, client=False), variables=CHECKED) as rig:
        await rig.boot()
        assert await install(rig, CSMS, Authority("Next", root).pem) == "Accepted"
        rig.refuse = DialFailed(FailureKind.TLS, "not verified", tls_event=TlsEvent.INVALID_CERTIFICATE)
        rig.lose_connection()
        await rig.until(lambda: len(rig.targets) == 2)
        rig.refuse = None
        await rig.until(lambda: len(rig.targets) == 3)
        assert trusts(rig, root, tmp_path)
        await rig.quiet()
        assert len(await installed(rig, CSMS)) == 2


@pytest.mark.spec("Security WP M04.FR.02", "Security WP M05.FR.12")
@virtual
async def test_the_old_root_stays_where_the_new_one_is_deleted_before_it_has_connected(tmp_path: Path) -> None:
    root = Authority()
    async with Rig(profile=profile(tmp_path, root, client=False), variables=CHECKED) as rig:
        await rig.boot()
        (old,) = await installed(rig, CSMS)
        assert await install(rig, CSMS, Authority("Next", root).pem) == "Accepted"
        (new,) = [one for one in await installed(rig, CSMS) if one != old]
        assert await delete(rig, new) == "Accepted"
        rig.lose_connection()
        await rig.until(lambda: len(rig.targets) == 2)
        assert trusts(rig, root, tmp_path)
        await rig.quiet()
        assert await installed(rig, CSMS) == [old]


@pytest.mark.spec("Security WP M05.FR.08", "Security WP M05.FR.09")
@virtual
async def test_a_successor_that_never_connected_gives_way_to_the_next(tmp_path: Path) -> None:
    root = Authority()
    first = Authority("First", root)
    second = Authority("Second", first)
    limited = {"CertificateStoreMaxLength": 1, **CHECKED}
    async with Rig(profile=profile(tmp_path, root, client=False), variables=limited) as rig:
        await rig.boot()
        for _ in range(2):
            assert await install(rig, CSMS, first.pem) == "Accepted", "it replaces the old one, which stays as fallback"
        assert await install(rig, CSMS, Authority("Beside", root).pem) == "Rejected", "the first replaces it already"
        assert await install(rig, CSMS, second.pem) == "Accepted"
        assert len(await installed(rig, CSMS)) == 2
        rig.lose_connection()
        await rig.until(lambda: len(rig.targets) == 2)
        await rig.quiet()
        (left,) = await installed(rig, CSMS)
        assert left["serialNumber"] == f"{second.certificate.serial_number:x}"
