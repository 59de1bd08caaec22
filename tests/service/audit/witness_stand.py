"""Our witness at work on a real database: QN's log is the worked one, its neighbours' logs others."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from services.audit.cosigning import Cosigner
from services.audit.marks import Marks
from services.audit.membership import Membership
from services.audit.remembering import Memory
from services.audit.signals import Signals
from services.audit.store import inbox, witness
from shared.protocol.misbehaviour import parse_evidence, verify_evidence
from shared.protocol.witnessing import Reply, format_submission
from shared.runtime.database import Database, open_database
from shared.runtime.directory import Directory
from tests.federated import Repository, document
from tests.service.audit.logbook import CONFIDENTIAL, START, WITNESS, SetClock
from tests.unit.shared.protocol.worked_growth import VKEYS, note, proof
from tests.unit.shared.protocol.worked_log import ORIGIN

OWN = WITNESS.vkeys()


def log_of(origin: str, vkeys: list[str]) -> dict[str, object]:
    return {
        "origin": origin,
        "url": "https://log.example",
        "vkeys": vkeys,
        "policy": "quorum none\n",
        "unwitnessed_limit": 14_400,
    }


@dataclass
class Federation:
    """Countries whose documents can be changed: QM is ours, QN's log is the worked one."""

    folder: Path
    countries: tuple[str, ...] = ("QM", "QN", "QO")
    repository: Repository = field(init=False)

    def __post_init__(self) -> None:
        self.repository = Repository.make(self.folder, START, self.countries)
        self.say("QM", origin="qm.rogatory.example/log")
        self.say("QN")

    def say(self, country: str, origin: str = ORIGIN, vkeys: list[str] | None = None) -> None:
        told = document(country, log=log_of(origin, vkeys or VKEYS))
        self.repository.publish(told)


@dataclass
class Stand:
    """One process of our witness. `published` is what QN's log shows to whoever asks."""

    database: Database
    folder: Path
    federation: Federation
    published: Callable[[], str | None] = lambda: None
    asked: list[str] = field(default_factory=list)
    clock: SetClock = field(default_factory=SetClock)

    def __post_init__(self) -> None:
        self.start()

    @property
    def marks(self) -> Path:
        return self.folder / "signer" / "witness"

    def start(self) -> None:
        """What a new process begins with."""
        self.directory = Directory(self.folder / "directory.json", self.federation.repository.root)
        self.learn()
        memory = Memory(
            vkeys=OWN,
            database=self.database,
            marks=Marks(self.marks),
            ask=self._ask,
            clock=self.clock,
        )
        self.cosigner = Cosigner(
            key=WITNESS,
            membership=Membership(directory=self.directory, country="QM"),
            memory=memory,
            confidential=CONFIDENTIAL,
            signals=Signals(),
        )

    def learn(self) -> None:
        """Take what the directory says now."""
        self.directory.adopt(self.federation.repository.bundle())

    def meet(self) -> None:
        """Ask QN's log what it has published, as before the first cosignature."""
        log = self.cosigner.acquainted(ORIGIN)
        assert log is not None
        self.cosigner.memory.awaken(log)

    def add(self, old: int, sent: str, hashes: list[bytes] | None = None) -> Reply:
        return self.cosigner.add_checkpoint(format_submission(old, hashes or [], sent))

    def grow(self, old: int, new: int) -> Reply:
        return self.add(old, note(new), proof(old, new) if old else [])

    def evidence(self, vkeys: Sequence[str] = tuple(VKEYS)) -> list[bytes]:
        """The files, each of which convicts the log offline."""
        found = [each.evidence for each in self.cosigner.evidence()]
        for each in found:
            verify_evidence(parse_evidence(each), pinned=vkeys)
        return found

    def waiting(self) -> int:
        """How many events of ours wait to be logged."""
        with self.database.read() as db:
            return len(inbox.waiting(db, 1000))

    def cosigned(self) -> str | None:
        """The note cosigned last, as the database has it."""
        with self.database.read() as db:
            return witness.heads(db).get(ORIGIN)

    def _ask(self, country: str) -> str | None:
        self.asked.append(country)
        return self.published()


@contextmanager
def another(stand: Stand) -> Iterator[Stand]:
    """Another process on the same database and the same volume of the signer."""
    folder = stand.folder / "another"
    opened = open_database(stand.database.engine.url.render_as_string(hide_password=False))
    folder.mkdir()
    (folder / "signer").symlink_to(stand.folder / "signer")
    (stand.folder / "signer").mkdir(exist_ok=True)
    try:
        yield Stand(opened, folder, stand.federation)
    finally:
        opened.close()


def at_once(count: int, work: Callable[[int], Reply]) -> list[Reply]:
    """Do something so often, each in a thread, all at one moment."""
    together, replies = threading.Barrier(count), list[Reply]()

    def run(number: int) -> None:
        together.wait()
        replies.append(work(number))

    threads = [threading.Thread(target=run, args=[number]) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(replies) == count
    return replies
