"""CSVs of stations and cards."""

from pathlib import Path

import pytest

from station.config import ConfigError, Secret
from station.fleet import tables
from station.fleet.plan import Card


def csv(folder: Path, content: bytes) -> Path:
    path = folder / "t.csv"
    path.write_bytes(content)
    return path


def problems(caught: pytest.ExceptionInfo[ConfigError], folder: Path) -> list[str]:
    return [str(one).replace(f"{folder}/", "") for one in caught.value.problems]


@pytest.mark.parametrize(
    "content",
    [
        b"id,password\nA,x\n\nB,\n",
        b"\xef\xbb\xbfid,password\r\nA,x\r\n,\r\nB\r\n",
        b'"id", password\n"A", x\n B ,""\n',
        b"password,id\nx,A\n,B",
    ],
)
def test_stations(tmp_path: Path, content: bytes) -> None:
    a, b = tables.read_stations(csv(tmp_path, content))
    assert (a.id, a.password, b.id, b.password) == ("A", Secret("x"), "B", None)


def test_every_column(tmp_path: Path) -> None:
    (row,) = tables.read_stations(
        csv(tmp_path, b'id,password,cert,key,connectors,url\nA,"p,w",c.pem,/k.key,2,wss://h/{id}\n')
    )
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
        (b"id,pasword\n", ["t.csv:1:1: unknown column 'pasword'; did you mean 'password'?"]),
        (b"id,id\n", ["t.csv:1:1: column 'id' stands here twice"]),
        (b"password\n", ["t.csv:1:1: the column 'id' is missing; the first line is"]),
        (b"id\nA\nA\n", ["t.csv:3:1: id: A stands here twice; the first is at line 2"]),
        (b"id,password\n,x\nB:,y\n", ["t.csv:2:1: id: the id is empty", "t.csv:3:1: id: the id holds a colon"]),
        (b"id,cert\nA,c\n", ["t.csv:2:1: cert and key belong together, and one of them is missing"]),
        (b"id,connectors\nA,0\nB,x\n", ["t.csv:2:1: connectors: '0' is not a", "t.csv:3:1: connectors: 'x' is not"]),
        (b"id,url\nA,http://h\n", ["t.csv:2:1: url: the URL must begin with ws:// or wss://"]),
        (b"id,password\nA,x,y\n", ["t.csv:2:1: 3 cells, and the header has 2; put a cell with commas in quotes"]),
        (b'id\n"A\nB\n', ["t.csv:2:1: no CSV: "]),
        (b"id\nA\xff\n", ["t.csv:2:1: byte 0xff is no UTF-8"]),
    ],
)
def test_stations_that_cannot_be_read(tmp_path: Path, content: bytes, expected: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        tables.read_stations(csv(tmp_path, content))
    found = problems(caught, tmp_path)
    assert len(found) == len(expected)
    assert all(one.startswith(start) for one, start in zip(found, expected, strict=True)), found


def test_a_mistake_in_every_row_is_told_twenty_times(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        tables.read_stations(csv(tmp_path, b"id\n" + b"a:b\n" * 100))
    assert len(caught.value.problems) == tables.MOST_PROBLEMS + 1


def test_it_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "MAX_BYTES", 10)
    with pytest.raises(ConfigError, match="longer than"):
        tables.read_stations(csv(tmp_path, b"id\n" + b"a\n" * 100))
    monkeypatch.setattr(tables, "MAX_BYTES", 10_000)
    monkeypatch.setattr(tables, "MAX_ROWS", 2)
    with pytest.raises(ConfigError, match=r"t\.csv:4:1: more than 2 rows"):
        tables.read_cards(csv(tmp_path, b"idTag\na\nb\nc\n"))


@pytest.mark.parametrize("name", ["idTag", "id_tag", "tagId"])
def test_cards(tmp_path: Path, name: str) -> None:
    read = tables.read_cards(csv(tmp_path, f"{name},type\nA1,\n00123,Central\n".encode()))
    assert read == (Card("A1", "ISO14443"), Card("00123", "Central"))


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (b",Central", "t.csv:2:1: idTag: empty"),
        (b"A,ISO1444", "t.csv:2:1: type: 'ISO1444' is not allowed here; did you mean 'ISO14443'?"),
        (b"A" * 37, "t.csv:2:1: idTag: 37 characters; a token has at most 36 (20 in OCPP 1.6)"),
        (b"A\x01", "t.csv:2:1: idTag: control characters are not allowed"),
    ],
)
def test_cards_that_cannot_be_read(tmp_path: Path, row: bytes, expected: str) -> None:
    with pytest.raises(ConfigError) as caught:
        tables.read_cards(csv(tmp_path, b"idTag,type\n" + row + b"\n"))
    assert problems(caught, tmp_path) == [expected]
