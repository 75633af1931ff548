"""Errors of the HTTP face: problem documents (RFC 9457) with a `hint`, and the members of an ordinary bad answer.

Called by the guard and the API; it decides nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from starlette.responses import Response

from station.control.writer import to_json

MEDIA_TYPE: Final = "application/problem+json"


def problem(
    status: int,
    detail: str,
    hint: str,
    *,
    headers: Mapping[str, str] | None = None,
    more: Mapping[str, Any] | None = None,
) -> Response:
    """A problem document.

    Args:
        status: the HTTP status, 400 to 599.
        detail: what is wrong with this request, one line.
        hint: what to do next, one line.
        headers: more headers.
        more: more members.
    """
    body = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "hint": hint,
        # Who reads every answer as an answer to a command finds what it looks for.
        "ok": False,
        "error": detail,
        **(more or {}),
    }
    return Response(to_json(body), status, headers, MEDIA_TYPE)
