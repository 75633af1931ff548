"""A process that is killed while it writes: what it was told to be stored is there, in order, and nothing is torn."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from station.store import SqliteStore
from tests.support.stores import Inbox

WRITER = """
import os, sys
from station.core.records import Batch, Put
from station.store import SqliteStore
store = SqliteStore(sys.argv[1], lambda call: call())
def done(seq, error):
    assert error is None, error
    os.write(1, b"%d\\n" % seq)
seq = 0
while True:
    for _ in range(7):
        seq += 1
        value = {"seq": seq, "pad": "x" * 200}
        store.commit(Batch(seq, tuple(Put("t%d" % i, str(seq), value) for i in range(3))), done)
    store.load()
"""


@pytest.mark.parametrize("acknowledged", [1, 60, 400])
def test_what_was_acknowledged_survives_a_kill(tmp_path: Path, acknowledged: int) -> None:
    path = tmp_path / "x.db"
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, env=dict(os.environ))
    assert writer.stdout is not None
    told: list[int] = []
    for line in writer.stdout:
        told.append(int(line))
        if len(told) == acknowledged:
            writer.send_signal(signal.SIGKILL)
            break
    told += [int(line) for line in writer.stdout if line.endswith(b"\n")]
    writer.wait()
    assert told == list(range(1, len(told) + 1))

    store = SqliteStore(path, Inbox())
    rows = store.load()
    store.close()
    assert store.quarantined is None
    kept = sorted(int(key) for key in rows["t0"])
    assert kept == list(range(1, len(kept) + 1)), "a prefix of what was submitted"
    assert kept[-1] >= told[-1], "nothing acknowledged is lost"
    assert rows["t0"].keys() == rows["t1"].keys() == rows["t2"].keys(), "no batch is torn"
