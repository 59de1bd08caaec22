"""Use cases: a closed package is approved by two officers, and released.

There is one way out of the country for evidence, `release`, and one guard before it: every gate of
`Moment.RELEASE`. It costs the same for a page and for a disk: the content is sealed already, so the content
key is wrapped for the receiver and one entry is signed over the digest of the segment index.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

from services.exchange import acting, approving, binding, casework, custody, judging, timing, urgent
from services.exchange.approving import Officers, Subject
from services.exchange.bench import Bench
from services.exchange.gating.moments import Moment
from services.exchange.gating.results import GateShutError
from services.exchange.keyring import Keyring
from services.exchange.records import EntryRef, Package, PackageFile, Request
from services.exchange.states import Actor, PackageAct
from services.exchange.store import Session, conditions, packages, requests, uses
from shared.protocol import canonical
from shared.protocol.approvals import (
    PACKAGE_CLEAR,
    PACKAGE_PREPARE,
    PACKAGE_RELEASE,
    Approval,
)
from shared.protocol.encryption import wrap
from shared.protocol.entries import EntryType
from shared.protocol.identifiers import Country
from shared.protocol.keys import KemPublic
from shared.protocol.law.custody import Act
from shared.protocol.messages import KeyWrap, PackageBody, Term
from shared.protocol.trust import Member
from shared.runtime.database import Database
from shared.runtime.directory import Directory
from shared.runtime.refusals import Conflict

# How long the receiver may fetch; then the sender writes that it expired.
OFFERED = timedelta(days=30)


def prepare(  # noqa: PLR0913  as `release`
    package_id: str,
    approval: str,
    *,
    database: Database,
    keyring: Keyring,
    officers: Officers,
    directory: Directory,
    actor: Actor,
) -> PackageFile:
    """Take the preparer's approval of what was closed (COLLECTED → FILTERED).

    Raises:
        NotFound, WrongStateError: there is no such package, or it was not closed.
        NotAllowed, Unprocessable: the approval is refused.
    """
    with database.begin() as db:
        packages.move(db, package_id, PackageAct.PREPARE, actor)
        package = packages.find(db, package_id)
        by = _approve(db, package, approval, PACKAGE_PREPARE, officers=officers, actor=actor)
        own = directory.member(keyring.country).name
        told = custody.performer(actor, own, officer=by)
        custody.note(db, package, Act.FILTERED, keyring=keyring, actor=actor, by=told)
        return casework.package_file(db, package_id, keyring=keyring)


def clear(package_id: str, approval: str, *, bench: Bench, actor: Actor) -> PackageFile:
    """Take the second officer's approval of exactly the same (FILTERED → CLEARED).

    Raises:
        NotFound, WrongStateError: there is no such package, or it was not prepared.
        NotAllowed, Unprocessable: the approval is refused.
        GateShutError: a gate is shut.
    """
    try:
        with bench.database.begin() as db:
            packages.move(db, package_id, PackageAct.CLEAR, actor)
            package = packages.find(db, package_id)
            _approve(db, package, approval, PACKAGE_CLEAR, officers=bench.officers, actor=actor)
            judging.judge_package(db, package, Moment.CLEAR, bench=bench, actor=actor)
            # Commit point: before it nothing was cleared; after it approval, state and events stand.
            return casework.package_file(db, package_id, keyring=bench.keyring)
    except GateShutError as shut:
        _record_shut(package_id, shut, bench=bench, actor=actor)
        raise


def release(package_id: str, approval: str, *, bench: Bench, actor: Actor) -> PackageFile:
    """Release a cleared package (CLEARED → SEALED): its entry is signed and waits for the courier.

    It is the approver's officer who releases it, with their key: no gateway can do it alone.

    Raises:
        NotFound, WrongStateError: there is no such package, or it was not cleared.
        NotAllowed, Unprocessable: the approval is refused.
        Conflict: a gate is shut, or the channel is frozen.
    """
    keyring, directory = bench.keyring, bench.directory
    try:
        with bench.database.begin() as db:
            package = packages.find(db, package_id)
            packages.move(db, package_id, PackageAct.RELEASE, actor)
            request = requests.find(db, package.request_id)
            by, held = _ordered(db, package, approval, officers=bench.officers, actor=actor)
            matter = judging.judge_package(db, package, Moment.RELEASE, bench=bench, actor=actor)
            peer = directory.members.get(Country(package.peer))
            assert peer is not None  # G01
            terms = binding.terms_for(
                db,
                request,
                package.measures,
                directory=directory,
                country=keyring.country,
                at=actor.at,
            )
            body = _body(
                package, request, held, terms=terms, peer=peer, keyring=keyring, actor=actor
            )
            uses.note(db, package_id, terms=conditions.to_bytes(terms))
            posted = casework.post(
                db, EntryType.PACKAGE, package, body, keyring=keyring, actor=actor
            )
            packages.set_entry(db, package_id, posted, actor.at + OFFERED)
            _sealed(db, package, request, posted, by, bench=bench, actor=actor)
            for category, count in Counter(each.category for each in matter.items).items():
                casework.record(
                    db, "package.category", package, actor, reason=category, count=count
                )
            # Commit point: before it nothing is signed; after it state, entry and event stand
            # together and the courier takes over.
            return casework.package_file(db, package_id, keyring=keyring)
    except GateShutError as shut:
        _record_shut(package_id, shut, bench=bench, actor=actor)
        raise


def _sealed(  # noqa: PLR0913  what a release has in its train
    db: Session,
    package: Package,
    request: Request,
    posted: EntryRef,
    by: str,
    *,
    bench: Bench,
    actor: Actor,
) -> None:
    """Record the hand-over in custody, urgency, request and clocks, and tell the log."""
    keyring, directory = bench.keyring, bench.directory
    custody.note(
        db,
        package,
        Act.TRANSFERRED,
        keyring=keyring,
        actor=actor,
        by=custody.performer(actor, directory.member(keyring.country).name, officer=by),
        seal=posted.hash,
        reason=f"to {directory.member(package.peer).name}",
    )
    urgent.acted(db, request, bench=bench, actor=actor)
    acting.answered(db, request, package.measures, bench=bench, actor=actor)
    timing.of_package(
        db,
        package,
        "released",
        at=actor.at.replace(microsecond=0),
        directory=directory,
        country=keyring.country,
    )
    state = custody.state(db, package.id)
    casework.record(db, "package.sealed", package, actor, approved_by=by, custody=state)


def _ordered(
    db: Session, package: Package, approval: str, *, officers: Officers, actor: Actor
) -> tuple[str, tuple[Approval, ...]]:
    """Take the order to release; return who gave it, and the approvals that the entry names."""
    subject = _subject(package, PACKAGE_RELEASE)
    order = approving.take(db, approval, subject, officers=officers, actor=actor)
    held = approving.given(db, subject, officers=officers)
    return order.officer, tuple(each for each in held if each.act != PACKAGE_RELEASE)


def _approve(
    db: Session, package: Package, approval: str, act: str, *, officers: Officers, actor: Actor
) -> str:
    """Take an approval; return the officer who gave it."""
    subject = _subject(package, act)
    given = approving.take(db, approval, subject, officers=officers, actor=actor)
    event = "package.filtered" if act == PACKAGE_PREPARE else "package.cleared"
    casework.record(db, event, package, actor, approved_by=given.officer)
    return given.officer


def _subject(package: Package, act: str) -> Subject:
    assert package.index_sha384 is not None  # COLLECTED and later
    return Subject(
        act=act, object_id=package.id, version=package.version, digest=package.index_sha384
    )


def _record_shut(package_id: str, shut: GateShutError, *, bench: Bench, actor: Actor) -> None:
    with bench.database.read() as db:
        package = packages.find(db, package_id)
    casework.record_shut(bench.database, package, shut, actor)


def _body(  # noqa: PLR0913  what the entry says
    package: Package,
    request: Request,
    held: Sequence[Approval],
    *,
    terms: tuple[Term, ...],
    peer: Member,
    keyring: Keyring,
    actor: Actor,
) -> PackageBody:
    if request.entry is None:
        raise Conflict("no_request_entry", "The request has no entry in the channel.", rule="T05")
    kem = _newest(peer, int(actor.at.timestamp()))
    wrapped = wrap(
        casework.package_key(package, keyring).content,
        kem,
        package_id=package.id,
        sender=keyring.country,
        recipient_country=package.peer,
    )
    assert package.index_sha384 is not None
    assert package.tagmanifest_sha256 is not None
    return PackageBody(
        package_id=package.id,
        request_id=package.request_id,
        request_entry=request.entry.hash,
        measures=package.measures,
        segment_size=package.segment_size,
        segments=package.segments,
        items=package.items,
        size=package.size,
        index_sha384=package.index_sha384,
        tagmanifest_sha256=package.tagmanifest_sha256,
        keys=(KeyWrap(country=package.peer, kid=kem.kid, wrap=canonical.b64u(wrapped)),),
        approvals=tuple(approval.reference() for approval in held),
        expires=int((actor.at + OFFERED).timestamp()),
        terms=terms,
    )


def _newest(peer: Member, at: int) -> KemPublic:
    """Return the key in force that began last: a rotated key is used as soon as it is announced."""
    in_force = [dated for dated in peer.kem if dated.nbf <= at < dated.exp]
    return max(in_force, key=lambda dated: dated.nbf).key
