"""TLS files that cannot be used end the program at its start, with the exit code of the docs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.pki import lab


def run(where: Path, *flags: object) -> subprocess.CompletedProcess[str]:
    """`station run` with these flags."""
    (where / "p.yaml").write_text("store: memory\ncontrol: off\n")
    command = [sys.executable, "-m", "station", "run", str(where / "p.yaml"), "--csms", "wss://localhost:9/ocpp"]
    return subprocess.run([*command, *map(str, flags)], capture_output=True, text=True, timeout=30, check=False)


@pytest.mark.parametrize(
    ("cert", "key", "said"),
    [
        ("station.pem", "server.key", "the key does not belong to the certificate"),
        ("none.pem", "station.key", "No such file or directory"),
        ("station.pem", "README.txt", "certificate or key cannot be read"),
    ],
)
def test_a_pair_that_cannot_be_used(tmp_path: Path, cert: str, key: str, said: str) -> None:
    folder = lab().folder
    ended = run(tmp_path, "--ca", lab().root, "--cert", folder / cert, "--key", folder / key)
    assert ended.returncode == 2
    assert said in ended.stderr
    assert "PRIVATE" not in ended.stderr


def test_a_root_that_is_none(tmp_path: Path) -> None:
    ended = run(tmp_path, "--ca", lab().folder / "README.txt")
    assert ended.returncode == 2
    assert "no certificates in PEM form" in ended.stderr
