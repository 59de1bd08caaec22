"""A log to test with: fixed keys, a clock that is set, a database that can fail at its commit."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy.orm import Session
from typing_extensions import override

from services.audit import inspection, publication, sequencing, submission
from services.audit.confidential import Confidential
from services.audit.events import MAX_EVENTS, Event
from services.audit.signals import Signals
from services.audit.signer import Signer
from services.audit.store import entries
from services.audit.submission import Recorded
from services.audit.worker import Log
from shared.protocol import leaves
from shared.protocol.checkpoints import LogKey
from shared.protocol.cosignatures import WitnessKey
from shared.protocol.identifiers import new_id
from shared.protocol.leaves import Leaf, format_time
from shared.protocol.policies import parse_policy
from shared.runtime.database import Database

ORIGIN = "qm.rogatory.example/log"
KEY = LogKey(origin=ORIGIN, ed25519=bytes(range(32)), mldsa44=bytes(range(32, 64)))
WITNESS = WitnessKey(
    name="qm.rogatory.example/witness", ed25519=bytes(range(64, 96)), mldsa44=bytes(range(96, 128))
)
CONFIDENTIAL = Confidential(log_case=b"k" * 32, storage=b"s" * 32)
OPEN = parse_policy(b"quorum none\n")
START = datetime(2026, 10, 1, 8, 0, tzinfo=UTC)


@dataclass
class SetClock:
    now: datetime = START

    def __call__(self) -> datetime:
        self.now += timedelta(milliseconds=1)
        return self.now

    def back(self, **span: float) -> None:
        self.now -= timedelta(**span)


class Dead(Exception):  # noqa: N818 - what happened to the process
    """The process died, or the connection with the answer was lost."""


@dataclass(frozen=True, slots=True)
class MortalDatabase(Database):
    """Dies at a commit: `faults` are consumed one transaction at a time."""

    faults: list[str | None] = field(default_factory=list)

    @override
    @contextmanager
    def begin(self) -> Iterator[Session]:
        fault = self.faults.pop(0) if self.faults else None
        with self.sessions.begin() as session:
            yield session
            if fault == "not persisted":
                raise Dead
        if fault == "persisted":
            raise Dead


@dataclass
class Logbook:
    """The use cases of one log, called one by one without a thread."""

    database: MortalDatabase
    folder: Path
    clock: SetClock = field(default_factory=SetClock)
    epoch: int = -1

    def __post_init__(self) -> None:
        self.signer = Signer(KEY, self.folder / "signer")

    @property
    def log(self) -> Log:
        return Log(
            database=self.database,
            origin=ORIGIN,
            confidential=CONFIDENTIAL,
            signer=self.signer,
            policy=lambda: OPEN,
            clock=self.clock,
        )

    def open(self) -> None:
        self.take_lead()
        self.publish()

    def take_lead(self) -> None:
        self.epoch = sequencing.open_log(
            database=self.database,
            origin=ORIGIN,
            confidential=CONFIDENTIAL,
            clock=self.clock,
            known=self.signer.epoch(),
        )
        self.signer.take(self.epoch)

    def plan(self, *faults: str | None) -> None:
        """What happens at the next commits."""
        self.database.faults.extend(faults)

    def take(self, *events: Event) -> None:
        submission.take(events, database=self.database, confidential=CONFIDENTIAL, clock=self.clock)

    def sequence(self) -> int:
        return sequencing.sequence(
            database=self.database,
            origin=ORIGIN,
            confidential=CONFIDENTIAL,
            clock=self.clock,
            epoch=self.epoch,
        )

    def sign(self) -> int:
        return publication.sign(database=self.database, signer=self.signer, clock=self.clock)

    def publish(self) -> int:
        """Sign, and show it at once: the policy asks for nobody."""
        self.sign()
        return publication.publish(database=self.database, policy=OPEN, clock=self.clock)

    def inspect(self, last: int | None = None) -> int:
        return inspection.inspect(
            database=self.database,
            confidential=CONFIDENTIAL,
            origin=ORIGIN,
            vkeys=KEY.vkeys(),
            last=last,
        )

    def leaf(self, index: int) -> Leaf:
        """What is stored at an index."""
        with self.database.read() as db:
            return leaves.parse(entries.bodies(db, [index])[index])

    def record(self, *events: Event) -> list[Recorded]:
        """Take, sequence and publish; then ask as a client does."""
        self.take(*events)
        while self.sequence() == MAX_EVENTS:
            pass
        self.publish()
        return self.ask(*events)

    def ask(self, *events: Event) -> list[Recorded]:
        return submission.submit(
            events,
            database=self.database,
            confidential=CONFIDENTIAL,
            clock=self.clock,
            signals=Signals(),
            patience=timedelta(0),
        )

    def restart(self) -> None:
        """What a new process does."""
        self.signer = Signer(KEY, self.folder / "signer")
        self.open()


def event(number: int = 0, **told: object) -> Event:
    """An event; the same number gives the same event id."""
    moment = START + timedelta(milliseconds=number)
    return Event.model_validate(
        {
            "event_id": f"{new_id(moment)[:15]}{number:03x}-8000-{number:012x}",
            "type": "access.denied",
            "event_time": format_time(moment),
            **told,
        }
    )


def request_id(number: int) -> str:
    return f"{new_id(START)[:15]}{number:03x}-9000-{number:012x}"


def transfer(**told: object) -> dict[str, object]:
    """What the intent to send an entry tells."""
    return {
        "type": "transfer.intent",
        "direction": "out",
        "peer": "QN",
        "channel": "QM>QN",
        "epoch": 0,
        "seq": 3,
        "entry_type": "package",
        "entry_hash": "ab" * 48,
        **told,
    }
