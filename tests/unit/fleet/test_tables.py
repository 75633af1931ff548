"""CSVs of stations and cards."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

from station.config import ConfigError, Position, Secret
from station.fleet import tables
from station.fleet.csv_text import records
from station.fleet.plan import Card

T = TypeVar("T")


def csv(folder: Path, content: bytes) -> Path:
    path = folder / "t.csv"
    path.write_bytes(content)
    return path


def problems(read: Callable[[Path], tables.Table[T]], path: Path) -> list[str]:
    """Each, without the folder."""
    try:
        found = read(path).problems
    except ConfigError as error:
        found = error.problems
    return [str(one).replace(f"{path.parent}/", "") for one in found]


@pytest.mark.parametrize(
    "content",
    [
        b"id,password\nA,x\n\nB,\n",
        b"\xef\xbb\xbfid,password\r\nA,x\r\n,\r\nB\r\n",
        b'"id", password\n"A", x\n B ,""\n',
        b"password,id\nx,A\n,B",
        b"id,password\rA,x\r\rB,\r",
        b"id,password\rA,x\nB,\r\n",
    ],
)
def test_stations(tmp_path: Path, content: bytes) -> None:
    a, b = tables.read_stations(csv(tmp_path, content)).rows
    assert (a.id, a.password, b.id, b.password) == ("A", Secret("x"), "B", None)


def test_every_column(tmp_path: Path) -> None:
    (row,) = tables.read_stations(
        csv(tmp_path, b'id,password,cert,key,connectors,url\nA,"p,w",c.pem,/k.key,2,wss://h/{id}\n')
    ).rows
    assert row.password == Secret("p,w")
    assert (row.cert, row.key, row.connectors, row.url, row.line) == (
        tmp_path / "c.pem",
        Path("/k.key"),
        2,
        "wss://h/{id}",
        2,
    )


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", ["t.csv:1:1: the file is empty; the first line is id,password,cert,key,connectors,url"]),
        (b"id\n", ["t.csv:1:1: no row below the header"]),
        (b"A\nB\n", ["t.csv:1:1: unknown column 'A'; known: id, password, cert, key, connectors, url"]),
        (
            b"id,pasword,,x\n",
            ["t.csv:1:4: unknown column 'pasword'; did", "t.csv:1:12: column 3 has no name", "t.csv:1:13"],
        ),
        (b"id, id\n", ["t.csv:1:5: column 'id' stands here twice"]),
        (b"password\n", ["t.csv:1:1: the column 'id' is missing; the first line is"]),
        (b"id\nA\nA\n", ["t.csv:3:1: id: A stands here twice; the first is at line 2"]),
        (b"password,id\nx,\ny,B:\n", ["t.csv:2:3: id: the id is empty", "t.csv:3:3: id: the id holds a colon"]),
        (b"id,cert\nA,c\n", ["t.csv:2:3: cert and key belong together, and key is missing"]),
        (b"id,connectors\nA,0\nB,x\n", ["t.csv:2:3: connectors: '0' is not a", "t.csv:3:3: connectors: 'x' is not"]),
        (b"id,url\nA,http://h\n", ["t.csv:2:3: url: the URL must begin with ws:// or wss://"]),
        (b"id,password\nA,x,y\n", ["t.csv:2:5: 3 cells, and the header has 2; put a cell with commas in quotes"]),
        (b'id\n"A\nB\n', ["t.csv:2:1: a quote that nothing closes"]),
        (
            b'id,url\nA,"ws://h"x\n:,\n',
            ["t.csv:2:3: text behind a closing quote", "t.csv:3:1: id: the id holds a colon"],
        ),
        (b"id\nA\xff\n", ["t.csv:2:2: byte 0xff is no UTF-8"]),
        (b"\xef\xbb\xbfid\r\xc3\xa4\xff\r", ["t.csv:2:2: byte 0xff is no UTF-8"]),
    ],
)
def test_stations_that_cannot_be_read(tmp_path: Path, content: bytes, expected: list[str]) -> None:
    found = problems(tables.read_stations, csv(tmp_path, content))
    assert len(found) == len(expected), found
    assert all(one.startswith(start) for one, start in zip(found, expected, strict=True)), found


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_every_mistake_of_every_row_is_told_and_the_rest_is_read(tmp_path: Path, ends: str) -> None:
    lines = ["id,password,connectors", "A,,2", "A,,", ",,-1", '"B","p\nq", 1000', "\u00c4:,,two", "C,,1,,", "D,,"]
    path = csv(tmp_path, "\ufeff".encode() + ends.join(lines).encode())
    assert [line.partition(": ")[0] for line in problems(tables.read_stations, path)] == [
        "t.csv:3:1",
        "t.csv:4:1",
        "t.csv:4:3",
        "t.csv:6:5",
        "t.csv:7:1",
        "t.csv:7:5",
        "t.csv:8:6",
    ]
    assert [row.id for row in tables.read_stations(path).rows] == ["A", "D"]


def test_cells_stand_where_an_editor_shows_them() -> None:
    (record,) = records('a, "b,1" ,"c""d, e",,"x\r\ny",  z', "t.csv")
    # A quote behind a space is a character like others, for Python's reader too.
    assert record.cells == ["a", '"b', '1"', 'c"d, e', "", "x\ny", "z"]
    places = [record.position(place) for place in range(8)]
    assert [(one.line, one.column) for one in places] == [
        (1, 1), (1, 4), (1, 7), (1, 11), (1, 21), (1, 22), (2, 6), (2, 7),
    ]  # fmt: skip


def test_a_cell_of_a_row_can_be_found_again(tmp_path: Path) -> None:
    path = csv(tmp_path, b'id,password,cert\n"A","x\ny",a.pem\n\nB,,b.pem\n')
    assert tables.places(path, {2: "cert", 5: "cert", 9: "id"}) == {
        2: Position(str(path), 3, 4),
        5: Position(str(path), 5, 4),
    }


def test_a_mistake_in_every_row_is_told_of_twenty_rows(tmp_path: Path) -> None:
    found = problems(tables.read_stations, csv(tmp_path, b"id,connectors\n" + b"a:b,x\n" * 100))
    assert len(found) == 2 * tables.MOST_PROBLEMS + 1
    assert found[-1] == "t.csv:21:1: 20 bad rows are told; more may be wrong"


def test_it_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "MAX_BYTES", 10)
    with pytest.raises(ConfigError, match="longer than"):
        tables.read_stations(csv(tmp_path, b"id\n" + b"a\n" * 100))
    monkeypatch.setattr(tables, "MAX_BYTES", 10_000)
    monkeypatch.setattr(tables, "MAX_ROWS", 2)
    assert problems(tables.read_cards, csv(tmp_path, b"idTag\na\nb\nc\n")) == ["t.csv:4:1: more than 2 rows"]


@pytest.mark.parametrize("name", ["idTag", "id_tag", "tagId"])
def test_cards(tmp_path: Path, name: str) -> None:
    read = tables.read_cards(csv(tmp_path, f"{name},type\nA1,\n00123,Central\n".encode()))
    assert read.rows == (Card("A1", "ISO14443"), Card("00123", "Central"))


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (b",Central", "t.csv:2:1: idTag: empty"),
        (b"A,ISO1444", "t.csv:2:3: type: 'ISO1444' is not allowed here; did you mean 'ISO14443'?"),
        (b"A" * 37, "t.csv:2:1: idTag: 37 characters; a token has at most 36 (20 in OCPP 1.6)"),
        (b"A\x01", "t.csv:2:1: idTag: control characters are not allowed"),
    ],
)
def test_cards_that_cannot_be_read(tmp_path: Path, row: bytes, expected: str) -> None:
    assert problems(tables.read_cards, csv(tmp_path, b"idTag,type\n" + row + b"\n")) == [expected]
