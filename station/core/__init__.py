"""The charging station itself, without I/O: events in, effects out, time told from outside."""
