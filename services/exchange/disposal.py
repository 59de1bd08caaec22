"""Evidence is destroyed: first its key, then every octet, then both countries sign for it.

    destroy (an officer)  or  an order that stands (a withdrawal)
       │  commit: DESTROYED, the content key is gone; nobody opens it again
    `Disposer`: the sealed octets are removed, durably
       │  commit: certificate to the country that sent it
    there: the same over its own sealed copy; commit: countersigned, with the digests that it has itself

What stays are entries, custody and log. The key that an entry carries is wrapped to the receiver's key; what
it would open is gone in both countries once the certificate is countersigned.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from services.exchange import approving, casework, custody, keeping, timing
from services.exchange.bench import Bench
from services.exchange.drafts import Prose
from services.exchange.records import Package
from services.exchange.signed import Said, Signed
from services.exchange.states import Actor, Direction, PackageAct, PackageState
from services.exchange.store import Session, entries, packages, transfers, uses
from services.exchange.store.uses import Use
from shared.protocol import canonical
from shared.protocol.approvals import RETENTION_ACT, Approval
from shared.protocol.entries import EntryType
from shared.protocol.law.custody import Act
from shared.protocol.legalacts import NoticeBody
from shared.protocol.messages import ApprovalReference, EntryReference
from shared.runtime import logs
from shared.runtime.clock import Clock
from shared.runtime.refusals import Conflict, Refusal

REASONS: Final = frozenset(
    {"retention_over", "not_needed", "condition", "order", "unlawful", "withdrawn", "lapsed"}
    | {"requested", "destroyed"}
)
RULE: Final = "2AP 14(5); LED 5; MT 7"
METHOD: Final = "content key deleted, sealed content removed"
BATCH: Final = 20  # packages at a time


class Destroying(Said):
    """Why evidence is destroyed."""

    reason: Literal["retention_over", "not_needed", "condition", "order", "unlawful"]
    text: Prose


class Returning(Said):
    """What goes back to the country that sent it, and how."""

    text: Prose


def destroy(package_id: str, content: Signed[Destroying], *, bench: Bench, actor: Actor) -> Use:
    """Destroy a package that was received, on an officer's signature.

    Raises:
        NotFound: there is no such package.
        NotAllowed, Unprocessable: the officer's signature is refused.
        Conflict: a legal hold keeps it, or it is for the other country to do.
    """
    with bench.database.begin() as db:
        package = keeping.received(packages.find(db, package_id))
        given = approving.check_statement(
            content, "destroy", RETENTION_ACT, package, officers=bench.officers, now=actor.at
        )
        note_approval(db, package, given)
        _destroy(db, package, content.statement.reason, bench=bench, actor=actor)
        # Commit point: before it the evidence is whole; after it nobody opens it, and the job removes it.
        return uses.of(db, package_id)


def give_back(package_id: str, content: Signed[Returning], *, bench: Bench, actor: Actor) -> Use:
    """Return what was received, and keep no copy: the same as to destroy it, and the sender is told.

    Raises:
        NotFound, NotAllowed, Unprocessable, Conflict: as `destroy`.
    """
    with bench.database.begin() as db:
        package = keeping.received(packages.find(db, package_id))
        given = approving.check_statement(
            content, "give-back", RETENTION_ACT, package, officers=bench.officers, now=actor.at
        )
        note_approval(db, package, given)
        _destroy(db, package, "returned", bench=bench, actor=actor)
        # Commit point: as in `destroy`.
        return uses.of(db, package_id)


def note_approval(db: Session, package: Package, given: Approval) -> None:
    """Keep on whose signature a package ends."""
    signed = canonical.encode(given.reference().to_json()).decode()
    uses.note(db, package.id, officer=given.officer, approval=signed)


def taken(db: Session, package: Package, reason: str, certificate: str, *, actor: Actor) -> None:
    """Do here what the receiver's certificate tells: our sealed copy follows (`Disposer`)."""
    uses.note(db, package.id, certificate=certificate)
    if uses.of(db, package.id).hold is not None:  # a legal hold wins; the job goes on when it ends
        uses.note(db, package.id, ordered=reason, ordered_at=actor.at)
        return
    _end(db, package, reason, actor=actor)
    _done(db, package, actor)


