"""A file that is arriving: what is kept of it, and what of that is trusted later."""

from __future__ import annotations

import asyncio
import errno
import json
import os
from pathlib import Path
from typing import Any

import pytest

from station.net.transfer.api import TransferFailed
from station.net.transfer.part import Mark, Part

URL = "http://user:secret@h/f"
MOST = 1000


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "f.bin"


def sidecar(target: Path) -> Path:
    return target.with_name("f.bin.part.json")


async def begun(target: Path, mark: Mark = Mark("v1", 10)) -> Part:  # noqa: B008 - frozen
    """A part with the first four of ten bytes, left behind."""
    part = Part(target, URL, MOST)
    await part.load()
    await part.begin(mark)
    await part.append(b"0123")
    await part.leave()
    return part


async def loaded(target: Path, url: str = URL) -> Part:
    part = Part(target, url, MOST)
    await part.load()
    return part


def test_gone_on_from_and_given_its_name(target: Path) -> None:
    async def main() -> None:
        await begun(target)
        part = await loaded(target)
        assert (part.held, part.mark) == (4, Mark("v1", 10))
        await part.append(b"456789")
        await part.finish()

    asyncio.run(main())
    assert target.read_bytes() == b"0123456789"
    assert [path.name for path in target.parent.iterdir()] == ["f.bin"]


def test_the_words_about_it_hold_no_secret(target: Path) -> None:
    asyncio.run(begun(target))
    assert "secret" not in sidecar(target).read_text()
    assert sidecar(target).stat().st_mode & 0o777 == 0o600


def test_another_url_starts_anew(target: Path) -> None:
    async def main() -> None:
        await begun(target)
        assert (await loaded(target, URL + "2")).held == 0

    asyncio.run(main())


@pytest.mark.parametrize(
    "said",
    [
        "",
        "{",
        "[]",
        "null",
        "[" * 5000,
        json.dumps({"url": "x", "validator": "v1", "size": 10}),
        *(
            json.dumps({"validator": validator, "size": size})
            for validator, size in [(None, 10), ("", 10), (1, 10), ("v1", "10"), ("v1", -1), ("v1", True), ("v1", 3)]
        ),
    ],
)
def test_damaged_words_start_anew(target: Path, said: str) -> None:
    async def main() -> None:
        await begun(target)
        if said.startswith('{"validator"'):
            good = json.loads(sidecar(target).read_text())
            sidecar(target).write_text(json.dumps(good | json.loads(said)))
        else:
            sidecar(target).write_text(said)
        assert (await loaded(target)).held == 0

    asyncio.run(main())


@pytest.mark.parametrize("mark", [Mark(None, 10), Mark(None, None), Mark("", 10)])
def test_bytes_of_an_unknown_version_are_not_left(target: Path, mark: Mark) -> None:
    asyncio.run(begun(target, mark))
    assert list(target.parent.iterdir()) == []


def test_too_short_too_long_too_big(target: Path) -> None:
    async def main() -> None:
        part = await begun(target)
        with pytest.raises(TransferFailed, match="after 4 of 10 bytes") as short:
            await part.finish()
        assert not short.value.lasting
        with pytest.raises(TransferFailed, match="more than the file has"):
            await part.append(b"4567890")
        assert part.held == 0
        with pytest.raises(TransferFailed, match="longer than") as big:
            await part.begin(Mark("v1", MOST + 1))
        assert big.value.lasting
        await part.begin(Mark("v1", None))
        with pytest.raises(TransferFailed, match="longer than"):
            await part.append(bytes(MOST + 1))

    asyncio.run(main())
    assert not target.exists()


@pytest.mark.parametrize(("number", "lasting"), [(errno.ENOSPC, False), (errno.EROFS, True)])
def test_a_disk_that_does_not_take_it(
    target: Path, monkeypatch: pytest.MonkeyPatch, number: int, lasting: bool
) -> None:
    def refuse(*args: Any) -> int:
        raise OSError(number, os.strerror(number))

    async def main() -> None:
        part = await begun(target)
        await part.append(b"4")
        monkeypatch.setattr(os, "pwrite", refuse)
        with pytest.raises(TransferFailed, match="cannot be stored") as caught:
            await part.keep()
        assert caught.value.lasting is lasting
        assert str(target.parent) not in caught.value.message
        await part.leave()
        monkeypatch.undo()
        assert (await loaded(target)).held == 4

    asyncio.run(main())


def test_no_folder(tmp_path: Path) -> None:
    async def main() -> None:
        part = Part(tmp_path / "gone" / "f", URL, MOST)
        await part.load()
        with pytest.raises(TransferFailed, match="cannot be stored"):
            await part.begin(Mark("v1", 10))

    asyncio.run(main())


def test_a_link_is_not_followed(target: Path) -> None:
    (target.parent / "other").write_bytes(b"keep")
    target.with_name("f.bin.part").symlink_to(target.parent / "other")

    async def main() -> None:
        with pytest.raises(TransferFailed, match="cannot be stored"):
            await (await loaded(target)).begin(Mark("v1", 10))

    asyncio.run(main())
    assert (target.parent / "other").read_bytes() == b"keep"
