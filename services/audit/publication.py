"""Use case: sign a checkpoint over what is durable, have it cosigned, and show it.

    integrated ──sign──▶ signed ──keep──▶ witnessed ──publish──▶ published

Each stage is durable before the next begins. What is signed may be told inside the node; only what is
published is shown to anybody else. Who must have cosigned it is said by the policy of our own country's
member document; where that asks for nobody, what is signed is published at once.
"""

from collections.abc import Iterable, Sequence

from services.audit.alarms import LeadLost, SignerRefusal
from services.audit.signer import Signer
from services.audit.store import Session, publication, tree
from services.audit.store.publication import Cosigned
from shared.protocol.checkpoints import Checkpoint, verify_checkpoint
from shared.protocol.cosignatures import Cosignature
from shared.protocol.errors import ProtocolError
from shared.protocol.merkle import complete, consistency_ranges, hash_ranges
from shared.protocol.policies import NONE, Policy, check_quorum
from shared.runtime import logs
from shared.runtime.clock import Clock
from shared.runtime.database import Database

Signed = tree.Signed
_LOOK_BACK = 8  # sizes; a witness that was slow may complete the quorum of an earlier one


def sign(*, database: Database, signer: Signer, clock: Clock, policy: Policy | None = None) -> int:
    """Sign the head and keep the checkpoint, unless it has one; return the size that is signed.

    Three steps, each durable before the next: the head (by `sequencing`), the signer's memory, the
    checkpoint's row. If we die between any two, the next call goes on from there: the signer gives the
    same note for the same head, and a head that grew meanwhile is signed as it then stands.
    Under a `policy` that asks for nobody the checkpoint is published with the same commit.

    Raises:
        SignerRefusal: the log went back behind what was signed, or contradicts it, or the signer has
            lost its memory.
        LeadLost: the log is not open.
    """
    with database.read() as db:
        head, latest = tree.head(db), tree.latest_checkpoint(db)
        if head is None:
            raise LeadLost("the log is not open")
        made = Checkpoint(origin=signer.origin, size=head.size, root=head.root)
        if latest and latest.size == made.size and signer.last and signer.last.checkpoint == made:
            return made.size
        proof = _extension(db, signer, head, known=latest)
    note = signer.sign(made, proof, clock())
    with database.begin() as db:
        now = clock()
        tree.add_checkpoint(db, size=made.size, note=note, now=now)
        if policy is not None and policy.quorum == NONE:
            publication.add_published(db, size=made.size, note=note, now=now)
    return made.size


def keep(*, database: Database, size: int, cosignatures: Sequence[Cosignature]) -> None:
    """Keep what a witness signed of our checkpoint of this size; it was checked before."""
    rows = [
        Cosigned(size=size, signer=signer_of(each.vkey), line=each.signature.line(), time=each.time)
        for each in cosignatures
    ]
    with database.begin() as db:
        publication.add_cosignatures(db, rows)
    # Commit point. Died before it: the witness is asked again and cosigns the same again.


def publish(*, database: Database, policy: Policy, clock: Clock) -> int:
    """Show the newest checkpoint that its quorum has cosigned; return the size that is shown, or 0.

    A note that is shown never changes: a cosignature that comes later is under the next one.
    """
    with database.read() as db:
        shown = publication.latest_published(db)
        ready = _ready(db, policy, shown.size if shown else 0)
    if ready is None:
        return shown.size if shown else 0
    with database.begin() as db:
        publication.add_published(db, size=ready.size, note=ready.note, now=clock())
    # Commit point. Died before it: nothing was shown, and the next call finds the same quorum.
    return ready.size


def witnessed(db: Session, policy: Policy | None) -> int:
    """The largest size that is published, or could be now."""
    shown = publication.latest_published(db)
    ready = _ready(db, policy, shown.size if shown else 0) if policy else None
    return max(each.size if each else 0 for each in (shown, ready))


def extension(database: Database, *, old: int, new: int) -> list[bytes]:
    """What shows a witness that our log of `new` entries extends the `old` that it has seen.

    Raises:
        LogProofError: `old` is larger than `new`.
    """
    with database.read() as db:
        return _hashes(db, old, new)


def newest_signed(database: Database) -> tree.Signed | None:
    """The newest checkpoint, published or not."""
    with database.read() as db:
        return tree.latest_checkpoint(db)


def signers(database: Database, size: int) -> frozenset[str]:
    """The short names of the keys that have cosigned our checkpoint of this size."""
    with database.read() as db:
        return frozenset(publication.cosignatures(db, size))


def last_cosigned(database: Database, signers: Iterable[str]) -> int:
    """The size of our largest checkpoint that one of these keys has cosigned; 0 if none has."""
    with database.read() as db:
        last = publication.last_cosigned(db, signers)
    return last.size if last else 0


def contradiction(
    note: str, *, database: Database, origin: str, vkeys: Sequence[str]
) -> str | None:
    """Say what a note that a witness shows proves against us; None if it agrees with our log.

    Raises:
        ProtocolError: we did not sign it, so it proves nothing.
    """
    shown = verify_checkpoint(note, vkeys)
    with database.read() as db:
        ours = tree.latest_checkpoint(db)
        size = ours.size if ours else 0
        if shown.size > size:
            return f"{shown.size} entries of {origin} were signed, and {size} are known here"
        if tree.frontier(db, shown.size).root() != shown.root:
            return f"another history of {origin} was signed at size {shown.size}"
    return None


def signer_of(vkey: str) -> str:
    """The short name of a key: its owner's name and the key's id."""
    name, key_id, _ = vkey.split("+", 2)  # the key itself is base64, and may hold the sign too
    return f"{name}+{key_id}"


def _ready(db: Session, policy: Policy, shown: int) -> tree.Signed | None:
    """The newest checkpoint beyond `shown` that may be shown, with the lines that allow it."""
    if policy.quorum == NONE:
        newest = tree.latest_checkpoint(db)
        return newest if newest and newest.size > shown else None
    for size in publication.cosigned_sizes(db, shown, _LOOK_BACK):
        signed = tree.checkpoint_at(db, size)
        if signed is not None and (note := _quorate(db, policy, signed)) is not None:
            return tree.Signed(size=size, note=note)
    return None


def _quorate(db: Session, policy: Policy, signed: tree.Signed) -> str | None:
    """The checkpoint with the cosignatures of the policy's witnesses, if they make up its quorum."""
    known = publication.cosignatures(db, signed.size)
    names = [signer_of(each.vkey) for each in policy.witnesses]
    note = signed.note + "".join(known[name] for name in names if name in known)
    try:
        check_quorum(policy, note)
    except ProtocolError as error:
        logs.log().debug("not_published", size=signed.size, why=error.detail)
        return None
    return note


def _extension(
    db: Session, signer: Signer, head: tree.Head, *, known: tree.Signed | None
) -> list[bytes]:
    """The proof that the head extends what the signer remembers."""
    if signer.last is None:
        if known is not None:
            # Without its memory the signer could be led to sign a second history.
            raise SignerRefusal("the log has checkpoints, but the signer remembers none")
        return []
    last = signer.last.checkpoint
    if head.size < last.size:
        raise SignerRefusal(
            f"the log has {head.size} entries, but {last.size} were signed: it was rolled back"
        )
    return _hashes(db, last.size, head.size)


def _hashes(db: Session, old: int, new: int) -> list[bytes]:
    ranges = consistency_ranges(old, new) if old else []
    nodes = tree.nodes(db, (node for each in ranges for node in complete(*each)))
    return hash_ranges(ranges, nodes)