@dataclass(slots=True, kw_only=True)
class Disposer:
    """Carries out deletions that are ordered, removes what is destroyed, and asks when time is over."""

    bench: Bench
    clock: Clock

    def begin(self) -> None:
        """Nothing is taken over: whatever is not done is done again."""

    def work(self) -> bool:
        """Do what is due, a few packages at a time; False when nothing was."""
        actor = Actor(client_id=f"disposer@{self.bench.keyring.country}", at=self.clock())
        with self.bench.database.read() as db:
            steps = (
                (self._give_up, uses.given_up(db, BATCH)),
                (self._obey, uses.ordered(db, BATCH)),
                (self._remove, uses.unshredded(db, BATCH)),
                (self._ask, uses.over(db, actor.at.date(), BATCH)),
            )
        done = [_done_now(step, one, actor) for step, found in steps for one in found]
        return any(done)

    def _give_up(self, package_id: str, actor: Actor) -> None:
        """Destroy the key of what was given up while a legal hold kept it, now that the hold has ended."""
        with self.bench.database.begin() as db:
            if uses.of(db, package_id).hold is None:
                keeping.give_up(db, package_id, at=actor.at)
            # Commit point: before it the package rests; after it nobody opens it, and it is removed.

    def _obey(self, package_id: str, actor: Actor) -> None:
        """Destroy what a withdrawal, or a certificate of the peer, orders; its signature stands for it."""
        with self.bench.database.begin() as db:
            package, use = packages.find(db, package_id), uses.of(db, package_id)
            if use.destroyed_at or use.hold or use.ordered is None:
                return  # meanwhile somebody did it, or stopped it
            _destroy(db, package, use.ordered, bench=self.bench, actor=actor)
            # Commit point: as in `destroy`.

    def _remove(self, package_id: str, actor: Actor) -> None:
        bench = self.bench
        with bench.database.read() as db:
            package = packages.find(db, package_id)
            digests = uses.blobs(db, package_id)
        blobs = [*digests, package.index_blob, package.case_blob]
        bench.vault.shred(blob for blob in blobs if blob)
        # If we die here, or anywhere above, all of it is done again: what is gone stays gone.
        with bench.database.begin() as db:
            uses.note(db, package_id, shredded_at=actor.at)
            if package.state is PackageState.WITHDRAWN:
                return  # it never left: nobody waits for a certificate
            _record(db, package, bench, actor)
            posted = _certify(db, package, bench, actor)
            if package.direction is Direction.IN:
                uses.note(db, package_id, certificate=posted)
                _done(db, package, actor)
            else:
                uses.note(db, package_id, countersigned=posted)
            # Commit point: before it no certificate was signed; after it the courier brings it.

    def _ask(self, package_id: str, actor: Actor) -> None:
        """Tell that the time of a package is over: from that day on G16 lets nobody read it."""
        with self.bench.database.begin() as db:
            package = packages.find(db, package_id)
            uses.note(db, package_id, asked_at=actor.at)
            casework.record(db, "package.restricted", package, actor, reason=keeping.OVER)
            # Commit point: before it nobody was told; after it the log is, once.


def _done_now(step: Callable[[str, Actor], None], package_id: str, actor: Actor) -> bool:
    """Do a step; False if it has to wait, as behind a frozen channel: the others go on."""
    try:
        step(package_id, actor)
    except Refusal as refusal:
        logs.log().warning("not_disposed", package=package_id, code=refusal.code)
        return False
    return True


def _destroy(db: Session, package: Package, reason: str, *, bench: Bench, actor: Actor) -> None:
    use = uses.of(db, package.id)
    if use.hold is not None:
        raise Conflict(
            "legal_hold",
            f"A legal hold keeps this package: {use.hold}",
            rule=RULE,
            next_step="Whoever ordered the hold ends it first.",
        )
    _end(db, package, reason, actor=actor)
    timing.of_package(
        db,
        package,
        "returned" if reason == "returned" else "destroyed",
        at=actor.at.replace(microsecond=0),
        directory=bench.directory,
        country=bench.keyring.country,
    )


def _end(db: Session, package: Package, reason: str, *, actor: Actor) -> None:
    returned = reason == "returned"
    packages.move(db, package.id, PackageAct.RETURN if returned else PackageAct.DESTROY, actor)
    packages.destroy_key(db, package.id)
    transfers.end_work(db, package.id, None)  # whoever fetches it stops
    uses.note(db, package.id, reason=reason, destroyed_at=actor.at)
    event = "package.returned" if returned else "package.destroyed"
    casework.record(db, event, package, actor, reason=reason)


def _done(db: Session, package: Package, actor: Actor) -> None:
    use = uses.of(db, package.id)
    if use.ordered_at is not None:
        reason = use.ordered or "requested"
        casework.record(db, "deletion.done", package, actor, reason=reason)


def _record(db: Session, package: Package, bench: Bench, actor: Actor) -> None:
    use, own = uses.of(db, package.id), bench.directory.member(bench.keyring.country)
    act = Act.RETURNED if use.reason == "returned" else Act.DESTROYED
    by = custody.performer(actor, own.name, officer=use.officer)
    custody.note(
        db, package, act, keyring=bench.keyring, actor=actor, by=by, reason=use.reason or METHOD
    )


def _certify(db: Session, package: Package, bench: Bench, actor: Actor) -> str:
    """Write the certificate (receiver), or its countersignature (sender); return its hash."""
    use = uses.of(db, package.id)
    about = _reference(db, use.certificate) if use.certificate else _announced(package)
    ends: Literal["return", "destruction"] = "return" if use.reason == "returned" else "destruction"
    body = NoticeBody(
        kind="destruction-countersigned" if use.certificate else ends,
        request_id=package.request_id,
        package_id=package.id,
        about=about,
        codes=(use.reason or "destroyed",),
        items=tuple(uses.items(db, package.id)),
        details={
            "index_sha384": package.index_sha384,
            "tagmanifest_sha256": package.tagmanifest_sha256,
            "items": package.items,
            "size": package.size,
            "destroyed_at": int((use.destroyed_at or actor.at).timestamp()),
            "removed_at": int(actor.at.timestamp()),
            "method": METHOD,
        },
        text="",
        approval=_approval(use),
    )
    keyring = bench.keyring
    return casework.post(db, EntryType.NOTICE, package, body, keyring=keyring, actor=actor).hash


def _approval(use: Use) -> ApprovalReference | None:
    if use.approval is None:
        return None
    return ApprovalReference.read(canonical.parse(use.approval.encode()))


def _announced(package: Package) -> EntryReference | None:
    at = package.entry
    if at is None:
        return None
    return EntryReference(channel=at.channel, epoch=at.epoch, seq=at.seq, hash=at.hash)


def _reference(db: Session, entry_hash: str) -> EntryReference | None:
    held = entries.by_hash(db, entry_hash)
    if held is None:
        return None
    return EntryReference(channel=held.channel, epoch=held.epoch, seq=held.seq, hash=held.hash)
