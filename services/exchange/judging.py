"""The gates of a moment, asked of a request or a package as it stands."""

from collections.abc import Sequence

from services.exchange import casework, matters
from services.exchange.bench import Bench
from services.exchange.gating import moments
from services.exchange.gating.matter import Matter
from services.exchange.gating.moments import Moment
from services.exchange.gating.results import Fail, NeedsHuman, Pass, Result
from services.exchange.records import Package, Request
from services.exchange.states import Actor, Direction, PackageState
from services.exchange.store import Session, packages, requests
from shared.protocol.law.lifecycle import State


def judge(
    db: Session,
    request: Request,
    moment: str,
    *,
    measures: Sequence[str],
    bench: Bench,
    actor: Actor,
) -> None:
    """Let an act on a request pass if every gate of its moment is open.

    Raises:
        GateShutError: at least one is not.
    """
    matter = matters.of_request(db, request, measures=measures, bench=bench, actor=actor)
    moments.guard(matter, Moment(moment))
    casework.record(db, "gate.passed", request, actor, reason=moment)


def receive(
    db: Session, request: Request, *, bench: Bench, actor: Actor
) -> Sequence[Fail | NeedsHuman]:
    """Ask the gates of a request that has just come in, and record which are shut.

    What is incomplete is for a person to ask back (G02, T11); the rest is returned for the refusal.
    """
    matter = matters.of_request(db, request, bench=bench, actor=actor)
    results = moments.judge(matter, Moment.RECEIVE)
    shut = [each for each in results if not isinstance(each, Pass)]
    for each in shut:
        casework.record(db, "gate.failed", request, actor, reason=each.gate)
    if not shut:
        casework.record(db, "gate.passed", request, actor, reason=Moment.RECEIVE.value)
    return [each for each in shut if each.gate != _ASKED_BACK]


def judge_package(
    db: Session, package: Package, moment: Moment, *, bench: Bench, actor: Actor
) -> Matter:
    """Let an act on a package pass if every gate of its moment is open; return what they looked at.

    Raises:
        GateShutError: at least one is not.
    """
    request = requests.find(db, package.request_id)
    matter = matters.of_package(db, package, request, bench=bench, actor=actor)
    moments.guard(matter, moment)
    casework.record(db, "gate.passed", package, actor, reason=moment.value)
    return matter


def look_at_request(
    request_id: str, *, bench: Bench, actor: Actor
) -> tuple[Moment, Sequence[Result]]:
    """Say how the gates of a request's next moment stand, so that people see what is missing.

    Raises:
        NotFound: there is no such request.
    """
    with bench.database.read() as db:
        request = requests.find(db, request_id)
        moment = _NEXT.get(request.state, Moment.ACCEPT)
        if request.direction is Direction.IN:
            moment = Moment.ACCEPT
        matter = matters.of_request(db, request, bench=bench, actor=actor)
        return moment, moments.judge(matter, moment)


def look_at_package(
    package_id: str, *, bench: Bench, actor: Actor
) -> tuple[Moment, Sequence[Result]]:
    """Say how the gates of a package's next moment stand.

    Raises:
        NotFound: there is no such package.
        Conflict: its content key is destroyed, and what was said of its files with it.
    """
    with bench.database.read() as db:
        package = packages.find(db, package_id)
        request = requests.find(db, package.request_id)
        cleared = package.state in {PackageState.CLEARED, PackageState.SEALED}
        moment = Moment.RELEASE if cleared else Moment.CLEAR
        matter = matters.of_package(db, package, request, bench=bench, actor=actor)
        return moment, moments.judge(matter, moment)


_NEXT = {
    State.DRAFT: Moment.SUBMIT,
    State.RETURNED_TO_DRAFTER: Moment.SUBMIT,
    State.INTERNAL_REVIEW: Moment.APPROVE,
    State.APPROVED: Moment.SEND,
}
_ASKED_BACK = "G02"
