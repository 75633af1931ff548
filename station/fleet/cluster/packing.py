"""A plan on its way to the workers, with the files it names: certificates, keys, roots.

The coordinator reads them, so they need not exist on the workers. There they lie in a folder of their own (mode 0700,
files 0600) as long as the worker's agent lives. What a path names that is no file here is left as it is.
"""

from __future__ import annotations

import hashlib
import io
import os
import pickle
from pathlib import Path
from typing import Any, Final

from station.errors import StationError
from station.fleet.plan import Plan

_MOST_BYTES: Final = 256 * 1024 * 1024
_FILE: Final = "file"


class _Packer(pickle.Pickler):
    def __init__(self, out: io.BytesIO) -> None:
        super().__init__(out, protocol=pickle.HIGHEST_PROTOCOL)
        self._names: dict[Path, str | None] = {}
        self.files: dict[str, bytes] = {}
        self._size = 0

    def persistent_id(self, obj: Any) -> tuple[str, str] | None:
        if not isinstance(obj, Path):
            return None
        if obj not in self._names:
            self._names[obj] = self._take(obj)
        name = self._names[obj]
        return (_FILE, name) if name is not None else None

    def _take(self, path: Path) -> str | None:
        if not path.is_file():
            return None
        try:
            content = path.read_bytes()
        except OSError as problem:
            raise StationError(f"{path}: {problem.strerror}", "the workers need what this file holds") from problem
        self._size += len(content)
        if self._size > _MOST_BYTES:
            raise StationError(f"the files of the plan have more than {_MOST_BYTES >> 20} MiB together")
        name = hashlib.sha256(content).hexdigest()[:32] + path.suffix
        self.files[name] = content
        return name


class _Unpacker(pickle.Unpickler):
    def __init__(self, data: io.BytesIO, folder: Path) -> None:
        super().__init__(data)
        self._folder = folder

    def persistent_load(self, pid: Any) -> Path:
        return self._folder / str(pid[1])


def pack_plan(plan: Plan) -> bytes:
    """The plan and its files.

    Raises:
        StationError: a file cannot be read.
    """
    out = io.BytesIO()
    packer = _Packer(out)
    packer.dump(plan)
    return pickle.dumps((out.getvalue(), packer.files), protocol=pickle.HIGHEST_PROTOCOL)


def unpack_plan(data: bytes, folder: Path) -> Plan:
    """The plan, with its files in this folder, which exists. Only for bytes of the cluster's own transport."""
    plain, files = pickle.loads(data)  # noqa: S301 - see the docstring
    for name, content in files.items():
        descriptor = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
    plan: Plan = _Unpacker(io.BytesIO(plain), folder).load()
    return plan
