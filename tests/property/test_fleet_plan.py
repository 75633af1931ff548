"""Whatever stands in a plan or a CSV of a fleet: it can be used, or a ConfigError says where it cannot."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from station.config import ConfigError
from station.fleet import tables
from station.fleet.plan_file import FleetOverrides, load_plan
from station.fleet.plan_model import PATTERNS
from station.fleet.population import Population
from station.fleet.storm_words import WORDS

WORDS_OF_PLANS = (
    *("plan", "csms", "stations", "cards", "groups", "events", "stages", "seed", "ramp", "for", "ocpp", "speed"),
    *("begins", "thresholds", "network", "latency", "drop", "id", "csv", "count", "password", "certificates", "ca"),
    *("name", "share", "station", "behaviour", "pattern", "samples", "session", "start", "stop", "at", "do", "group"),
    *("spread", "params", "url", "evses", "security", "idTag", "type", "variables", "auth", "metering"),
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 2000),
    st.floats(),
    st.text(max_size=6),
    st.sampled_from(
        ("10s", "20%", "1.6", "LT-{:03d}", "{", "none", "ws://h", "06:30", "all up", "boot.p95<2s", "x.csv")
    ),
    st.sampled_from(PATTERNS),
    st.sampled_from(sorted(WORDS)),
)
TREES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(WORDS_OF_PLANS), inner, max_size=5)
    ),
    max_leaves=25,
)
CELLS = st.text(alphabet='id,p:"\n\r\x00é1/', max_size=30)
HEADERS = ("id,password,connectors", "idTag,type", "")
FLAGS = FleetOverrides(count=3, csms="ws://csms.test/ocpp")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from(WORDS_OF_PLANS[:7]), TREES, max_size=6))
def test_a_plan(content: dict[str, Any]) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "plan.yaml"
        path.write_text(yaml.safe_dump(content), encoding="utf-8", errors="replace")
        try:
            plan = load_plan(path, FLAGS, {}).plan
        except ConfigError as error:
            assert all(problem.message for problem in error.problems)
            return
        population = Population(plan)
        assert len({population.member(index).id for index in range(population.size)}) == population.size
        assert abs(sum(group.weight for group in plan.groups) - 1) < 1e-9


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(HEADERS), st.one_of(CELLS.map(str.encode), st.binary(max_size=60)))
def test_a_csv(header: str, rows: bytes) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "t.csv"
        path.write_bytes(header.encode() + b"\n" + rows)
        for read in (tables.read_stations, tables.read_cards):
            try:
                table = read(path)
                assert table.rows or table.problems
                assert all(problem.position.line and problem.position.column for problem in table.problems)
            except ConfigError as error:
                assert error.file == str(path)
