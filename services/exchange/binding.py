"""Which conditions bind: proposed, accepted or declined in both countries alike, and what follows from them.

Of each measure the newest set that names it counts; an older one is VARIED once all of its measures have a
newer one. A consultation (a set without terms) changes nothing of what was proposed before.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.exchange import supplying
from services.exchange.gating.matter import Condition
from services.exchange.records import Package, Request
from services.exchange.states import Direction
from services.exchange.store import Session, conditions
from services.exchange.store.conditions import ConditionSet
from shared.protocol.errors import FormatError
from shared.protocol.law import library
from shared.protocol.law.conditions import (
    BINDING,
    ConditionAct,
    ConditionState,
    WrongConditionStateError,
    advance,
    check_term,
    readers,
    speciality,
    undertaking,
)
from shared.protocol.messages import Term, terms_digest
from shared.runtime.directory import Directory
from shared.runtime.refusals import Conflict, Unprocessable

RULE = "BUD 28(2)-(3)"
_ACTS = {"accepted": ConditionAct.ACCEPT, "declined": ConditionAct.DECLINE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """What is said to a set: its id and digest, word for word, and about which measures."""

    set_id: str
    digest: str
    verdict: str  # accepted or declined
    measures: Sequence[str]


def check_terms(terms: Sequence[Term], measures: Sequence[str]) -> None:
    """Check each term, and that it is about measures that the set is about.

    Raises:
        Unprocessable: one is no condition of the list, or lacks what it needs.
    """
    for term in terms:
        try:
            check_term(term)
        except FormatError as error:
            raise Unprocessable(
                "bad_condition",
                f"The condition is refused: {error.detail}.",
                rule="spec/conditions.md",
                next_step="Take a code of the list, with the parameters that it needs.",
            ) from error
        if not set(term.measures) <= set(measures):
            raise Unprocessable(
                "unknown_measure",
                f"{term.code} names a measure that is not among those of the proposal.",
                next_step="Name measures of the proposal, or none for all of them.",
            )


def with_speciality(
    terms: tuple[Term, ...], request: Request, directory: Directory, country: str, at: datetime
) -> tuple[Term, ...]:
    """Add what the profile of the two always asks for; nothing to a mere consultation."""
    return (*terms, *_agreed(request, directory, country, at, terms)) if terms else ()


def propose(db: Session, proposed: ConditionSet) -> None:
    """Put a set on record, in place of what it replaces.

    Raises:
        Unprocessable: its digest is another, or a set of this id is here already.
    """
    known = conditions.of_request(db, proposed.request_id)
    if proposed.digest != terms_digest(proposed.terms):
        raise Unprocessable("other_digest", "The digest is not that of the terms.", rule=RULE)
    if conditions.known(db, proposed.id):
        raise Unprocessable("known_set", "Conditions of this id were proposed before.", rule=RULE)
    conditions.add(db, proposed)
    if not proposed.terms:
        return
    covered = set(proposed.measures)
    for each in reversed(known):
        if each.terms and set(each.measures) <= covered and each.state is not _VARIED:
            _vary(db, each)
        covered |= set(each.measures) if each.terms else set()


def settle(db: Session, request_id: str, said: Settlement, at: datetime) -> ConditionSet:
    """Accept or decline a set, word for word; return it as it was.

    Raises:
        NotFound: there is no such set.
        Conflict: it is settled or varied already.
        Unprocessable: digest or measures are not its own.
    """
    kept = conditions.find(db, request_id, said.set_id)
    if said.digest != kept.digest:
        raise Unprocessable(
            "other_digest",
            "These are not the conditions that were proposed.",
            rule=RULE,
            next_step="Read them again, and name the digest that they have.",
            digest=kept.digest,
        )
    if set(said.measures) != set(kept.measures):
        raise Unprocessable(
            "other_measures",
            f"The set is about {', '.join(kept.measures)}.",
            rule=RULE,
            next_step="Settle it for exactly these measures.",
        )
    conditions.move(db, kept, _advance(kept.state, _ACTS[said.verdict]), at)
    return kept


def give_up(db: Session, request_id: str, measures: Sequence[str]) -> None:
    """Leave out conditions that were declined: the requested State decided without them (BUD 28(3))."""
    for each in declined(db, request_id, measures):
        _vary(db, each)


def declined(db: Session, request_id: str, measures: Iterable[str]) -> Sequence[ConditionSet]:
    """Return the sets that were declined and count for some of these measures."""
    found = standing(conditions.of_request(db, request_id), measures)
    return [each for each in found if each.state is ConditionState.DECLINED]


def standing(known: Sequence[ConditionSet], measures: Iterable[str]) -> Sequence[ConditionSet]:
    """Return the sets that count for some of these measures: of each measure the newest, not VARIED."""
    newest: dict[str, ConditionSet] = {}
    for each in known:
        if each.terms and each.state is not _VARIED:
            newest |= dict.fromkeys(each.measures, each)
    wanted = {newest[measure].id for measure in measures if measure in newest}
    return [each for each in known if each.id in wanted]


def terms_for(
    db: Session,
    request: Request,
    measures: Sequence[str],
    *,
    directory: Directory,
    country: str,
    at: datetime,
) -> tuple[Term, ...]:
    """Return the terms under which evidence of these measures goes.

    They are those that were accepted, and those of the profile that the request itself undertakes.
    """
    found = [
        term
        for each in standing(conditions.of_request(db, request.id), measures)
        if each.state in BINDING
        for term in each.terms
        if not term.measures or set(term.measures) & set(measures)
    ]
    taken_on = supplying.document(db, request)
    agreed = [
        term
        for term in _agreed(request, directory, country, at, found)
        if _undertakes(taken_on, term.code)
    ]
    return (*found, *agreed)


def check_released(  # noqa: PLR0913 - what the terms are held against
    db: Session,
    request: Request,
    measures: Sequence[str],
    terms: tuple[Term, ...],
    *,
    directory: Directory,
    country: str,
    at: datetime,
) -> None:
    """Check that a package that arrived binds us to nothing that we did not take on (G13).

    Raises:
        Unprocessable: a term is no condition of the list, or lacks what it needs.
        Conflict: one was neither accepted nor stands in the profile of the two countries.
    """
    check_terms(terms, measures)
    accepted = [
        term
        for each in standing(conditions.of_request(db, request.id), measures)
        if each.state in BINDING
        for term in each.terms
    ]
    agreed = {term.code for term in _agreed(request, directory, country, at, ())}
    other = sorted({t.code for t in terms if t not in accepted and t.code not in agreed})
    if other:
        raise Conflict(
            "condition_not_accepted",
            f"{', '.join(other)}: not accepted by this country, word for word.",
            rule=f"G13; {RULE}",
            next_step="Propose the conditions, and wait for the signature.",
        )


def matter(
    db: Session, request: Request, package: Package | None, _at: datetime
) -> Mapping[str, Any]:
    """Return what gates look at (G13, G10): `matters.SOURCES`.

    Before the decision, what was declined is for whoever decides to see to; nothing leaves with it open.
    """
    measures = package.measures if package else [each.measure_id for each in request.measures]
    found = standing(conditions.of_request(db, request.id), measures)
    return {
        "conditions": tuple(
            Condition(
                code=term.code,
                hash=each.digest,
                accepted_hash=each.digest if each.state in BINDING else None,
                declined=each.state is ConditionState.DECLINED,
                readers=readers(term),
            )
            for each in found
            if package is not None or each.state is not ConditionState.DECLINED
            for term in each.terms
        )
    }


def mark(db: Session, request_id: str, codes: Sequence[str], act: ConditionAct) -> Sequence[str]:
    """Mark binding terms as breached, or a breach as accounted for; return the codes that moved."""
    moved = []
    for each in conditions.of_request(db, request_id):
        for n, (term, state) in enumerate(zip(each.terms, each.states, strict=True)):
            if term.code in codes and state in BINDING and _can(state, act):
                conditions.move_term(db, each.id, n, advance(state, act))
                moved.append(term.code)
    return list(dict.fromkeys(moved))


_VARIED = ConditionState.VARIED


def _vary(db: Session, kept: ConditionSet) -> None:
    conditions.move(db, kept, _advance(kept.state, ConditionAct.VARY), None)


def _can(state: ConditionState, act: ConditionAct) -> bool:
    try:
        advance(state, act)
    except WrongConditionStateError:
        return False
    return True


def _advance(state: ConditionState, act: ConditionAct) -> ConditionState:
    try:
        return advance(state, act)
    except WrongConditionStateError as error:
        raise Conflict(
            "wrong_state",
            f"These conditions are {state}: {error.detail}.",
            rule=RULE,
            next_step="Look at the conditions of the request again.",
        ) from error


def _agreed(
    request: Request,
    directory: Directory,
    country: str,
    at: datetime,
    said: Sequence[Term],
) -> tuple[Term, ...]:
    asking = request.direction is Direction.OUT
    sides = (country, request.peer) if asking else (request.peer, country)
    pair = directory.pair(*sides, at.date())
    return speciality(pair.speciality if pair else (), said)


def _undertakes(document: Any, code: str) -> bool:  # noqa: ANN401 - a Document
    field = undertaking(code)
    return field is not None and bool(getattr(document, library.fields()[field]["name"]))
