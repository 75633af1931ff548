"""TLS without sockets: a server's context, and a handshake of two contexts in memory."""

from __future__ import annotations

import ssl
from typing import Any

import trustme


def serving(authority: trustme.CA, *names: str, **more: Any) -> ssl.SSLContext:
    """A server's context with a certificate for these names; ``more`` as ``trustme.CA.issue_cert`` takes it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names, **more).configure_cert(context)
    return context


def handshake(context: ssl.SSLContext, server: ssl.SSLContext, host: str = "csms.test") -> ssl.SSLObject:
    """A TLS handshake in memory; the server's end. Raises ssl.SSLError as the end that refuses would."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = context.wrap_bio(to_client, to_server, server_hostname=host)
    peer = server.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(10):
        done = True
        for end in (client, peer):
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                done = False
        if done:
            return peer
    raise AssertionError("the handshake did not end")
