"""A run of a fleet as its figures tell it, for tests of what is made of them."""

from station.fleet.conductor import Tick
from station.fleet.health import LAG_US, SATURATED
from station.fleet.metrics import Metrics, Snapshot
from station.fleet.report import Report, Run
from station.fleet.thresholds import evaluate, parse
from station.fleet.timeline import Timeline
from station.ocpp.outbox import PLAIN
from station.ocpp.rpc import Answered, Failed

HOSTILE = '=cmd|"/c calc"!A1<script>alert(1)</script>'


class PlayedRun:
    """Ten stations for twelve seconds: two of ramp, nine of load, one of ending."""

    def __init__(self) -> None:
        self.metrics = Metrics()
        self.timeline = Timeline()
        self.ticks: list[Tick] = []

    def answer(self, action: str, elapsed_s: float, times: int = 1) -> None:
        for _ in range(times):
            self.metrics.answered(Answered(PLAIN, action, {}), elapsed_s)

    def fail(self, action: str, code: str = "") -> None:
        self.metrics.failed(Failed(PLAIN, action, "CallError" if code else "Timeout", code, ""), 1.0)

    def snapshot(self, up: int = 10, **gauges: int) -> Snapshot:
        known = {"stations": 10, "up": up, "queued": 0, "state.charging": up // 2, "state.faulted": 0, LAG_US: 3000}
        return self.metrics.snapshot(known | gauges)

    def look(self, at_s: float, snapshot: Snapshot, phase: str = "run") -> None:
        held = phase == "run"
        self.timeline.look(at_s, snapshot, held=held, wanted=10)
        self.ticks.append(Tick(at_s, phase, max(0.0, at_s - 2) if held else 0.0, 10, snapshot))  # type: ignore[arg-type]

    def play(self) -> "PlayedRun":
        for second in (1, 2):
            self.answer("BootNotification", 0.022, 5)
            self.metrics.count("booted", 5)
            self.metrics.took("connect", 0.004)
            self.look(float(second), self.snapshot(5 * second), "ramp" if second == 1 else "run")
        self.timeline.mark(5.0, "disconnect 30 % <b>")
        for second in range(3, 12):
            self.answer("MeterValues", 0.009, 10)
            self.metrics.times("loop_lag").record(0.003)
            if second == 5:
                self.answer("MeterValues", 0.9)
                self.fail("MeterValues")
                self.fail("MeterValues", HOSTILE)
                self.metrics.took("recovery", 1.5)
                self.metrics.took("recovery", 2.5)
                self.metrics.count("dial.failed.refused.401")
            self.look(float(second), self.snapshot(7 if second == 5 else 10, **{SATURATED: int(second in (7, 8))}))
        self.metrics.count("sessions.started", 4)
        self.metrics.count("sessions.finished", 3)
        self.metrics.replied("RemoteStartTransaction", 0.002, "")
        self.metrics.delivered(12_345.0)
        self.look(12.0, self.snapshot(0), "done")
        return self

    def report(self, *thresholds: str, name: str = "town <b>", end: str = "done") -> Report:
        totals = self.timeline.totals(self.ticks[-1].snapshot)
        run = Run(
            name=name,
            csms="ws://csms.test/ocpp",
            versions=("1.6",),
            seed=7,
            began="2026-11-20T19:00:00Z",
            up_s=2.0,
            held_s=9.0,
            duration_s=12.0,
            end=end,
            settings=(("group busy", "100 % back-to-back"),),
        )
        return Report(
            run,
            totals,
            evaluate([parse(text) for text in thresholds], totals),
            self.timeline.rows_so_far(),
            self.timeline.marks,
            self.timeline.saturated(),
        )
