"""TLS of a fleet: certificates from files, from a CSV, and made for each station."""

import pickle
import ssl
from pathlib import Path

import pytest
from cryptography import x509

from scripts.make_certs import Authority, Identity, expired
from station.config import ConfigError
from station.fleet.certificates import Issuer
from station.fleet.plan import Plan
from station.fleet.plan_file import FleetOverrides, LoadedPlan, load_plan
from station.fleet.population import Population
from station.net.tls import TlsSettings, client_context

URL = "wss://csms.test/ocpp"
ROOT = Authority.root("Root", "Operator")
ISSUING = ROOT.intermediate("Issuing")


def put(folder: Path, name: str, identity: Identity) -> None:
    (folder / f"{name}.pem").write_bytes(identity.certificate_pem())
    (folder / f"{name}.key").write_bytes(identity.key_pem())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    put(tmp_path, "root", ROOT.identity)
    put(tmp_path, "issuing", ISSUING.identity)
    put(tmp_path, "a", ISSUING.station("A"))
    put(tmp_path, "b", ISSUING.station("B"))
    put(tmp_path, "old", ISSUING.station("OLD", expired()))
    return tmp_path


def load(folder: Path, text: str, **flags: object) -> LoadedPlan:
    (folder / "plan.yaml").write_text(text)
    given = {"csms": URL, "count": 3, "ca": folder / "root.pem", **flags}
    return load_plan(folder / "plan.yaml", FleetOverrides(**given), {})  # type: ignore[arg-type]


def refused(folder: Path, text: str, **flags: object) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(folder, text, **flags)
    return [line.replace(f"{folder}/", "") for line in str(caught.value).splitlines()]


MADE = "stations: {certificates: {ca: issuing.pem, key: issuing.key}}"


def certificate(path: Path | None) -> x509.Certificate:
    assert path is not None
    return x509.load_pem_x509_certificate(path.read_bytes())


def test_each_station_gets_a_certificate(folder: Path) -> None:
    loaded = load(folder, MADE)
    assert loaded.warnings == ()
    population = Population(pickle.loads(pickle.dumps(loaded.plan)))
    first, second = (population.member(index).profile().csms.security for index in range(2))
    assert first.profile == second.profile == 3
    assert first.key == second.key
    made = certificate(first.cert)
    assert made.subject.rfc4514_string() == "CN=LT-00001,O=Operator"
    assert certificate(second.cert).subject.rfc4514_string() == "CN=LT-00002,O=Operator"
    made.verify_directly_issued_by(ISSUING.identity.certificate)
    assert first.cert is not None
    assert first.key is not None
    assert (first.cert.parent.stat().st_mode & 0o777, first.key.stat().st_mode & 0o777) == (0o700, 0o600)
    client_context(TlsSettings((folder / "root.pem",), first.cert, first.key))


def test_the_server_accepts_it(folder: Path) -> None:
    population = Population(load(folder, MADE).plan)
    security = population.member(0).profile().csms.security
    put(folder, "server", ISSUING.server("csms.test"))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "server.pem", folder / "server.key")
    server.load_verify_locations(folder / "root.pem")
    server.verify_mode = ssl.CERT_REQUIRED
    ours = client_context(TlsSettings((folder / "root.pem",), security.cert, security.key))
    left, right = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = (server.wrap_bio(left, right, server_side=True), ours.wrap_bio(right, left, server_hostname="csms.test"))
    for _ in range(10):
        for end in ends:
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
    peer = ends[0].getpeercert()
    assert peer is not None
    assert (("commonName", "LT-00001"),) in peer["subject"]


def test_the_operator_is_the_profiles(folder: Path) -> None:
    station = "{variables: {CpoName: {value: Someone}}}"
    plan = load(folder, f"{MADE}\ngroups: [{{station: {station}}}]").plan
    assert certificate(Population(plan).member(0).profile().csms.security.cert).subject.rfc4514_string() == (
        "CN=LT-00001,O=Someone"
    )


