"""Use case: show the operators where the log stands, stage by stage, and what each witness said."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.audit import standing
from services.audit.membership import Membership
from services.audit.standing import Sizes
from services.audit.store import Session, inbox, tree
from services.audit.store import publication as shown
from services.audit.witnesses import Station, stations
from services.audit.witnessing import Report
from shared.runtime.clock import Clock
from shared.runtime.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """How far a stage has come: entries, entries behind the stage before, age of its newest in seconds."""

    size: int
    lag: int
    age: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WitnessStanding:
    """A witness: what it said last and when, the largest checkpoint that it cosigned, and how old that is."""

    name: str
    outcome: str | None
    detail: str
    asked_ago: int | None
    size: int
    age: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbox:
    """Events that wait for their place."""

    depth: int
    oldest: int | None  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """All of it; `unwitnessed_for`, `limit` in seconds."""

    stages: Mapping[str, Stage]
    inbox: Inbox
    epoch: int
    unwitnessed_for: int
    limit: int
    quorum: str | None
    witnesses: Sequence[WitnessStanding]


def overview(
    *,
    database: Database,
    membership: Membership,
    reports: Mapping[str, Report],
    clock: Clock,
) -> Overview:
    """Look at every stage in one transaction."""
    now, policy = clock(), membership.policy
    with database.read() as db:
        sizes = standing.sizes(db, membership)
        head = tree.head(db)
        waiting = inbox.depth(db)
        return Overview(
            stages=_stages(sizes, _ages(db, now)),
            inbox=Inbox(depth=waiting.count, oldest=_age(waiting.oldest, now)),
            epoch=head.epoch if head else 0,
            unwitnessed_for=int(standing.unwitnessed_for(db, now).total_seconds()),
            limit=membership.unwitnessed_limit or standing.USUAL_LIMIT,
            quorum=policy.quorum if policy else None,
            witnesses=[
                _witness(db, each, reports.get(each.name), now)
                for each in (stations(policy) if policy else [])
            ],
        )


def _stages(sizes: Sizes, ages: Mapping[str, int | None]) -> dict[str, Stage]:
    behind = {
        "integrated": sizes.integrated,
        "signed": sizes.integrated,
        "witnessed": sizes.signed,
        "published": sizes.witnessed,
        "indexed": sizes.published,
        "stamped": sizes.published,
    }
    reached = {name: getattr(sizes, name) for name in behind}
    return {
        name: Stage(size=size, lag=behind[name] - size, age=ages.get(name))
        for name, size in reached.items()
    }


def _ages(db: Session, now: datetime) -> dict[str, int | None]:
    head = tree.head(db)
    return {
        "integrated": _age(head.last_time if head else None, now),
        "signed": _age(shown.signed_when(db), now),
        "published": _age(shown.published_when(db), now),
    }


def _witness(db: Session, station: Station, said: Report | None, now: datetime) -> WitnessStanding:
    last = shown.last_cosigned(db, station.signers)
    return WitnessStanding(
        name=station.name,
        outcome=said.outcome if said else None,
        detail=said.detail if said else "",
        asked_ago=_age(said.at if said else None, now),
        size=last.size if last else 0,
        age=int(now.timestamp()) - last.time if last else None,
    )


def _age(then: datetime | None, now: datetime) -> int | None:
    return None if then is None else int(max(now - then, timedelta(0)).total_seconds())
