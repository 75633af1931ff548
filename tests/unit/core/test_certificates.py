"""Certificates in the bare core: what is asked of the host, what is promised, stored and taken back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from station.core import certificate_tasks as tasks
from station.core.certificate_tasks import CertificateUse
from station.core.certificates import CERTIFICATES
from station.core.effects import STORE_FAILED, Ask, Outcome, Reconnect, Reply
from station.core.jobs import JobFailed
from station.core.own_certificate import DISCARDED, OWN
from tests.support.core_world import EPOCH
from tests.support.job_bench import JobBench

SHOWN = {"SecurityCtrlr.SecurityProfile": "3", "SecurityCtrlr.OrganizationName": "Acme"}
NAME = tasks.CertificateHash(tasks.HashAlgorithm.SHA256, "aa", "bb", "1f")


class Bench(JobBench):
    """A station that shows a certificate to the CSMS, unless its settings say otherwise."""

    def __init__(self, settings: dict[str, str] | None = None) -> None:
        super().__init__(SHOWN if settings is None else settings)

    def replies(self) -> list[Reply]:
        """All that were given."""
        return [effect for effect in self.world.log if isinstance(effect, Reply)]

    def told(self) -> list[str]:
        """The types of the security events in the log."""
        return [entry.type for entry in self.world.station.security.entries]

    def stored(self) -> dict[str, Any]:
        """The rows, without tables that have none."""
        return {table: rows for table, rows in self.world.rows.items() if rows}

    @property
    def own(self) -> Any:
        return self.world.station.certificates.own

    def take(self, **taken: Any) -> list[Any]:
        """A certificate comes and is good."""
        self.world.send(tasks.CertificateSigned(9, "chain"))
        return self.report(tasks.TakeSigned, tasks.Taken(**{"fingerprint": "new", **taken}))


# Roots


@pytest.mark.parametrize(
    ("report", "status"),
    [
        (tasks.RootInstalled("Accepted", fingerprint="f"), "Accepted"),
        (tasks.RootInstalled("Rejected", "expired"), "Rejected"),
        (JobFailed("disk full"), "Failed"),
    ],
)
def test_a_root_is_installed_by_a_job(report: Any, status: str) -> None:
    bench = Bench()
    bench.world.send(tasks.InstallCertificate(4, CertificateUse.CSMS_ROOT, "pem"))
    (task,) = bench.ordered(tasks.InstallRoot)
    assert (task.use, task.certificate, task.limit, task.successor) == (CertificateUse.CSMS_ROOT, "pem", 30, False)
    assert bench.replies() == []
    bench.report(tasks.InstallRoot, report)
    (reply,) = bench.replies()
    assert (reply.token, reply.outcome.status) == (4, status)
    assert ("ReconfigurationOfSecurityParameters" in bench.told()) is (status == "Accepted")


def test_a_successor_is_on_trial_until_it_has_connected() -> None:
    bench = Bench()
    part = bench.world.station.certificates
    bench.world.send(tasks.InstallCertificate(4, CertificateUse.CSMS_ROOT, "pem"))
    bench.report(tasks.InstallRoot, tasks.RootInstalled("Accepted", fingerprint="new", replaces=("old",)))
    assert bench.world.rows[CERTIFICATES] == {"root": {"new": "new", "old": ["old"]}}
    assert part.passed_over == {"old"}
    bench.world.send(tasks.DialRefused(server_certificate=True))
    assert part.passed_over == {"new"}
    bench.world.send(tasks.DialRefused(server_certificate=False))
    assert part.passed_over == {"new"}, "the CSMS's certificate was not in question"
    bench.world.disconnect()
    bench.world.connect()
    assert part.passed_over == {"old"}, "it had connected with the old one; the new one is tried again"
    assert bench.ordered(tasks.RemoveRoots) == []
    bench.world.disconnect()
    bench.world.connect()
    assert bench.ordered(tasks.RemoveRoots) == [tasks.RemoveRoots(("old",))]
    bench.report(tasks.RemoveRoots, tasks.Deleted("Accepted", marks=("old",)))
    assert bench.world.rows[CERTIFICATES] == {"deleted/old": True}
    assert part.deleted == {"old"}
    assert part.passed_over == frozenset()


@pytest.mark.parametrize("recorded", [True, False])
def test_a_successor_that_is_deleted_is_on_trial_no_more(recorded: bool) -> None:
    bench = Bench()
    part = bench.world.station.certificates
    bench.world.send(tasks.InstallCertificate(4, CertificateUse.CSMS_ROOT, "pem"))
    bench.report(tasks.InstallRoot, tasks.RootInstalled("Accepted", fingerprint="new", replaces=("old",)))
    bench.world.send(tasks.DeleteCertificate(5, NAME))
    bench.world.store_works = recorded
    bench.report(tasks.DeleteInstalled, tasks.Deleted("Accepted", roots=("new",)))
    assert (bench.replies()[-1].outcome == STORE_FAILED) is not recorded
    assert part.passed_over == (frozenset() if recorded else {"old"})
    bench.world.store_works = True
    bench.world.run(60)
    bench.world.power_cycle()
    assert bench.world.station.certificates.on_trial is not recorded
    assert bench.world.station.snapshot() == bench.stored()


def test_what_counts_as_deleted_survives_a_power_cut() -> None:
    bench = Bench()
    bench.world.send(tasks.DeleteCertificate(5, NAME))
    bench.report(tasks.DeleteInstalled, tasks.Deleted("Accepted", marks=("f1", "f2")))
    bench.world.power_cycle()
    assert bench.world.station.certificates.deleted == {"f1", "f2"}
    assert bench.world.station.snapshot() == bench.stored()


@pytest.mark.spec("Security WP M04.FR.03")
def test_a_deletion_that_does_not_work_has_failed() -> None:
    bench = Bench()
    bench.world.send(tasks.DeleteCertificate(5, NAME))
    bench.report(tasks.DeleteInstalled, JobFailed("the disk is read-only"))
    assert bench.replies()[-1] == Reply(5, Outcome("Failed", info="the disk is read-only"))
    assert "ReconfigurationOfSecurityParameters" not in bench.told()


def test_a_deletion_that_cannot_be_recorded_is_refused_and_undone() -> None:
    bench = Bench()
    bench.world.send(tasks.DeleteCertificate(5, NAME))
    bench.world.store_works = False
    bench.report(tasks.DeleteInstalled, tasks.Deleted("Accepted", marks=("f1",)))
    assert bench.replies()[-1].outcome == STORE_FAILED
    assert bench.world.station.certificates.deleted == frozenset()
    bench.world.store_works = True
    bench.world.run(60)
    assert CERTIFICATES not in bench.world.rows or not bench.world.rows[CERTIFICATES]


def test_the_list_is_the_jobs() -> None:
    bench = Bench()
    found = (tasks.Installed(CertificateUse.CSMS_ROOT, NAME),)
    bench.world.send(tasks.ListCertificates(1, (CertificateUse.CSMS_ROOT,)))
    bench.report(tasks.ListInstalled, found)
    bench.world.send(tasks.ListCertificates(2))
    assert len(bench.ordered(tasks.ListInstalled)[0].uses) == 5
    bench.report(tasks.ListInstalled, ())
    bench.world.send(tasks.ListCertificates(3))
    bench.report(tasks.ListInstalled, JobFailed("no"))
    outcomes = [reply.outcome for reply in bench.replies()]
    assert outcomes == [Outcome("Accepted", data=found), Outcome("NotFound", data=()), Outcome("NotFound", data=())]


# The station's own


def test_a_request_is_made_stored_and_asked() -> None:
    bench = Bench()
    bench.world.send(tasks.TriggerSigning())
    assert bench.ordered(tasks.MakeRequest) == [tasks.MakeRequest("Acme")]
    effects = bench.report(tasks.MakeRequest, "csr")
    assert Ask(tasks.SigningQuery("csr")) in effects
    assert bench.world.rows[OWN] == {"pending": "csr"}
    bench.world.send(tasks.SigningAnswered(True))
    assert bench.world.rows[OWN] == {}
    assert bench.world.station.snapshot().get(OWN) is None


def test_a_request_that_was_not_told_is_asked_after_a_power_cut() -> None:
    bench = Bench()
    bench.world.disconnect()
    bench.world.send(tasks.TriggerSigning())
    effects = bench.report(tasks.MakeRequest, "csr")
    assert not [effect for effect in effects if isinstance(effect, Ask)]
    bench.world.power_cycle()
    assert Ask(tasks.SigningQuery("csr")) in bench.world.log


def test_without_an_organization_nothing_is_asked() -> None:
    bench = Bench({"SecurityCtrlr.SecurityProfile": "3"})
    bench.world.send(tasks.TriggerSigning())
    assert bench.ordered(tasks.MakeRequest) == []


def test_a_new_certificate_is_on_trial_and_the_station_reconnects_after_the_answer() -> None:
    bench = Bench()
    effects = bench.take()
    answered = next(i for i, effect in enumerate(effects) if isinstance(effect, Reply))
    again = next(i for i, effect in enumerate(effects) if isinstance(effect, Reconnect))
    assert answered < again
    assert bench.world.rows[OWN] == {"trial": "new"}
    assert bench.world.station.certificates.on_trial
    bench.world.disconnect()
    bench.world.connect()
    assert bench.ordered(tasks.DropOwn) == [tasks.DropOwn("new", others=True)]
    assert bench.world.rows[OWN] == {}


def test_where_the_csms_takes_only_the_old_one_the_new_one_is_discarded() -> None:
    bench = Bench()
    bench.take()
    bench.world.disconnect()
    bench.world.send(tasks.DialRefused(server_certificate=False))
    assert bench.world.station.certificates.avoided == "new"
    bench.world.send(tasks.DialRefused(server_certificate=False))
    assert bench.world.station.certificates.avoided is None, "both in turn"
    bench.world.send(tasks.DialRefused(server_certificate=False))
    bench.world.connect()
    assert bench.ordered(tasks.DropOwn) == [tasks.DropOwn("new")]
    assert DISCARDED in bench.told()


@pytest.mark.spec("Security WP A02.FR.09", "A02.FR.10")
def test_what_lost_and_cannot_be_removed_comes_last_from_then_on() -> None:
    bench = Bench()
    bench.take()
    bench.world.disconnect()
    bench.world.connect()
    bench.report(tasks.DropOwn, tasks.OwnDropped(frozenset({"of the profile"})))
    assert bench.world.station.certificates.lost == {"of the profile"}
    assert bench.ordered(tasks.InspectOwn)[-1] == tasks.InspectOwn(frozenset({"of the profile"}))
    bench.world.power_cycle(online=False)
    assert bench.own.lost == {"of the profile"}
    assert bench.world.station.snapshot() == bench.stored()
    bench.world.connect()
    bench.take(fingerprint="newer")
    bench.world.disconnect()
    bench.world.connect()
    bench.report(tasks.DropOwn, tasks.OwnDropped())
    assert bench.own.lost == frozenset()
    assert bench.world.rows[OWN] == {}


def test_a_trial_survives_a_power_cut() -> None:
    bench = Bench()
    bench.take()
    bench.world.power_cycle(online=False)
    assert bench.own.trial == "new"
    assert bench.world.station.snapshot() == bench.stored()


def test_a_certificate_that_cannot_be_recorded_is_refused_and_dropped() -> None:
    bench = Bench()
    bench.world.send(tasks.CertificateSigned(9, "chain"))
    bench.world.store_works = False
    effects = bench.report(tasks.TakeSigned, tasks.Taken(fingerprint="new"))
    assert bench.replies()[-1].outcome == STORE_FAILED
    assert not [effect for effect in effects if isinstance(effect, Reconnect)]
    assert bench.own.trial is None
    bench.world.store_works = True
    effects = bench.world.run(60)
    assert bench.ordered(tasks.DropOwn) == [tasks.DropOwn("new")]
    assert not [effect for effect in effects if isinstance(effect, Reconnect)]
    assert bench.world.station.snapshot() == bench.stored()


def test_under_a_lower_security_profile_a_certificate_is_kept_for_later() -> None:
    bench = Bench({"SecurityCtrlr.SecurityProfile": "2", "SecurityCtrlr.OrganizationName": "Acme"})
    effects = bench.take()
    assert bench.replies()[-1].outcome.status == "Accepted"
    assert not [effect for effect in effects if isinstance(effect, Reconnect)]
    assert not bench.world.station.certificates.on_trial


def test_a_bad_certificate_is_told() -> None:
    bench = Bench()
    bench.world.send(tasks.CertificateSigned(9, "chain"))
    bench.report(tasks.TakeSigned, tasks.Taken("it has expired"))
    assert bench.replies()[-1].outcome == Outcome("Rejected", info="it has expired")
    assert bench.told()[-1] == "InvalidChargingStationCertificate"
    bench.world.send(tasks.CertificateSigned(10, "x" * 10001))
    assert bench.ordered(tasks.TakeSigned) == []
    assert bench.replies()[-1].outcome.status == "Rejected"


def test_a_certificate_is_renewed_a_month_before_its_end() -> None:
    bench = Bench()
    bench.report(tasks.InspectOwn, tasks.OwnState(ends=EPOCH + timedelta(days=40)))
    bench.world.run(9 * 86400)
    assert bench.ordered(tasks.MakeRequest) == []
    bench.world.run(1.1 * 86400)
    assert len(bench.ordered(tasks.MakeRequest)) == 1


def test_one_that_has_ended_long_ago_is_renewed_at_once() -> None:
    bench = Bench()
    bench.report(tasks.InspectOwn, tasks.OwnState(ends=EPOCH - timedelta(days=400)))
    bench.world.run(1)
    assert len(bench.ordered(tasks.MakeRequest)) == 1


@pytest.mark.parametrize("row", [{"root": {"new": 1}}, {"deleted": True}, {"root": []}, {"x": None}])
def test_a_damaged_row_of_roots_is_left_out(row: dict[str, Any]) -> None:
    bench = Bench()
    bench.world.rows[CERTIFICATES] = row
    bench.world.power_cycle()
    assert bench.world.station.damaged == [f"{CERTIFICATES}/{next(iter(row))}"]


@pytest.mark.parametrize("row", [{"pending": 1}, {"trial": ["x"]}, {"other": "x"}])
def test_a_damaged_row_of_the_own_certificate_is_left_out(row: dict[str, Any]) -> None:
    bench = Bench()
    bench.world.rows[OWN] = row
    bench.world.power_cycle()
    assert bench.world.station.damaged == [f"{OWN}/{next(iter(row))}"]


def test_hash_data_is_compared_without_case_and_leading_zeros() -> None:
    assert NAME.names(tasks.CertificateHash(tasks.HashAlgorithm.SHA256, "AA", "BB", "01F"))
    assert not NAME.names(tasks.CertificateHash(tasks.HashAlgorithm.SHA384, "aa", "bb", "1f"))
    assert not NAME.names(tasks.CertificateHash(tasks.HashAlgorithm.SHA256, "aa", "bc", "1f"))
