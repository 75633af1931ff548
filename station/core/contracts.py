"""Plug & Charge: what has to be true of a contract before it may charge.

Not the token's way through the validators (``station.core.validation``, which calls this), nor the certificates of
the station itself (``station.core.v2g_certificate``).

Spec: OCPP 2.0.1 C07; OCA "Using ISO 15118 Plug & Charge with OCPP 1.6" v1.0, chapter 5.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from station.core import names
from station.core.context import Context
from station.core.contract_tasks import EMAID, Contract, ExamineContract, Examined
from station.core.events import TokenPresented
from station.core.jobs import JobFailed, Jobs
from station.core.values import IdToken

CHAIN_ERROR: Final = "CertChainError"
"""The certificate is not genuine as far as the station can tell (OCPP 2.0.1 AuthorizeCertificateStatusEnumType)."""
NOT_VALIDATED: Final = "ContractNotValidatedOffline"
"""Nobody can validate the contract without a connection (C07.FR.07)."""

_LONGEST_CERTIFICATE: Final = 5500
"""OCPP 2.0.1 AuthorizeRequest."""


class Contracts:
    """The rules for contracts at one station."""

    __slots__ = ("_ctx", "_jobs")

    def __init__(self, ctx: Context, jobs: Jobs) -> None:
        self._ctx = ctx
        self._jobs = jobs

    def shown(self, event: TokenPresented) -> Contract | None:
        """The contract that a token stands for; None for cards, and where Plug & Charge is off."""
        if event.token.type != EMAID or not self._ctx.flag(names.PNC_ENABLED):
            return None
        return event.contract or Contract()

    def refusal(self, online: bool) -> str:
        """Why no contract may charge now; empty where it may (C07.FR.07)."""
        return "" if online or self._ctx.flag(names.CONTRACT_VALIDATION_OFFLINE) else NOT_VALIDATED

    def examine(self, token: IdToken, contract: Contract, hear: Callable[[Contract, str], None]) -> None:
        """Check a certificate; ``hear`` gets the contract as the CSMS is told of it, and what is wrong with it."""
        task = ExamineContract(token.value, contract.certificate)
        self._jobs.start(task, lambda report: hear(*self._examined(contract, report)))

    def _examined(self, contract: Contract, report: Any) -> tuple[Contract, str]:
        if isinstance(report, JobFailed):
            return contract, CHAIN_ERROR
        examined: Examined = report
        if examined.problem:
            return contract, examined.problem
        if examined.rooted:
            return Contract(names=examined.names), ""
        # Nobody here can say whether it is genuine: that is the CSMS's business, or nobody's (C07.FR.06).
        central = self._ctx.online and self._ctx.flag(names.CENTRAL_CONTRACT_VALIDATION)
        fits = len(contract.certificate) <= _LONGEST_CERTIFICATE
        return contract, "" if central and fits else CHAIN_ERROR
