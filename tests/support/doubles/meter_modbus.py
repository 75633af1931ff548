"""An SDM630 on a Modbus TCP server."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

from tests.support.modbus_servers import Units, sdm, tcp_server


@contextlib.contextmanager
def double() -> Iterator[Mapping[str, Any]]:
    with tcp_server(Units({1: {"input": sdm()}})) as server:
        yield {"port": server.port, "unit": 1, "model": "sdm630"}
