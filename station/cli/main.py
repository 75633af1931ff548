"""`station`: the way in, and what happens to an error that nobody foresaw.

Little is imported here: a process of a fleet has nothing of the command line in its memory.
"""

from __future__ import annotations

import sys

from station.cli.exit_codes import ExitCode, say


def main() -> None:
    """The entry point. Ends the process with an exit code of `ExitCode`."""
    try:
        if sys.argv[1:2] == ["fleet"]:
            from station.cli.interrupts import end_at_once

            end_at_once(as_json="--json" in sys.argv)
            from station.cli.fleet import main as fleet

            sys.exit(fleet())
        from station.cli.verbs import build

        build()()
    except KeyboardInterrupt:
        sys.exit(ExitCode.FAILED)
    except BrokenPipeError:
        # Who read our output has seen enough.
        sys.stderr.close()
        sys.exit(ExitCode.FAILED)
    except Exception as error:
        if "--debug" in sys.argv:
            # Here and not above: until a signal means something, every import counts.
            import traceback

            traceback.print_exc()
        else:
            say(f"{type(error).__name__}: {error}", "the same with --debug", as_json="--json" in sys.argv)
        sys.exit(ExitCode.FAILED)
