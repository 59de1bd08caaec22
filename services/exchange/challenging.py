"""Use cases: a court's role records a person's challenge, and what the court decides.

The person has no login; the court's officer signs. What a challenge suspends is worked out from the profile
(`law/remedies`, `holding`); what it concerns stands still in the same transaction.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

from services.exchange import acting, approving, casework, challenged, holding, matters, timing
from services.exchange.acts import deciding
from services.exchange.acts.challenges import Appealing, Deciding, Lodging
from services.exchange.acts.remedies import challenge_acts, challenge_event
from services.exchange.bench import Bench
from services.exchange.records import Request
from services.exchange.remedyrecords import Challenge
from services.exchange.signed import Signed
from services.exchange.states import Actor, Direction, advance
from services.exchange.store import Session, challenges, packages, requests
from shared.protocol import identifiers
from shared.protocol.approvals import COURT_RECORD, Approval
from shared.protocol.entries import EntryType
from shared.protocol.law import lifecycle, remedies
from shared.protocol.law.lifecycle import Act, State
from shared.protocol.law.remedies import Stage, WrongStageError
from shared.protocol.legalacts import ChallengeBody, MeasureState, NoticeBody
from shared.runtime.refusals import Conflict, Unprocessable

RULE = "G14; EIO 13(2), 14; IMAC 80l; EER 17"


def lodge(
    request_id: str, signed: Signed[Lodging], *, bench: Bench, actor: Actor
) -> Sequence[Challenge]:
    """Record that a person has challenged measures or packages of a request.

    Raises:
        NotFound: there is no such request.
        Conflict: it is not ours to execute, or the channel is frozen.
        NotAllowed, Unprocessable: the signature is refused, or it concerns nothing of this request.
    """
    with bench.database.begin() as db:
        request = casework.of_side(requests.find(db, request_id), Direction.IN)
        approval = _signed(signed, "challenges", request, bench=bench, actor=actor)
        said = signed.statement
        rule = matters.challenge_rule(db, request, bench=bench, at=actor.at)
        _check(db, request, said, rule)
        challenge = Challenge(
            id=identifiers.new_id(actor.at),
            request_id=request.id,
            stage=Stage.LODGED,
            suspends=rule.suspends,
            who=said.who,
            court=said.court,
            file_number=said.file_number,
            measures=said.measures,
            packages=said.packages,
            items=(),
            lodged_at=actor.at,
            until=None,
            changed_at=actor.at,
        )
        _go(db, request, challenge, said.text, approval, bench=bench, actor=actor)
        if (stage := remedies.first(rule.suspends)) is not Stage.LODGED:
            request, challenge = requests.find(db, request.id), _at(challenge, stage, actor)
            _go(db, request, challenge, said.text, approval, bench=bench, actor=actor)
        # Commit point: before it nobody was stopped; after it nothing that it concerns leaves.
        return challenges.of(db, request_id)


def decide(
    request_id: str, challenge_id: str, signed: Signed[Deciding], *, bench: Bench, actor: Actor
) -> Sequence[Challenge]:
    """Record what the court decided about a challenge.

    Raises:
        NotFound: there is no such request or challenge.
        Conflict: that does not follow on its stage, or the channel is frozen.
        NotAllowed, Unprocessable: the signature is refused.
    """
    with bench.database.begin() as db:
        request = casework.of_side(requests.find(db, request_id), Direction.IN)
        challenge = challenges.find(db, challenge_id)
        approval = _signed(signed, "outcome", request, bench=bench, actor=actor)
        said = signed.statement
        if challenge.request_id != request.id or said.challenge_id != challenge.id:
            raise Unprocessable(
                "other_challenge",
                "The statement is about another challenge or request.",
                rule=RULE,
                next_step="Sign it for the challenge in the address.",
            )
        stage = _step(challenge, said)
        until = None if said.until is None else datetime.fromtimestamp(said.until, UTC)
        challenge = _at(challenge, stage, actor, items=said.items, until=until)
        _go(db, request, challenge, said.text, approval, bench=bench, actor=actor)
        # Commit point: before it the hold stands as it stood; after it as the court has decided.
        return challenges.of(db, request_id)


def waive(
    request_id: str, signed: Signed[Appealing], *, bench: Bench, actor: Actor
) -> Sequence[Challenge]:
    """Record that all who could appeal have waived it: the periods that run now are over.

    Raises:
        NotFound, Conflict, NotAllowed, Unprocessable: as `lodge`.
    """
    with bench.database.begin() as db:
        request = casework.of_side(requests.find(db, request_id), Direction.IN)
        approval = _signed(signed, "appeal-waiver", request, bench=bench, actor=actor)
        if not holding.appealable(db, request):
            raise Conflict(
                "nothing_to_waive",
                "No time to appeal is running.",
                rule=RULE,
                next_step="Nothing is left to do; what is accepted later can be appealed then.",
            )
        challenges.waive(db, request.id, approval.officer, actor.at)
        told = approval.officer
        body = NoticeBody(
            kind=challenged.WAIVER,
            request_id=request.id,
            codes=(challenged.WAIVED,),
            details={"court": signed.statement.court},
            text=signed.statement.text,
            approval=approval.reference(),
        )
        casework.post(db, EntryType.NOTICE, request, body, keyring=bench.keyring, actor=actor)
        casework.record(
            db, "challenge.decided", request, actor, reason=challenged.WAIVED, approved_by=told
        )
        timing.happened(
            db,
            request,
            "waived",
            at=actor.at.replace(microsecond=0),
            directory=bench.directory,
            country=bench.keyring.country,
        )
        # Commit point: before it the period runs; after it it is over here, and there when the courier
        # has brought the notice.
        return challenges.of(db, request_id)


def listed(request_id: str, *, bench: Bench) -> Sequence[Challenge]:
    """Return the challenges of a request.

    Raises:
        NotFound: there is no such request.
    """
    with bench.database.read() as db:
        return challenges.of(db, requests.find(db, request_id).id)


def _signed(
    signed: Signed[Lodging] | Signed[Deciding] | Signed[Appealing],
    what: str,
    request: Request,
    *,
    bench: Bench,
    actor: Actor,
) -> Approval:
    return approving.check_statement(
        signed, what, COURT_RECORD, request, officers=bench.officers, now=actor.at
    )


def _check(db: Session, request: Request, said: Lodging, rule: holding.Rule) -> None:
    """Check that it concerns something of the request, and that this person may challenge at all."""
    asked = {measure.measure_id for measure in request.measures}
    own = {package.id for package in packages.of_request(db, request.id)}
    unknown = sorted({*said.measures} - asked) + sorted({*said.packages} - own)
    if unknown or not (said.measures or said.packages):
        raise Unprocessable(
            "nothing_concerned",
            f"The request has no {', '.join(unknown)}." if unknown else "It concerns nothing.",
            rule=RULE,
            next_step="Name measures or packages of this request.",
        )
    if said.who not in rule.who:
        raise Unprocessable(
            "no_standing",
            f"Under the profile of the two countries a {said.who} cannot challenge.",
            rule=RULE,
            next_step=f"It is open to: {', '.join(rule.who)}.",
        )


def _step(challenge: Challenge, said: Deciding) -> Stage:
    try:
        return remedies.step(challenge.stage, Stage(said.state), challenge.suspends)
    except WrongStageError as error:
        raise Conflict(
            error.code, f"This does not follow: {error.detail}.", rule=RULE, stage=challenge.stage
        ) from error


def _at(
    challenge: Challenge,
    stage: Stage,
    actor: Actor,
    *,
    items: Sequence[str] = (),
    until: datetime | None = None,
) -> Challenge:
    fields = {name: getattr(challenge, name) for name in Challenge.__slots__}
    changed = {"stage": stage, "changed_at": actor.at, "items": items, "until": until}
    return Challenge(**{**fields, **changed})


def _go(  # noqa: PLR0913 - a stage, who signed it, and for whom
    db: Session,
    request: Request,
    challenge: Challenge,
    text: str,
    approval: Approval,
    *,
    bench: Bench,
    actor: Actor,
) -> None:
    """Keep a stage of a challenge, move what it concerns, and tell the other country and the log."""
    challenges.save(db, challenge)
    act = challenge_acts(challenge.stage)
    moved = {} if act is None else _moved(db, request, challenge, act)
    if moved and act is not None:
        requests.move(db, request, moved, actor)
        acting.wind(db, request, act, bench=bench, at=actor.at)
        for told in deciding.reached_by(requests.find(db, request.id), list(moved)):
            casework.record(db, told.type, request, actor, reason=told.reason, count=told.count)
    states = acting.states_after(request, moved)
    body = ChallengeBody(
        request_id=request.id,
        states=tuple(MeasureState(measure_id=m, state=s) for m, s in states.items()),
        challenge_id=challenge.id,
        state=challenge.stage.value,
        who=challenge.who,
        court=challenge.court,
        file_number=challenge.file_number,
        suspends=challenge.suspends,
        measures=tuple(moved),
        packages=tuple(challenge.packages),
        items=tuple(challenge.items),
        until=None if challenge.until is None else int(challenge.until.timestamp()),
        text=text,
        approval=approval.reference(),
    )
    casework.post(db, EntryType.CHALLENGE, request, body, keyring=bench.keyring, actor=actor)
    event, reason = challenge_event(challenge.stage)
    casework.record(db, event, request, actor, reason=reason, approved_by=approval.officer)
    _tell_packages(db, request, challenge, actor)


def _moved(db: Session, request: Request, challenge: Challenge, act: Act) -> dict[str, State]:
    """Return where measures go that it concerns as a whole, and no other challenge still holds."""
    sources = lifecycle.transition(act).sources
    others = {
        measure
        for each in challenges.of(db, request.id)
        if each.id != challenge.id and each.stage is Stage.SUSPENSIVE
        for measure in each.measures
    }
    free = act in {Act.SUSPEND, Act.UPHOLD}  # what one court refused no other challenge keeps open
    return {
        each.measure_id: advance(each.state, act)
        for each in request.measures
        if each.measure_id in challenge.measures
        and each.state in sources
        and (free or each.measure_id not in others)
    }


def _tell_packages(db: Session, request: Request, challenge: Challenge, actor: Actor) -> None:
    """Say of each package that it concerns that it is held."""
    if challenge.stage is not Stage.SUSPENSIVE:
        return
    for package in packages.of_request(db, request.id):
        if holding.concerns(challenge, package):
            casework.record(db, "package.held", package, actor)
