"""The firmware update and the log upload of the bare core: rows, refusals, jobs."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from station.core import effects as ef
from station.core import events as ev
from station.core import updates as up
from station.core.context import FirmwarePlan
from station.core.facts import FirmwareFact, LogFact
from station.core.jobs import JobFailed
from tests.support.core_world import EPOCH, World, of, two

SIGNED = {"certificate": "PEM", "signature": "c2ln"}


def request(**more: Any) -> up.FirmwareRequest:
    """A request that may be carried out at once."""
    return up.FirmwareRequest("https://files.test/a.bin", EPOCH - timedelta(hours=1), **{"request_id": 4, **more})


class Bench:
    """A world whose jobs a test answers."""

    def __init__(self, world: World | None = None) -> None:
        self.world = world or World()

    @property
    def job(self) -> ef.Work:
        """The last job that was ordered."""
        return of(self.world.log, ef.Work)[-1]

    def report(self, report: Any) -> None:
        """The last job has ended."""
        self.world.send(ev.JobReported(self.job.job, report))

    def ask(self, wanted: up.FirmwareRequest, reply: int = 1) -> None:
        """UpdateFirmware."""
        self.world.send(ev.UpdateFirmware(reply, wanted))

    def told(self) -> list[str]:
        """The firmware statuses, in order."""
        return [e.fact.status.value for e in of(self.world.log, ef.Tell) if isinstance(e.fact, FirmwareFact)]

    def uploads(self) -> list[str]:
        """The statuses of uploads, in order."""
        return [e.fact.status.value for e in of(self.world.log, ef.Tell) if isinstance(e.fact, LogFact)]

    def outcome(self, reply: int = 1) -> tuple[str, str]:
        """The answer to a request."""
        answered = self.world.replies()[reply]
        return answered.status, answered.reason

    def check(self) -> None:
        """What the station holds is what is stored."""
        assert self.world.station.snapshot() == self.world.stored()


def test_every_step_is_stored_before_it_is_told() -> None:
    bench = Bench()
    bench.ask(request(**SIGNED))
    assert isinstance(bench.job.task, up.CheckSigner)
    assert 1 not in bench.world.replies(), "nothing is promised before the certificate is checked"
    for report in (
        up.SignerChecked("Accepted"),
        up.Arrived("1-1-a.bin"),
        up.SignatureChecked(True),
        up.Installed("2.0"),
    ):
        bench.check()
        bench.report(report)
    bench.check()
    assert bench.outcome() == ("Accepted", "")
    assert bench.told()[-1] == "InstallRebooting"
    assert of(bench.world.log, ef.Reboot)
    bench.world.power_cycle()
    bench.check()
    assert bench.told()[-1] == "Installed"
    assert "firmware" not in bench.world.stored()
    assert bench.world.station.registration.reason == "FirmwareUpdate"
    bench.world.power_cycle()
    assert bench.told().count("Installed") == 1


def test_what_cannot_be_stored_is_not_accepted() -> None:
    bench = Bench()
    bench.world.store_works = False
    bench.ask(request())
    assert bench.outcome() == ("Rejected", "InternalError")
    assert bench.world.station.firmware.update is None
    assert not of(bench.world.log, ef.Work)
    bench.world.store_works = True
    bench.world.run(30)
    assert bench.told() == []
    bench.check()


def test_a_second_request_that_cannot_be_stored_leaves_the_first_going() -> None:
    bench = Bench()
    bench.ask(request())
    first = bench.job
    bench.world.store_works = False
    bench.ask(request(request_id=5), 2)
    assert bench.outcome(2) == ("Rejected", "InternalError")
    bench.world.store_works = True
    bench.world.run(30)
    assert isinstance(bench.job.task, up.Download)
    assert bench.job.task.name == first.task.name
    bench.report(up.Arrived("1-1-a.bin"))
    assert bench.told() == ["Downloading", "Downloaded", "Installing"]
    bench.check()


def test_a_plain_update_is_refused_where_firmware_is_signed() -> None:
    bench = Bench(World(plan=replace(two(), firmware=FirmwarePlan(signed_required=True))))
    bench.ask(request())
    assert bench.outcome() == ("Rejected", "SignedOnly")
    assert bench.told() == []


def test_a_report_of_an_update_that_was_cancelled_is_not_heard() -> None:
    bench = Bench()
    bench.ask(request())
    first = bench.job.job
    bench.ask(request(request_id=5), 2)
    assert bench.outcome(2) == ("AcceptedCanceled", "")
    assert [e.job for e in of(bench.world.log, ef.Abandon)] == [first]
    bench.world.send(ev.JobReported(first, up.Arrived("old")))
    assert bench.told() == ["Downloading", "Downloading"]


def test_an_address_with_a_password_is_forgotten_once_the_update_has_failed() -> None:
    bench = Bench()
    bench.ask(replace(request(patience=up.Patience(0)), location="ftp://me:hunter2@files.test/a.bin"))
    bench.report(up.TransferEnded("no"))
    assert bench.told()[-1] == "DownloadFailed"
    assert "hunter2" not in str(bench.world.stored())
    assert "hunter2" not in repr(bench.job.task)
    bench.check()


def test_jobs_that_fall_over_end_an_update() -> None:
    for fails_at, status in ((1, "DownloadFailed"), (2, "InstallVerificationFailed"), (3, "InstallationFailed")):
        bench = Bench()
        bench.ask(request(patience=up.Patience(0), **SIGNED))
        reports = (up.SignerChecked("Accepted"), up.Arrived("f"), up.SignatureChecked(True), up.Installed())
        for report in reports[:fails_at]:
            bench.report(report)
        bench.report(JobFailed("internal error"))
        assert bench.told()[-1] == status
        bench.check()


def test_an_installer_that_starts_the_machine_anew_has_installed_if_another_version_runs() -> None:
    world = World(settings={"ChargingStation.FirmwareVersion": "1.0"})
    bench = Bench(world)
    bench.ask(request())
    bench.report(up.Arrived("f"))
    assert bench.told()[-1] == "Installing"
    world.settings = (("ChargingStation.FirmwareVersion", "2.0"),)
    world.power_cycle()
    assert bench.told()[-1] == "Installed"


def test_a_damaged_row_keeps_nobody_from_booting() -> None:
    world = World()
    for row in ({}, [], {"request": 3}, {"request": {"location": "x", "retrieve": "no"}, "name": "a"}, "?"):
        world.rows["firmware"] = {"update": row}
        world.rows["log_upload"] = {"upload": row}
        world.power_cycle()
        assert "firmware/update" in world.station.damaged
        assert "log_upload/upload" in world.station.damaged
        assert world.station.firmware.update is None


@pytest.mark.parametrize(
    "damage",
    [
        {"attempts": "many"},
        {"name": None},
        {"state": "flying"},
        {"told": "Rebooted"},
        {"request": {"location": 7}},
        {"request": {"patience": {"retries": "x"}}},
        {"request": {"patience": {"interval_s": None}}},
        {"request": {"request_id": "4"}},
        {"request": {"retrieve": "soon"}},
    ],
)
def test_a_row_with_a_wrong_member_is_left_out(damage: dict[str, Any]) -> None:
    bench = Bench()
    bench.ask(request(patience=up.Patience(5, 5.0)))
    row = bench.world.rows["firmware"]["update"]
    row["request"] |= damage.pop("request", {})
    row |= damage
    bench.world.power_cycle()
    assert bench.world.station.damaged == ["firmware/update"]
    assert bench.world.station.firmware.update is None


def test_a_second_request_that_cannot_be_stored_leaves_an_appointment() -> None:
    bench = Bench()
    bench.ask(request(install=EPOCH + timedelta(minutes=5)))
    bench.report(up.Arrived("f"))
    assert bench.told()[-1] == "InstallScheduled"
    bench.world.store_works = False
    bench.ask(request(request_id=5), 2)
    bench.world.store_works = True
    bench.world.run(400)
    assert bench.told()[-1] == "Installing"


def test_an_appointment_is_kept_by_a_boot_that_does_not_know_the_time_yet() -> None:
    bench = Bench()
    bench.ask(request(install=EPOCH + timedelta(minutes=10), **SIGNED))
    bench.report(up.SignerChecked("Accepted"))
    bench.report(up.Arrived("1-1-a.bin"))
    bench.world.power_cycle(online=False)
    assert isinstance(bench.job.task, up.VerifySignature)
    bench.report(up.SignatureChecked(True))
    bench.world.run(30)
    assert bench.told()[-1] == "InstallScheduled"
    bench.check()
    bench.world.connect()
    bench.world.run(500)
    assert bench.told()[-1] == "InstallScheduled"
    bench.world.run(120)
    assert bench.told() == ["Downloading", "Downloaded", "SignatureVerified", "InstallScheduled", "Installing"]


def test_uploads_are_stored_and_come_back() -> None:
    bench = Bench()
    wanted = up.LogRequest(up.LogKind.SECURITY, "https://files.test/", up.Patience(1, 5.0), 9, latest=EPOCH)
    bench.world.send(ev.UploadLog(1, wanted))
    assert 1 not in bench.world.replies()
    bench.report(up.Collected("log.txt"))
    assert bench.world.replies()[1] == ef.Outcome("Accepted", data="log.txt")
    bench.check()
    bench.world.power_cycle()
    bench.check()
    assert bench.job.task == up.SendLog("log.txt", "https://files.test/")
    bench.report(up.TransferEnded("no"))
    bench.check()
    bench.world.run(6)
    bench.report(up.TransferEnded("no", status=up.UploadStatus.BAD_MESSAGE))
    assert bench.uploads() == ["Uploading", "BadMessage"]
    assert "log_upload" not in bench.world.stored()
    bench.check()


def test_a_request_that_comes_while_a_log_is_collected_takes_its_place() -> None:
    bench = Bench()
    wanted = up.LogRequest(up.LogKind.DIAGNOSTICS, "https://files.test/")
    bench.world.send(ev.UploadLog(1, wanted))
    bench.world.send(ev.UploadLog(2, wanted))
    assert bench.world.replies()[1].status == "Rejected"
    bench.report(up.Collected("log.txt"))
    assert bench.world.replies()[2].status == "Accepted"


@pytest.mark.parametrize(
    ("retries", "interval_s", "patience"),
    [
        (None, None, up.Patience(2, 10.0)),
        (0, 0, up.Patience(0, 1.0, asked=True)),
        (-3, -5, up.Patience(0, 1.0, asked=True)),
        (9, 10**400, up.Patience(9, 604800.0, asked=True)),
    ],
)
def test_patience(retries: int | None, interval_s: float | None, patience: up.Patience) -> None:
    assert up.Patience.of(retries, interval_s) == patience
