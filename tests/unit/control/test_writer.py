"""The writer of lines: order, slow readers, readers that are gone."""

from __future__ import annotations

import json
import os
import threading

from station.control.writer import LineWriter


def test_a_slow_reader_costs_events_and_never_answers() -> None:
    source, sink = os.pipe()
    writer = LineWriter(sink, limit_bytes=20_000)
    filler = "x" * 1000
    for number in range(300):
        writer.write({"event": "wire", "data": filler})
        writer.write({"id": number, "ok": True})
    assert writer.dropped > 100
    seen: list[int] = []

    def read() -> None:
        with os.fdopen(source, "rb") as stream:
            seen.extend(entry["id"] for entry in map(json.loads, stream) if "id" in entry)

    reader = threading.Thread(target=read)
    reader.start()
    writer.close(10)
    os.close(sink)
    reader.join(10)
    assert seen == list(range(300))


def test_a_reader_that_is_gone_is_told_once() -> None:
    source, sink = os.pipe()
    broken = threading.Event()
    writer = LineWriter(sink, broken.set)
    os.close(source)
    writer.write({"id": 1})
    assert broken.wait(10)
    writer.write({"id": 2})
    writer.close(1)
    os.close(sink)


def test_a_non_blocking_pipe_loses_nothing() -> None:
    source, sink = os.pipe()
    os.set_blocking(sink, False)
    writer = LineWriter(sink)
    for number in range(5000):
        writer.write({"id": number, "filler": "x" * 50})
    closing = threading.Thread(target=writer.close, args=(10,))
    closing.start()
    data = b""
    while data.count(b"\n") < 5000:
        data += os.read(source, 65536)
    closing.join(10)
    assert [json.loads(line)["id"] for line in data.splitlines()] == list(range(5000))
    os.close(source)
    os.close(sink)
