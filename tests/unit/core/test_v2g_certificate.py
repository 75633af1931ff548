"""The V2G certificate and contracts in the bare core: what is asked, promised, stored and taken back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from station.core import certificate_tasks, v2g_tasks
from station.core import events as ev
from station.core.certificate_tasks import OwnState, Taken
from station.core.contract_tasks import EMAID, Contract, ExamineContract, Examined
from station.core.effects import STORE_FAILED, Ask, AuthorizeQuery, Reply, TokenEnded
from station.core.jobs import JobFailed
from station.core.v2g_certificate import V2G
from station.core.v2g_tasks import V2gSigningAnswered, V2gSigningQuery
from station.core.values import IdToken, TokenResult
from tests.support.core_world import EPOCH
from tests.support.job_bench import JobBench

ON = {"ISO15118Ctrlr.PnCEnabled": "true"}
TOKEN = IdToken("DE8AA1A2B3C4D5", EMAID)
SIGNED = v2g_tasks.V2gSigned(9, "chain")


class Bench(JobBench):
    """A station with Plug & Charge, unless its settings say otherwise."""

    def __init__(self, settings: dict[str, str] | None = None) -> None:
        super().__init__(ON if settings is None else settings)

    def asked(self, kind: type = V2gSigningQuery) -> list[Any]:
        """The queries of this kind."""
        return [one.query for one in self.world.log if isinstance(one, Ask) and isinstance(one.query, kind)]

    def replies(self) -> list[str]:
        """The statuses of all replies."""
        return [one.outcome.status for one in self.world.log if isinstance(one, Reply)]

    def ended(self) -> list[tuple[TokenResult, str]]:
        """The results of tokens."""
        return [(one.result, one.reason) for one in self.world.log if isinstance(one, TokenEnded) and one.final]

    def request(self, text: str = "csr") -> None:
        """The CSMS triggers, a request is made."""
        self.world.send(v2g_tasks.TriggerV2gSigning())
        self.report(v2g_tasks.MakeV2gRequest, text)

    @property
    def part(self) -> Any:
        return self.world.station.v2g


def test_who_is_asked_for_follows_the_variables() -> None:
    bench = Bench(
        {
            **ON,
            "SecurityCtrlr.OrganizationName": "CPO",
            "ISO15118Ctrlr.SeccId": "SE1",
            "ISO15118Ctrlr.CountryName": "NL",
        }
    )
    bench.world.send(v2g_tasks.TriggerV2gSigning())
    assert bench.ordered(v2g_tasks.MakeV2gRequest) == [v2g_tasks.MakeV2gRequest("SE1", "CPO", "NL")]


def test_a_request_is_stored_until_it_is_answered() -> None:
    bench = Bench()
    bench.request()
    assert bench.asked() == [V2gSigningQuery("csr")]
    assert bench.world.rows[V2G] == {"pending": "csr"}
    bench.world.power_cycle()
    assert bench.part.request.pending == "csr"
    assert bench.asked() == [V2gSigningQuery("csr")] * 2
    bench.world.send(V2gSigningAnswered(accepted=True))
    assert not bench.world.rows.get(V2G)
    assert bench.world.station.snapshot() == {name: rows for name, rows in bench.world.rows.items() if rows}


def test_a_refusal_is_remembered_until_the_next_trigger() -> None:
    bench = Bench()
    bench.request()
    bench.world.send(V2gSigningAnswered(accepted=False))
    bench.world.power_cycle()
    assert bench.part.halted
    assert bench.world.rows[V2G] == {"halted": True}
    bench.report(v2g_tasks.InspectV2g, OwnState(EPOCH + timedelta(days=1)))
    bench.world.run(7 * 86400.0)
    assert bench.ordered(v2g_tasks.MakeV2gRequest) == []
    bench.request()
    assert not bench.part.halted
    assert len(bench.asked()) == 2


@pytest.mark.parametrize("cause", ["Disconnected", "Timeout"])
def test_a_request_without_an_answer_waits_for_the_next_connection(cause: str) -> None:
    bench = Bench()
    bench.request()
    bench.world.send(ev.QueryFailed(V2gSigningQuery("csr"), cause))
    assert len(bench.asked()) == 1
    bench.world.disconnect()
    bench.world.connect()
    assert len(bench.asked()) == 2


def test_a_call_error_is_a_refusal() -> None:
    bench = Bench()
    bench.request()
    bench.world.send(ev.QueryFailed(V2gSigningQuery("csr"), "CallError", "NotSupported"))
    assert bench.part.request.pending is None
    assert bench.part.halted


def test_no_request_can_be_made() -> None:
    bench = Bench()
    bench.world.send(v2g_tasks.TriggerV2gSigning())
    bench.report(v2g_tasks.MakeV2gRequest, JobFailed("disk full"))
    assert bench.asked() == []


def test_a_certificate_that_cannot_be_recorded_is_refused_and_dropped() -> None:
    bench = Bench()
    bench.request()
    bench.world.send(SIGNED)
    bench.world.store_works = False
    bench.report(v2g_tasks.TakeV2gSigned, Taken(fingerprint="new"))
    assert bench.replies() == [STORE_FAILED.status]
    bench.world.store_works = True
    bench.world.run(10.0)
    assert bench.ordered(v2g_tasks.DropV2g) == [v2g_tasks.DropV2g("new")]


@pytest.mark.parametrize("report", [JobFailed("disk full"), Taken("it is not for a key of this station")])
def test_a_certificate_that_is_not_kept_is_rejected(report: Any) -> None:
    bench = Bench()
    bench.request()
    bench.world.send(SIGNED)
    bench.report(v2g_tasks.TakeV2gSigned, report)
    assert bench.replies() == ["Rejected"]


def test_it_is_renewed_a_month_before_its_end_and_only_while_plug_and_charge_is_on() -> None:
    bench = Bench({})
    assert bench.ordered(v2g_tasks.InspectV2g) == []
    bench = Bench()
    bench.report(v2g_tasks.InspectV2g, OwnState(bench.world.utc() + timedelta(days=32)))
    bench.world.run(86400.0)
    assert bench.ordered(v2g_tasks.MakeV2gRequest) == []
    bench.world.run(1.5 * 86400.0)
    assert len(bench.ordered(v2g_tasks.MakeV2gRequest)) == 1
    bench.report(v2g_tasks.MakeV2gRequest, "csr")
    bench.world.run(2 * 86400.0)
    assert bench.ordered(v2g_tasks.MakeV2gRequest) == [], "one that is under way is enough"


def test_damaged_rows_keep_nobody_from_booting() -> None:
    bench = Bench()
    bench.world.rows[V2G] = {"pending": 5, "halted": "yes", "other": True}
    bench.world.power_cycle()
    assert (bench.part.request.pending, bench.part.halted) == (None, False)
    assert {one for one in bench.world.station.damaged if one.startswith(V2G)} == {
        f"{V2G}/{key}" for key in ("pending", "halted", "other")
    }


# Contracts


NAMES = (certificate_tasks.CertificateHash(certificate_tasks.HashAlgorithm.SHA256, "aa", "bb", "1f"),)


def show(bench: Bench, certificate: str = "chain") -> None:
    """A vehicle shows its contract."""
    bench.world.send(ev.TokenPresented(TOKEN, "vehicle", contract=Contract(certificate)))


def test_a_contract_is_examined_before_the_csms_is_asked() -> None:
    bench = Bench()
    show(bench)
    assert bench.ordered(ExamineContract) == [ExamineContract(TOKEN.value, "chain")]
    assert bench.asked(AuthorizeQuery) == []
    bench.report(ExamineContract, Examined())
    (query,) = bench.asked(AuthorizeQuery)
    assert query.contract == Contract()


def test_a_job_that_falls_over_refuses() -> None:
    bench = Bench()
    show(bench)
    bench.report(ExamineContract, JobFailed("internal error"))
    assert bench.ended() == [(TokenResult.REJECTED, "CertChainError")]


def test_a_contract_that_was_taken_back_is_not_asked_for() -> None:
    bench = Bench()
    show(bench)
    bench.world.send(ev.TokenWithdrawn(TOKEN))
    bench.report(ExamineContract, Examined())
    assert bench.ended() == [(TokenResult.WITHDRAWN, "")]
    assert bench.asked(AuthorizeQuery) == []


def test_a_certificate_too_long_for_the_message_is_refused() -> None:
    bench = Bench({**ON, "ISO15118Ctrlr.CentralContractValidationAllowed": "true"})
    show(bench, "x" * 5501)
    bench.report(ExamineContract, Examined(rooted=False))
    assert bench.ended() == [(TokenResult.REJECTED, "CertChainError")]


def test_the_same_contract_is_not_in_process_twice() -> None:
    bench = Bench()
    show(bench)
    show(bench)
    assert bench.ended() == [(TokenResult.ALREADY_IN_PROCESS, "")]
