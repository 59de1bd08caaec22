"""Take from the log the proofs with which entries leave: under checkpoints that its witnesses stand for.

The log gives each of our entries its place at once (LOGGED), and the proof as soon as a checkpoint over
it is published, which the quorum of our own policy has cosigned (WITNESSED). Every proof is checked here
as the peer will check it, by the directory's word: what would be refused there does not leave. Safe to
kill at any line: nothing is remembered but in the store.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import httpx

from services.exchange import correspondence
from services.exchange.states import Actor, PackageAct, PackageState
from services.exchange.store import Session, entries, packages
from services.exchange.store.entries import StoredEntry
from services.exchange.store.relogging import log_of
from shared.protocol import canonical, verification
from shared.protocol.chainfolder import LoggedEntry
from shared.protocol.entries import EntryType, read_entry
from shared.protocol.errors import FormatError, ProtocolError
from shared.runtime import logs
from shared.runtime.clock import Clock
from shared.runtime.database import Database
from shared.runtime.directory import Directory
from shared.runtime.refusals import Refusal

BATCH = 64  # entries in one call: about 8 KiB of answer each
MAX_ANSWER = 4 * 2**20  # bytes
FIRST_PAUSE, LONGEST_PAUSE = 0.02, 1.0  # seconds between two looks while entries wait
_FIRST: Mapping[str, str] = {}
_NEWEST = {"under": "newest"}
FLAWED = timedelta(seconds=5)  # until a proof is asked for again that did not hold


@dataclass(slots=True, kw_only=True)
class Prover:
    """Asks the log, again and again while entries wait, ever more slowly."""

    database: Database
    audit: httpx.Client
    country: str
    directory: Directory
    clock: Clock
    wait: Callable[[float], object]  # pauses for so many seconds, or until the process is to stop
    fruitless: int = 0  # looks in a row

    def begin(self) -> None:
        """Nothing is taken over: the log is asked for whatever waits."""

    def work(self) -> bool:
        """Look once; False when no entry waits for a proof."""
        found = self.look()
        if found:
            self.fruitless = 0
        elif found is not None:
            self.wait(min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(self.fruitless, 10)))
            self.fruitless += 1
        return found is not None

    def look(self) -> int | None:
        """Take the proofs that there are; return how many, or None when no entry waits for one."""
        with self.database.read() as db:
            waiting = entries.unwitnessed(db, self.clock(), BATCH)
        if not waiting:
            return None
        # A proof is the first that was published, and the same for ever; only one that the peer
        # has not taken is replaced by the newest there is.
        fresh = [entry for entry in waiting if entry.proof is None]
        refused = [entry for entry in waiting if entry.proof is not None]
        try:
            return sum(
                self._take(those, {**how, "log": log})
                for how, some in ((_FIRST, fresh), (_NEWEST, refused))
                for log, those in _by_log(some).items()
            )
        except (httpx.TransportError, FormatError, Refusal) as error:
            logs.log().warning("unproven", why=str(error) or type(error).__name__)
            return 0

    def _take(self, waiting: Sequence[StoredEntry], how: Mapping[str, str]) -> int:
        # Network, outside every transaction. Died here: the log is asked again.
        proofs, lost = self._ask(waiting, how)
        taken = 0
        for entry in waiting:
            proof = proofs.get(str(entry.log_index))
            if proof is not None and proof != entry.proof:
                taken += self._keep(entry, proof)
            elif entry.log_index in lost:
                taken += self._log_again(entry)
        return taken

    def _log_again(self, entry: StoredEntry) -> bool:
        logs.log().warning("logged_again", channel=entry.channel, seq=entry.seq, log=log_of(entry))
        with self.database.begin() as db:
            correspondence.log_again(db, entry, self.clock())
        # Commit point: before it the log is asked again; after it the event goes to the log of now.
        return True

    def _ask(
        self, waiting: Sequence[StoredEntry], how: Mapping[str, str]
    ) -> tuple[Mapping[str, str], Sequence[canonical.Json]]:
        """Give the proofs by index, and the indexes that lie behind the end of a log that died."""
        query = [("index", str(entry.log_index)) for entry in waiting]
        answer = self.audit.get("/proofs/published", params=[*query, *how.items()])
        value = canonical.read(answer.content, max_size=MAX_ANSWER) if answer.is_success else None
        match value:
            case {"proofs": dict(proofs), **rest}:
                lost = rest.get("lost")
                known = {at: each for at, each in proofs.items() if isinstance(each, str)}
                return known, lost if isinstance(lost, list) else []
            case _:
                raise FormatError(f"audit gives no proofs ({answer.status_code})")

    def _keep(self, entry: StoredEntry, proof: str) -> bool:
        try:
            self._check(entry, proof)
        except ProtocolError as error:
            why = f"this country's log gives no proof that holds ({error.code}: {error.detail})"
            self._put_off(entry, why)
            return False
        with self.database.begin() as db:
            if entries.set_witnessed(db, entry.hash, proof, self.clock()):
                self._offer(db, entry)
        # Commit point: before it the log is asked again; after it the courier may send.
        return True

    def _check(self, entry: StoredEntry, proof: str) -> None:
        """Check a proof as the peer will.

        Raises:
            ProtocolError: the peer would not take it.
            Refusal: the directory does not tell of ourselves, or not yet.
        """
        assert entry.leaf is not None
        logged = LoggedEntry.of(entry.jws, leaf=entry.leaf, proof=proof.encode())
        own = self.directory.member(self.country)
        verification.check_logged(logged, read_entry(entry.jws).entry, own)

    def _offer(self, db: Session, entry: StoredEntry) -> None:
        if entry.type != EntryType.PACKAGE:
            return
        package = packages.find(db, str(entry.transfer_id))
        if package.state is PackageState.SEALED:
            actor = Actor(client_id=self.country, at=self.clock())
            packages.move(db, package.id, PackageAct.OFFER, actor)

    def _put_off(self, entry: StoredEntry, why: str) -> None:
        now = self.clock()
        logs.log().error("bad_own_proof", channel=entry.channel, seq=entry.seq, why=why)
        with self.database.begin() as db:
            entries.set_failed(db, entry.hash, why, now=now, due_at=now + FLAWED)


def _by_log(waiting: Sequence[StoredEntry]) -> Mapping[str, Sequence[StoredEntry]]:
    """Entries by the log that has them: over New Year there are two."""
    found: dict[str, list[StoredEntry]] = {}
    for entry in waiting:
        found.setdefault(log_of(entry), []).append(entry)
    return found
