"""Use cases of the registry: one person proposes what is done about a client, another one approves it.

The operators propose, the authority's registrar approves; a client may propose new keys for itself. To
suspend, either of the two is enough. Each act is an event, in the transaction that does it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from services.gateway import enrolment, persons, store
from services.gateway.records import (
    Act,
    Decision,
    Draft,
    Enrolled,
    Person,
    Proposal,
    Repeat,
    Verdict,
)
from services.gateway.store import clients
from shared.protocol import canonical
from shared.protocol.identifiers import new_id
from shared.runtime.clock import Clock, milliseconds
from shared.runtime.database import Database
from shared.runtime.refusals import Conflict, NotFound, Unprocessable

OPEN_FOR: Final = timedelta(days=14)
MAX_OPEN: Final = 20  # proposals of one client that wait for a decision
NO_REASON: Final = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """Where clients are admitted, changed and shut out."""

    database: Database
    country: str
    clock: Clock

    def propose(self, draft: Draft, person: Person, repeat: Repeat | None = None) -> Proposal:
        """Propose an act; one that nobody else is asked for is done at once.

        What was proposed before under the same key is what it was, and is not done again.

        Raises:
            Conflict: the client's state does not allow it.
            Unprocessable: the client would not be one that there may be.
        """
        now = self.clock()
        rule = enrolment.RULES[draft.act]
        proposal = Proposal(
            proposal_id=new_id(now), draft=draft, by=person, at=now, expires=now + OPEN_FOR
        )
        with self.database.begin() as db:
            if repeat is not None and (before := _before(db, repeat)) is not None:
                return before
            _check_room(db, person.client_id, rule, now)
            after = self._following(db, draft, now)
            if not clients.propose(db, proposal, repeat):
                raise Conflict(
                    "idempotency_under_way",
                    "The call with this Idempotency-Key is still being served.",
                    next_step="Send it again in a moment.",
                )
            if not rule.at_once:
                _record(db, "client.proposed", proposal, person, now)
                return proposal
            applied = Decision(verdict=Verdict.APPLIED, by=person, reason=NO_REASON, at=now)
            return _decided(db, proposal, applied, lambda: after)
            # Commit point: before it nothing is proposed or done; after it both are, with their event.

    def approve(self, proposal_id: str, person: Person) -> Proposal:
        """Approve a proposal of somebody else, which does it.

        Raises:
            NotFound: there is none of this id.
            NotAllowed: `same_officer`.
            Conflict: it was decided, has expired, or the client has changed since.
        """
        now = self.clock()
        decision = Decision(verdict=Verdict.APPROVED, by=person, reason=NO_REASON, at=now)
        with self.database.begin() as db:
            proposal = _open(db, proposal_id, decision)
            if proposal.decision is not None:
                return proposal
            persons.check_two(proposal.by, person)
            return _decided(
                db, proposal, decision, lambda: self._following(db, proposal.draft, now)
            )
            # Commit point: a proposal has one decision, and only with it the client is another.

    def reject(self, proposal_id: str, person: Person, reason: str) -> Proposal:
        """Reject a proposal; whoever may approve may do so, also of the proposal's own side.

        Raises:
            NotFound: there is none of this id.
            Conflict: it was decided, or has expired.
        """
        now = self.clock()
        decision = Decision(verdict=Verdict.REJECTED, by=person, reason=reason, at=now)
        with self.database.begin() as db:
            proposal = _open(db, proposal_id, decision)
            if proposal.decision is not None:
                return proposal
            return _decided(db, proposal, decision, lambda: None)

    def proposals(self, *, client_id: str | None = None, limit: int = 200) -> Sequence[Proposal]:
        """Return proposals, decided or not, the newest first."""
        with self.database.read() as db:
            return clients.proposals(db, client_id, limit)

    def proposal(self, proposal_id: str) -> Proposal:
        """Return one proposal.

        Raises:
            NotFound: there is none of this id.
        """
        with self.database.read() as db:
            return _found(db, proposal_id)

    def everyone(self) -> Sequence[Enrolled]:
        """Return every client there is or was."""
        with self.database.read() as db:
            return clients.everyone(db)

    def client(self, client_id: str) -> Enrolled:
        """Return one client.

        Raises:
            NotFound: there is none of this id.
        """
        with self.database.read() as db:
            found = clients.find(db, client_id)
        if found is None:
            raise NotFound("not_found", "There is no client of this id.")
        return found

    def _following(self, db: clients.Session, draft: Draft, now: datetime) -> Enrolled:
        before = clients.find(db, draft.client_id)
        after = enrolment.following(before, draft, int(now.timestamp()))
        enrolment.check(after, self.country)
        for key in draft.keys:
            if clients.owner_of(db, key.kid) is not None:
                raise Unprocessable(
                    "key_known",
                    "A key of the proposal is, or was, a client's already.",
                    next_step="Draw a new one: no two clients share a key, and none comes back.",
                    kid=key.kid,
                )
        return after


def status_of(proposal: Proposal, now: datetime) -> str:
    """Say what became of a proposal: its verdict, or `open`, or `expired`."""
    if proposal.decision is not None:
        return proposal.decision.verdict
    return "open" if now < proposal.expires else "expired"


def _found(db: clients.Session, proposal_id: str) -> Proposal:
    proposal = clients.proposal(db, proposal_id)
    if proposal is None:
        raise NotFound("not_found", "There is no proposal of this id.")
    return proposal


def _check_room(
    db: clients.Session, client_id: str, rule: enrolment.ActRule, now: datetime
) -> None:
    """Nobody fills the registry; to shut a client out there is always room."""
    if not rule.at_once and clients.waiting(db, client_id, now) >= MAX_OPEN:
        raise Conflict(
            "too_many_proposals",
            f"{MAX_OPEN} proposals of this client wait for a decision.",
            next_step="Have the registrar decide on them first.",
        )


def _before(db: clients.Session, repeat: Repeat) -> Proposal | None:
    found = clients.repeated(db, repeat.name)
    if found is None:
        return None
    if found[1] != repeat.asked:
        raise Unprocessable(
            "idempotency_key_reused",
            "Another proposal of this client has this Idempotency-Key.",
            next_step="Draw a new key for each proposal.",
        )
    return _found(db, found[0])


def _open(db: clients.Session, proposal_id: str, decision: Decision) -> Proposal:
    """Return a proposal that is open, or that the same person has decided just so: a call sent again."""
    proposal = _found(db, proposal_id)
    earlier = proposal.decision
    if earlier is not None and replace(earlier, at=decision.at) == decision:
        return proposal
    status = status_of(proposal, decision.at)
    if status != "open":
        raise _settled(status)
    return proposal


def _settled(status: str) -> Conflict:
    return Conflict(
        "proposal_settled",
        f"This proposal is {status}.",
        next_step="Propose it anew if it is still wanted.",
        status=status,
    )


def _decided(
    db: clients.Session,
    proposal: Proposal,
    decision: Decision,
    following: Callable[[], Enrolled | None],
) -> Proposal:
    """Keep the first decision and, unless it is a rejection, what follows from it.

    The decision comes first: whoever comes second waits for it here, and learns that it was taken.
    """
    if not clients.decide(db, proposal.proposal_id, decision):
        raise _settled("settled")
    after = following()
    if after is not None:
        put = clients.add if proposal.draft.act is Act.ADD else clients.swap
        if not put(db, after):
            raise Conflict(
                "client_changed",
                "The client was changed at the same moment.",
                next_step="Look at the client and decide again.",
            )
    _record(
        db, _event_type(proposal.draft.act, decision.verdict), proposal, decision.by, decision.at
    )
    return replace(proposal, decision=decision)


def _event_type(act: Act, verdict: Verdict) -> str:
    if verdict is Verdict.REJECTED:
        return "client.rejected"
    return {Act.SUSPEND: "client.suspended", Act.RESUME: "client.resumed"}.get(
        act, "client.approved"
    )


def _record(
    db: clients.Session, event_type: str, proposal: Proposal, person: Person, now: datetime
) -> None:
    keys = " ".join(key.kid for key in proposal.draft.keys)
    personal = {"client": person.client_id, "officer": person.officer, "keys": keys}
    record(db, event_type, proposal.draft.client_id, proposal.draft.act, now, **personal)


def record(
    db: clients.Session, event_type: str, subject: str, act: str, now: datetime, **personal: str
) -> None:
    """Put an event about a client into the outbox to the log, with the change that it tells of."""
    told = {name: value for name, value in {"subject": subject, **personal}.items() if value}
    event: dict[str, canonical.Json] = {
        "event_id": new_id(now),
        "type": event_type,
        "event_time": milliseconds(now),
        "personal": dict(told),
        "reason": act,
    }
    store.keep_denial(db, canonical.encode(event))
