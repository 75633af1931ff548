"""Large pages for the memory of thousands of stations.

What a turn of a station touches is spread over a hundred megabytes. With pages of 4 KiB the processor spends a tenth of
a paced fleet's time on finding them (most of all in a virtual machine, which has two tables to go through). Linux gives
large pages to who asks for them (``madvise(2)``), and gathers what is there already in one (since 6.1; older ones do
that by themselves, in time). No memory is added: a mapping that is mostly empty stays as it is.

Nothing depends on it: on other systems, and where large pages are switched off, nothing happens. Called by the agent of
a process, not in virtual time.
"""

from __future__ import annotations

import asyncio
import ctypes
import mmap
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_SYSTEM: Final = Path("/sys/kernel/mm/transparent_hugepage")
_MAPPINGS: Final = Path("/proc/self/smaps")
EVERY_S: Final = 0.05
"""Between two blocks: each takes the kernel some 6 ms, in which the loop waits."""
_COLLAPSE: Final = 25
"""MADV_COLLAPSE of ``asm-generic/mman-common.h``."""
_KIB: Final = 1024
_MOST_EMPTY: Final = 0.25
"""A mapping of which a larger share is not there is left alone: a thread's stack, a pool that was given back."""


class Pages:
    """See the module. ``tidy`` gathers what there is, block by block; until ``stop``."""

    __slots__ = ("_gathered", "_handle", "_loop", "_size", "_todo")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._size = _page_size()
        self._gathered: set[int] = set()
        self._todo: list[int] = []
        self._handle: asyncio.TimerHandle | None = None

    def tidy(self) -> None:
        """There is more memory than before."""
        if self._handle is None:
            self._todo = self.fresh()
            self._go_on()

    def stop(self) -> None:
        """Leave what is not gathered."""
        self._todo = []
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _go_on(self) -> None:
        self._handle = None
        if self._todo:
            self.gather(self._todo.pop())
            self._handle = self._loop.call_later(EVERY_S, self._go_on)

    def fresh(self) -> list[int]:
        """The blocks, by their addresses, that were not gathered yet."""
        if not self._size:
            return []
        try:
            text = _MAPPINGS.read_text("ascii", "replace")
        except OSError:
            return []
        now = set(blocks(text, self._size))
        self._gathered &= now
        return sorted(now - self._gathered)

    def gather(self, block: int) -> None:
        """Have a block be one large page. What is refused (no memory for it) is not asked for again."""
        self._gathered.add(block)
        for advice in (mmap.MADV_HUGEPAGE, _COLLAPSE):
            _madvise(ctypes.c_void_p(block), ctypes.c_size_t(self._size), advice)


def blocks(mappings: str, size: int) -> Iterator[int]:
    """The addresses of whole blocks of this size within the private memory of a process that is mostly there.

    Args:
        mappings: ``/proc/<pid>/smaps``.
        size: of a block, in bytes; they begin at multiples of it.
    """
    begin = end = 0
    for line in mappings.splitlines():
        name, *rest = line.split()
        if not name.endswith(":"):
            begin, end = 0, 0
            first, _, last = name.partition("-")
            if rest[0] == "rw-p" and rest[3] == "0" and rest[4:] in ([], ["[heap]"]):
                begin, end = int(first, 16), int(last, 16)
        elif name == "Rss:" and int(rest[0]) * _KIB >= (end - begin) * (1 - _MOST_EMPTY):
            yield from range(-(-begin // size) * size, end - size + 1, size)


def _page_size() -> int:
    """Of a large page, in bytes; 0: there are none, or nobody is to have any."""
    try:
        if "[never]" in (_SYSTEM / "enabled").read_text():
            return 0
        return int((_SYSTEM / "hpage_pmd_size").read_text())
    except (OSError, ValueError):
        return 0


def _madvise(address: ctypes.c_void_p, length: ctypes.c_size_t, advice: int) -> None:
    """The system call. Neither piece of advice changes what is in the memory; a refusal is none of our business."""
    ctypes.CDLL(None).madvise(address, length, ctypes.c_int(advice))
