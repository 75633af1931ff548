"""CSVs of stations and of cards: rows in, identities out, every bad row with its line.

A header is required; a byte order mark, CRLF and empty lines are not minded. Paths are relative to the CSV. Sizes are
bounded. Whether a certificate suits its key is ``plan_tls``'s business. Called by ``plan_file``.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NoReturn, TypeVar

from station.config import ConfigError, Position, Problem, Secret
from station.config.context import absolute
from station.config.errors import ValueRefusedError, did_you_mean
from station.config.urls import check_station_id, check_url
from station.fleet.plan import Card, Station
from station.fleet.plan_model import TOKEN_TYPES

MAX_BYTES: Final = 64 * 1024 * 1024
MAX_ROWS: Final = 1_000_000
MOST_EVSES: Final = 100
MOST_PROBLEMS: Final = 20
"""Of a table that are told; one mistake is often in every row."""

T = TypeVar("T")

_MAX_TOKEN: Final = 36
_STATION_COLUMNS: Final = ("id", "password", "cert", "key", "connectors", "url")
_CARD_COLUMNS: Final = ("idTag", "type")
_OTHER_NAMES: Final = {"id_tag": "idTag", "tagId": "idTag", "tokenType": "type"}


@dataclass(frozen=True, slots=True)
class _Row:
    position: Position
    cells: Mapping[str, str]


def read_stations(path: Path) -> tuple[Station, ...]:
    """The stations of a CSV: ``id`` and, where wanted, ``password``, ``cert``, ``key``, ``connectors``, ``url``.

    Raises:
        ConfigError: with every bad row, up to ``MOST_PROBLEMS``.
    """
    seen: dict[str, int] = {}

    def station(row: _Row) -> Station:
        made = _station(row, path.absolute().parent)
        first = seen.setdefault(made.id, row.position.line)
        if first != row.position.line:
            raise ValueRefusedError(f"id: {made.id} stands here twice", f"the first is at line {first}")
        return made

    return _read(path, _STATION_COLUMNS, "id", station)


def read_cards(path: Path) -> tuple[Card, ...]:
    """The cards of a CSV: ``idTag`` (or ``id_tag``, ``tagId``) and, where wanted, ``type``.

    Raises:
        ConfigError: with every bad row, up to ``MOST_PROBLEMS``.
    """
    return _read(path, _CARD_COLUMNS, "idTag", _card)


def _read(path: Path, columns: Sequence[str], needed: str, made: Callable[[_Row], T]) -> tuple[T, ...]:
    found: list[T] = []
    problems: list[Problem] = []
    for row in _rows(path, columns, needed):
        if len(found) >= MAX_ROWS:
            problems.append(Problem(row.position, f"more than {MAX_ROWS} rows"))
            break
        try:
            found.append(made(row))
        except ValueRefusedError as error:
            problems.append(Problem(row.position, error.message, error.suggestion))
            if len(problems) >= MOST_PROBLEMS:
                problems.append(Problem(row.position, "more rows may be wrong"))
                break
    if problems:
        raise ConfigError(problems)
    if not found:
        raise ConfigError.at(Position(str(path), 1, 1), "no row below the header")
    return tuple(found)


def _rows(path: Path, columns: Sequence[str], needed: str) -> Iterator[_Row]:
    """Each row with something in it."""
    text = _text(path)
    reader = csv.reader(io.StringIO(text), strict=True)
    header: list[str] | None = None
    while True:
        line = reader.line_num + 1
        try:
            cells = [cell.strip() for cell in next(reader)]
        except StopIteration:
            break
        except csv.Error as error:
            raise ConfigError.at(Position(str(path), line, 1), f"no CSV: {error}") from None
        position = Position(str(path), line, 1)
        if not any(cells):
            continue
        if header is None:
            header = _header(cells, position, columns, needed)
            continue
        if len(cells) > len(header):
            _fail(position, f"{len(cells)} cells, and the header has {len(header)}", "put a cell with commas in quotes")
        yield _Row(position, {name: cell for name, cell in zip(header, cells, strict=False) if cell})
    if header is None:
        _fail(Position(str(path), 1, 1), "the file is empty", f"the first line is {','.join(columns)}")


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
        line = data.count(b"\n", 0, error.start) + 1
        _fail(Position(name, line, 1), f"byte 0x{data[error.start]:02x} is no UTF-8", "save the file as UTF-8")


def _header(cells: Sequence[str], position: Position, columns: Sequence[str], needed: str) -> list[str]:
    names = [_OTHER_NAMES.get(cell, cell) if cell not in columns else cell for cell in cells]
    for place, name in enumerate(names):
        if name not in columns:
            where = f"unknown column '{name[:60]}'" if name else f"column {place + 1} has no name"
            _fail(position, where, did_you_mean(name, columns) or f"the first line is {','.join(columns)}")
        if name in names[:place]:
            _fail(position, f"column '{name}' stands here twice")
    if needed not in names:
        _fail(position, f"the column '{needed}' is missing", f"the first line is {','.join(columns)}")
    return names


def _fail(position: Position, message: str, suggestion: str = "") -> NoReturn:
    raise ConfigError.at(position, message, suggestion) from None


def _station(row: _Row, base: Path) -> Station:
    cells = row.cells
    try:
        check_station_id(cells.get("id", ""))
    except ValueRefusedError as error:
        raise ValueRefusedError(f"id: {error.message}", error.suggestion) from None
    if "url" in cells:
        try:
            check_url(cells["url"])
        except ValueRefusedError as error:
            raise ValueRefusedError(f"url: {error.message}", error.suggestion) from None
    if ("cert" in cells) != ("key" in cells):
        raise ValueRefusedError("cert and key belong together, and one of them is missing")
    return Station(
        id=cells["id"],
        password=Secret(cells["password"]) if "password" in cells else None,
        cert=absolute(cells["cert"], base) if "cert" in cells else None,
        key=absolute(cells["key"], base) if "key" in cells else None,
        connectors=_connectors(cells["connectors"]) if "connectors" in cells else None,
        url=cells.get("url"),
        line=row.position.line,
    )


def _connectors(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 3 and 1 <= int(text) <= MOST_EVSES):
        raise ValueRefusedError(f"connectors: '{text[:40]}' is not a number of EVSEs", f"write 1 to {MOST_EVSES}")
    return int(text)


def _card(row: _Row) -> Card:
    tag = row.cells.get("idTag", "")
    if not tag:
        raise ValueRefusedError("idTag: empty")
    if len(tag) > _MAX_TOKEN:
        raise ValueRefusedError(f"idTag: {len(tag)} characters; a token has at most {_MAX_TOKEN} (20 in OCPP 1.6)")
    if any(ord(character) < 32 for character in tag):
        raise ValueRefusedError("idTag: control characters are not allowed")
    kind = row.cells.get("type", "ISO14443")
    if kind not in TOKEN_TYPES:
        raise ValueRefusedError(f"type: '{kind[:40]}' is not allowed here", did_you_mean(kind, TOKEN_TYPES))
    return Card(tag, kind)
