"""What holds for all tests: Ctrl-C ends the programs that they start.

A shell starts what runs in its background with SIGINT ignored, and every program inherits that.
"""

from __future__ import annotations

import signal

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
