"""Which clocks an act begins, stops, ends or lets run on; the same in both countries (spec/clocks.md).

Called in the transaction of the act itself, on either side, with the moment at which the act was done.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from services.exchange import clockbasis, clockwork, correspondence
from services.exchange.clockbasis import Basis
from services.exchange.clockwork import OPEN, Clock, ClockState
from services.exchange.records import Package, Request
from services.exchange.store import Session, clocks, requests
from shared.protocol import canonical
from shared.protocol.identifiers import Country
from shared.protocol.law import lifecycle
from shared.protocol.law.clocks import ends
from shared.protocol.law.clockwords import vocabulary
from shared.protocol.law.duties import WHOLE, Duty
from shared.protocol.law.lifecycle import Act
from shared.runtime.directory import Directory


@dataclass(frozen=True, slots=True, kw_only=True)
class Tale:
    """What is to be told to the log: for each event and code, of which parts of the request."""

    subjects: dict[tuple[str, str], set[str]] = field(default_factory=lambda: defaultdict(set))

    def add(self, event: str, clock: Clock) -> None:
        """Note an event of a clock."""
        self.subjects[event, clock.duty.code].add(clock.subject)

    def add_miss(self, clock: Clock) -> None:
        """Note that the time of a clock is up: a breach, or of what binds nobody a last warning."""
        if not clock.duty.kind.lasts:
            binds = clock.duty.missed not in {"note", None}
            self.add("clock.breached" if binds else "clock.warned", clock)

    def post(self, db: Session, request: Request, at: datetime) -> None:
        """Put the events into the outbox: one for each kind, with how many parts it is about."""
        for (event, code), about in sorted(self.subjects.items()):
            fields: dict[str, canonical.Json] = {
                "case_id": request.id,
                "transfer_id": request.id,
                "peer": request.peer,
                "reason": code,
                "count": len(about),
            }
            correspondence.post_event(db, event, fields, entry_hash=None, now=at)


def on_act(  # noqa: PLR0913 - an act, where and when it was done
    db: Session,
    before: Request,
    after: Request,
    act: Act,
    *,
    at: datetime,
    directory: Directory,
    country: Country,
    stated: int | None = None,
) -> None:
    """Move the clocks of a request after an act of its lifecycle.

    Args:
        db: the transaction of the act.
        before: the request as it was.
        after: as it is now.
        act: what was done.
        at: when: of an entry, the time that its writer signed, so that both countries count alike.
        directory: has the profile of the two countries.
        country: this one.
        stated: by when the act itself wants an answer, or a review; Unix seconds.
    """
    tale = Tale()
    known = clocks.take(db, after.id)
    touched = _touched(before, after, act)
    for clock in known:
        if clock.state in OPEN:
            done = act in clock.duty.kind.ends and clock.subject in {WHOLE, *touched}
            _save(db, clock, _moved(clock, after, at, done=done), tale)
    basis = clockbasis.basis(after, at, directory, country)
    for duty in basis.duties:
        start = vocabulary().starts[duty.starts]
        if act in {*start.acts, *start.again, *duty.kind.again}:
            _begin(
                db,
                after,
                duty,
                _subjects(duty, after, touched),
                known=known,
                basis=basis,
                at=at,
                fixed=_stated(basis, duty, datetime.fromtimestamp(stated, UTC) if stated else None),
                anew=act in start.again,
            )
    tale.post(db, after, at)


def stated_by(said: object) -> int | None:
    """Return by when an act wants an answer (a question), or a review (a postponement); Unix seconds."""
    found = getattr(said, "due", None) or getattr(said, "review", None)
    return found if isinstance(found, int) else None


def happened(  # noqa: PLR0913 - what, to what, where and when
    db: Session,
    request: Request,
    word: str,
    *,
    subject: str = WHOLE,
    at: datetime,
    directory: Directory,
    country: Country,
    stated: datetime | None = None,
) -> None:
    """Move the clocks after something that is no act of the lifecycle (words of `clocks.toml`).

    Args:
        db: the transaction in which it is put on record.
        request: the one it is about, as it is now.
        word: what happened: `ordered`, `released`, `verified`, …
        subject: the package, preservation, … that it happened to.
        at: when.
        directory: has the profile of the two countries.
        country: this one.
        stated: when what begins now is to end, where that was said.
    """
    tale = Tale()
    known = clocks.take(db, request.id)
    for clock in known:
        kind = clock.duty.kind
        its = clock.subject == subject or (subject == WHOLE and kind.per == "measure")
        if clock.state in OPEN and word in kind.ends and its:
            _save(db, clock, clockwork.finish(clock, at), tale)
    basis = clockbasis.basis(request, at, directory, country)
    for duty in basis.duties:
        anew = word in vocabulary().starts[duty.starts].again
        if duty.starts == word or anew:
            parts = _subjects(duty, request, {m.measure_id for m in request.measures})
            _begin(
                db,
                request,
                duty,
                [subject] if subject != WHOLE or duty.kind.per != "measure" else parts,
                known=known,
                basis=basis,
                at=at,
                fixed=_stated(basis, duty, stated),
                anew=anew,
            )
    tale.post(db, request, at)


def would_end(
    request: Request, word: str, *, at: datetime, directory: Directory, country: Country
) -> datetime | None:
    """Return when a time that begins with `word` would end by its rule; None if none begins."""
    basis = clockbasis.basis(request, at, directory, country)
    for duty in basis.duties:
        if duty.starts == word and duty.kind.lasts:
            return _new(request, duty, WHOLE, basis=basis, at=at).due_at
    return None


def of_package(
    db: Session,
    package: Package,
    *words: str,
    at: datetime,
    directory: Directory,
    country: Country,
) -> None:
    """Move the clocks after something that happened to a package, as `happened`."""
    request = requests.find(db, package.request_id)
    for word in words:
        happened(db, request, word, subject=package.id, at=at, directory=directory, country=country)


def _touched(before: Request, after: Request, act: Act) -> set[str]:
    if lifecycle.transition(act).whole:
        return {measure.measure_id for measure in after.measures}
    were = {measure.measure_id: measure.state for measure in before.measures}
    return {m.measure_id for m in after.measures if were.get(m.measure_id) != m.state}


def _state(request: Request, subject: str) -> str:
    """Return the state of what a clock is about: of its measure, else of the request."""
    states = {measure.measure_id: str(measure.state) for measure in request.measures}
    return states.get(subject, str(request.state))


def _subjects(duty: Duty, request: Request, touched: set[str]) -> list[str]:
    if duty.kind.per == WHOLE:
        return [WHOLE]
    over = vocabulary().over.states
    return [
        measure.measure_id
        for measure in request.measures
        if measure.measure_id in touched
        and (not duty.measures or measure.code in duty.measures)
        and str(measure.state) not in over
    ]


def _moved(clock: Clock, request: Request, at: datetime, *, done: bool) -> Clock:
    state = _state(request, clock.subject)
    if done:
        return clockwork.finish(clock, at)
    kind = clock.duty.kind
    if state in vocabulary().over.states and not kind.outlives and state not in kind.beyond:
        return clockwork.stop(clock, at)
    if state in clock.duty.pauses:
        return clockwork.pause(clock, at, f"{lifecycle.word(lifecycle.State(state))} ({state})")
    return clockwork.resume(clock, at)


def _save(db: Session, before: Clock, after: Clock, tale: Tale) -> None:
    if after is before:
        return
    clocks.save(db, after)
    if after.state is ClockState.MET and not after.duty.kind.lasts:
        tale.add("clock.met", after)
    if after.state is ClockState.LATE and before.state is not ClockState.MISSED:
        tale.add_miss(after)  # done before anybody looked


def _begin(  # noqa: PLR0913 - what a clock is made of
    db: Session,
    request: Request,
    duty: Duty,
    subjects: Iterable[str],
    *,
    known: list[Clock],
    basis: Basis,
    at: datetime,
    fixed: datetime | None,
    anew: bool = False,
) -> None:
    if duty.starts == "stated" and fixed is None:
        return
    for subject in subjects:
        same = [each for each in known if (each.duty.id, each.subject) == (duty.id, subject)]
        running = [each for each in same if each.state in OPEN]
        if running and not anew:
            continue
        for each in running:
            clocks.save(db, clockwork.stop(each, at))
        clock = _new(request, duty, subject, basis=basis, at=at, count=len(same) + 1)
        if fixed is not None and clock.due_at != fixed:
            clock = clockwork.wound(replace(clock, fixed=fixed))
        if not _needless(clock, known):
            clocks.add(db, clock)
            known.append(clock)


def _new(
    request: Request, duty: Duty, subject: str, *, basis: Basis, at: datetime, count: int = 1
) -> Clock:
    clock = Clock(
        id=f"{duty.id}.{subject}.{count}",
        request_id=request.id,
        subject=subject,
        duty=duty,
        ours=duty.kind.by == basis.side,
        state=ClockState.RUNNING,
        started_at=at,
        hanging=basis.hanging[duty.calendar],
        told_at=at,
    )
    return clockwork.wound(clock)


def _stated(basis: Basis, duty: Duty, stated: datetime | None) -> datetime | None:
    """Return the end that was stated: in the request (H03), or with the act that starts the clock."""
    if duty.starts == "stated":
        zone = basis.hanging[duty.calendar].place.zone
        return None if basis.stated is None else ends(basis.stated, zone)
    return stated if vocabulary().starts[duty.starts].states else None


def _needless(clock: Clock, known: Iterable[Clock]) -> bool:
    """Say whether the law's own clock, begun with it, ends no later: then it adds nothing."""
    return any(
        other.duty.law
        and not clock.duty.law
        and (other.duty.act, other.subject) == (clock.duty.act, clock.subject)
        and other.started_at == clock.started_at
        and other.due_at is not None
        and clock.due_at is not None
        and other.due_at <= clock.due_at
        for other in known
    )
