"""Does something in a process of its own and brings back what came of it: what it imported and built is gone with it.

Reading a plan takes `pydantic` and a tree of nodes, 20 MB that a fleet never needs again. Called before there are
threads or an event loop; where processes do not fork, it is done here.
"""

from __future__ import annotations

import os
import pickle
import sys
from collections.abc import Callable
from typing import TypeVar, cast

from station.cli.interrupts import die_silently, helped_by

T = TypeVar("T")


def apart(make: Callable[[], T]) -> T:
    """What `make` answers, or raises. It has to bear being pickled."""
    if not hasattr(os, "fork"):
        return make()
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        die_silently()
        os.close(reading)
        _send(make, writing)
    os.close(writing)
    with helped_by(child):
        with os.fdopen(reading, "rb") as pipe:
            content = pipe.read()
        os.waitpid(child, 0)
    if not content:
        return make()  # it ended without a word, or could not be pickled: whatever it was happens again here
    well, made = pickle.loads(content)  # noqa: S301 - from our own child
    if not well:
        raise made
    return cast(T, made)


def _send(make: Callable[[], T], writing: int) -> None:
    """The child: do it, tell, and end without a trace."""
    try:
        made: tuple[bool, object]
        try:
            made = (True, make())
        except Exception as error:
            made = (False, error)
        content = pickle.dumps(made)
        with os.fdopen(writing, "wb") as pipe:
            pipe.write(content)
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(0)
