"""Signed meter values as every version sends them: the four members of a SignedMeterValueType.

Where they stand is the version's business: 2.x beside the plain value, 1.6 as text in its place. Called by the
dialects.

Spec: OCA "Signed Meter Values in OCPP" v1.0, §3.2 (1.6) and §4.1 (2.0.1).
"""

from __future__ import annotations

from base64 import b64encode
from typing import Final

from station.core.catalogue import Address
from station.core.values import Context, SignedData
from station.ocpp.dialect import View

_KEY_POLICY: Final = Address("OCPPCommCtrlr", None, None, None, "PublicKeyWithSignedMeterValue")
_SIGNED_LENGTH: Final = 2500
_METHOD_LENGTH: Final = 50


def signed_value(data: SignedData, context: Context, view: View) -> dict[str, str] | None:
    """The members of a signed value; None where the signed text is longer than a message takes: cut, it proves nothing.

    ``signingMethod`` is empty where the signed data name it themselves, ``publicKey`` where it is not to be sent.
    """
    text = _base64(data.text)
    if len(text) > _SIGNED_LENGTH:
        return None
    key = _base64(data.public_key) if data.public_key and _key_wanted(context, view) else ""
    return {
        "signedMeterData": text,
        "signingMethod": data.method[:_METHOD_LENGTH],
        "encodingMethod": data.encoding[:_METHOD_LENGTH],
        "publicKey": key if len(key) <= _SIGNED_LENGTH else "",
    }


def _key_wanted(context: Context, view: View) -> bool:
    """Whether the public key goes along; once per transaction is with the value that the transaction began with."""
    policy = view.variables.text(_KEY_POLICY)
    return policy == "EveryMeterValue" or (policy == "OncePerTransaction" and context is Context.BEGIN)


def _base64(text: str) -> str:
    return b64encode(text.encode()).decode("ascii")
