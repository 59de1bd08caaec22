"""F22: a country rewrites its log, with all of its keys at hand; who finds it, and what convicts it.

The log is QN's in the simulated case. Before, our witness has cosigned it, a body of QN's own oversight
has pulled it, a witness of that body has seen it, and QM's exchange has kept the checkpoint under which
the last entry came. Then QN shows something else.
"""

import copy
import hmac
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest

from client.errors import VerificationFailedError
from client.oversight.audit import audit
from client.oversight.convicting import examine
from client.oversight.findings import Check, Findings
from client.oversight.mirror import CHECKPOINT, Mirror
from client.oversight.proving import prove
from client.oversight.site import Site
from client.oversight.witnessing import witness
from shared.protocol import leaves, merkle
from shared.protocol.checkpoints import Checkpoint, check_extends, read_checkpoint, sign_checkpoint
from shared.protocol.errors import InconsistentLogError
from shared.protocol.identifiers import new_id
from shared.protocol.leaves import Leaf
from shared.protocol.merkle import leaf_hash
from shared.protocol.notes import read_note
from shared.protocol.witnessing import Reply
from tests.service.audit.logbook import MortalDatabase
from tests.service.audit.witness_stand import Federation, Stand
from tests.simulated_case import standard_case
from tests.simulated_mirror import write_log, write_mirror
from tests.simulated_node import Node
from tests.witness_at_work import Desk, serving

HONEST = standard_case().qn
KEYS = HONEST.log_key.vkeys()
SIZE = len(HONEST.bodies)
REQUEST = next(n for n, leaf in enumerate(HONEST.log) if leaf.entry_type == "request")
RECEIPT = next(n for n, leaf in enumerate(HONEST.log) if leaf.entry_type == "receipt")
LAST = HONEST.log[-1]

Log = list[Leaf]


def told(leaf: Leaf, **changed: object) -> Leaf:
    """The same, said otherwise: whatever is changed, the octets are others (nonce)."""
    return replace(leaf, event_id=new_id(leaf.event_time), **changed)  # type: ignore[arg-type]


def later(**changed: object) -> Leaf:
    """One more entry, in order."""
    plain = Leaf(
        type="access.denied",
        log=LAST.log,
        seq_time=LAST.seq_time + timedelta(seconds=9),
        event_time=LAST.event_time,
        event_id=new_id(LAST.event_time),
    )
    return replace(plain, **changed)  # type: ignore[arg-type]


def fork(log: Log) -> Log:
    return [*log[:-2], told(log[-2]), log[-1], later()]


def shorter(log: Log) -> Log:
    return log[:-2]


def other_root(log: Log) -> Log:
    return [*log[:-1], told(log[-1])]


def swapped(log: Log) -> Log:
    return [*log[:-2], log[-1], log[-2], later()]


def inserted_before(log: Log) -> Log:
    return [*log[:-2], later(seq_time=log[-2].seq_time), *log[-2:]]


def left_out(log: Log) -> Log:
    """The entry of a case is taken out, and the others move up."""
    return [*log[:REQUEST], *log[REQUEST + 1 :], later(), later()]


def dated_back(log: Log) -> Log:
    """It extends the tree as it should, and says that it was there before the last checkpoint."""
    return [*log, later(seq_time=log[-1].seq_time - timedelta(hours=1))]


def dated_back_in_order(log: Log) -> Log:
    """The log was asleep for a day; what is logged now is dated to its evening."""
    return [*log, later()]


def never_logged(log: Log) -> Log:
    """An entry left the country and was never logged; the next ones follow as if nothing had been."""
    return [*log[:RECEIPT], *log[RECEIPT + 1 :], later(), later()]


def other_label(log: Log) -> Log:
    """What belongs to the case is filed under a pseudonym that nobody looks for."""
    ref = hmac.digest(HONEST.case_key, b"another", "sha256").hex()
    filed = {"case_ref": ref, "case_seq": 0, "case_prev": None, "entry_type": "request"}
    return [*log, later(transfer_id=standard_case().request_id, **filed)]


