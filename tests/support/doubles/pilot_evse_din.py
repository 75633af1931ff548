"""An EVSE-WB-DIN on an RTU line, with a car that is not there. Its rest between requests is cut short."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any
from unittest import mock

from tests.support.evse_din import EvseDin
from tests.support.modbus_servers import rtu_server


@contextlib.contextmanager
def double() -> Iterator[Mapping[str, Any]]:
    board = EvseDin()
    with rtu_server(board.units) as server, mock.patch("drivers.pilots.evse_din.REST_S", 0.002):
        yield {"port": server.port, "unit": 1, "baud": 9600}
