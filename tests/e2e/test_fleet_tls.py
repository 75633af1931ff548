"""`station fleet` under security profiles 1 to 3: shared and own passwords, own certificates, files that do not fit."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from scripts.make_certs import Authority, Identity, expired
from tests.support.fleet_csms import fleet_csms

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "0123456789abcdef"

pytestmark = pytest.mark.timeout(120)


def put(folder: Path, name: str, identity: Identity) -> None:
    """A certificate and its key."""
    (folder / f"{name}.pem").write_bytes(identity.certificate_pem())
    (folder / f"{name}.key").write_bytes(identity.key_pem())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Authorities, the CSMS's certificate, and two stations'."""
    root = Authority.root("Root", "Operator")
    issuing = root.intermediate("Issuing")
    put(tmp_path, "root", root.identity)
    put(tmp_path, "issuing", issuing.identity)
    put(tmp_path, "server", issuing.server("127.0.0.1"))
    for name in ("a", "b"):
        put(tmp_path, name, issuing.station(name.upper()))
    put(tmp_path, "old", issuing.station("OLD", expired()))
    return tmp_path


def fleet(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run ``station fleet`` to its end, in a folder."""
    command = [sys.executable, "-m", "station", "fleet", "--ramp", "0s", "--for", "1s", "--json", *arguments]
    env = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "HOME": str(folder)}
    return subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=folder, check=False, env=env)


def up(run: subprocess.CompletedProcess[str]) -> Any:
    """How many stations were up at the end."""
    assert run.returncode == 0, run.stdout + run.stderr
    return json.loads(run.stdout.strip().splitlines()[-1])["actions"]["BootNotification"]["count"]


def server_of(folder: Path, **more: str) -> dict[str, str]:
    """Options of a CSMS that speaks TLS."""
    return {"cert": str(folder / "server.pem"), "key": str(folder / "server.key"), **more}


def test_a_shared_password(folder: Path) -> None:
    (folder / "secret").write_text(f"{PASSWORD}\n")
    with fleet_csms() as csms:
        assert up(fleet(folder, "-n", "3", "--csms", csms.url, "--password-file", "secret")) == 3
        assert csms.report()["credentials"] == {f"LT-0000{n}": ["", f"LT-0000{n}:{PASSWORD}"] for n in (1, 2, 3)}


def test_passwords_of_their_own_over_tls(folder: Path) -> None:
    (folder / "stations.csv").write_text(f"id,password\nA,{PASSWORD}A\nB,\n")
    (folder / "plan.yaml").write_text('stations: {csv: stations.csv, password: "derived-of-{id}-{:03d}"}')
    with fleet_csms(**server_of(folder)) as csms:
        assert up(fleet(folder, "plan.yaml", "--csms", csms.url, "--ca", "root.pem")) == 2
        assert csms.report()["credentials"] == {"A": ["", f"A:{PASSWORD}A"], "B": ["", "B:derived-of-B-002"]}


def test_nothing_verified(folder: Path) -> None:
    (folder / "secret").write_text(PASSWORD)
    with fleet_csms(**server_of(folder)) as csms:
        assert up(fleet(folder, "-n", "2", "--csms", csms.url, "--insecure", "--password-file", "secret")) == 2


@pytest.mark.spec("A00.FR.511")
def test_certificates_that_the_fleet_makes(folder: Path) -> None:
    (folder / "plan.yaml").write_text("stations: {count: 20, certificates: {ca: issuing.pem, key: issuing.key}}")
    with fleet_csms(**server_of(folder, client_ca=str(folder / "root.pem"))) as csms:
        assert up(fleet(folder, "plan.yaml", "--csms", csms.url, "--ca", "root.pem")) == 20
        shown = csms.report()["credentials"]
        assert shown == {f"LT-{n:05d}": [f"LT-{n:05d}", ""] for n in range(1, 21)}


def test_certificates_of_a_csv(folder: Path) -> None:
    (folder / "stations.csv").write_text("id,cert,key\nA,a.pem,a.key\nB,b.pem,b.key\n")
    with fleet_csms(**server_of(folder, client_ca=str(folder / "root.pem"))) as csms:
        assert up(fleet(folder, "--stations", "stations.csv", "-n", "2", "--csms", csms.url, "--ca", "root.pem")) == 2
        assert csms.report()["credentials"] == {"A": ["A", ""], "B": ["B", ""]}


def test_certificates_that_cannot_be_used_end_it_before_anything_is_dialled(folder: Path) -> None:
    (folder / "stations.csv").write_text("id,cert,key\nA,a.pem,b.key\nB,old.pem,old.key\nC,c.pem,a.key\n")
    with fleet_csms(**server_of(folder, client_ca=str(folder / "root.pem"))) as csms:
        run = fleet(folder, "--stations", "stations.csv", "-n", "3", "--csms", csms.url, "--ca", "root.pem")
        assert run.returncode == 2
        said = json.loads(run.stdout)["problems"]
        assert [(one["file"], one["line"]) for one in said] == [
            ("stations.csv", 2),
            ("stations.csv", 3),
            ("stations.csv", 4),
        ]
        assert csms.report()["connects"] == []


def test_an_unknown_authority_is_a_clear_end(folder: Path) -> None:
    (folder / "secret").write_text(PASSWORD)
    with fleet_csms(**server_of(folder)) as csms:
        run = fleet(folder, "-n", "2", "--csms", csms.url, "--ca", "old.pem", "--password-file", "secret")
    assert run.returncode == 3
    assert "certificate" in run.stderr
