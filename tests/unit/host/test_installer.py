"""Installers: what a simulated file says, what a program may do."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from station.host.installer import Ended, run, simulated


@pytest.mark.parametrize(
    ("content", "name", "ended"),
    [
        (b"anything", "fw.bin", Ended()),
        (b"anything", "wallbox-22_1.5.0.bin", Ended(version="1.5.0")),
        (b"version: 2.0-rc1\nmore", "wallbox-1.5.0.bin", Ended(version="2.0-rc1")),
        (b"\xff\xfe\nVersion = 3\n", "fw.bin", Ended(version="3")),
        (b"result: Installed\n", "fw.bin", Ended()),
        (b"version: 9\nresult: InstallationFailed\n", "fw.bin", Ended("the file says so")),
        (b"result: InstallVerificationFailed\n", "fw.bin", Ended("the file says so", unfit=True)),
        (b"", "fw.bin", Ended("the file is empty", unfit=True)),
        (b"version: " + b"9" * 60, "fw.bin", Ended()),
        (b"version: 1.\x1b[2J\n", "fw.bin", Ended()),
        (b"x" * 5000 + b"\nversion: 4", "fw.bin", Ended()),
    ],
)
def test_a_simulated_file_may_say_what_becomes_of_it(tmp_path: Path, content: bytes, name: str, ended: Ended) -> None:
    file = tmp_path / "file"
    file.write_bytes(content)
    assert simulated(file, name) == ended


def program(where: Path, text: str) -> Path:
    """A shell script."""
    path = where / "install.sh"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def install(where: Path, text: str, longest_s: float = 20.0) -> tuple[Ended, list[str]]:
    """What a script comes to, and what it said."""
    file = where / "a file; rm -rf $HOME"
    file.write_bytes(b"firmware")
    said: list[str] = []
    return asyncio.run(run(program(where, text), file, said.append, longest_s)), said


def test_a_program_gets_the_file_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CSMS_PASSWORD", "secret")
    ended, said = install(tmp_path, 'echo "$# [$1]"; cat; env | grep -c CSMS; echo version: 1.2; echo oops >&2')
    assert ended == Ended(version="1.2")
    assert said == [f"1 [{tmp_path}/a file; rm -rf $HOME]", "0", "version: 1.2", "oops"]


def test_what_a_program_says_does_not_command_a_terminal(tmp_path: Path) -> None:
    ended, said = install(tmp_path, r"printf 'Gr\303\266\303\237e\033[2J\302\233\n\tversion:\t1.2\n'")
    assert said == ["Größe [2J", "version: 1.2"]
    assert ended == Ended(version="1.2")


def test_an_exit_code_is_a_failure(tmp_path: Path) -> None:
    assert install(tmp_path, "echo no room; exit 7")[0] == Ended("install.sh ended with 7: no room")


def test_a_program_that_hangs_is_killed_with_its_children(tmp_path: Path) -> None:
    ended, said = install(tmp_path, "sleep 60 & echo $!; wait", 0.5)
    assert ended == Ended("install.sh did not end within 0.5 s")
    child = int(said[0])

    async def gone() -> None:
        async with asyncio.timeout(5):
            while Path(f"/proc/{child}").exists():
                if "Z" in Path(f"/proc/{child}/stat").read_text().split()[2]:
                    return
                await asyncio.sleep(0.01)

    asyncio.run(gone())


def test_a_flood_of_output_is_survived(tmp_path: Path) -> None:
    ended, said = install(tmp_path, "yes 0123456789 | head -c 3000000; printf '%01000000d' 0")
    assert ended == Ended()
    assert sum(map(len, said)) < 100_000


def test_a_program_that_is_missing_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "fw"
    file.touch()
    with pytest.raises(OSError, match="No such file"):
        asyncio.run(run(tmp_path / "nothing", file, print))
    assert [one.name for one in tmp_path.iterdir()] == ["fw"]