def test_a_folder_keeps_them(folder: Path) -> None:
    plan = load(folder, "stations: {certificates: {ca: issuing.pem, key: issuing.key, folder: kept}}").plan
    first = Population(plan).member(0).profile().csms.security.cert
    assert first == folder / "kept" / "LT-00001.pem"
    before = first.read_bytes()
    assert Population(plan).member(0).profile().csms.security.cert == first
    assert first.read_bytes() == before
    first.write_text("nonsense")
    Population(plan).member(0).profile()
    assert certificate(first).subject.rfc4514_string() == "CN=LT-00001,O=Operator"


def test_nothing_is_made_where_nothing_is_shown(folder: Path) -> None:
    loaded = load(folder, MADE, csms="ws://csms.test", ca=None)
    assert Population(loaded.plan).member(0).profile().csms.security.cert is None
    assert "the certificates serve nobody" in loaded.warnings[0]


def test_what_was_made_is_gone_with_its_maker(folder: Path) -> None:
    issuing = load(folder, MADE).plan.certificates
    assert issuing is not None
    issuer = Issuer(issuing)
    cert, _ = issuer.files("X")
    assert cert.exists()
    del issuer
    assert not cert.parent.exists()


@pytest.mark.parametrize(
    ("block", "problem"),
    [
        ("{ca: nowhere.pem, key: issuing.key}", "plan.yaml:1:31: stations.certificates.ca: nowhere.pem is no file"),
        ("{ca: issuing.pem, key: issuing.pem}", "plan.yaml:1:49: stations.certificates.key: issuing.pem: no private"),
        ("{ca: issuing.key, key: issuing.key}", "1:31: stations.certificates.ca: issuing.key: no certificate in PEM"),
        ("{ca: issuing.pem, key: a.key}", "1:49: stations.certificates.key: a.key: the key does not belong to"),
        ("{ca: a.pem, key: a.key}", "1:31: stations.certificates.ca: a.pem: it is no certificate of an authority"),
        ("{ca: issuing.pem}", "1:26: stations.certificates: the key 'key' is missing"),
    ],
)
def test_an_authority_that_cannot_sign(folder: Path, block: str, problem: str) -> None:
    (said,) = refused(folder, f"stations: {{certificates: {block}}}")
    assert problem in said


def rows(folder: Path, *lines: str) -> str:
    (folder / "s.csv").write_text("\n".join(("id,cert,key", *lines)))
    return "stations: s.csv"


def test_certificates_of_a_csv(folder: Path) -> None:
    plan: Plan = load(folder, rows(folder, "A,a.pem,a.key", "B,b.pem,b.key"), count=2).plan
    profile = Population(plan).member(1).profile()
    assert profile.csms.security.profile == 3
    assert profile.csms.security.cert == folder / "b.pem"


def test_rows_whose_certificates_cannot_be_used(folder: Path) -> None:
    text = rows(folder, "A,a.pem,b.key", "B,old.pem,old.key", "C,nowhere.pem,b.key", "D,a.pem,a.key")
    said = refused(folder, text, count=4)
    assert [line.partition(";")[0] for line in said] == [
        "s.csv:2:3: A: a.pem with b.key: the key does not belong to the certificate",
        "s.csv:3:3: B: old.pem: it has expired",
        "s.csv:4:3: C: nowhere.pem: No such file or directory",
    ]


def test_rows_without_a_certificate_under_security_profile_3(folder: Path) -> None:
    text = rows(folder, "A,a.pem,a.key", "B,,") + "\ncsms: {security: {profile: 3}}"
    assert refused(folder, text, count=2) == [
        "s.csv:3:3: B: security profile 3 needs cert and key, and the row has none"
    ]


@pytest.mark.parametrize(
    ("flags", "problem"),
    [
        ({"ca": Path("nowhere.pem")}, "--ca: csms.security.ca: "),
        ({"cert": "a.pem", "key": "b.key"}, "the key does not belong to the certificate"),
        ({"cert": "old.pem", "key": "old.key"}, "--cert: csms.security.cert: old.pem: it has expired"),
        ({"cert": "nowhere.pem", "key": "b.key"}, "nowhere.pem: No such file or directory"),
    ],
)
def test_flags_whose_files_cannot_be_used(folder: Path, flags: dict[str, str | Path], problem: str) -> None:
    given = {name: folder / value for name, value in flags.items()}
    (said,) = refused(folder, "groups: [{name: a, share: 50%}, {name: b, share: 50%}]", **given)
    assert problem in said
