"""A location as the CSMS names it, taken apart and found usable; strings of a message are data, never commands."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from typing import NoReturn
from urllib.parse import SplitResult, quote, unquote, urlsplit

from station.net.explain import plain_url, shown_text
from station.net.transfer.api import TransferCause, TransferFailed

PORTS = {"http": 80, "https": 443, "ftp": 21, "ftps": 990, "sftp": 22}
"""Schemes that this module knows, and the port where the URL names none. ``ftps`` is implicit TLS there (IANA)."""

_LONGEST = 4096
_HOST = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,252})")
_BROKEN_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,19}(?=:)")
_HINT = "a location looks like https://host/path, ftp://user:password@host/path"


@dataclass(frozen=True, slots=True)
class Location:
    """A usable URL.

    Attributes:
        scheme: one of ``PORTS``.
        host: a name in ASCII or an address, without brackets.
        port: 1-65535.
        named_port: whether the URL names the port.
        path: as it stands in the URL, without the leading slash; non-ASCII characters percent-encoded.
        query: HTTP only; without the question mark.
        user: decoded; None: none in the URL.
        password: decoded; None: none in the URL.
    """

    scheme: str
    host: str
    port: int
    named_port: bool
    path: str
    query: str = field(repr=False)
    user: str | None = field(repr=False)
    password: str | None = field(repr=False)

    @property
    def shown(self) -> str:
        """As it may be shown: no credentials, no query."""
        # An unencoded slash in a password makes the rest of it a path.
        path = "…" if "@" in self.path else shown_text(self.path, 200)
        return plain_url(f"{self.scheme}://{self.authority}/") + path

    @property
    def authority(self) -> str:
        """Host and port as a URL has them; the port where it was named."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}" if self.named_port else host

    @property
    def folder(self) -> bool:
        """Whether it names a folder: it ends in a slash, or there is no path at all."""
        return not self.path or self.path.endswith("/")

    @property
    def file_path(self) -> str:
        """The path decoded, for protocols that have paths of their own; relative to where the login ends up."""
        return unquote(self.path)

    def below(self, name: str) -> str:
        """The path of a file in this folder, encoded as ``path`` is."""
        return self.path + quote(name, safe="")


def parse(url: str) -> Location:
    """Take a location apart.

    Raises:
        TransferFailed: lasting; there is no such scheme, no server, or something in it that no URL has.
    """
    if len(url) > _LONGEST:
        _refuse(f"The location is longer than {_LONGEST} characters")
    if not url.strip():
        _refuse("The location is empty")
    if _CONTROL.search(url) or any(char.isspace() or not char.isprintable() for char in url):
        _refuse("A space or control character in the location")
    scheme = _SCHEME.match(url)
    if scheme is None:
        _refuse("The location has no scheme")
    name = scheme[0].lower()
    if name not in PORTS:
        raise TransferFailed(
            f"No file transfers by {shown_text(name, 20)!r}.",
            "use " + ", ".join(PORTS),
            lasting=True,
            cause=TransferCause.UNSUPPORTED,
        )
    try:
        parts = urlsplit(url)
    except ValueError:
        _refuse("The location names no valid host")
    host, port = _server(parts)
    path = _path(parts, name)
    user, password = _credentials(parts.netloc)
    return Location(name, host, port or PORTS[name], port is not None, path, _query(parts, name), user, password)


def _refuse(what: str, hint: str = _HINT) -> NoReturn:
    raise TransferFailed(f"{what}.", hint, lasting=True) from None


def _server(parts: SplitResult) -> tuple[str, int | None]:
    host = parts.hostname
    if not host:
        _refuse("The location names no server")
    try:
        port = parts.port
    except ValueError:
        _refuse("The location has no valid port")
    if port == 0:
        _refuse("The location has no valid port")
    if "[" in parts.netloc.rpartition("@")[2]:
        try:
            return str(ipaddress.IPv6Address(host)), port
        except ValueError:
            _refuse("The location has no valid IPv6 address")
    try:
        host = host if host.isascii() else host.encode("idna").decode()
    except UnicodeError:
        _refuse("The location names no valid host")
    if not _HOST.fullmatch(host) or ".." in host or any(len(label) > 63 for label in host.split(".")):
        _refuse("The location names no valid host")
    return host, port


def _path(parts: SplitResult, scheme: str) -> str:
    path = parts.path.removeprefix("/")
    if scheme not in ("http", "https") and (parts.query or parts.fragment):
        _refuse("A question mark or number sign in the path", "write them as %3F and %23")
    if _BROKEN_PERCENT.search(path):
        _refuse("The location's path is not percent-encoded correctly")
    plain = _decoded(path)
    if ".." in plain.split("/"):
        _refuse("The location's path climbs up (`..`)")
    return quote(path, safe="/%:@!$&'()*+,;=~-._[]|^{}\"<>\\`")


def _query(parts: SplitResult, scheme: str) -> str:
    return quote(parts.query, safe="/?%:@!$&'()*+,;=~-._[]|^{}\"<>\\`") if scheme in ("http", "https") else ""


def _credentials(netloc: str) -> tuple[str | None, str | None]:
    info, separator, _ = netloc.rpartition("@")
    if not separator:
        return None, None
    user, separator, password = info.partition(":")
    if _BROKEN_PERCENT.search(info):
        _refuse("User and password in the location are not percent-encoded correctly")
    return _decoded(user) or None, _decoded(password) if separator else None


def _decoded(text: str) -> str:
    """Decoded text, and refused where it then breaks out of a line of a protocol."""
    try:
        plain = unquote(text, errors="strict")
    except UnicodeDecodeError:
        _refuse("The location is not percent-encoded UTF-8")
    if _CONTROL.search(plain):
        _refuse("A control character in the location")
    return plain
