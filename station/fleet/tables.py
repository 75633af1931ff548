"""CSVs of stations and of cards: rows in, identities out, and everything that is wrong with its line and column.

A header is required; a byte order mark, any line ends and empty lines are not minded. Paths are relative to the CSV.
Sizes are bounded. Whether a certificate suits its key is ``plan_tls``'s business. Called by ``plan_file``.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Generic, NoReturn, TypeVar

from station.config import ConfigError, Position, Problem, Secret
from station.config.context import absolute
from station.config.errors import ValueRefusedError, did_you_mean
from station.config.urls import check_station_id, check_url
from station.fleet.csv_text import Record, lines_before, records
from station.fleet.plan import Card, Station
from station.fleet.plan_model import TOKEN_TYPES

MAX_BYTES: Final = 64 * 1024 * 1024
MAX_ROWS: Final = 1_000_000
MOST_EVSES: Final = 100
MOST_PROBLEMS: Final = 20
"""Rows of a table that are told; one mistake is often in every row."""

T = TypeVar("T")
Check = Callable[[str], Any]

_MAX_TOKEN: Final = 36
_STATION_COLUMNS: Final = ("id", "password", "cert", "key", "connectors", "url")
_CARD_COLUMNS: Final = ("idTag", "type")
_OTHER_NAMES: Final = {"id_tag": "idTag", "tagId": "idTag", "tokenType": "type"}


class CellsRefused(Exception):
    """What is wrong with a row: the column (empty: the row as a whole), what, and what to write instead, of each."""

    def __init__(self, found: Sequence[tuple[str, ValueRefusedError]]) -> None:
        self.found = tuple(found)


@dataclass(frozen=True, slots=True)
class Table(Generic[T]):
    """What could be read of a CSV, and what not.

    Attributes:
        rows: the sound ones.
        problems: of the rest, of ``MOST_PROBLEMS`` rows.
    """

    rows: tuple[T, ...] = ()
    problems: tuple[Problem, ...] = ()


def read_stations(path: Path) -> Table[Station]:
    """The stations of a CSV: ``id`` and, where wanted, ``password``, ``cert``, ``key``, ``connectors``, ``url``.

    Raises:
        ConfigError: it is no table of stations.
    """
    seen: dict[str, int] = {}
    base = path.absolute().parent

    def station(cells: Mapping[str, str], line: int) -> Station:
        found = list(_refused(_STATION_CHECKS, cells))
        name = cells.get("id", "")
        first = line if any(column == "id" for column, _ in found) else seen.setdefault(name, line)
        if first != line:
            found.append(("id", ValueRefusedError(f"id: {name} stands here twice", f"the first is at line {first}")))
        if ("cert" in cells) != ("key" in cells):
            alone = "cert" if "cert" in cells else "key"
            other = "key" if alone == "cert" else "cert"
            said = f"cert and key belong together, and {other} is missing"
            found.append((alone, ValueRefusedError(said, f"fill in the column {other}")))
        if found:
            raise CellsRefused(found)
        return Station(
            id=name,
            password=Secret(cells["password"]) if "password" in cells else None,
            cert=absolute(cells["cert"], base) if "cert" in cells else None,
            key=absolute(cells["key"], base) if "key" in cells else None,
            connectors=int(cells["connectors"]) if "connectors" in cells else None,
            url=cells.get("url"),
            line=line,
        )

    return _read(path, _STATION_COLUMNS, "id", station)


def read_cards(path: Path) -> Table[Card]:
    """The cards of a CSV: ``idTag`` (or ``id_tag``, ``tagId``) and, where wanted, ``type``.

    Raises:
        ConfigError: it is no table of cards.
    """
    return _read(path, _CARD_COLUMNS, "idTag", _card)


def places(path: Path, wanted: Mapping[int, str]) -> dict[int, Position]:
    """Where cells of a CSV of stations are: of the row at a line, the column of that name.

    Rows do not keep it: it is asked for where something is wrong with what a cell names.
    """
    found: dict[int, Position] = {}
    names: list[str] = []
    for record in records(_text(path), str(path)):
        names = names or record.cells
        if record.line in wanted:
            column = wanted[record.line]
            found[record.line] = record.position(names.index(column) if column in names else 0)
    return found


def _read(path: Path, columns: Sequence[str], needed: str, made: Callable[[Mapping[str, str], int], T]) -> Table[T]:
    found: list[T] = []
    problems: list[Problem] = []
    names: list[str] | None = None
    bad = 0
    for record in records(_text(path), str(path)):
        if names is None:
            names = _header(record, columns, needed)
            continue
        if len(found) >= MAX_ROWS:
            problems.append(Problem(record.position(), f"more than {MAX_ROWS} rows"))
            break
        wrong: list[Problem] = list(_misshapen(record, len(names)))
        if not record.problem[0]:
            cells = {name: cell for name, cell in zip(names, record.cells, strict=False) if cell}
            try:
                row = made(cells, record.line)
            except CellsRefused as error:
                wrong.extend(_problem(record, names, column, one) for column, one in error.found)
            else:
                found.extend([] if wrong else [row])
        problems.extend(sorted(wrong, key=lambda one: (one.position.line, one.position.column)))
        bad += bool(wrong)
        if bad >= MOST_PROBLEMS:
            problems.append(Problem(record.position(), f"{MOST_PROBLEMS} bad rows are told; more may be wrong"))
            break
    if names is None:
        _fail(Position(str(path), 1, 1), "the file is empty", f"the first line is {','.join(columns)}")
    if not found and not problems:
        _fail(Position(str(path), 1, 1), "no row below the header")
    return Table(tuple(found), tuple(problems))


def _misshapen(record: Record, columns: int) -> Iterator[Problem]:
    if record.problem[0]:
        yield Problem(record.last, *record.problem)
    elif len(record.cells) > columns:
        said = f"{len(record.cells)} cells, and the header has {columns}"
        yield Problem(record.position(columns), said, "put a cell with commas in quotes")


def _problem(record: Record, names: Sequence[str], column: str, error: ValueRefusedError) -> Problem:
    return Problem(record.position(names.index(column)), error.message, error.suggestion)


def _text(path: Path) -> str:
    name = str(path)
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        _fail(Position(name), f"cannot be read: {getattr(error, 'strerror', None) or error}")
    if len(data) > MAX_BYTES:
        _fail(Position(name, 1, 1), f"longer than {MAX_BYTES // 1024 // 1024} MiB")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # Python's decoder counts without the byte order mark.
        whole = data.removeprefix(codecs.BOM_UTF8)
        line, column = lines_before(whole[: error.start].decode("utf-8", "replace"))
        byte = error.object[error.start]
        _fail(Position(name, line, column), f"byte 0x{byte:02x} is no UTF-8", "save the file as UTF-8")


def _header(record: Record, columns: Sequence[str], needed: str) -> list[str]:
    """The names of the columns.

    Raises:
        ConfigError: with everything that is wrong with them: without names no row can be read.
    """
    first = f"the first line is {','.join(columns)}"
    names = [_OTHER_NAMES.get(cell, cell) if cell not in columns else cell for cell in record.cells]
    problems = [Problem(record.last, *record.problem)] if record.problem[0] else []
    for place, name in enumerate(names):
        if name not in columns:
            what = f"unknown column '{name[:60]}'" if name else f"column {place + 1} has no name"
            problems.append(Problem(record.position(place), what, did_you_mean(name, columns) if name else first))
        elif name in names[:place]:
            problems.append(Problem(record.position(place), f"column '{name}' stands here twice", "leave one out"))
        if len(problems) >= MOST_PROBLEMS:
            break
    if needed not in names and not problems:
        problems.append(Problem(record.position(), f"the column '{needed}' is missing", first))
    if problems:
        raise ConfigError(problems)
    return names


def _fail(position: Position, message: str, suggestion: str = "") -> NoReturn:
    raise ConfigError.at(position, message, suggestion) from None


def _refused(checks: Mapping[str, Check], cells: Mapping[str, str]) -> Iterator[tuple[str, ValueRefusedError]]:
    """What each column's check refuses."""
    for column, check in checks.items():
        try:
            check(cells.get(column, ""))
        except ValueRefusedError as error:
            yield column, ValueRefusedError(f"{column}: {error.message}", error.suggestion)


