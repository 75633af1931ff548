"""What a fleet leaves behind: no password, no card number, and no token of a URL; in /metrics no station either."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.support.fleet_csms import fleet_csms

ROOT = Path(__file__).resolve().parents[2]
SECRETS = ("own-password-of-A", "password-of-all-x", "CARDNUMBER", "urltoken7", "face-token-5")

TOKEN = {"Authorization": "Bearer face-token-5"}

PLAN = """
plan: {ramp: 0s, ocpp: "1.6", thresholds: ["call.errors<=100%"]}
csms: {url: "URL?key=urltoken7", security: {password: password-of-all-x}}
stations: stations.csv
cards: [CARDNUMBER001, {idTag: CARDNUMBER002, type: ISO14443}]
groups:
  - {name: g, behaviour: {pattern: paced, session: 1s, pause: 500ms, sample: 500ms, start: at once}}
events:
  - {at: 500ms, do: tap, params: {tagId: CARDNUMBER003}}
  - {at: 1s, do: reconnect_storm}
  - {at: 1s, do: fault, for: 500ms, params: {errorCode: GroundFailure}}
"""


@pytest.mark.timeout(120)
def test_no_secret_is_left_behind(tmp_path: Path) -> None:
    (tmp_path / "stations.csv").write_text("id,password\nSECRETLY-1,own-password-of-A\nSECRETLY-2,\n")
    said = tmp_path / "said"
    files = ["--html", said / "r.html", "--csv", said / "csv", "--junit", said / "r.xml"]
    said.mkdir()
    with fleet_csms(errors=["Heartbeat"]) as csms:
        (tmp_path / "plan.yaml").write_text(PLAN.replace("URL", csms.url))
        command = [sys.executable, "-m", "station", "fleet", tmp_path / "plan.yaml", "--json", "--debug", *files]
        process = subprocess.Popen(
            [*map(str, command), "--control", "127.0.0.1:0"],
            cwd=ROOT,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={"PATH": "/usr/bin:/bin", "STATION_TOKEN": "face-token-5", "XDG_RUNTIME_DIR": str(tmp_path)},
        )
        try:
            assert process.stdout is not None
            ready = process.stdout.readline()
            lines = [next(process.stdout) for _ in range(5)]
            with httpx.Client(base_url=json.loads(ready)["data"]["control"], headers=TOKEN, timeout=20) as face:
                (said / "metrics").write_text(face.get("/metrics").raise_for_status().text)
                (said / "fleet").write_text(face.get("/api/v1/fleet").raise_for_status().text)
                face.post("/api/v1/fleet/stop").raise_for_status()
            output, errors = process.communicate(timeout=60)
        finally:
            process.kill()
        books = csms.report()
    assert process.returncode == 0, errors
    # They were really used.
    assert books["credentials"]["SECRETLY-1?key=urltoken7"][1] == "SECRETLY-1:own-password-of-A"
    assert books["credentials"]["SECRETLY-2?key=urltoken7"][1] == "SECRETLY-2:password-of-all-x"
    assert books["actions"]["Authorize"] and "station_fleet_up 2.0" in (said / "metrics").read_text()
    (said / "output").write_text("".join([ready, *lines, output, errors]))
    for path in sorted(path for path in said.rglob("*") if path.is_file()):
        content = path.read_text()
        assert not [secret for secret in SECRETS if secret in content], path.name
        assert "SECRETLY" not in content or path.name == "output", path.name
