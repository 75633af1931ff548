"""Machines as trees of files: what is found, what is said to be in the way."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from drivers.discovery import Found, find, problems
from drivers.readers.serial import DRIVER


class Machine:
    """A `/` in a folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._usb_number = 1
        for folder in ("dev/serial/by-id", "dev/input/by-id", "proc", "run", "sys/bus/usb/devices"):
            (root / folder).mkdir(parents=True)

    def file(self, path: str, content: str = "") -> Path:
        place = self.root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(content)
        return place

    def link(self, path: str, target: Path) -> None:
        place = self.root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(os.path.relpath(target, place.parent))

    def usb(self, usb: str, product: str = "", interface_class: str = "ff", driver: str = "") -> Path:
        """A device on a port of its own; returns its folder below sys/devices."""
        self._usb_number += 1
        port = f"1-{self._usb_number}"
        folder = f"sys/devices/usb1/{port}"
        vendor, product_id = usb.split(":")
        for name, content in (
            ("idVendor", vendor), ("idProduct", product_id), ("product", product), ("busnum", "1"),
            ("devnum", str(self._usb_number)), (f"{port}:1.0/bInterfaceClass", interface_class),
        ):  # fmt: skip
            self.file(f"{folder}/{name}", f"{content}\n")
        self.link(f"sys/bus/usb/devices/{port}", self.root / folder)
        self.file(f"dev/bus/usb/001/{self._usb_number:03d}")
        if driver:
            (self.root / "sys/bus/usb/drivers" / driver).mkdir(parents=True, exist_ok=True)
            self.link(f"{folder}/{port}:1.0/driver", self.root / "sys/bus/usb/drivers" / driver)
        return self.root / folder / f"{port}:1.0"

    def tty(self, name: str, above: Path | None = None, by_id: str = "", uart_type: str = "") -> None:
        device = self.file(f"dev/{name}")
        behind = above or self.root / "sys/devices/platform/serial"
        behind.mkdir(parents=True, exist_ok=True)
        self.link(f"sys/class/tty/{name}/device", behind)
        if uart_type:
            self.file(f"sys/class/tty/{name}/type", uart_type)
        if by_id:
            self.link(f"dev/serial/by-id/{by_id}", device)

    def keyboard(self, number: int, name: str, usb: str, by_id: str = "") -> None:
        vendor, product = usb.split(":")
        device = self.file(f"dev/input/event{number}")
        for entry, content in (("name", name), ("id/vendor", vendor), ("id/product", product)):
            self.file(f"sys/class/input/event{number}/device/{entry}", content + "\n")
        if by_id:
            self.link(f"dev/input/by-id/{by_id}", device)

    def process(self, pid: int, comm: str, *opened: str) -> None:
        self.file(f"proc/{pid}/comm", f"{comm}\n")
        (self.root / f"proc/{pid}/fd").mkdir()
        for number, path in enumerate(opened):
            (self.root / f"proc/{pid}/fd/{number}").symlink_to(os.path.realpath(self.root / path))

    def modules(self, *names: str) -> None:
        self.file("proc/modules", "".join(f"{name} 16384 0 - Live 0x0\n" for name in names))

    def pi(self, model: str = "Raspberry Pi 4 Model B Rev 1.4", cmdline: str = "root=/dev/mmcblk0p2") -> None:
        self.file("proc/device-tree/model", model + "\0")
        self.file("proc/cmdline", cmdline)

    def found(self) -> list[Found]:
        return find(self.root)

    def told(self, allowed: bool = True, without: str = "") -> list[tuple[str, str, str]]:
        found = find(self.root, access=lambda device: allowed)
        listed = problems(found, self.root, installed=lambda library: library != without)
        return [(problem.severity, problem.what, problem.hint) for problem in listed]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_an_empty_machine(tmp_path: Path, machine: Machine) -> None:
    assert find(tmp_path / "none") == [] and problems([], tmp_path / "none") == []
    assert machine.found() == [] and machine.told() == []


