"""How long evidence of another country is kept, and who may still read it (process 5, G16).

kept ─(its day is over)→ blocked, and somebody is asked ─review→ kept
                                                        └destroy→ gone (`disposal`)
a legal hold wins over every deletion; a restriction ends all reading, and keeps what is there
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final, Literal

from services.exchange import approving, casework, supplying, timing
from services.exchange.bench import Bench
from services.exchange.drafts import Prose
from services.exchange.gating.matter import Consent
from services.exchange.records import Package, Request
from services.exchange.signed import Said, Signed
from services.exchange.states import Actor, Direction, PackageAct, PackageState
from services.exchange.store import Session, conditions, onwards, packages, uses
from services.exchange.store.uses import Use
from shared.protocol import canonical
from shared.protocol.approvals import RETENTION_ACT
from shared.protocol.law.conditions import deletion_date
from shared.protocol.messages import ApprovalReference, Term
from shared.runtime.refusals import Conflict, Unprocessable

OVER: Final = "retention_over"
REQUESTED: Final = "requested"  # by the country that sent it
RULE: Final = "G16; 2AP 14(5); LED 5"
LIVE: Final = frozenset(
    {PackageState.RECEIVED, PackageState.VERIFIED, PackageState.IN_USE, PackageState.DISPUTED}
)
_INSIDE = frozenset(
    {PackageState.COLLECTING, PackageState.COLLECTED, PackageState.FILTERED, PackageState.CLEARED}
)
Data = Literal["none", "delete", "restrict", "keep"]


class Holding(Said):
    """Whether a legal hold keeps the evidence, and why."""

    hold: bool
    text: Prose


class Reviewing(Said):
    """Until when the evidence is still needed, and why."""

    until: date
    text: Prose


def begin(db: Session, package: Package, request: Request, terms: Sequence[Term]) -> None:
    """Keep the terms under which a package was released, and work out how long it may be kept."""
    said = supplying.document(db, request).retention
    days = [date.fromisoformat(said.until)] if said is not None else []
    by = deletion_date(terms)
    until = min([*days, by] if by else days, default=None)
    uses.note(
        db,
        package.id,
        terms=conditions.to_bytes(terms),
        retain_until=until.isoformat() if until else None,
    )


def hold(package_id: str, content: Signed[Holding], *, bench: Bench, actor: Actor) -> Use:
    """Put a package under legal hold, or end that; on an officer's signature.

    Raises:
        NotFound: there is no such package.
        NotAllowed, Unprocessable: the officer's signature is refused.
        Conflict: it is destroyed.
    """
    with bench.database.begin() as db:
        package = packages.find(db, package_id)
        given = approving.check_statement(
            content, "legal-hold", RETENTION_ACT, package, officers=bench.officers, now=actor.at
        )
        said = content.statement
        _check_here(db, package)
        uses.note(db, package_id, hold=said.text if said.hold else None)
        reason = "held" if said.hold else "lifted"
        casework.record(
            db, "package.legal_hold", package, actor, reason=reason, approved_by=given.officer
        )
        # Commit point: before it nothing changed; after it the job that destroys passes it by.
        return uses.of(db, package_id)


def review(package_id: str, content: Signed[Reviewing], *, bench: Bench, actor: Actor) -> Use:
    """Find that evidence is still needed, until another day, on an officer's signature.

    Raises:
        NotFound: there is no such package.
        NotAllowed: the officer's signature is refused.
        Unprocessable: the day is past, or after the day by which COND-05 has it deleted.
        Conflict: it is the other country's to keep, or destroyed.
    """
    with bench.database.begin() as db:
        package = received(packages.find(db, package_id))
        given = approving.check_statement(
            content,
            "review-retention",
            RETENTION_ACT,
            package,
            officers=bench.officers,
            now=actor.at,
        )
        use = _check_here(db, package)
        until = content.statement.until
        _check_day(until, use, actor.at.date())
        uses.note(db, package_id, retain_until=until.isoformat(), asked_at=None)
        _reviewed(db, package, bench, actor)
        casework.record(db, "package.retention_reviewed", package, actor, approved_by=given.officer)
        # Commit point: before it the old day counts; after it the new one.
        return uses.of(db, package_id)


def end(
    db: Session,
    request: Request,
    data: Data,
    code: str,
    *,
    actor: Actor,
    approval: ApprovalReference | None = None,
) -> None:
    """Do what the end of a request means for its packages, in either country.

    What has not left is given up. What was received is deleted or restricted, as the requesting country
    said when it withdrew; for a deletion the job that destroys carries it out.
    """
    for package in packages.of_request(db, request.id):
        if package.direction is Direction.OUT and package.state in _INSIDE:
            packages.move(db, package.id, PackageAct.WITHDRAW, actor)
            uses.note(db, package.id, reason=code)
            if uses.of(db, package.id).hold is None:  # else when the hold ends (`Disposer`)
                give_up(db, package.id, at=actor.at)
        elif package.state in LIVE and data in {"delete", "restrict"}:
            order(db, package, data, code, actor=actor, approval=approval)


def give_up(db: Session, package_id: str, *, at: datetime) -> None:
    """Have nobody open a package any more that never left."""
    packages.destroy_key(db, package_id)
    uses.note(db, package_id, destroyed_at=at)


def order(
    db: Session,
    package: Package,
    data: Data,
    code: str,
    *,
    actor: Actor,
    approval: ApprovalReference | None = None,
) -> None:
    """Order a package to be deleted or restricted; whoever has it reads it no more."""
    if data == "delete":
        mark = None if approval is None else canonical.encode(approval.to_json()).decode()
        uses.note(db, package.id, ordered=code, ordered_at=actor.at, restricted=code, approval=mark)
        casework.record(db, "deletion.ordered", package, actor, reason=code)
    else:
        _restrict(db, package, code)
        casework.record(db, "package.restricted", package, actor, reason=code)


def _restrict(db: Session, package: Package, code: str) -> None:
    """Restrict a package; what restricts it already goes on doing so."""
    if uses.of(db, package.id).restricted is None:
        uses.note(db, package.id, restricted=code)


def ask_deletion(db: Session, package: Package, code: str, *, actor: Actor) -> None:
    """Restrict what another country wants deleted, until an officer here has it destroyed."""
    _restrict(db, package, code)
    uses.note(db, package.id, ordered_at=actor.at)
    casework.record(db, "deletion.ordered", package, actor, reason=code)


def free(db: Session, package: Package, *, actor: Actor) -> None:
    """End the restriction that the sending country wished; nobody else's, and no order to delete.

    Raises:
        Conflict: it is restricted for another reason, or not at all.
    """
    use = uses.of(db, package.id)
    if use.restricted != REQUESTED or use.ordered not in {None, REQUESTED}:
        raise Conflict(
            "not_lifted",
            f"The sending country does not restrict this package ({use.restricted or 'nobody does'}).",
            rule=RULE,
            next_step="Ask the country that has it.",
        )
    uses.note(db, package.id, restricted=None, ordered=None, ordered_at=None)
    casework.record(db, "package.restricted", package, actor, reason="lifted")


def check_usable(db: Session, package: Package) -> Use:
    """Check that nothing keeps a package from being read, but its time (G16).

    Raises:
        Conflict: its use is restricted.
    """
    use = uses.of(db, package.id)
    if use.restricted is not None:
        raise Conflict(
            "use_restricted",
            f"This evidence is not to be used any more ({use.restricted}).",
            rule="EER 10(4); G16",
            next_step="Ask the central authority what is to become of it.",
        )
    return use


def matter(
    db: Session, _request: Request, package: Package | None, _at: datetime
) -> Mapping[str, Any]:
    """Return what gates look at (G16, G17): `matters.SOURCES`."""
    if package is None:
        return {}
    use = uses.of(db, package.id)
    return {
        "retention_until": use.retain_until,
        "legal_hold": use.hold is not None,
        "consents": tuple(
            Consent(
                recipient=each.recipient,
                purpose=each.purpose,
                items=frozenset(each.items),
                until=each.until,
            )
            for each in onwards.of_package(db, package.id)
            if each.state == onwards.CONSENTED
        ),
    }


def received(package: Package) -> Package:
    """Return a package that another country sent.

    Raises:
        Conflict: it is one that was sent.
    """
    if package.direction is not Direction.IN:
        raise Conflict(
            "other_side",
            "This is for the country that received the package.",
            next_step="Ask it for a deletion, or for a report on its use.",
        )
    return package


def sent(package: Package) -> Package:
    """Return a package that was sent to another country.

    Raises:
        Conflict: it is one that was received.
    """
    if package.direction is not Direction.OUT:
        raise Conflict(
            "other_side",
            "This is for the country that sent the package.",
            next_step="Ask it, by a request to hand the evidence on.",
        )
    return package


def _check_here(db: Session, package: Package) -> Use:
    use = uses.of(db, package.id)
    if use.destroyed_at is not None:
        raise Conflict("destroyed", "The package is destroyed.", rule=RULE)
    return use


def _check_day(until: date, use: Use, today: date) -> None:
    latest = deletion_date(use.terms)
    if until <= today or (latest is not None and until > latest):
        limit = f" and not after {latest.isoformat()} (COND-05)" if latest else ""
        raise Unprocessable(
            "bad_retention",
            f"Evidence is kept until a day to come{limit}.",
            rule=RULE,
            next_step="Name another day, or destroy the evidence.",
        )


def _reviewed(db: Session, package: Package, bench: Bench, actor: Actor) -> None:
    timing.of_package(
        db,
        package,
        "reviewed",
        at=actor.at.replace(microsecond=0),
        directory=bench.directory,
        country=bench.keyring.country,
    )
