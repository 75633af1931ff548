"""The security side of a station's connection: which password and profile the next dial takes, and what it tells.

A higher security profile is on trial until it connects; the one before comes back where it does not. Failed dials
become security events. Called by the runner; the dialling itself is ``link``, TLS is ``station.net.tls``, and that a
trial outlives a power cut is the core's business (``security_trial``).

Spec: Security WP ed.3 A00, A01, A05; OCPP 2.0.1 A00, A01, A05.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from station.core import events
from station.core.certificate_tasks import DialRefused
from station.core.security_events import SecurityEventType
from station.host import security_profile
from station.host.target import dial_target
from station.net import DialFailed, Target
from station.net.errors import FailureKind, TlsEvent

if TYPE_CHECKING:
    from station.host.runner import Runner

log = logging.getLogger(__name__)

_PARTING_S: Final = 0.2
"""The answer to whoever changed a credential has to leave first (OCPP 2.0.1 A01.FR.11)."""

_UNAUTHORIZED: Final = 401
_HEXADECIMAL: Final = re.compile(r"(?:[0-9A-Fa-f]{2}){16,20}")
_OCPP16: Final = ("ocpp1.6",)
_NOT_TAKEN: Final = (401, 403)
"""HTTP statuses with which a CSMS refuses who comes."""

_EVENTS: Final = {event: SecurityEventType(event.value) for event in TlsEvent}


def spellings(password: str, *, hexadecimal: bool) -> tuple[str | bytes, ...]:
    """How a password of OCPP 1.6 may be meant, the likely way first.

    An AuthorizationKey is the hexadecimal representation of 16 to 20 bytes (Security WP ed.3 A00.FR.205, §7.2; OCPP-J
    errata 3.12), and many a CSMS means the text itself. Only what can be such a representation is in doubt.
    """
    if _HEXADECIMAL.fullmatch(password) is None:
        return (password,)
    decoded = bytes.fromhex(password)
    return (decoded, password) if hexadecimal else (password, decoded)


class SecurityDesk:
    """See the module. One for each runner, over all boots."""

    __slots__ = ("_broken", "_dialled", "_level", "_refused", "_runner", "_trial")

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self._dialled: str | None = None
        self._level = 0
        self._refused = 0
        self._broken = 0
        self._trial: asyncio.TimerHandle | None = None

    # The next dial

    def target(self, url: str, subprotocols: tuple[str, ...], open_timeout_s: float) -> Target:
        """Where and how to dial now.

        Raises:
            DialFailed: the TLS files cannot be used.
        """
        runner = self._runner
        self._level = self._current()
        if self._trial is None and runner.engine.station.trial.previous is not None:
            patience_s = runner.profile.csms.security.fall_back_after_s
            self._trial = runner.loop.call_later(patience_s, self._fall_back)
        self._dialled = self._secret()
        password = self._password(subprotocols) if security_profile.has_password(self._level) else None
        where = (self._level, url, subprotocols, open_timeout_s, password)
        return dial_target(runner.profile, lambda: runner.credentials, *where)

    def _current(self) -> int:
        runner = self._runner
        return runner.engine.variables.integer(security_profile.LEVEL, runner.profile.csms.security.profile)

    def _secret(self) -> str | None:
        """The password as it is now. Stations of a kind share what is delivered; a password may be a station's own."""
        runner = self._runner
        variables, own = runner.engine.variables, runner.profile.csms.security.password
        if own is not None and not variables.changed(security_profile.PASSWORD):
            return own.reveal()
        return variables.text(security_profile.PASSWORD)

    def _password(self, subprotocols: tuple[str, ...]) -> str | bytes | None:
        variables = self._runner.engine.variables
        text = self._secret()
        if not text or not any(name in _OCPP16 for name in subprotocols):
            return text
        # What the owner wrote into the profile is the password; what a CSMS of 1.6 sets is an AuthorizationKey.
        changed = variables.changed(security_profile.PASSWORD)
        delivered = not changed or text == variables.model.delivered(security_profile.PASSWORD, "Actual")
        ways = spellings(text, hexadecimal=subprotocols == _OCPP16 and not delivered)
        return ways[self._refused % len(ways)]

    # What came of it

    def link_up(self) -> None:
        """A connection stands: the security profile that it was dialled with holds, and no outage takes it back."""
        runner = self._runner
        if self._level != self._current():
            # It was changed while the dial was under way.
            runner.loop.call_soon(self._follow_profile)
            return
        self._end_trial()
        if runner.engine.station.trial.previous is not None:
            runner.feed(events.SecurityProfileHeld())

    def link_failed(self, failure: DialFailed) -> None:
        """A dial failed: the core is told what of it belongs into the security log."""
        feed = self._runner.feed
        if failure.http_status == _UNAUTHORIZED:
            self._refused += 1
            feed(events.SecurityEvent(SecurityEventType.FAILED_TO_AUTHENTICATE_AT_CSMS, "HTTP 401"))
        if failure.tls_event is not None:
            feed(events.SecurityEvent(_EVENTS[failure.tls_event], failure.message))
        if failure.tls_event is TlsEvent.INVALID_CERTIFICATE:
            feed(events.SecurityEvent(SecurityEventType.CSMS_FAILED_TO_AUTHENTICATE, failure.message))
        if self._runner.engine.station.certificates.on_trial and self._turned_away(failure):
            feed(DialRefused(failure.tls_event is TlsEvent.INVALID_CERTIFICATE))

    def _turned_away(self, failure: DialFailed) -> bool:
        """Whether the CSMS ended the attempt. What breaks off may be the network's fault, twice in a row it is not:
        many a server says no more where it does not take a certificate."""
        if failure.kind is FailureKind.LOST:
            self._broken += 1
            return self._broken % 2 == 0
        self._broken = 0
        return failure.kind is FailureKind.TLS or failure.http_status in _NOT_TAKEN

    # Changes

    def reconnect(self, reason: str) -> None:
        """Dial anew, once the answer has left."""
        self._runner.loop.call_later(_PARTING_S, self._runner.link.renew, reason)

    def password_changed(self) -> None:
        """Dial anew with another password, once the answer has left, where one is used now (A01, prerequisites).

        What it is, no log says (A01.FR.12).
        """
        log.info("the Basic Auth password was changed")
        self._refused = 0
        self._once_answered(self._follow_password)

    def _follow_password(self) -> None:
        runner = self._runner
        changed = self._dialled != self._secret()
        if changed and security_profile.has_password(self._current()):
            runner.link.renew("the password was changed")

    def profile_changed(self, old: str | None, new: str | None) -> None:
        """Dial anew with a higher security profile, once the answer has left (A05.FR.06, .07)."""
        if old is not None and new is not None and int(new) > int(old):
            self._end_trial()
            self._once_answered(self._follow_profile)

    def _once_answered(self, follow: Callable[[], None]) -> None:
        """Call this when the change is recorded, or taken back because it could not be, and the answer has left."""
        self._runner.loop.call_later(_PARTING_S, self._if_recorded, follow)

    def _if_recorded(self, follow: Callable[[], None]) -> None:
        runner = self._runner
        if runner.alive and not runner.engine.station.settled:
            self._once_answered(follow)  # a slow disk
        else:
            follow()

    def _follow_profile(self) -> None:
        """Only one profile is used at a time: a connection of another one is made anew (A00.FR.001)."""
        if self._level != self._current():
            self._runner.link.renew("the security profile was changed")

    def _end_trial(self) -> None:
        if self._trial is not None:
            self._trial.cancel()
            self._trial = None

    def down(self) -> None:
        """The boot ends; a trial that is under way begins anew with the next one."""
        self._end_trial()

    def _fall_back(self) -> None:
        """The new profile had its time: the one before comes back (A05.FR.08)."""
        self._trial = None
        runner = self._runner
        old = runner.engine.station.trial.previous
        if old is None or not runner.alive or not runner.link.wanted or runner.link.up:
            return
        log.warning("the new security profile does not connect; back to %s", old)
        runner.feed(events.SetVariables(None, ((security_profile.LEVEL, "Actual", old),), "manufacturer"))
        runner.link.close("back to the security profile before")
        runner.connect()