def test_this_machine_is_looked_at_without_harm() -> None:
    assert isinstance(problems(find()), list)


def test_serial_lines_with_their_by_id_links(machine: Machine) -> None:
    machine.tty("ttyUSB0", machine.usb("0403:6001", "FT232R"), by_id="usb-FTDI_FT232R_A9-if00-port0")
    machine.tty("ttyACM0", machine.usb("09d8:0420", "RFID Device"))
    machine.tty("ttyUSB10", machine.usb("dead:beef", "Odd adapter"))
    machine.tty("ttyS0", uart_type="4")
    machine.tty("ttyS1", uart_type="0")
    machine.file("dev/tty1")
    (machine.root / "sys/class/tty/tty1").mkdir()
    ftdi, twn4, odd = (next(f for f in machine.found() if f.device.endswith(n)) for n in ("USB0", "ACM0", "USB10"))
    assert [Path(found.device).name for found in machine.found()] == ["ttyACM0", "ttyS0", "ttyUSB0", "ttyUSB10"]
    assert ftdi.where.endswith("dev/serial/by-id/usb-FTDI_FT232R_A9-if00-port0") and ftdi.usb == "0403:6001"
    assert (ftdi.name, ftdi.driver, ftdi.profile) == ("FTDI FT232R adapter", "", "")
    assert twn4.profile == f"{{driver: serial, port: {machine.root}/dev/ttyACM0, format: twn4}}"
    assert DRIVER.parse(twn4.settings).format == "twn4"
    assert (odd.name, odd.usb) == ("Odd adapter", "dead:beef")


def test_usb_readers(machine: Machine) -> None:
    machine.usb("072f:2200", "ACR122U PICC Interface", "0b")
    machine.usb("1234:5678", "Some CCID reader", "0b")
    machine.usb("1234:9999", "Mouse", "03")
    acr, ccid = machine.found()
    assert (acr.where, acr.driver, acr.name) == ("usb:072f:2200", "acr122u", "ACS ACR122U")
    assert acr.profile == '{driver: acr122u, device: "usb:072f:2200"}'
    assert acr.device == str(machine.root / "dev/bus/usb/001/002")
    assert (ccid.profile, ccid.name) == ("{driver: pcsc}", "Some CCID reader")


def test_keyboards_that_may_be_readers(machine: Machine) -> None:
    machine.keyboard(3, "AT Translated Set 2 keyboard", "0001:0001")
    machine.keyboard(7, "Sycreader RFID Technology", "ffff:0035", by_id="usb-Sycreader-event-kbd")
    machine.keyboard(9, "HXGCoLtd Keyboard", "08ff:0009")
    syc, plain = machine.found()
    assert syc.where.endswith("by-id/usb-Sycreader-event-kbd") and syc.driver == "hid"
    assert plain.where.endswith("dev/input/event9")


def test_the_kernel_and_pcscd_in_the_way_of_an_acr122u(machine: Machine) -> None:
    machine.usb("072f:2200", "ACR122U", "0b", driver="pn533_usb")
    machine.modules("pn533_usb", "pn533", "nfc", "ext4")
    machine.process(500, "pcscd")
    (kernel, pcscd) = machine.told()
    assert kernel[0] == "error" and "pn533_usb holds the ACS ACR122U" in kernel[1]
    assert "sudo modprobe -r pn533_usb pn533 nfc" in kernel[2] and "blacklist" in kernel[2]
    assert "pcscd runs" in pcscd[1] and "systemctl disable --now pcscd.socket" in pcscd[2]


def test_a_module_that_waits_is_a_warning(machine: Machine) -> None:
    machine.usb("072f:2200", "ACR122U", "0b", driver="usbfs")
    machine.modules("nfc")
    assert [(severity, "may take" in what) for severity, what, _ in machine.told()] == [("warning", True)]