def _check_row_url(text: str) -> None:
    if text:
        check_url(text)


def _check_connectors(text: str) -> None:
    if text and not (text.isascii() and text.isdigit() and len(text) <= 3 and 1 <= int(text) <= MOST_EVSES):
        raise ValueRefusedError(f"'{text[:40]}' is not a number of EVSEs", f"write 1 to {MOST_EVSES}")


def _check_tag(text: str) -> None:
    if not text:
        raise ValueRefusedError("empty")
    if len(text) > _MAX_TOKEN:
        raise ValueRefusedError(f"{len(text)} characters; a token has at most {_MAX_TOKEN} (20 in OCPP 1.6)")
    if any(ord(character) < 32 for character in text):
        raise ValueRefusedError("control characters are not allowed")


def _check_type(text: str) -> None:
    if text and text not in TOKEN_TYPES:
        raise ValueRefusedError(f"'{text[:40]}' is not allowed here", did_you_mean(text, TOKEN_TYPES))


_STATION_CHECKS: Final[Mapping[str, Check]] = {
    "id": check_station_id,
    "connectors": _check_connectors,
    "url": _check_row_url,
}
_CARD_CHECKS: Final[Mapping[str, Check]] = {"idTag": _check_tag, "type": _check_type}


def _card(cells: Mapping[str, str], _: int) -> Card:
    found = list(_refused(_CARD_CHECKS, cells))
    if found:
        raise CellsRefused(found)
    return Card(cells["idTag"], cells.get("type", "ISO14443"))
