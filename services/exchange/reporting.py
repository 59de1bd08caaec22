"""Report on use, breaches, deletions that are asked for: what may follow a case at any time (T31).

The sending country may ask what became of its evidence (BUD 28(4)), and have it deleted or restricted; the
receiving country answers. Either notes a breach of a condition; a report accounts for it.
"""

from typing import Annotated, Literal

from pydantic import Field

from services.exchange import binding, casework, keeping
from services.exchange.bench import Bench
from services.exchange.drafts import Prose
from services.exchange.records import Request, RequestFile
from services.exchange.signed import Said
from services.exchange.states import Actor, Direction, advance
from services.exchange.store import Session, packages, requests, uses
from services.exchange.store.uses import Use
from shared.protocol.entries import EntryType
from shared.protocol.law import library
from shared.protocol.law.conditions import ConditionAct
from shared.protocol.law.lifecycle import Act
from shared.protocol.legalacts import NoticeBody
from shared.protocol.messages import Label
from shared.runtime.refusals import Unprocessable

Conditions = Annotated[tuple[Label, ...], Field(max_length=20)]


class Asking(Said):
    """What the sending country wants to know, about which conditions (none: about the use as such)."""

    codes: Conditions = ()
    text: Prose


class Reporting(Said):
    """What was made of the evidence; `codes`: breached conditions that this accounts for."""

    codes: Conditions = ()
    text: Prose


class Breaching(Said):
    """Which conditions were breached, and how."""

    codes: Annotated[tuple[Label, ...], Field(min_length=1, max_length=20)]
    text: Prose


class Deleting(Said):
    """What is to become of a package at whoever received it, and why."""

    measure: Literal["delete", "restrict", "lift"]
    text: Prose


def ask(request_id: str, content: Asking, *, bench: Bench, actor: Actor) -> RequestFile:
    """Ask what became of the evidence.

    Raises:
        NotFound: there is no such request.
        WrongStateError, Conflict: it is too early, or for the other country to do.
        Unprocessable: a code is of no condition.
    """
    with bench.database.begin() as db:
        request = _followed(db, request_id, Direction.IN)
        check_conditions(content.codes)
        said = NoticeBody(
            kind="use-report-request", request_id=request_id, codes=content.codes, text=content.text
        )
        casework.post(db, EntryType.NOTICE, request, said, keyring=bench.keyring, actor=actor)
        casework.record(db, "condition.report_asked", request, actor, reason="COND-09")
        # Commit point: before it nobody was asked; after it the courier brings the question.
        return casework.request_file(db, request_id)


def report(request_id: str, content: Reporting, *, bench: Bench, actor: Actor) -> RequestFile:
    """Tell the sending country what became of its evidence.

    Raises:
        NotFound, WrongStateError, Conflict, Unprocessable: as `ask`.
    """
    with bench.database.begin() as db:
        request = _followed(db, request_id, Direction.OUT)
        check_conditions(content.codes)
        binding.mark(db, request_id, content.codes, ConditionAct.REPORT)
        said = NoticeBody(
            kind="use-report", request_id=request_id, codes=content.codes, text=content.text
        )
        casework.post(db, EntryType.NOTICE, request, said, keyring=bench.keyring, actor=actor)
        casework.record(db, "condition.reported", request, actor, reason="COND-09")
        # Commit point: before it nothing was told; after it the courier brings the report.
        return casework.request_file(db, request_id)


def breach(request_id: str, content: Breaching, *, bench: Bench, actor: Actor) -> RequestFile:
    """Note, in both countries, that conditions were breached.

    Raises:
        NotFound, WrongStateError: as `ask`.
        Unprocessable: a code is of no condition, or of none that binds.
    """
    with bench.database.begin() as db:
        request = _followed(db, request_id, None)
        check_conditions(content.codes)
        moved = binding.mark(db, request_id, content.codes, ConditionAct.BREACH)
        if set(content.codes) - set(moved):
            raise Unprocessable(
                "not_binding",
                f"{', '.join(sorted(set(content.codes) - set(moved)))} does not bind in this case.",
                rule="spec/conditions.md",
                next_step="Name conditions that were accepted.",
            )
        said = NoticeBody(
            kind="incident", request_id=request_id, codes=content.codes, text=content.text
        )
        casework.post(db, EntryType.NOTICE, request, said, keyring=bench.keyring, actor=actor)
        for code in moved:
            casework.record(db, "condition.breached", request, actor, reason=code)
        # Commit point: before it nothing is noted; after it both countries come to hold it.
        return casework.request_file(db, request_id)


def delete(package_id: str, content: Deleting, *, bench: Bench, actor: Actor) -> Use:
    """Ask whoever received a package to delete or restrict it, or end a restriction.

    Raises:
        NotFound: there is no such package.
        Conflict: it was received here.
    """
    with bench.database.begin() as db:
        package = keeping.sent(packages.find(db, package_id))
        body = NoticeBody(
            kind="deletion-request",
            request_id=package.request_id,
            package_id=package_id,
            details={"measure": content.measure},
            text=content.text,
        )
        casework.post(db, EntryType.NOTICE, package, body, keyring=bench.keyring, actor=actor)
        if content.measure == "lift":
            keeping.free(db, package, actor=actor)
        else:
            keeping.order(db, package, content.measure, "requested", actor=actor)
        # Commit point: before it nothing was asked; after it the order is on its way.
        return uses.of(db, package_id)


def check_conditions(codes: tuple[str, ...]) -> None:
    """Check that codes are of conditions.

    Raises:
        Unprocessable: one is not.
    """
    unknown = sorted(set(codes) - library.codes()["condition"].keys())
    if unknown:
        raise Unprocessable(
            "unknown_code",
            f"There is no condition {', '.join(unknown)}.",
            next_step="Take codes of the list, as COND-01.",
        )


def _followed(db: Session, request_id: str, side: Direction | None) -> Request:
    """Return a request on the wanted side that is far enough for a report (T31)."""
    request = requests.find(db, request_id)
    if side is not None:
        casework.of_side(request, side)
    advance(request.state, Act.REPORT)
    return request
