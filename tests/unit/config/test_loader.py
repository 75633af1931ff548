"""Strict YAML: positions, limits, secrets."""

from pathlib import Path

import pytest

from station.config.errors import ConfigError, Problem
from station.config.loader import MAX_BYTES, read_bytes, read_file
from station.config.nodes import MapNode, ScalarNode, to_plain

BASE = Path("/nowhere")


def read(text: str | bytes, env: dict[str, str] | None = None, base: Path = BASE) -> MapNode:
    data = text if isinstance(text, bytes) else text.encode()
    node, problems = read_bytes(data, "p.yaml", base, env or {})
    if problems:
        raise ConfigError(problems)
    assert isinstance(node, MapNode)
    return node


def fails(text: str | bytes, **more: object) -> Problem:
    with pytest.raises(ConfigError) as caught:
        read(text, **more)  # type: ignore[arg-type]
    return caught.value.problems[0]


def test_scalars_stay_text() -> None:
    node = read("card: 00123456\ntime: 12:30:45\nswitch: off\nnumber: 1.4.2\n")
    assert to_plain(node) == {"card": "00123456", "time": "12:30:45", "switch": "off", "number": "1.4.2"}


def test_positions_are_counted_from_one() -> None:
    node = read("a: 1\nbb:\n  - x\n  - {c: 7}\n")
    assert (node.keys["bb"].line, node.keys["bb"].column) == (2, 1)
    assert str(node.values["a"].position) == "p.yaml:1:4"


def test_only_an_unquoted_nothing_is_nothing() -> None:
    assert to_plain(read("a:\nb: ~\nc: ''\n")) == {"a": None, "b": None, "c": ""}


@pytest.mark.parametrize(
    ("text", "line", "column", "words"),
    [
        ("a: 1\na: 2\n", 2, 1, "twice"),
        ("a:\n  b: 1\n  c: 1\n  b: 2\n", 4, 3, "'b' stands here twice"),
        ("a:\n\tb: 1\n", 2, 1, "tab"),
        ("", 1, 1, "empty"),
        ("# only a comment\n", 1, 1, "empty"),
        ("a: 1\n---\nb: 2\n", 2, 1, "second document"),
        ("a: [1, 2\n", 2, 1, "expected"),
        ("a: !python/object:os.system x\n", 1, 4, "unknown tag"),
        ("a: !!int 5\n", 1, 4, "unknown tag"),
        ("a: &x {b: 1}\nc:\n  <<: *x\n", 3, 3, "merge keys"),
        ("[1]: 2\n", 1, 1, "a key must be a text"),
        ("a: *missing\n", 1, 4, "undefined alias"),
        ('a: "\\ud800"\n', 1, 4, "surrogate"),
        ('a: "\\UFFFFFFFF"\n', 1, 1, "YAML"),
        ("a: ${\n", 1, 4, "without a name"),
        ("a: b\n c: \x01\n", 2, 5, "U+0001"),
    ],
)
def test_what_is_refused(text: str, line: int, column: int, words: str) -> None:
    problem = fails(text)
    assert words in str(problem)
    assert problem.position.line == line
    if column > 1:
        assert problem.position.column == column


def test_bytes_that_are_no_utf8_have_a_position() -> None:
    problem = fails(b"a: 1\nb: \xff\n")
    assert str(problem.position) == "p.yaml:2:4"
    assert "UTF-8" in problem.message


def test_a_byte_order_mark_is_no_content() -> None:
    assert to_plain(read(b"\xef\xbb\xbfa: 1\n")) == {"a": "1"}


def test_size_nesting_and_aliases_are_bounded() -> None:
    assert "longer" in fails(b"a: " + b"x" * MAX_BYTES).message
    assert "nested" in fails("[" * 2000).message
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 9)
    )
    assert "aliases" in fails(bomb).message
    assert "aliases" in fails("a: &a [" + "x," * 500 + "]\nb: [" + "*a," * 99 + "]\n").message
    assert "without end" in fails("a: &a [*a]\n").message


def test_environment_and_its_escape() -> None:
    node = read('a: "${ONE}-${TWO}"\nb: $${ONE}\n', {"ONE": "1", "TWO": "2"})
    assert to_plain(node) == {"a": "1-2", "b": "${ONE}"}
    scalar = node.values["a"]
    assert isinstance(scalar, ScalarNode)
    assert scalar.origin == "environment ONE, TWO"


def test_a_missing_variable_is_named() -> None:
    problem = fails("a:\n  b: ${NOT_THERE}\n")
    assert str(problem) == "p.yaml:2:6: the environment variable NOT_THERE is not set; export NOT_THERE=…"


def test_files_lose_one_newline(tmp_path: Path) -> None:
    (tmp_path / "one").write_text("secret\n")
    (tmp_path / "two").write_text("secret\n\n")
    (tmp_path / "dos").write_bytes(b"secret\r\n")
    node = read("a: !file one\nb: !file two\nc: !file dos\n", base=tmp_path)
    assert to_plain(node) == {"a": "secret", "b": "secret\n", "c": "secret"}


@pytest.mark.parametrize("name", ["missing", ".", "/dev/zero", "big", "binary"])
def test_files_that_cannot_be_secrets(tmp_path: Path, name: str) -> None:
    (tmp_path / "big").write_bytes(b"x" * 70_000)
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    problem = fails(f"a: !file {name}\n", base=tmp_path)
    assert problem.position.line == 1
    assert name in problem.message


def test_all_problems_at_once() -> None:
    _, problems = read_bytes(b"a: ${A}\nb: ${B}\nb: 1\n", "p.yaml", BASE, {})
    assert [problem.position.line for problem in problems] == [1, 2]
    _, problems = read_bytes(b"a: ${A}\nb: 1\nb: 2\n", "p.yaml", BASE, {})
    assert [problem.position.line for problem in problems] == [1, 3]


def test_a_file_that_is_not_there() -> None:
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        read_file(Path("/nowhere/p.yaml"), {})
    with pytest.raises(ConfigError, match="cannot be read"):
        read_file(Path("a\0b"), {})
