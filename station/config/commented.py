"""The commented profile that `station init` writes."""

from typing import Final

_TEMPLATE: Final = """\
# yaml-language-server: $schema=./station.schema.json
# One charging station. Every block may be left out; `station check --explain` shows what then holds.
# Check it with:  station check station.yaml      Run it with:  station run station.yaml

station:
  id: CP-0001                  # the identity towards the CSMS: at most 48 characters, no colon
  vendor: Acme
  model: Virtual-11
  # serial: "00123456"
  # max_current: 16A           # of the whole station; default: the sum of the EVSEs

# csms:                        # left out: the embedded CSMS. `csms: none`: none at all
#   url: wss://csms.example/ocpp/{id}
#   versions: [ocpp2.0.1, ocpp1.6]
#   security:
#     password: "${CSMS_PASSWORD}"     # or: !file csms-password
#     ca: csms-ca.pem                  # the root of the CSMS's certificate; default: the system's
#     cert: station.pem                # with key: security profile 3
#     key: station.key
#   call_timeout: 30s
#   ping: 60s

# certificates:                # roots besides those that the CSMS installs
#   manufacturer: [fw-root.pem]        # who may sign firmware

store: memory                  # for a try: nothing outlives the process. In a charger take this line out:
                               # the default is a file, ~/.local/state/ocpp-station/<id>.db
# state: station.d             # keys, certificates, logs, downloads; default: beside the store

control:
  listen: 127.0.0.1:0          # port 0: a free one; `off`; another address than loopback needs a token
  # token: !file token

evses:
  - max_current: 16A
    phases: 3
    connectors:
      - {type: cType2, cable: socket, lock: true}
    # hardware:                # every part is simulated when left out; a real one needs a csms block
    #   contactor: {driver: gpio, pin: 17, feedback_pin: 27}
    #   meter: {driver: modbus, model: sdm630, port: /dev/ttyUSB0, unit: 1}

auth:                          # or `auth: free`: no card needed
  selection: PlugEvents        # PlugEvents | PlugEventsLIFO | FindFirst | UserInput
  readers:
    - {driver: keyboard}
  # local: {allow: [04A1B2C3D4E5F6]}

car:                           # the simulated car
  battery: 52kWh
  soc: 35%
  max_power: 11kW
  # plugs_in: after 2s
  # taps: 04A1B2C3D4E5F6
  # stays: 30m

metering:
  sample: 60s
  aligned: 0s

# transactions:
#   after_power_loss: stop     # or resume

# firmware:
#   signed: off                # required: unsigned updates are refused
#   installer: {exec: /usr/local/bin/install-firmware}     # default: simulated
#   reboot: yes

# reboot:
#   real: yes                  # exits, for systemd to restart; {exec: PROGRAM}; default: simulated

# variables:                   # keys of OCPP 1.6, or Component.Variable of 2.x
#   HeartbeatInterval: 300
#   OCPPCommCtrlr.OfflineThreshold: 60
"""


def template() -> str:
    """A commented profile that is valid as it stands: one simulated EVSE of 11 kW at the embedded CSMS."""
    return _TEMPLATE
