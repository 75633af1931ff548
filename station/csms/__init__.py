"""The embedded central system: what makes `station run` work with nothing else installed.

It is a demo back end and a test peer built on the `ocpp` library's own `ChargePoint` class. It is not a production
CSMS (nothing is stored, no charging is planned), and it shares no code with the station: no import of `station.core`,
`station.ocpp` or `station.net`. The command line composes it; tests use it as a well-behaved peer.
"""

from station.csms.cards import Card
from station.csms.link import CallRefusedError
from station.csms.records import CsmsTransaction, StationHandle
from station.csms.server import EmbeddedCsms

__all__ = ["CallRefusedError", "Card", "CsmsTransaction", "EmbeddedCsms", "StationHandle"]
