"""``@dataclass`` for the values that every turn makes dozens of: frozen to the type checker, plain slots at run time.

A frozen dataclass fills its fields through ``object.__setattr__``, five to seven times as slow as an assignment; it was
an eighth of the CPU of a charging session. So immutability is enforced where it is declared and checked, by
``mypy --strict`` over all of this code, and not once more at each construction. Equality and hash are those of a frozen
dataclass. Used like the standard one by the modules that hold events, effects, facts, records and frames.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
else:
    import dataclasses

    def dataclass(*, frozen: bool = False, slots: bool = False):
        """As ``dataclasses.dataclass``; ``frozen`` gives the hash of a frozen one."""
        return dataclasses.dataclass(slots=slots, unsafe_hash=frozen)
