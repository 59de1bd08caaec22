"""Who opens evidence says for which case, and every gate of that moment is asked (G18, G16, G10).

The case is the one that the request names, or one that was approved: a finding at G18, signed. Exculpatory
material may be opened for another case where COND-13 allows it; the country that sent it is told.
"""

from dataclasses import dataclass, replace

from services.exchange import casework, keeping, matters
from services.exchange.bench import Bench
from services.exchange.gating import moments
from services.exchange.gating.matter import Reading
from services.exchange.gating.moments import Moment
from services.exchange.gating.results import GateShutError
from services.exchange.records import Package
from services.exchange.states import Actor
from services.exchange.store import Session, requests
from shared.protocol.approvals import Approval
from shared.protocol.entries import EntryType
from shared.protocol.legalacts import NoticeBody

EXCULPATORY = "COND-13"


@dataclass(frozen=True, slots=True, kw_only=True)
class Purpose:
    """What whoever opens evidence states."""

    case: str  # a case number of their own authority; empty: none was stated
    exculpatory: bool = False


def check(
    package: Package, purpose: Purpose, given: Approval, *, bench: Bench, actor: Actor
) -> None:
    """Let an officer open a package for a case, if every gate is open; what is shut is on record.

    Raises:
        GateShutError: one is not.
        Conflict: its use is restricted.
    """
    reading = Reading(
        officer=given.officer, case_reference=purpose.case, exculpatory=purpose.exculpatory
    )
    with bench.database.read() as db:
        keeping.check_usable(db, package)
        request = requests.find(db, package.request_id)
        matter = matters.of_package(db, package, request, bench=bench, actor=actor)
    try:
        moments.guard(replace(matter, reading=reading), Moment.ACCESS)
    except GateShutError as shut:
        casework.record_shut(bench.database, package, shut, actor)
        raise


def note(
    db: Session, package: Package, purpose: Purpose, given: Approval, *, bench: Bench, actor: Actor
) -> None:
    """Put on record that an officer begins to take a package, and for which case."""
    casework.record(
        db,
        "evidence.accessed",
        package,
        actor,
        reason="exculpatory" if purpose.exculpatory else None,
        approved_by=given.officer,
        purpose=purpose.case,
    )
    if purpose.exculpatory:
        body = NoticeBody(
            kind="use-report",
            request_id=package.request_id,
            package_id=package.id,
            codes=(EXCULPATORY,),
            text=f"Opened as exculpatory material in case {purpose.case}.",
        )
        casework.post(db, EntryType.NOTICE, package, body, keyring=bench.keyring, actor=actor)
