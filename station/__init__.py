"""ocpp-station: charging-station firmware, simulator and RFID reader driver in one program."""

__version__ = "0.1.0"
