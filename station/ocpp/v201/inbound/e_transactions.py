"""Block E, transactions: GetTransactionStatus."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, cast

from ocpp.v201 import call_result

from station.ocpp.dialect import Inbound, View
from station.ocpp.v201.vocabulary import Handler, Payload, QueueView, answer, running_id


def get_transaction_status(payload: Payload, _reply: int, view: View) -> Inbound:
    """Whether a transaction runs and whether messages of it, or of any, still wait (E14.FR.01 to E14.FR.08)."""
    queue = cast(QueueView, view)
    asked = payload.get("transactionId")
    if asked is None:
        return answer(call_result.GetTransactionStatus(messages_in_queue=queue.queued(None)))
    own = running_id(view, asked)
    waiting = queue.queued(own or asked)
    return answer(call_result.GetTransactionStatus(messages_in_queue=waiting, ongoing_indicator=own is not None))


HANDLERS: Final[Mapping[str, Handler]] = {"GetTransactionStatus": get_transaction_status}
