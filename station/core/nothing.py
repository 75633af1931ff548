"""An empty mapping that everybody shares: what most stations never fill need not take 64 bytes of each.

Whoever fills one makes a new dictionary in its place.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

NOTHING: Final[Mapping[Any, Any]] = MappingProxyType({})
"""Reads like ``{}``; writing into it raises ``TypeError``."""
