"""OCPP-J: frames, remote procedure calls, the outbox, and one dialect per protocol version."""

from station.ocpp.library import lighten

lighten()
