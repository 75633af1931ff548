"""The certificates of ``scripts.make_certs`` for tests, made once a process, and TLS servers that show them."""

from __future__ import annotations

import atexit
import shutil
import socket
import ssl
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

from scripts.make_certs import laboratory, write

HOST, STATION = "localhost", "CP-1"
STRONG = "ECDHE+AESGCM:AES256-GCM-SHA384:AES128-GCM-SHA256"


class Lab:
    """The folder of the certificates."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def root(self) -> Path:
        """The root of the CSMS and of the stations."""
        return self.pem("csms-root")

    def pem(self, name: str) -> Path:
        """A certificate."""
        return self.folder / f"{name}.pem"

    def key(self, name: str) -> Path:
        """Its key."""
        return self.folder / f"{name}.key"

    def server(
        self,
        name: str = "server",
        *,
        version: ssl.TLSVersion | None = None,
        suites: str | None = None,
        asks: bool = False,
    ) -> ssl.SSLContext:
        """The context of a CSMS.

        Args:
            name: which certificate it shows.
            version: the only version of TLS that it speaks; left out: 1.2 and newer.
            suites: cipher suites below TLS 1.3, as OpenSSL writes them.
            asks: it wants a certificate of the station, below the root.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.pem(name), self.key(name))
        if suites is not None:
            context.set_ciphers(suites)
        if version is not None:
            context.minimum_version = context.maximum_version = version
        if asks:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(self.root)
        return context


@cache
def lab() -> Lab:
    """The laboratory of this process; removed when it ends."""
    folder = Path(tempfile.mkdtemp(prefix="pki-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    write(folder, laboratory(HOST, STATION, "Example CPO"), HOST, STATION)
    return Lab(folder)


@contextmanager
def tls_server(context: ssl.SSLContext) -> Iterator[tuple[int, list[bytes]]]:
    """A server whose refusals send their alert, as most do (asyncio's own hangs up without one).

    Yields its port, and what it was sent after each handshake: it never answers.
    """
    received: list[bytes] = []

    def serve() -> None:
        with suppress(OSError):
            while True:
                plain, _ = listening.accept()
                plain.settimeout(5)
                with suppress(OSError), context.wrap_socket(plain, server_side=True) as secure:
                    received.append(secure.recv(4096))

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listening.getsockname()[1], received
        listening.shutdown(socket.SHUT_RDWR)
    thread.join(6)


def station_profile(url: str, **security: Any) -> dict[str, Any]:
    """A profile of a station without hardware that dials this URL; security settings as in profiles."""
    return {
        "station": {"id": STATION, "vendor": "Acme", "model": "Wallbox"},
        "csms": {
            "url": url,
            "versions": ["ocpp1.6"],
            "ping": "0s",
            "reconnect": {"wait": "1s", "random": "0s", "doubles": 0},
            "security": {name: str(value) for name, value in security.items()},
        },
        "store": "memory",
        "control": "off",
        "evses": [{"id": 1, "max_current": "16A", "phases": 3}],
    }
