"""station.host.vault.checks: chains, authorities, strength, owners."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from station.host.vault.checks import (
    chain_problem,
    lapse,
    owner_problem,
    root_problem,
    roots_among,
    usage_problem,
    weakness,
)
from tests.support.fake_ca import Authority, days

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def leaf(authority: Authority, **more: Any) -> Any:
    return authority.issue(ec.generate_private_key(ec.SECP256R1()).public_key(), **more)


@pytest.mark.spec("A02.FR.06")
def test_a_chain_leads_over_sub_cas_in_any_order_to_a_root() -> None:
    root = Authority("Root")
    first = Authority("First", root)
    second = Authority("Second", first)
    certificate = leaf(second)
    between = [first.certificate, second.certificate]
    assert chain_problem(leaf(root), [], [root.certificate], NOW) == ""
    assert chain_problem(certificate, between, [root.certificate], NOW) == ""
    assert chain_problem(certificate, between[::-1], [root.certificate], NOW) == ""
    assert chain_problem(certificate, [*between, root.certificate], [root.certificate], NOW) == ""
    assert chain_problem(certificate, between, [Authority("Other").certificate, root.certificate], NOW) == ""


@pytest.mark.spec("A02.FR.06")
def test_a_chain_without_its_root_or_a_link_is_none() -> None:
    root = Authority("Root")
    below = Authority("Below", root)
    unknown = "it does not lead to a root that is installed"
    assert chain_problem(leaf(below), [], [root.certificate], NOW) == unknown
    assert chain_problem(leaf(below), [below.certificate], [], NOW) == unknown
    assert chain_problem(leaf(below), [below.certificate, root.certificate], [], NOW) == unknown
    namesake = Authority("Root")
    assert chain_problem(leaf(below), [below.certificate], [namesake.certificate], NOW) == unknown


def test_a_ring_of_certificates_ends() -> None:
    one = Authority("One")
    other = Authority("Other", one)
    again = Authority("One", other, key=one.key)
    assert chain_problem(leaf(one), [again.certificate, other.certificate], [], NOW).startswith("it does not lead")


@pytest.mark.spec("A02.FR.06")
@pytest.mark.parametrize(
    ("more", "problem"),
    [
        ({"ca": False}, "of an authority above it: it is no certificate of an authority"),
        ({"period": days(-20, -10, NOW)}, "of an authority above it: it has expired"),
        ({"period": days(10, 20, NOW)}, "of an authority above it: it is not valid yet"),
        ({"key": rsa.generate_private_key(65537, 1024)}, "of an authority above it: its key has 1024 bits, less than"),
    ],
)
def test_every_authority_of_a_chain_is_checked(more: dict[str, Any], problem: str) -> None:
    root = Authority("Root")
    below = Authority("Below", root, **more)
    assert chain_problem(leaf(below), [below.certificate], [root.certificate], NOW).startswith(problem)
    assert chain_problem(leaf(below), [], [below.certificate], NOW).startswith(problem)


def test_a_chain_may_be_limited_in_length() -> None:
    root = Authority("Root", path_length=0)
    below = Authority("Below", root)
    assert chain_problem(leaf(root), [], [root.certificate], NOW) == ""
    long = chain_problem(leaf(below), [below.certificate], [root.certificate], NOW)
    assert long == "the chain is longer than an authority allows"


@pytest.mark.spec("A00.FR.502", "A00.FR.503", "A00.FR.504")
@pytest.mark.parametrize(
    ("key", "weak"),
    [
        (rsa.generate_private_key(65537, 1024), True),
        (rsa.generate_private_key(65537, 2048), False),
        (ec.generate_private_key(ec.SECP192R1()), True),
        (ec.generate_private_key(ec.SECP224R1()), False),
        (ec.generate_private_key(ec.SECP384R1()), False),
    ],
)
def test_the_strength_of_keys(key: Any, weak: bool) -> None:
    assert bool(weakness(Authority("Root", key=key).certificate)) is weak


def test_edwards_curves_are_strong() -> None:
    root = Authority("Root")
    assert weakness(root.issue(ed25519.Ed25519PrivateKey.generate().public_key())) == ""


def test_what_may_be_a_root() -> None:
    assert root_problem(Authority("Root").certificate, NOW) == ""
    assert root_problem(Authority("Later", period=days(1, 20, NOW)).certificate, NOW) == ""
    assert root_problem(Authority("Old", period=days(-20, -1, NOW)).certificate, NOW) == "it has expired"
    assert root_problem(Authority("None", ca=False).certificate, NOW) == "it is no certificate of an authority"
    above = Authority("Above")
    assert roots_among([above.certificate, Authority("Below", above).certificate]) == (above.certificate,)


def test_the_period() -> None:
    root = Authority("Root")
    assert lapse(leaf(root, period=days(-1, 1, NOW)), NOW) == ""
    assert lapse(leaf(root, period=days(-2, -1, NOW)), NOW) == "it has expired"
    assert lapse(leaf(root, period=days(1, 2, NOW)), NOW) == "it is not valid yet"


@pytest.mark.spec("A00.FR.509", "A00.FR.511")
def test_the_owner() -> None:
    certificate = leaf(Authority("Root"), common_name="SN-1", organization="Acme")
    assert owner_problem(certificate, ["CP-1", "SN-1"], "Acme") == ""
    assert owner_problem(certificate, ["SN-1"], "") == ""
    assert owner_problem(certificate, ["CP-1"], "Acme") == "its common name is not this station's"
    assert owner_problem(certificate, ["SN-1"], "Other") == "its organization is not the operator's"
    nobody = leaf(Authority("Root"), organization=None)
    assert owner_problem(nobody, ["CP-1"], "Acme") == "its organization is not the operator's"


@pytest.mark.spec("A00.FR.512")
def test_the_usage() -> None:
    root = Authority("Root")
    assert usage_problem(leaf(root)) == ""
    assert usage_problem(leaf(root, usages=[ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE])) == ""
    assert usage_problem(leaf(root, usages=[ExtendedKeyUsageOID.SERVER_AUTH])) == "it is not for TLS clients"
