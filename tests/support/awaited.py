"""Tests that are coroutines: `@awaited` gives each a loop of its own."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Coroutine
from typing import Any


def awaited(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """The test as a plain function, with the same fixtures."""

    @functools.wraps(test)
    def run(*args: Any, **keys: Any) -> None:
        asyncio.run(test(*args, **keys))

    return run
