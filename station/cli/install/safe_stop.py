"""The script that opens contactors after the service has ended, without this program. Pure. Called by `plan`.

It opens pins, then tells controllers at the end of a line to withdraw their offers (`drivers.parting`).

It speaks to the GPIO character device with the standard library only (Linux uapi `gpio.h`, version 2 of the ABI, from
Linux 5.10), so that it works while the program is broken, half upgraded or gone. When it ends, its line is released:
the kernel leaves a Pi's output driven, or with `strict_gpiod` makes it an input, where the pull that it has set (and
the resistor that the wiring has) holds the same level.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from drivers.parting import Parting
from station.cli.install.needs import Pin

_SCRIPT: Final = '''"""Opens the contactors of this charger. Run by systemd whenever the service has ended.

Standard library only, and nothing else is touched. It always ends with 0.
"""

import fcntl
import glob
import os
import socket
import struct
import sys
import termios
import time

# (line of the header, level that opens)
PINS = (@PINS@)
# (port, baud, parity, silence before each frame in seconds, frames): what has controllers withdraw their offers
CONTROLLERS = (@CONTROLLERS@)
# The header of a Raspberry Pi: models up to 3, 4, 5. The number of its gpiochip is not always the same.
LABELS = ("pinctrl-bcm2835", "pinctrl-bcm2711", "pinctrl-rp1")
PATIENCE_S = 0.5

GET_CHIPINFO = 0x8044B401
GET_LINE = 0xC250B407
OUTPUT, PULL_UP, PULL_DOWN = 1 << 3, 1 << 8, 1 << 9
OUTPUT_VALUES = 2


def chip():
    """The device of the header."""
    paths = sorted(glob.glob("/dev/gpiochip*"))
    for path in paths:
        try:
            device = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except OSError:
            continue
        try:
            info = fcntl.ioctl(device, GET_CHIPINFO, bytes(68))
            if info[32:64].rstrip(b"\\0").decode("ascii", "replace") in LABELS:
                return path
        except OSError:
            pass
        finally:
            os.close(device)
    return paths[0] if len(paths) == 1 else None


def request(line, level, flags):
    """A gpio_v2_line_request for one output that begins at its level."""
    attribute = struct.pack("=IIQQ", OUTPUT_VALUES, 0, level, 1)
    config = struct.pack("=QI20x", flags, 1) + attribute.ljust(240, b"\\0")
    offsets = struct.pack("=I", line).ljust(256, b"\\0")
    return offsets + b"ocpp-station stop".ljust(32, b"\\0") + config + struct.pack("=II20xi", 1, 0, 0)


def drive(device, line, level):
    """Bring a line to a level, with a pull to the same level where the chip has one."""
    pull = PULL_UP if level else PULL_DOWN
    try:
        answer = fcntl.ioctl(device, GET_LINE, request(line, level, OUTPUT | pull))
    except OSError:
        answer = fcntl.ioctl(device, GET_LINE, request(line, level, OUTPUT))
    os.close(struct.unpack_from("=i", answer, 588)[0])


def serial_line(port, baud, parity):
    """A serial line that takes bytes as they are. Nobody is waited for: not for a carrier, not for an answer."""
    line = os.open(port, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    try:
        speed = getattr(termios, "B" + str(baud))
        control = termios.CS8 | termios.CREAD | termios.CLOCAL
        control |= {"even": termios.PARENB, "odd": termios.PARENB | termios.PARODD}.get(parity, 0)
        termios.tcsetattr(line, termios.TCSANOW, [0, 0, control, 0, speed, speed, [b"\\0"] * 32])
        termios.tcflush(line, termios.TCIOFLUSH)
    except BaseException:
        os.close(line)
        raise
    return line


def tell(port, baud, parity, silence, frames):
    """Say something to a controller."""
    if port.startswith("tcp://"):
        host, _, number = port[6:].rstrip("/").rpartition(":")
        with socket.create_connection((host.strip("[]"), int(number)), timeout=0.5) as connection:
            for frame in frames:
                time.sleep(silence)
                connection.sendall(frame)
            time.sleep(silence)
        return
    line = serial_line(port, baud, parity)
    try:
        for frame in frames:
            time.sleep(silence)
            os.write(line, frame)
            time.sleep(len(frame) * 11 / baud + 0.01)
    finally:
        os.close(line)


def tell_all():
    """Say what there is to say, whatever fails."""
    for port, *rest in CONTROLLERS:
        try:
            tell(port, *rest)
            print(f"{port}: the controller was told to stop")
        except Exception as error:
            print(f"{port}: the controller was not told to stop: {error}", file=sys.stderr)


def open_pins():
    """Open every pin; one that is still held is tried again for a moment."""
    path = chip()
    if path is None:
        raise OSError("no gpiochip of a Raspberry Pi's header is here")
    waiting, until = list(PINS), time.monotonic() + PATIENCE_S
    while waiting:
        device = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        try:
            failed = []
            for line, level in waiting:
                try:
                    drive(device, line, level)
                except OSError as error:
                    failed.append((line, level, error))
        finally:
            os.close(device)
        waiting = [(line, level) for line, level, _ in failed]
        if waiting and time.monotonic() >= until:
            for line, _, error in failed:
                print(f"contactor pin {line} was not opened: {error}", file=sys.stderr)
            return
        if waiting:
            time.sleep(0.05)
    print(f"contactor pins opened: {', '.join(str(line) for line, _ in PINS)}")


if __name__ == "__main__":
    try:
        if PINS:
            open_pins()
    except Exception as error:
        print(f"contactor pins were not opened: {error}", file=sys.stderr)
    tell_all()
'''


def script_text(pins: Sequence[Pin], partings: Sequence[Parting] = ()) -> str:
    """The script for these pins and controllers."""
    controllers = [(word.port, word.baud, word.parity, word.gap_s, word.frames) for word in partings]
    written = {
        "@PINS@": "".join(f"({pin.line}, {pin.open_level}), " for pin in pins).rstrip(),
        "@CONTROLLERS@": "".join(f"{controller!r}, " for controller in controllers).rstrip(),
    }
    # One pass: what stands in a port's name is data.
    return re.sub("@PINS@|@CONTROLLERS@", lambda found: written[found[0]], _SCRIPT)
