"""The log records under which policy it stands: from which entry on, who must have witnessed it."""

from dataclasses import dataclass
from hashlib import sha256

from services.audit import submission
from services.audit.catalogue import POLICY_CHANGED
from services.audit.confidential import Confidential
from services.audit.events import Event
from services.audit.membership import Membership
from services.audit.signals import Signals
from services.audit.store import publication
from services.audit.store.publication import Noted
from shared.protocol.identifiers import new_id
from shared.runtime.clock import Clock, milliseconds
from shared.runtime.database import Database

POLICY = "policy"  # the name of the digest in the leaf


@dataclass(slots=True, kw_only=True)
class PolicyWatch:
    """A duty of the leader: notes each policy that the directory gives our log, and keeps its text."""

    database: Database
    membership: Membership
    confidential: Confidential
    signals: Signals
    clock: Clock

    def begin(self) -> None:
        """Nothing is taken over: what was noted last is in the database."""

    def work(self) -> bool:
        """Note the policy that is in force, if it is not the one that was noted last."""
        member = self.membership.member
        if member is None:
            return False
        text, limit = member.log.policy, member.log.unwitnessed_limit
        with self.database.read() as db:
            noted = publication.noted_policy(db)
        if noted is None or (noted.text, noted.unwitnessed_limit) != (text, limit):
            self._note(text, limit, number=noted.number + 1 if noted else 1)
        return False

    def _note(self, text: str, limit: int, *, number: int) -> None:
        now = self.clock()
        event = Event(
            event_id=new_id(now),
            type=POLICY_CHANGED,
            event_time=milliseconds(now),
            count=limit,
            commit={POLICY: sha256(text.encode()).hexdigest()},
        )
        letters = submission.enclose([event], self.confidential)
        noted = Noted(number=number, text=text, unwitnessed_limit=limit, event_id=event.event_id)
        with self.database.begin() as db:
            # Two leaders cannot both: the number is taken by the first.
            publication.note_policy(db, noted, now)
            submission.deliver(db, letters, now)
        # Commit point. Died before it: noted at the next look. After it: the entry follows.
        self.signals.arrived()
