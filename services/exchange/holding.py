"""Which packages a challenge holds: the one question that release and every answer to the peer ask (G14).

A package is held while a suspensive challenge that concerns it is open, and for good where one was upheld.
There is no switch: it is worked out from the challenges each time, so only a court can take a hold away.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.exchange import clockwork
from services.exchange.clockwork import Clock
from services.exchange.gating import matter
from services.exchange.records import Package, Request
from services.exchange.remedyrecords import Challenge
from services.exchange.store import Session, challenges, clocks
from shared.protocol.law.pairs import Pair
from shared.protocol.law.remedies import HOLDING, Stage
from shared.protocol.law.shapes import Instrument, Suspends
from shared.runtime.refusals import Conflict

ANYBODY = ("HOLDER", "SUSPECT", "THIRD_PARTY")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What a challenge does between two countries: the pair's rule, else the instrument's."""

    suspends: Suspends
    appeal_days: int | None
    who: Sequence[str]


def rule_of(pair: Pair | None, instrument: Instrument | None) -> Rule:
    """Return the rule that counts; without any, a court's order."""
    if pair is not None and pair.challenge is not None:
        own = pair.challenge
        return Rule(suspends=own.suspends, appeal_days=own.appeal_days, who=own.who)
    if instrument is not None:
        treaty = instrument.challenge
        return Rule(suspends=treaty.suspends, appeal_days=treaty.appeal_days, who=ANYBODY)
    return Rule(suspends="BY_ORDER", appeal_days=None, who=ANYBODY)


def holding(db: Session, package: Package) -> Sequence[Challenge]:
    """Return the challenges that hold a package."""
    found = challenges.of(db, package.request_id)
    return [each for each in found if each.stage in HOLDING and concerns(each, package)]


def concerns(challenge: Challenge, package: Package) -> bool:
    """Say whether a challenge is about a package: it is named, or answers a measure that is."""
    if package.id in challenge.packages:
        return True
    # Of a measure that was upheld in part the rest goes as a new package, made after the court decided.
    rest = challenge.stage is Stage.UPHELD_PART and package.created_at > challenge.changed_at
    return not rest and bool(set(challenge.measures) & set(package.measures))


def check_free(db: Session, package: Package) -> None:
    """Check that nothing of a package is held back.

    Raises:
        Conflict: a challenge holds it.
    """
    if found := holding(db, package):
        raise Conflict(
            "held",
            f"A challenge before {found[0].court} suspends the transfer of this package.",
            rule="G14; EIO 13(2); IMAC 80l; EER 17(3)",
            next_step="Only the court's decision lets it go on; ask again later.",
        )


def facts(db: Session, request: Request, package: Package | None, rule: Rule) -> dict[str, Any]:
    """Return what gates look at: challenges, and how long the period to appeal runs."""
    found = [
        matter.Challenge(
            challenge_id=each.id,
            suspensive=each.stage in HOLDING,
            open=each.stage in HOLDING,
            packages=frozenset() if package is None else _named(each, package),
        )
        for each in challenges.of(db, request.id)
    ]
    return {
        "challenges": found,
        "appeal_until": _appeal_until(db, request, package, rule),
    }


def _named(challenge: Challenge, package: Package) -> frozenset[str]:
    return frozenset({package.id}) if concerns(challenge, package) else frozenset()


def _appeal_until(
    db: Session, request: Request, package: Package | None, rule: Rule
) -> datetime | None:
    """Return until when measures (of the package alone, if there is one) may be appealed against."""
    if rule.suspends != "BY_LAW":
        return None
    ends = [
        each.due_at
        for each in _appeals(db, request)
        if each.due_at is not None and (package is None or each.subject in package.measures)
    ]
    return max(ends, default=None)


def appealable(db: Session, request: Request) -> bool:
    """Say whether a time to appeal against something of a request runs, so that it can be waived."""
    return any(each.state in clockwork.OPEN for each in _appeals(db, request))


def _appeals(db: Session, request: Request) -> Sequence[Clock]:
    """Return the times to appeal that were not waived: a waiver is of what had begun to run."""
    waived = challenges.waived_at(db, request.id)
    return [
        each
        for each in clocks.of(db, request.id)
        if each.duty.act == "appeal" and (waived is None or each.started_at > waived)
    ]
