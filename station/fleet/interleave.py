"""Which group the stations of a fleet belong to: interleaved, so that the first n have the groups in their shares.

Called by ``population``, and by what tells of a plan how many stations each group has.
"""

from __future__ import annotations

from collections.abc import Sequence


def interleaved(weights: Sequence[float], size: int) -> bytes | list[int]:
    """The group of each station: always the one that is furthest behind its share.

    Args:
        weights: of the groups; they add up to 1.
    """
    if len(weights) == 1:
        return bytes(size)
    given = [0] * len(weights)
    order: list[int] = []
    for index in range(size):
        behind = [weight * (index + 1) - count for weight, count in zip(weights, given, strict=True)]
        chosen = behind.index(max(behind))
        given[chosen] += 1
        order.append(chosen)
    return order


def dealt(weights: Sequence[float], size: int) -> list[int]:
    """How many stations each group has."""
    order = interleaved(weights, size)
    return [order.count(index) for index in range(len(weights))]
