"""Certificates that were tampered with: judged or unreadable, never more than that."""

from __future__ import annotations

import base64
import textwrap
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st

from station.core.certificate_tasks import HashAlgorithm
from station.host.vault.checks import chain_problem, lapse, owner_problem, root_problem, usage_problem
from station.host.vault.names import name_of
from station.host.vault.reading import certificates, fingerprint, pem, public_bits, self_signed, strictly
from tests.support.fake_ca import Authority

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ROOT = Authority("Root")
WHOLE = [
    ROOT.certificate,
    Authority("RSA", key=rsa.generate_private_key(65537, 2048)).certificate,
    Authority("Below", ROOT, path_length=3).certificate,
    ROOT.issue(ec.generate_private_key(ec.SECP256R1()).public_key(), hosts=["csms.test"]),
]
DER = [certificate.public_bytes(Encoding.DER) for certificate in WHOLE]
CHANGES = st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), min_size=1, max_size=4)


def wrapped(data: bytes) -> str:
    lines = "\n".join(textwrap.wrap(base64.b64encode(data).decode(), 64))
    return f"-----BEGIN CERTIFICATE-----\n{lines}\n-----END CERTIFICATE-----\n"


def judged(certificate: Any) -> None:
    """Everything that is ever asked of a certificate."""
    assert isinstance(root_problem(certificate, NOW), str)
    assert isinstance(chain_problem(certificate, WHOLE, [ROOT.certificate], NOW), str)
    assert isinstance(chain_problem(WHOLE[-1], [certificate], [certificate], NOW), str)
    assert isinstance(lapse(certificate, NOW) + usage_problem(certificate), str)
    assert isinstance(owner_problem(certificate, ["CP-1"], "Acme Charging"), str)
    assert self_signed(certificate) in (True, False)
    assert strictly(pem(certificate)) == (certificate,)
    assert name_of(certificate, certificate, HashAlgorithm.SHA512).serial
    assert fingerprint(certificate)
    assert public_bits(certificate)


@pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")
@settings(max_examples=400, deadline=None)
@given(which=st.sampled_from(DER), changes=CHANGES)
def test_a_certificate_with_changed_bytes(which: bytes, changes: list[tuple[int, int]]) -> None:
    data = bytearray(which)
    for place, value in changes:
        data[place % len(data)] = value
    for certificate in certificates(wrapped(bytes(data)).encode()):
        judged(certificate)


@settings(max_examples=150, deadline=None)
@given(text=st.text(max_size=200) | st.builds(wrapped, st.binary(max_size=80)))
def test_any_text(text: str) -> None:
    assert certificates(text.encode("utf-8", "replace")) == ()
    with pytest.raises(ValueError, match="PEM"):
        strictly(text)
