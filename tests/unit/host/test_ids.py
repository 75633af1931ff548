"""Ids never repeat, and a seed brings the same ones back."""

from __future__ import annotations

import uuid

from station.host.ids import Ids


def test_ids_of_a_seed_come_back_and_those_of_another_boot_are_others() -> None:
    def some(seed: str | None) -> list[str]:
        ids = Ids(seed)
        return [*(ids.message() for _ in range(300)), *(ids.transaction() for _ in range(10))]

    assert some("s/CP-1/1") == some("s/CP-1/1")
    runs = [some(seed) for seed in ("s/CP-1/1", "s/CP-1/2", "s/CP-2/1", None, None)]
    everything = [identity for run in runs for identity in run]
    assert len(set(everything)) == len(everything)


def test_their_form() -> None:
    ids = Ids()
    assert all(0 < len(ids.message()) <= 36 for _ in range(5000))
    identity = uuid.UUID(ids.transaction())
    assert identity.version == 4


def test_a_seeded_transaction_has_the_form_of_a_random_one() -> None:
    ids = Ids("s/CP-1/1")
    texts = [ids.transaction() for _ in range(200)]
    assert all(str(uuid.UUID(text)) == text for text in texts)
    assert {(uuid.UUID(text).version, uuid.UUID(text).variant) for text in texts} == {(4, uuid.RFC_4122)}
