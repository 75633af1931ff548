"""The blocks `csms` and `control`: where the station dials, how that is secured, and where it listens.

Called by `station.config.build`.
"""

from dataclasses import replace

from station.config.context import Context
from station.config.hosts import is_loopback
from station.config.model import ControlBlock, CsmsBlock
from station.config.profile import (
    ControlConfig,
    CsmsConfig,
    CsmsMode,
    ReconnectConfig,
    SecurityConfig,
    derived_security_profile,
)
from station.config.types import split_listen

_MIN_PASSWORD, _MAX_PASSWORD = 16, 40


def csms(context: Context, insecure: bool) -> CsmsConfig:
    """The central system; `insecure` is `--insecure`."""
    written = context.model.csms
    block = written if isinstance(written, CsmsBlock) else CsmsBlock()
    mode: CsmsMode = "none" if written == "none" else "url" if block.url is not None else "embedded"
    if mode == "embedded":
        context.derived["csms.url"] = ("the embedded CSMS", "no url is given")
    return CsmsConfig(
        mode=mode,
        url=block.url,
        versions=_versions(context, block),
        security=_security(context, block, insecure),
        call_timeout_s=_positive(context, block.call_timeout, ("csms", "call_timeout")),
        ping_s=block.ping,
        reconnect=ReconnectConfig(block.reconnect.wait, block.reconnect.random, block.reconnect.doubles),
        compression=block.compression,
    )


def _versions(context: Context, block: CsmsBlock) -> tuple[str, ...]:
    if len(set(block.versions)) != len(block.versions):
        context.fault(("csms", "versions"), "a version stands here twice")
    return tuple(block.versions)


def _positive(context: Context, value: float, steps: tuple[str, ...]) -> float:
    if value <= 0:
        context.fault(steps, "must be more than 0")
    return value


def _security(context: Context, block: CsmsBlock, insecure: bool) -> SecurityConfig:
    written = block.security
    security = SecurityConfig(
        profile=written.profile or 0,
        password=written.password,
        ca=context.optional_file(written.ca),
        cert=context.optional_file(written.cert),
        key=context.optional_file(written.key),
        check_host_name=written.host_name == "check" and not insecure,
        check_chain=not insecure,
        fall_back_after_s=written.fall_back_after,
    )
    where = ("csms", "security")
    if written.profile is None:
        security = replace(security, profile=derived_security_profile(block.url, security))
        context.derived["csms.security.profile"] = (str(security.profile), "from url, password, cert and key")
    elif written.profile >= 2 and block.url is not None and block.url.startswith("ws:"):
        steps = (*where, "profile")
        context.fault(
            steps, f"security profile {written.profile} needs TLS, and the URL begins with ws://", "use wss://"
        )
    for name, file in (("ca", security.ca), ("cert", security.cert), ("key", security.key)):
        if file is not None and not file.is_file():
            context.warn((*where, name), f"{file} does not exist")
    _warn_of_security(context, block, security)
    return security


def _warn_of_security(context: Context, block: CsmsBlock, security: SecurityConfig) -> None:
    where = ("csms", "security")
    if security.profile in (1, 2) and security.password is None and block.url is not None:
        context.warn(where, f"security profile {security.profile} uses Basic Auth, and there is no password")
    if security.profile < 2 and block.url is not None and block.url.startswith("wss:"):
        context.warn((*where, "profile"), f"security profile {security.profile} is without TLS, and the URL is wss://")
    if (security.cert is None) != (security.key is None):
        context.warn(where, "cert and key belong together, and one of them is missing")
    if security.password is not None:
        length = len(security.password.reveal())
        if not _MIN_PASSWORD <= length <= _MAX_PASSWORD:
            context.warn((*where, "password"), f"{length} characters; OCPP asks for {_MIN_PASSWORD} to {_MAX_PASSWORD}")


def control(context: Context) -> ControlConfig:
    """The control face; beyond loopback it needs a token."""
    block = context.model.control
    if not isinstance(block, ControlBlock) or block.listen == "off":
        token = block.token if isinstance(block, ControlBlock) else None
        return ControlConfig(False, "127.0.0.1", 0, token)
    host, port = split_listen(block.listen)
    if not is_loopback(host) and block.token is None:
        steps = ("control", "listen")
        context.fault(steps, f"{host} can be reached from other machines and needs a token", "add token: !file token")
    return ControlConfig(True, host, port, block.token)
