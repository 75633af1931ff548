"""Any text is a profile or a `ConfigError` with a position, and never anything else."""

import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from station.config import ConfigError, Profile, load

ENV = {"HOME": "/home/user", "A": "x"}
WORDS = """
station id csms url security profile password evses hardware meter driver auth readers local allow car soc variables
value signed metering store control x
"""
KEYS = st.sampled_from(WORDS.split())
SCALARS = st.one_of(
    st.sampled_from(
        ["sim", "none", "free", "off", "yes", "5s", "16A", "11kW", "35%", "${A}", "${B}", "!file x", "~", ""]
    ),
    st.text(max_size=12),
    st.integers(),
)
TREES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=4)),
    max_leaves=12,
)


def result_of(data: bytes) -> Profile | None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "p.yaml"
        path.write_bytes(data)
        try:
            return load(path, env=ENV).profile
        except ConfigError as error:
            assert error.problems
            for problem in error.problems:
                assert problem.position.line >= 1
                assert problem.position.column >= 1
                str(problem).encode()
            return None


def as_yaml(tree: object) -> str:
    if isinstance(tree, dict):
        return "{" + ", ".join(f"{key}: {as_yaml(value)}" for key, value in tree.items()) + "}"
    if isinstance(tree, list):
        return "[" + ", ".join(as_yaml(item) for item in tree) + "]"
    return str(tree)


@given(st.text(max_size=200))
def test_any_text(text: str) -> None:
    result_of(text.encode("utf-8", "surrogatepass"))


@given(st.binary(max_size=100))
def test_any_bytes(data: bytes) -> None:
    result_of(data)


@given(TREES)
def test_anything_shaped_like_a_profile(tree: object) -> None:
    result_of(as_yaml(tree).encode("utf-8", "surrogatepass"))
