"""What every use case of a request or a package does: write entries about it, record events, show it."""

from collections.abc import Sequence

from services.exchange import correspondence, waits
from services.exchange.gating.results import GateShutError
from services.exchange.keyring import Keyring, PackageKey
from services.exchange.records import EntryRef, Package, PackageFile, Request, RequestFile
from services.exchange.states import Actor, Direction
from services.exchange.store import Session, approvals, history, listing, packages, requests
from shared.protocol.entries import EntryType
from shared.protocol.identifiers import Country
from shared.protocol.messages import Body
from shared.runtime.database import Database
from shared.runtime.refusals import Conflict


def of_side(request: Request, wanted: Direction) -> Request:
    """Return a request that is on the wanted side: `out` to ask for, `in` to execute.

    Raises:
        Conflict: it is on the other.
    """
    if request.direction is not wanted:
        who = "requesting" if wanted is Direction.OUT else "executing"
        raise Conflict(
            "other_side",
            f"This is for the {who} country to do.",
            next_step="Look at the request to see what its state waits for.",
        )
    return request


def post(
    db: Session,
    kind: EntryType,
    subject: Request | Package,
    body: Body,
    *,
    keyring: Keyring,
    actor: Actor,
) -> EntryRef:
    """Append an entry about a request or package to the channel of its peer.

    Raises:
        Conflict: the channel is frozen.
    """
    letter = correspondence.Letter(
        type=kind,
        recipient=Country(subject.peer),
        request_id=_case(subject),
        transfer_id=subject.id,
        body=body.to_json(),
        size=subject.size if isinstance(subject, Package) else None,
    )
    posted = correspondence.append(
        db, letter, keyring=keyring, now=actor.at, personal=actor.personal
    )
    return EntryRef(channel=posted.channel, epoch=posted.epoch, seq=posted.seq, hash=posted.hash)


def record(
    db: Session,
    event: str,
    subject: Request | Package,
    actor: Actor,
    *,
    reason: str | None = None,
    count: int | None = None,
    **personal: str,
) -> None:
    """Put an event about a request or package into the outbox to the log.

    `reason` is a code (a gate's number, an item's id); `personal` reaches the log as commitments only.
    """
    correspondence.record(
        db,
        event,
        case_id=_case(subject),
        transfer_id=subject.id,
        peer=subject.peer,
        personal=actor.personal | personal,
        reason=reason,
        count=count,
        now=actor.at,
    )


def record_shut(
    database: Database, subject: Request | Package, shut: GateShutError, actor: Actor
) -> None:
    """Record which gates were shut: the refusal itself rolled everything else back."""
    with database.begin() as db:
        for result in shut.shut:
            record(db, "gate.failed", subject, actor, reason=result.gate)


def request_file(db: Session, request_id: str) -> RequestFile:
    """Return a request with what was done about it.

    Raises:
        NotFound: there is none of that id.
    """
    request = requests.find(db, request_id)
    return RequestFile(
        request=request,
        approvals=approvals.of(db, request.id, request.version),
        history=history.steps(db, request.id),
        delivery=waits.waiting_for(db, request.id),
    )


def request_files(db: Session, found: Sequence[Request]) -> tuple[RequestFile, ...]:
    """Return many requests with what was done about them, by a few queries for all."""
    ids = [request.id for request in found]
    given, steps, told = listing.approvals(db, ids), listing.steps(db, ids), waits.waiting(db, ids)
    return tuple(
        RequestFile(
            request=request,
            approvals=tuple(a for a in given[request.id] if a.version == request.version),
            history=tuple(steps[request.id]),
            delivery=told.get(request.id),
        )
        for request in found
    )


def package_file(db: Session, package_id: str, *, keyring: Keyring) -> PackageFile:
    """Return a package with its title in the clear and what was done about it.

    Raises:
        NotFound: there is none of that id.
    """
    package = packages.find(db, package_id)
    sealed = package.sealed_title
    return PackageFile(
        package=package,
        title="" if sealed is None else keyring.open_title(sealed, package.id),
        approvals=approvals.of(db, package.id, package.version),
        history=history.steps(db, package.id),
        delivery=waits.waiting_for(db, package.id),
    )


def package_key(package: Package, keyring: Keyring) -> PackageKey:
    """Return the content key of a package.

    Raises:
        Conflict: it was destroyed when the receiver confirmed the content.
    """
    if package.wrapped_key is None:
        raise Conflict(
            "key_destroyed",
            "The content key of this package is destroyed here; the receiver has the evidence.",
            next_step="Ask the country that received the package.",
        )
    return keyring.unwrap_at_rest(package.wrapped_key, package.id)


def _case(subject: Request | Package) -> str:
    return subject.request_id if isinstance(subject, Package) else subject.id