def test_modules_without_a_reader_are_no_problem(machine: Machine) -> None:
    machine.modules("pn533_usb")
    machine.process(500, "pcscd")
    assert machine.told() == []


def test_a_pcsc_reader_without_its_service(machine: Machine) -> None:
    machine.usb("072f:223b", "ACR1252", "0b")
    ((severity, what, hint),) = machine.told()
    assert severity == "error" and "needs the service pcscd" in what and "apt install pcscd" in hint
    machine.file("run/pcscd/pcscd.comm")
    assert machine.told() == []


def test_who_holds_a_line(machine: Machine) -> None:
    machine.tty("ttyUSB0", machine.usb("10c4:ea60"))
    machine.process(812, "ModemManager", "dev/ttyUSB0")
    ((severity, what, hint),) = machine.told()
    assert severity == "error" and "held by ModemManager (pid 812)" in what and "disable --now ModemManager" in hint


def test_pcscd_may_hold_its_own_reader(machine: Machine) -> None:
    machine.usb("072f:223b", "ACR1252", "0b")
    machine.process(500, "pcscd", "dev/bus/usb/001/002")
    assert machine.found()[0].holders == ("pcscd (pid 500)",)
    assert machine.told() == []


def test_permissions(machine: Machine) -> None:
    machine.tty("ttyUSB0", machine.usb("10c4:ea60"))
    machine.usb("072f:2200", "ACR122U")
    machine.keyboard(7, "RFID", "ffff:0035")
    hints = {what.rpartition("/")[2]: hint for _, what, hint in machine.told(allowed=False)}
    assert set(hints) == {"ttyUSB0", "event7", "no permission for usb:072f:2200"}
    assert all("usermod -aG" in hint for hint in hints.values())
    assert 'ATTR{idVendor}=="072f", ATTR{idProduct}=="2200"' in hints["no permission for usb:072f:2200"]


def test_libraries(machine: Machine) -> None:
    machine.keyboard(7, "RFID", "ffff:0035")
    assert machine.told(without="evdev") == [
        ("error", "the library evdev is not installed", "pip install 'ocpp-station[hid]'")
    ]


@pytest.mark.parametrize(
    ("model", "cmdline", "links", "expected"),
    [
        ("Raspberry Pi 4 Model B", "console=tty1", {}, ["the UART of the pin header is off"]),
        ("Raspberry Pi 4 Model B", "console=tty1", {"serial0": "ttyAMA0"}, []),
        ("Raspberry Pi 4 Model B", "console=tty1", {"serial0": "ttyS0"}, ["/dev/serial0 is the mini UART"]),
        ("Raspberry Pi 3", "console=serial0,115200 quiet", {"serial0": "ttyAMA0"}, ["the serial console uses serial0"]),
        ("Raspberry Pi 5 Model B", "", {"serial0": "ttyAMA10"}, ["the UART of the pin header is off"]),
        ("Some board", "console=ttyS0", {}, []),
    ],
)
def test_the_uart_of_a_pi(
    machine: Machine, model: str, cmdline: str, links: dict[str, str], expected: list[str]
) -> None:
    machine.pi(model, cmdline)
    for link, target in links.items():
        machine.file(f"dev/{target}")
        machine.link(f"dev/{link}", machine.root / "dev" / target)
    told = machine.told()
    assert len(told) == len(expected)
    for (_, what, hint), begun in zip(told, expected, strict=True):
        assert what.startswith(begun) and "reboot" in hint


def test_names_of_devices_are_cleaned(machine: Machine) -> None:
    machine.keyboard(7, "RFID \x1b[31m reader", "ffff:0035")
    (found,) = machine.found()
    assert "\x1b" not in found.name


def test_a_usb_reader_that_pcscd_opens_needs_no_permission_of_this_user(machine: Machine) -> None:
    machine.usb("072f:223b", "ACR1252", "0b")
    machine.process(500, "pcscd")
    assert machine.told(allowed=False) == []
