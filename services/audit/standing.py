"""Use case: how far each stage of the log is behind the one before, and whether transfers may begin.

    integrated ≥ signed ≥ witnessed ≥ published

An entry that is signed and not yet published is nothing anybody else can check. The oldest of them says
for how long our log has been unwitnessed; beyond the limit of our member document no new transfer is
taken, since nobody could show any more that the log was not rewritten meanwhile.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.audit import publication
from services.audit.catalogue import TRANSFER_INTENT
from services.audit.events import Event
from services.audit.membership import Membership
from services.audit.signals import Signals
from services.audit.store import Session, inbox, index, stamps, tree
from services.audit.store import publication as shown
from shared.runtime.clock import Clock
from shared.runtime.database import Database

USUAL_LIMIT = 14_400  # seconds; while the directory has not said ours


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """Entries that each stage has reached."""

    integrated: int
    signed: int
    witnessed: int
    published: int
    indexed: int
    stamped: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What the other services of the node go by; spans in seconds."""

    alarm: str | None
    unwitnessed_for: int
    limit: int
    blocked: bool
    sizes: Sizes


def status(*, database: Database, membership: Membership, signals: Signals, clock: Clock) -> Status:
    """Say whether the log is in order and witnessed in time."""
    limit = membership.unwitnessed_limit or USUAL_LIMIT
    with database.read() as db:
        age = unwitnessed_for(db, clock())
        reached = sizes(db, membership)
    alarm = signals.alarm
    return Status(
        alarm=None if alarm is None else str(alarm),
        unwitnessed_for=int(age.total_seconds()),
        limit=limit,
        blocked=age > timedelta(seconds=limit),
        sizes=reached,
    )


def state(
    *, database: Database, membership: Membership, alarm_after: timedelta, clock: Clock
) -> str:
    """Say for `/readyz` whether our checkpoints are witnessed in time."""
    with database.read() as db:
        age = unwitnessed_for(db, clock())
    limit = timedelta(seconds=membership.unwitnessed_limit or USUAL_LIMIT)
    if age > limit:
        return f"unwitnessed for {int(age.total_seconds())} s: no new transfer is taken"
    return f"unwitnessed for {int(age.total_seconds())} s" if age > alarm_after else "ok"


def unwitnessed_for(db: Session, now: datetime) -> timedelta:
    """The age of the oldest signed checkpoint beyond the newest published one."""
    published = shown.latest_published(db)
    since = shown.signed_since(db, published.size if published else -1)
    return max(now - since, timedelta(0)) if since else timedelta(0)


def withheld(
    events: Sequence[Event], *, database: Database, membership: Membership, clock: Clock
) -> frozenset[str]:
    """The ids of those events that begin a transfer, are new, and come while it is blocked."""
    intents = [each.event_id for each in events if each.type == TRANSFER_INTENT]
    if not intents:
        return frozenset()
    limit = timedelta(seconds=membership.unwitnessed_limit or USUAL_LIMIT)
    with database.read() as db:
        if unwitnessed_for(db, clock()) <= limit:
            return frozenset()
        return frozenset(intents) - inbox.tags(db, intents).keys()


def sizes(db: Session, membership: Membership) -> Sizes:
    """How far every stage has come."""
    head, signed = tree.head(db), tree.latest_checkpoint(db)
    published = shown.latest_published(db)
    indexed = index.root_within(db, published.size if published else 0)
    return Sizes(
        integrated=head.size if head else 0,
        signed=signed.size if signed else 0,
        witnessed=publication.witnessed(db, membership.policy),
        published=published.size if published else 0,
        indexed=indexed.size if indexed else 0,
        stamped=stamps.largest(db),
    )
