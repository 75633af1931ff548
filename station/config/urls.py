"""The CSMS's address and the station's name in it.

Not a client: it opens nothing. Called by the profile's checks, the host for each dial, and `csms check`.
"""

import unicodedata
from functools import lru_cache
from typing import Final
from urllib.parse import SplitResult, quote, urlsplit, urlunsplit

from station.config.errors import ValueRefusedError

MAX_ID_LENGTH: Final = 48
_IDENTIFIER: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789*-_=+|@. ")


class UrlError(ValueRefusedError):
    """An address that a station must not use; says why and what to write."""


def check_station_id(station_id: str) -> None:
    """Refuse what cannot be a charging station's identity.

    Raises:
        ValueRefusedError: empty, longer than 48 characters, a colon (it ends the name in Basic Auth), control
            characters, or spaces at an end.

    Spec: OCPP-J 2.0.1 §3.1.1 (48 characters, no colon); OCPP 2.0.1 A00.FR.204.
    """
    if not station_id:
        raise ValueRefusedError("the id is empty")
    if len(station_id) > MAX_ID_LENGTH:
        raise ValueRefusedError(f"the id has {len(station_id)} characters; OCPP allows {MAX_ID_LENGTH}")
    if ":" in station_id:
        raise ValueRefusedError(
            "the id holds a colon, which ends the name in Basic Auth", "use '-' or '.' in its place"
        )
    if _has_controls(station_id) or station_id.strip() != station_id:
        raise ValueRefusedError("the id holds control characters, or spaces at an end")


def is_identifier(station_id: str) -> bool:
    """Whether every CSMS has to accept the id: the characters of identifierString, and the space of OCPP-J's example.

    Spec: OCPP 2.0.1 part 2 §2.1.1 (identifierString); OCPP-J 2.0.1 §3.1.1.
    """
    return _IDENTIFIER.issuperset(station_id)


def _has_controls(text: str) -> bool:
    if text.isascii() and text.isprintable():
        return False  # as nearly all are, at thousands of stations
    return any(unicodedata.category(character)[0] == "C" for character in text)


@lru_cache(maxsize=64)
def check_url(url: str) -> SplitResult:
    """The parts of an address of a CSMS, a template or a base.

    Raises:
        UrlError: neither ws nor wss, no host, a bad port, credentials, a fragment, or characters that no URL has.
    """
    if _has_controls(url) or any(character.isspace() for character in url):
        raise UrlError("the URL holds spaces or control characters", "percent-encode them")
    try:
        parts = urlsplit(url)
        port = parts.port
        host = parts.hostname
    except ValueError as error:
        raise UrlError(f"not a URL: {error}") from None
    if parts.scheme not in ("ws", "wss"):
        raise UrlError("the URL must begin with ws:// or wss://", _scheme_hint(url, parts.scheme))
    if not host or port == 0:
        raise UrlError("the URL names no host", "write it like wss://csms.example/ocpp")
    if "@" in parts.netloc:
        raise UrlError("the URL holds credentials", "put the password under csms.security.password or --password-file")
    if parts.fragment or url.endswith("#"):
        raise UrlError("the URL has a fragment (#…)", "leave it out; a server never sees it")
    braces = url.replace("{id}", "")
    if "{" in braces or "}" in braces:
        raise UrlError("the URL holds a placeholder that is not {id}")
    if "{" in parts.netloc:
        raise UrlError("{id} cannot stand in the host")
    return parts


def _scheme_hint(url: str, scheme: str) -> str:
    if scheme in ("http", "https"):
        # Tokens live in the query.
        plain = url.partition("?")[0].split("://", 1)[-1]
        return f"did you mean 'ws{scheme[4:]}://{plain[:80]}'?" if "@" not in url else ""
    return "write it like ws://127.0.0.1:9000/ocpp" if "://" in url else "did you leave out ws://?"


def station_url(url: str, station_id: str) -> str:
    """The connection URL of one station.

    Args:
        url: a template with `{id}`, taken as it stands (a trailing slash too), or a base to whose path the id is
            appended behind exactly one `/`: `ws://host/ocpp` and `ws://host/ocpp/` give `ws://host/ocpp/CP-1`.
            A query stays behind the path.
        station_id: percent-encoded here.

    Raises:
        UrlError: the address cannot be used (see `check_url`).

    Spec: OCPP-J 1.6 §3.1.1; OCPP-J 2.0.1 §3.1.1.
    """
    parts = check_url(url)
    name = quote(station_id, safe="")
    if "{id}" in url:
        return url.replace("{id}", name)
    path = parts.path if parts.path.endswith("/") else f"{parts.path}/"
    return urlunsplit((parts.scheme, parts.netloc, path + name, parts.query, ""))
