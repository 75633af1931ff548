"""Words, numbers and times of OCPP 1.6: tables and small functions, one per data type of chapter 7.

Not here: messages (``outbound``, ``status``, ``inbound``) and meter values (``metering``). Called by those only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from math import floor
from typing import Any, Final

from ocpp.v16.enums import Reason

from station.core.values import IdToken, StopReason, TokenInfo, TokenStatus
from station.ocpp.dialect import View
from station.ocpp.times import moment

TOKEN_LENGTH: Final = 20
"""IdToken is a CiString20Type (OCPP 1.6 §7.28)."""

FREE_TAG: Final = "NoAuthorization"
"""The idTag of a transaction that nobody had to authorise: 1.6 demands one and knows no type for it (C02 of 2.0.1)."""

NO_ID: Final = -1
"""The transactionId of a transaction whose StartTransaction was never answered (errata 3.18)."""

# What 2.x tells more finely is Local where the driver at the station caused it, else Other.
REASONS: Final[Mapping[StopReason, str]] = {
    StopReason.DEAUTHORIZED: Reason.de_authorized.value,
    StopReason.EMERGENCY_STOP: Reason.emergency_stop.value,
    StopReason.ENERGY_LIMIT_REACHED: Reason.other.value,
    StopReason.EV_DISCONNECTED: Reason.ev_disconnected.value,
    StopReason.GROUND_FAULT: Reason.other.value,
    StopReason.IMMEDIATE_RESET: Reason.hard_reset.value,
    StopReason.HARD_RESET: Reason.hard_reset.value,
    StopReason.SOFT_RESET: Reason.soft_reset.value,
    StopReason.LOCAL: Reason.local.value,
    StopReason.LOCAL_OUT_OF_CREDIT: Reason.other.value,
    StopReason.MASTER_PASS: Reason.local.value,
    StopReason.OTHER: Reason.other.value,
    StopReason.OVERCURRENT_FAULT: Reason.other.value,
    StopReason.POWER_LOSS: Reason.power_loss.value,
    StopReason.POWER_QUALITY: Reason.other.value,
    StopReason.REBOOT: Reason.reboot.value,
    StopReason.REMOTE: Reason.remote.value,
    StopReason.SOC_LIMIT_REACHED: Reason.other.value,
    StopReason.STOPPED_BY_EV: Reason.other.value,
    StopReason.TIME_LIMIT_REACHED: Reason.other.value,
    StopReason.TIMEOUT: Reason.other.value,
    StopReason.UNLOCK_COMMAND: Reason.unlock_command.value,
}
"""OCPP 1.6 §7.36; a missing reason is Local (§4.10)."""

SECURITY_EVENTS: Final[Mapping[str, str]] = {
    "FailedToAuthenticateAtCsms": "FailedToAuthenticationAtCentralSystem",
    "CsmsFailedToAuthenticate": "CentralSystemFailedToAuthentication",
    "InvalidCsmsCertificate": "InvalidCentralSystemCertificate",
    "InvalidChargingStationCertificate": "InvalidChargePointCertificate",
}
"""Security events that the Security Whitepaper (ed.3 §8, spelt as there) calls otherwise than OCPP 2.x."""

NOISE_WH: Final = 0.0005
"""A register that lacks no more of a whole Wh has that Wh: float arithmetic makes such noise, no meter does."""

_STATUSES: Final = {member.value: member for member in TokenStatus}


def clip(text: str | None, length: int) -> str | None:
    """A CiString of at most ``length`` characters; None where there is nothing to say."""
    return text[:length] if text else None


def whole_wh(energy_wh: float | None) -> int:
    """A register in whole Wh for meterStart and meterStop: complete Wh only, so that none is told before it was used.

    Unknown is 0: both members are required (§6.45, §6.49).
    """
    return 0 if energy_wh is None else floor(energy_wh + NOISE_WH)


def id_tag(token: IdToken | None) -> str:
    """An idTag. A longer token, taken under another version, is cut: a message that is refused tells nothing."""
    return token.value[:TOKEN_LENGTH] if token is not None and token.value else FREE_TAG


def id_token(tag: str) -> IdToken:
    """A token from an idTag or parentIdTag. 1.6 knows no types, so all are of the type that a card reader gives."""
    return IdToken(tag)


def token_info(info: Mapping[str, Any], view: View) -> TokenInfo:
    """IdTagInfo (OCPP 1.6 §7.27); what was accepted until a moment that is past is Expired."""
    said = _id_tag_info(info["status"], info.get("parentIdTag"), info.get("expiryDate"))
    if said.status is TokenStatus.ACCEPTED and said.expires is not None and said.expires <= view.now_utc():
        return replace(said, status=TokenStatus.EXPIRED)
    return said


def id_tag_info(info: Mapping[str, Any]) -> TokenInfo:
    """IdTagInfo as it was said, whatever the time is (OCPP 1.6 §7.27)."""
    return _id_tag_info(info["status"], info.get("parentIdTag"), info.get("expiryDate"))


@lru_cache(maxsize=256)
def _id_tag_info(said: str, parent: str | None, expires: str | None) -> TokenInfo:
    """One object for what thousands of entries of local lists say."""
    status = _STATUSES.get(said, TokenStatus.INVALID)
    group = id_token(parent) if parent else None
    return TokenInfo(status, group, moment(expires), raw="" if status == said else said)
