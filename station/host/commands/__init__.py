"""The commands of docs/control.md: what each does to the world or the station, and when it is answered."""

from __future__ import annotations

from station.host.commands import cards, link, sessions, upkeep, world
from station.host.commands.common import Handler, Wait

__all__ = ["HANDLERS", "Handler", "Wait"]

HANDLERS: dict[str, Handler] = {
    "status": link.status,
    "connect": link.connect,
    "disconnect": link.disconnect,
    "go_offline": link.go_offline,
    "come_online": link.come_online,
    "drop_connection": link.drop_connection,
    "plug_in": world.plug_in,
    "unplug": world.unplug,
    "tap": world.tap,
    "ev_suspend": world.pilot_verb(lambda bay: bay.suspend()),
    "ev_resume": world.pilot_verb(lambda bay: bay.resume()),
    "ev_not_ready": world.pilot_verb(lambda bay: bay.not_ready()),
    "bay_occupied": world.bay_occupied,
    "bay_free": world.bay_free,
    "fault": world.fault,
    "clear_fault": world.clear_fault,
    "contactor_fault": world.contactor_fault,
    "meter_fault": world.meter_fault,
    "reader_fault": world.reader_fault,
    "lock_failure": world.lock_failure,
    "select_evse": cards.select_evse,
    "withdraw": cards.withdraw,
    "start_transaction": sessions.start_transaction,
    "stop_transaction": sessions.stop_transaction,
    "authorize": sessions.authorize,
    "set_meter_value": sessions.set_meter_value,
    "send_meter_value": sessions.send_meter_value,
    "heartbeat": sessions.heartbeat,
    "diagnostics_status_notification": sessions.status_message(
        {"1.6": "DiagnosticsStatusNotification", "2": "LogStatusNotification"}
    ),
    "firmware_status_notification": sessions.status_message(
        {"1.6": "FirmwareStatusNotification", "2": "FirmwareStatusNotification"}
    ),
    "power_cycle": upkeep.power_cycle,
    "reboot": upkeep.reboot,
    "set_config": upkeep.set_config,
    "delete_config": upkeep.delete_config,
    "cache_put": upkeep.cache_put,
    "local_list_put": upkeep.local_list_put,
    "send_ocpp": sessions.send_ocpp,
}
"""Every command by its name in ``station.control.registry``."""
