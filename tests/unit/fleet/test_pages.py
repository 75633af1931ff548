"""Large pages: which memory is gathered, and that nothing happens to what is in it."""

from __future__ import annotations

import asyncio
import ctypes
import mmap
import sys

import pytest

from station.fleet.pages import EVERY_S, Pages, blocks
from tests.support.rig import virtual

MIB = 1024 * 1024
SIZE = 2 * MIB


def mapping(first: int, last: int, resident_kib: int, *, flags: str = "rw-p", inode: int = 0, name: str = "") -> str:
    lines = [f"{first:x}-{last:x} {flags} 00000000 00:00 {inode} {name}", f"Size: {(last - first) // 1024} kB"]
    return "\n".join([*lines, f"Rss: {resident_kib} kB", "VmFlags: rd wr mr mw me ac sd", ""])


def test_whole_blocks_of_private_memory_are_gathered() -> None:
    text = mapping(3 * MIB, 9 * MIB, 6 * 1024) + mapping(20 * MIB, 22 * MIB, 2048, name="[heap]")
    assert list(blocks(text, SIZE)) == [4 * MIB, 6 * MIB, 20 * MIB]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(mapping(4 * MIB, 12 * MIB, 200), id="mostly empty: the stack of a thread"),
        pytest.param(mapping(4 * MIB, 6 * MIB, 2048, name="[stack]"), id="the stack"),
        pytest.param(mapping(4 * MIB, 6 * MIB, 2048, inode=77, name="/usr/lib/libc.so"), id="a file"),
        pytest.param(mapping(4 * MIB, 6 * MIB, 2048, flags="rw-s"), id="shared"),
        pytest.param(mapping(4 * MIB, 6 * MIB, 2048, flags="r--p"), id="read only"),
        pytest.param(mapping(5 * MIB, 7 * MIB, 2048), id="no whole block"),
    ],
)
def test_other_memory_is_left_alone(text: str) -> None:
    assert list(blocks(text, SIZE)) == []


@pytest.mark.skipif(sys.platform != "linux", reason="asks the kernel")
@virtual
async def test_what_is_gathered_keeps_its_content_and_is_not_gathered_twice() -> None:
    memory = mmap.mmap(-1, 3 * SIZE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    content = bytes(range(256)) * (3 * SIZE // 256)
    memory.write(content)
    pages = Pages(asyncio.get_running_loop())
    pages.tidy()
    await asyncio.sleep(60.0)
    assert memory[:] == content
    here = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    assert not any(here <= block < here + 3 * SIZE for block in pages.fresh())


class Counted(Pages):
    """Pages that gather nothing, and say what they would have."""

    def __init__(self) -> None:
        super().__init__(asyncio.get_running_loop())
        self.asked: list[int] = []

    def fresh(self) -> list[int]:
        return [1, 2, 3]

    def gather(self, block: int) -> None:
        self.asked.append(block)


@virtual
async def test_blocks_are_gathered_one_after_the_other() -> None:
    pages = Counted()
    pages.tidy()
    assert len(pages.asked) == 1
    await asyncio.sleep(10 * EVERY_S)
    assert sorted(pages.asked) == [1, 2, 3]


@virtual
async def test_who_ends_gathers_nothing_more() -> None:
    pages = Counted()
    pages.tidy()
    pages.stop()
    await asyncio.sleep(10 * EVERY_S)
    assert len(pages.asked) == 1
