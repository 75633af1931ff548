"""A Phoenix EM-CP-PP-ETH on a Modbus TCP server, with no car."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

from tests.support.modbus_servers import Units, tcp_server


@contextlib.contextmanager
def double() -> Iterator[Mapping[str, Any]]:
    units = Units({180: {"input": {100: ord("A")}, "holding": {300: 32}, "coil": {400: 1}}})
    with tcp_server(units) as server:
        yield {"port": server.port, "unit": 180, "model": "phoenix_em_cp"}