def other_case_key(log: Log) -> Log:
    """All pseudonyms are made by a key that the overseer is not given."""
    return [told(log[0], commit={"log_case_key": "00" * 32}), *log[1:]]


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What QN shows after it has rewritten its log."""

    bodies: list[bytes]
    note: str

    @classmethod
    def of(cls, log: Log, later_by: timedelta = timedelta(0)) -> "Shown":
        bodies = [leaves.build(each) for each in log]
        checkpoint = Checkpoint(
            origin=HONEST.log_key.origin,
            size=len(bodies),
            root=merkle.root([leaf_hash(each) for each in bodies]),
        )
        signed = sign_checkpoint(checkpoint, HONEST.log_key, HONEST.clock() + later_by)
        return cls(bodies=bodies, note=signed)

    @property
    def checkpoint(self) -> Checkpoint:
        return read_checkpoint(read_note(self.note).text)

    def proof(self, old: int) -> list[bytes]:
        """The best that can be said for it: the consistency proof of the tree that is shown now."""
        size = len(self.bodies)
        if not 0 < old <= size:
            return []
        frontier = merkle.Frontier()
        hashes = [leaf_hash(each) for each in self.bodies]
        nodes = {node: made for each in hashes for node, made in frontier.add(each)}
        return merkle.hash_ranges(merkle.consistency_ranges(old, size), nodes)


BEFORE = Shown.of(HONEST.log)


@pytest.fixture(scope="session")
def federation(tmp_path_factory: pytest.TempPathFactory) -> Federation:
    made = Federation(tmp_path_factory.mktemp("federation") / "repository", ("QM", "QN"))
    made.say("QN", origin=HONEST.log_key.origin, vkeys=KEYS)
    return made


@pytest.fixture
def stand(database: MortalDatabase, tmp_path: Path, federation: Federation) -> Stand:
    made = Stand(database, tmp_path, federation)
    assert made.add(0, BEFORE.note).status == 200
    return made


@pytest.fixture
def mirror(tmp_path: Path) -> Mirror:
    return write_mirror(tmp_path / "mirror", standard_case(), HONEST)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    made = Desk(tmp_path / "w", KEYS)
    assert made.add(0, BEFORE.note).status == 200
    return made


def submitted(stand: Stand, shown: Shown) -> Reply:
    """As the log's own witnessing does: from what was cosigned last, with what proof there is."""
    return stand.add(SIZE, shown.note, shown.proof(SIZE))


def pulled(mirror: Mirror, shown: Shown) -> set[Check]:
    """Bring the mirror up to date and make all checks; the witnesses' is left to them."""
    country: Node = copy.copy(HONEST)
    country.bodies = shown.bodies
    write_log(mirror, country)
    mirror.keep_checkpoint(shown.note)
    mirror.write(CHECKPOINT, shown.note.encode())
    findings = Findings()
    audit(mirror, pinned_root=standard_case().directory[1], findings=findings)
    return {each.check for each in findings.failures} - {Check.WITNESSES}


REWRITTEN = [fork, other_root, swapped, inserted_before, left_out, other_case_key]


@pytest.mark.parametrize("attack", REWRITTEN)
def test_f22_a_rewritten_log_is_refused_and_convicted(
    stand: Stand, desk: Desk, mirror: Mirror, attack: Callable[[Log], Log]
) -> None:
    """Our witness, the overseer's witness, the peer and the overseer's mirror: each of them finds it."""
    shown = Shown.of(attack(HONEST.log))
    assert submitted(stand, shown).status == 422
    assert desk.add(SIZE, shown.note, shown.proof(SIZE)).status == 422
    with pytest.raises(InconsistentLogError):
        check_extends(BEFORE.checkpoint, shown.checkpoint, shown.proof(SIZE))
    assert Check.HISTORY in pulled(mirror, shown)
    found = [*stand.evidence(KEYS), *desk.evidence()]
    assert len(found) == 2
    for each in found:
        verdict = examine(each, KEYS)
        assert (verdict.origin, verdict.proven.smaller.size) == (HONEST.log_key.origin, SIZE)
    assert stand.waiting() == 1, "and our own log tells of it"


