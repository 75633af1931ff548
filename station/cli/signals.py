"""Which signals are an ordered end of a verb: for those that have hardware to give back, or a report to write."""

from __future__ import annotations

import signal


def ordered_ends() -> tuple[signal.Signals, ...]:
    """SIGINT, SIGTERM, and SIGHUP (a terminal or an SSH session that is gone) unless `nohup` said to ignore that."""
    ends = (signal.SIGINT, signal.SIGTERM)
    return ends if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN else (*ends, signal.SIGHUP)
