"""Bad payloads made from a JSON schema: every member spoilt in every way, each with the rule that it breaks.

Independent of ``station.ocpp.schema``: what is wrong is known because it was put there.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from tests.support.schema_samples import full_sample

Path = tuple[str | int, ...]

ODD_NAMES = ("extra", "Type", "", "a b", "__proto__", "x" * 300, "ü", 'quo"te')
TYPES: dict[str, Any] = {
    "null": None,
    "boolean": True,
    "integer": 1,
    "number": 1.5,
    "string": "1",
    "array": [1],
    "object": {"a": 1},
}
"""A value of each JSON type."""
DATES = ("", "soon", "2026-01-01", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z", "222222017-01-01T00:00:00Z")
URIS = ("", "path", "//host/file", "http://a b/", "http://a/%zz")
NUMBERS = (10**20, -(10**20), 2**64)
SYNTAX = ("NaN", "Infinity", "-Infinity", "1e400", "-1e400", "9" * 500, "[" * 99 + "]" * 99, "1." + "0" * 500)


class Bad(NamedTuple):
    """A spoilt payload.

    ``rule`` is what counts of its faults: syntax, missing, extra, type or value.
    """

    name: str
    rule: str
    text: str


def bad_payloads(schema: dict[str, Any]) -> Iterator[Bad]:
    """Every way to spoil a full sample of a schema, one fault at a time and then several."""
    sample = full_sample(schema)
    for path, member, required in places(schema):
        for name, rule, value in _spoilt(member, required):
            yield _bad(f"{_dotted(path)} {name}", rule, changed(sample, path, value))
        if path:
            for syntax in SYNTAX:
                marked = json.dumps(changed(sample, path, "@here@"))
                yield Bad(f"{_dotted(path)} {syntax[:9]}", "syntax", marked.replace('"@here@"', syntax))
    yield from _several(schema, sample)


def _several(schema: dict[str, Any], sample: Any) -> Iterator[Bad]:
    """Faults of several kinds in one payload: missing before extra before type before value."""
    members = list(places(schema))[1:]
    valued = [(path, bad) for path, member, _ in members for bad in _values(member)]
    typed = [(path, _other_type(member)) for path, member, _ in members if "type" in member]
    required = [path for path, _, is_required in members if is_required]
    payload = sample
    if valued:
        payload = changed(payload, *valued[-1])
    for path, value in reversed(typed):
        if valued and path == valued[-1][0][: len(path)]:
            continue
        payload = changed(payload, path, value)
        if valued:
            yield _bad("type before value", "type", payload)
        break
    payload = changed(payload, ("extra",), 1)
    yield _bad("extra before all", "extra", payload)
    for path in required[:1]:
        yield _bad("missing before all", "missing", changed(payload, path, ...))
    if schema.get("properties"):
        text = json.dumps(changed(payload, ("extra",), "@here@")).replace('"@here@"', "NaN")
        yield Bad("syntax before all", "syntax", text)


def places(schema: dict[str, Any]) -> Iterator[tuple[Path, Any, bool]]:
    """Every place of a full sample with its schema, and whether it is a required member; the payload itself first."""
    return _places(schema, schema, (), False)


def _places(
    root: dict[str, Any], schema: dict[str, Any], path: Path, required: bool
) -> Iterator[tuple[Path, Any, bool]]:
    while "$ref" in schema:
        schema = root["definitions"][schema["$ref"].rpartition("/")[2]]
    yield path, schema, required
    for name, member in schema.get("properties", {}).items():
        yield from _places(root, member, (*path, name), name in schema.get("required", ()))
    if "items" in schema:
        yield from _places(root, schema["items"], (*path, 0), False)


def _spoilt(schema: dict[str, Any], required: bool) -> Iterator[tuple[str, str, Any]]:
    """Name, broken rule and value of each way to spoil one place; ``...`` takes it out."""
    if required:
        yield "missing", "missing", ...
    for name, value in TYPES.items():
        if not _is_of(name, schema.get("type")):
            yield f"as {name}", "type", value
    for value in _values(schema):
        yield f"value {str(value)[:30]!r}", "value", value
    if schema.get("additionalProperties") is False and schema.get("type") == "object":
        for name in ODD_NAMES:
            if name not in schema.get("properties", {}):
                yield f"extra {name[:9]!r}", "extra", {name: 1}


def _is_of(name: str, wanted: str | None) -> bool:
    return wanted is None or name == wanted or (name == "integer" and wanted == "number")


def _other_type(schema: dict[str, Any]) -> Any:
    return next(value for name, value in TYPES.items() if not _is_of(name, schema["type"]))


def _values(schema: dict[str, Any]) -> Iterator[Any]:
    """Values of the right type that a rule forbids."""
    if "enum" in schema:
        first = schema["enum"][0]
        yield from (text for text in ("", "NoSuchValue", f"{first} ", first.swapcase()) if text not in schema["enum"])
    elif "maxLength" in schema:
        yield from ("x" * (schema["maxLength"] + 1), "ü" * (schema["maxLength"] + 1))
    if schema.get("format") == "date-time":
        yield from DATES
    if schema.get("format") == "uri":
        yield from URIS
    if schema.get("type") == "integer":
        yield from NUMBERS
    if "multipleOf" in schema:
        yield from (0.05, 16.25, 1e-9)


def changed(payload: Any, path: Path, value: Any) -> Any:
    """A copy with one place replaced, taken out (``...``), or, for the root and objects, more members put in."""
    if not path:
        return {**payload, **value} if isinstance(value, dict) else value
    result = copy.deepcopy(payload)
    target = result
    for step in path[:-1]:
        target = target[step]
    last = path[-1]
    if value is ...:
        del target[last]
    elif isinstance(value, dict) and isinstance(target[last], dict):
        target[last].update(value)
    else:
        target[last] = value
    return result


def _bad(name: str, rule: str, payload: Any) -> Bad:
    return Bad(name, rule, json.dumps(payload))


def _dotted(path: Path) -> str:
    return ".".join(str(step) for step in path) or "payload"


CSMS_REQUESTS_16 = (
    *("CancelReservation", "CertificateSigned", "ChangeAvailability", "ChangeConfiguration", "ClearCache"),
    *("ClearChargingProfile", "DataTransfer", "DeleteCertificate", "ExtendedTriggerMessage", "GetCompositeSchedule"),
    *("GetConfiguration", "GetDiagnostics", "GetInstalledCertificateIds", "GetLocalListVersion", "GetLog"),
    *("InstallCertificate", "RemoteStartTransaction", "RemoteStopTransaction", "ReserveNow", "Reset"),
    *("SendLocalList", "SetChargingProfile", "SignedUpdateFirmware", "TriggerMessage", "UnlockConnector"),
    "UpdateFirmware",
)
"""All requests of a CSMS: OCPP 1.6 chapter 5, Security WP ed.3 chapter 5."""

EDGES: dict[str, tuple[Any, ...]] = {
    "date-time": (
        *("0001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59Z"),
        *("9999-12-31T23:59:59.999999-12:00", "1970-01-01T00:00:00Z", "2026-01-01T12:00:00.000000000000001Z"),
        "2038-01-19T03:14:08+05:45",
    ),
    "uri": ("x:", "file:///etc/passwd", "http:", "ftp://[::1]:99999/", "http://%00/", "javascript:alert(1)", "urn:x"),
    "integer": (0, -1, 1, 2**31, -(2**31) - 1, 2**63 - 1, -(2**63)),
    "number": (0, 0.1, -0.1, 1e15, -1e15, 1e300, -1e300, 2**63 - 1),
    "string": ("", " ", "\u0000", "\n", "😀", "../../etc/passwd", "%s%n{0}", "' OR 1=1 --", "\u202e", "\ud7ff"),
}
"""Values that obey a schema and are seldom thought of, by format or type."""


def edge_payloads(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A full payload, and it with one member at an edge, or without it: all of them obey the schema."""
    sample = full_sample(schema)
    yield sample
    for path, member, required in places(schema):
        if path:
            for value in _edges(member):
                yield changed(sample, path, value)
            if not required and isinstance(path[-1], str):
                yield changed(sample, path, ...)


def _edges(schema: dict[str, Any]) -> Iterator[Any]:
    if "enum" in schema:
        yield from schema["enum"]
        return
    kind = schema.get("format") or schema.get("type", "")
    longest = schema.get("maxLength", 20000)
    yield from (value for value in EDGES.get(kind, ()) if kind != "string" or len(value) <= longest)
    if kind == "string":
        yield from ("x" * longest, "ü" * longest)
    elif kind == "array":
        yield []