def test_f22_a_shorter_log_is_refused_by_all_who_saw_the_longer(
    stand: Stand, desk: Desk, mirror: Mirror
) -> None:
    """By itself it convicts nobody: the two trees agree. What it goes on with does."""
    shown = Shown.of(shorter(HONEST.log))
    assert submitted(stand, shown).status == 400
    assert stand.add(0, shown.note).body == f"{SIZE}\n"
    assert desk.add(0, shown.note).body == f"{SIZE}\n"
    with pytest.raises(InconsistentLogError):
        check_extends(BEFORE.checkpoint, shown.checkpoint, [])
    assert Check.HISTORY in pulled(mirror, shown)
    assert stand.evidence(KEYS) == []
    grown = Shown.of([*shorter(HONEST.log), later(), later(), later()])
    assert submitted(stand, grown).status == 422
    assert len(stand.evidence(KEYS)) == 1


@pytest.mark.parametrize(
    ("attack", "check"),
    [(dated_back, Check.LEAVES), (other_label, Check.COUNTERS), (left_out, Check.COUNTERS),
     (never_logged, Check.CHANNELS), (other_case_key, Check.LEAVES)],
)  # fmt: skip
def test_f22_a_lie_in_the_entries_is_found_by_whoever_reads_them(
    stand: Stand, mirror: Mirror, attack: Callable[[Log], Log], check: Check
) -> None:
    """A tree may grow as it should and be full of lies: witnesses see no entries, the overseer does."""
    shown = Shown.of(attack(HONEST.log))
    if attack in {dated_back, other_label}:
        assert submitted(stand, shown).status == 200
    assert check in pulled(mirror, shown)
    fresh = write_mirror(mirror.folder.with_name("fresh"), standard_case(), _showing(shown))
    assert check in pulled(fresh, shown), "also by who pulls it for the first time"


def test_f22_an_entry_is_dated_back_at_most_to_the_checkpoint_before(mirror: Mirror) -> None:
    """A day after the last checkpoint an entry is added and dated to the day before."""
    night = timedelta(days=1)
    asleep = Shown.of(HONEST.log, later_by=night)
    mirror.keep_checkpoint(asleep.note)
    shown = Shown.of(dated_back_in_order(HONEST.log), later_by=2 * night)
    assert pulled(mirror, shown) == {Check.DATES}


def test_f22_a_stale_checkpoint_is_found_by_asking_a_witness(desk: Desk, tmp_path: Path) -> None:
    """One client is shown the log of yesterday, and nothing else, for ever."""
    stale = Shown.of(shorter(HONEST.log))
    mirror = write_mirror(tmp_path / "stale", standard_case(), _showing(stale))
    found = prove(mirror, standard_case().directory[1])
    with serving(desk) as url, pytest.raises(VerificationFailedError) as refused:
        witness(
            found,
            Site(url),
            desk.witness.key.vkeys(),
            present=lambda: stale.checkpoint.size,
        )
    assert (refused.value.code, str(SIZE) in refused.value.detail) == ("inconsistent_log", True)
    assert list((mirror.folder / "evidence").iterdir())


def test_f22_two_clients_who_are_shown_two_logs_find_it_by_one_witness(desk: Desk) -> None:
    """A split view: each client's log is sound in itself; the witness cosigns only one of them."""
    one = Shown.of([*HONEST.log, later()])
    other = Shown.of([*HONEST.log, later(type="access.granted")])
    assert desk.add(SIZE, one.note, one.proof(SIZE)).status == 200
    assert desk.add(SIZE, other.note, other.proof(SIZE)).status == 409
    assert desk.add(len(other.bodies), other.note).status == 422
    (found,) = desk.evidence()
    assert examine(found, KEYS).proven.smaller.size == SIZE + 1


def _showing(shown: Shown) -> Node:
    country: Node = copy.copy(HONEST)
    country.bodies = shown.bodies
    return country
