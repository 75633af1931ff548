"""Which hosts are this machine: where nothing that is said can be heard on the way.

Nothing is looked up. Called wherever an address decides whether a token or TLS is needed.
"""

import ipaddress


def is_loopback(host: str) -> bool:
    """Whether a host is this machine for certain: `localhost`, or an address of the loopback without its brackets."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
