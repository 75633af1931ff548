"""A first central system (CSMS) for OCPP 2.0.1, on the `ocpp` library: python scripts/csms_40_lines.py [PORT]"""

import asyncio
import contextlib
import sys
from datetime import UTC, datetime

import websockets
from ocpp.routing import on
from ocpp.v201 import ChargePoint, call_result


def now():
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Station(ChargePoint):
    @on("BootNotification")
    def on_boot(self, charging_station, reason, **_):
        print(f"{self.id} booted ({reason}): {charging_station['vendor_name']} {charging_station['model']}")
        return call_result.BootNotification(current_time=now(), interval=300, status="Accepted")

    @on("Heartbeat")
    def on_heartbeat(self, **_):
        return call_result.Heartbeat(current_time=now())

    @on("StatusNotification")
    def on_status(self, evse_id, connector_id, connector_status, **_):
        print(f"{self.id} EVSE {evse_id} connector {connector_id}: {connector_status}")
        return call_result.StatusNotification()

    @on("SecurityEventNotification")
    def on_security_event(self, **_):
        return call_result.SecurityEventNotification()

    @on("Authorize")
    def on_authorize(self, id_token, **_):
        print(f"{self.id} card {id_token['id_token']} ({id_token['type']}): Accepted")
        return call_result.Authorize(id_token_info={"status": "Accepted"})

    @on("TransactionEvent")
    def on_transaction(self, event_type, transaction_info, trigger_reason, id_token=None, **_):
        print(f"{self.id} transaction {transaction_info['transaction_id']} {event_type} ({trigger_reason})")
        return call_result.TransactionEvent(id_token_info={"status": "Accepted"} if id_token else None)


async def serve_station(connection):
    station = Station(connection.request.path.rpartition("/")[2], connection)
    try:
        await station.start()
    except websockets.ConnectionClosed:
        print(f"{station.id} is gone")


async def main(port):
    async with websockets.serve(serve_station, "127.0.0.1", port, subprotocols=["ocpp2.0.1"]) as server:
        print(f"listening on ws://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        await server.serve_forever()


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 9000))
