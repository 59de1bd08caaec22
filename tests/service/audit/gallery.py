"""Witnesses of our log, each with a real key and a real judgement, behind the wire of our gateway."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from urllib.parse import unquote

import httpx

from services.audit import publication
from services.audit.membership import Membership
from services.audit.signals import Signals
from services.audit.store import publication as shown
from services.audit.witnesses import Witnesses
from services.audit.witnessing import Witnessing
from shared.protocol.checkpoints import Checkpoint
from shared.protocol.cosignatures import WitnessKey, cosign
from shared.protocol.witnessing import Accepted, judge, monitoring_path, parse_submission
from shared.runtime.clock import Clock
from shared.runtime.directory import Directory
from tests.federated import Repository, document
from tests.service.audit.logbook import KEY, ORIGIN, START, Dead, Logbook, event

Reply = tuple[int, bytes]
Fault = Callable[["Witness", bytes], Reply]
SOON = 20.0  # seconds; what a busy machine takes at most


@dataclass(frozen=True)
class Says:
    """A fault: always this answer."""

    status: int
    body: bytes = b"no"

    def __call__(self, *_: object) -> Reply:
        return self.status, self.body


@dataclass
class Witness:
    """A witness. `faults` are consumed one question at a time; None is none."""

    name: str
    clock: Clock
    faults: list[Fault | None] = field(default_factory=list)
    always: Fault | None = None
    last: Checkpoint | None = None
    note: str | None = None
    asked: list[int] = field(default_factory=list)  # sizes
    hidden: bool = False  # it does not show its newest note
    away: bool = False

    def __post_init__(self) -> None:
        self.key = WitnessKey.generate(f"{self.name.lower()}.example/w")

    def add(self, body: bytes) -> Reply:
        fault = self.faults.pop(0) if self.faults else self.always
        return self.cosign(body) if fault is None else fault(self, body)

    def cosign(self, body: bytes) -> Reply:
        submission = parse_submission(body)
        judged = judge(submission, KEY.vkeys(), self.last)
        self.asked.append(int(submission.note.text.split("\n")[1]))
        if not isinstance(judged, Accepted):
            return judged.status, judged.body.encode()
        note = body.decode().partition("\n\n")[2]
        lines = cosign(note, self.key, self.clock())
        self.last, self.note = judged.checkpoint, note + lines
        return 200, lines.encode()

    def newest(self) -> Reply:
        if self.note is None or self.hidden:
            return 404, b"not here"
        return 200, self.note.encode()


@dataclass
class Gallery:
    """The witnesses of a policy, the directory that names it, and the way to them."""

    folder: Path
    book: Logbook
    names: tuple[str, ...] = ("W1", "W2")
    threshold: int = 2
    signals: Signals = field(default_factory=Signals)

    def __post_init__(self) -> None:
        self.all = {name: Witness(name, self.book.clock) for name in self.names}
        self.repository = Repository.make(self.folder / "federation", START, ("QM",))
        self.directory = Directory(self.folder / "directory.json", self.repository.root)
        self.membership = Membership(directory=self.directory, country="QM")
        self.say(self.policy(self.threshold))
        self.client = httpx.Client(
            transport=httpx.MockTransport(self._handle), base_url="http://gateway"
        )
        self.witnessing = self.job()

    def job(self) -> Witnessing:
        """What a new leader begins with."""
        return Witnessing(
            database=self.book.database,
            membership=self.membership,
            witnesses=Witnesses(gateway=self.client, origin=ORIGIN),
            contradiction=self.contradiction,
            signals=self.signals,
            pace=timedelta(0),
            clock=self.book.clock,
        )

    def contradiction(self, note: str) -> str | None:
        return publication.contradiction(
            note, database=self.book.database, origin=ORIGIN, vkeys=KEY.vkeys()
        )

    def __getitem__(self, name: str) -> Witness:
        return self.all[name]

    def policy(self, threshold: int) -> str:
        lines = [
            f"witness {each.name}-{number} {vkey} https://{each.name.lower()}.example/w"
            for each in self.all.values()
            for number, vkey in enumerate(each.key.vkeys(), 1)
        ]
        groups = [f"group {name} all {name}-1 {name}-2" for name in self.names]
        quorum = f"group Q {threshold} {' '.join(self.names)}"
        return "\n".join([*lines, *groups, quorum, "quorum Q"]) + "\n"

    def say(self, policy: str, limit: int = 14_400) -> None:
        """Let the directory say this of our log."""
        log = {
            "origin": ORIGIN,
            "url": "https://qm.example/log",
            "vkeys": KEY.vkeys(),
            "policy": policy,
            "unwitnessed_limit": limit,
        }
        self.repository.publish(document("QM", log=log))
        self.directory.adopt(self.repository.bundle())

    def until(self, true: Callable[[], bool]) -> None:
        """Let the job look until something is so; pauses after a failure pass at once."""
        deadline = time.monotonic() + SOON
        while not true():
            assert time.monotonic() < deadline
            self.hurry()
            with contextlib.suppress(Dead):  # as the crew does
                self.witnessing.work()
            time.sleep(0.002)

    def quiet(self) -> None:
        """Let the job look until nobody is being asked any more, and once again."""
        for _ in range(2):
            self.witnessing._look_at = 0.0
            self.witnessing.work()
            self.until(lambda: all(each.asked is None for each in self.witnessing._desks.values()))

    def hurry(self) -> None:
        with self.witnessing._lock:
            self.witnessing._look_at = 0.0
            for desk in self.witnessing._desks.values():
                desk.due_at = 0.0

    def shown(self) -> int:
        """The size that is published."""
        with self.book.database.read() as db:
            found = shown.latest_published(db)
        return found.size if found else 0

    def outcome(self, name: str) -> str | None:
        """What a witness said last."""
        said = self.witnessing.reports().get(f"{name}-1")
        return said.outcome if said else None

    def _handle(self, request: httpx.Request) -> httpx.Response:
        parts = unquote(request.url.path).split("/")
        witness = self.all[parts[3].partition("-")[0]]
        if witness.away:
            raise httpx.ConnectError("away", request=request)
        if parts[4] == "add-checkpoint":
            status, body = witness.add(request.read())
        else:
            assert "/".join(parts[4:]) == monitoring_path(ORIGIN)
            status, body = witness.newest()
        return httpx.Response(status, content=body)


def grow(gallery: Gallery, *numbers: int) -> int:
    """Sign a checkpoint over more entries; return its size."""
    book = gallery.book
    book.take(*map(event, numbers))
    book.sequence()
    size = book.sign()
    gallery.signals.signed()
    return size
