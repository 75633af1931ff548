"""Meter values as OCPP 2.0.1 writes them: SampledValueType, MeterValueType, SignedMeterValueType.

Written as plain members with the wire's names, not as the library's dataclasses: these are the most frequent objects
of all, and nested dataclasses cost five times as much.

Spec: OCPP 2.0.1 J01, J02; OCA "Signed Meter Values in OCPP" v1.0, 4.1.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from typing import Any, Final

from ocpp.v201 import enums

from station.core.values import Context, MeterValue, Sample, SignedData
from station.core.variables import Address
from station.ocpp.dialect import View
from station.ocpp.v201.vocabulary import timestamp

_MEASURANDS: Final = frozenset(member.value for member in enums.MeasurandEnumType)
_KEY_POLICY: Final = Address("OCPPCommCtrlr", None, None, None, "PublicKeyWithSignedMeterValue")
_SIGNED_LENGTH: Final = 2500
_METHOD_LENGTH: Final = 50


def meter_values(values: Sequence[MeterValue], view: View) -> list[dict[str, Any]] | None:
    """The MeterValueTypes that hold ``values``; None without any.

    Measurands that this version has no word for are left out, and so are meter values that have nothing else.
    """
    written = []
    for value in values:
        samples = [_sampled(sample, view) for sample in value.samples if sample.measurand in _MEASURANDS]
        if samples:
            written.append({"timestamp": timestamp(view.utc(value.stamp)), "sampledValue": samples})
    return written or None


def _sampled(sample: Sample, view: View) -> dict[str, Any]:
    """A SampledValueType. Defaults are written out: no reader has to know them."""
    wire: dict[str, Any] = {
        "value": sample.value,
        "context": sample.context.value,
        "measurand": sample.measurand,
        "location": sample.location,
    }
    if sample.phase is not None:
        wire["phase"] = sample.phase
    if sample.unit:
        wire["unitOfMeasure"] = {"unit": sample.unit}
    if sample.signed is not None:
        signed = _signed(sample.signed, sample.context, view)
        if signed is not None:
            wire["signedMeterValue"] = signed
    return wire


def _signed(data: SignedData, context: Context, view: View) -> dict[str, Any] | None:
    """A SignedMeterValueType; None where the signed text is longer than the message takes: cut, it proves nothing.

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
