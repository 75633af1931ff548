"""What a job may use."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from station.config import Profile
from station.host.engine import Engine
from station.host.state_folder import StateFolder
from station.net.transfer.api import Transfers


@dataclass(frozen=True, slots=True)
class Bench:
    """The surroundings of a job. ``engine`` is that of the boot that ordered it."""

    profile: Profile
    state: StateFolder
    transfers: Transfers
    engine: Engine


Report = Callable[[Any], None]
JobRunner = Callable[[Any, Bench, Report], Coroutine[Any, Any, Any]]
