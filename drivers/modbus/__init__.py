"""Modbus for drivers: shared lines, register maps in YAML, decoding.

No driver itself: `drivers.meters.modbus`, `drivers.pilots.modbus` and `drivers.pilots.evse_din` are made of it.
`wire` is the only module that knows pymodbus; `bus` shares a line between devices and threads; `blocks` groups
registers; `decoding` makes numbers of them; `yaml_file`, `registers`, `meter_map` and `pilot_map` read the maps;
`plausible` is the doubt about meters, `controller` what charging controllers have in common.
"""
