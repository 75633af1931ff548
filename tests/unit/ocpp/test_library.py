"""Stations do not load what of the ``ocpp`` library they do not use; others find it whole."""

from __future__ import annotations

import subprocess
import sys


def after(*lines: str) -> str:
    """What a new process prints."""
    done = subprocess.run([sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_a_station_loads_neither_jsonschema_nor_cryptography_nor_a_database() -> None:
    unwanted = "jsonschema", "cryptography", "sqlite3", "pydantic", "yaml", "fastapi", "aiohttp", "typer", "tarfile"
    loaded = after(
        "import sys", "import station.host.host", f"print([name for name in {unwanted!r} if name in sys.modules])"
    )
    assert loaded == "[]"


def test_the_charge_point_is_there_for_whoever_asks() -> None:
    made = after(
        "import station.ocpp",
        "from ocpp.v16 import ChargePoint, call, call_result, enums",
        "from ocpp.v201 import ChargePoint as ChargePoint201",
        "import ocpp.v16",
        "print(ChargePoint._ocpp_version, ChargePoint201._ocpp_version, ChargePoint._call is call)",
        "print(hasattr(ocpp.v16, 'nothing'))",
    )
    assert made.split() == ["1.6", "2.0.1", "True", "False"]


def test_a_library_that_was_imported_before_stays_as_it_is() -> None:
    made = after("import ocpp.v16 as before", "import station.ocpp", "import ocpp.v16 as now", "print(before is now)")
    assert made == "True"
