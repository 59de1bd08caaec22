"""Use case: sign a checkpoint over what is durable, and keep it. What has one can be shown to anybody."""

from services.audit.alarms import LeadLost, SignerRefusal
from services.audit.signer import Signer
from services.audit.store import Session, tree
from shared.protocol.checkpoints import Checkpoint
from shared.protocol.merkle import complete, consistency_ranges, hash_ranges
from shared.runtime.clock import Clock
from shared.runtime.database import Database


def publish(*, database: Database, signer: Signer, clock: Clock) -> int:
    """Sign the head and keep the checkpoint, unless it has one; return the size that is signed.

    Three steps, each durable before the next: the head (by `sequencing`), the signer's memory, the
    checkpoint's row. If we die between any two, the next call goes on from there: the signer gives the
    same note for the same head, and a head that grew meanwhile is signed as it then stands.

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
        tree.add_checkpoint(db, size=made.size, note=note, now=clock())
    return made.size


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
    ranges = consistency_ranges(last.size, head.size)
    nodes = tree.nodes(db, (node for each in ranges for node in complete(*each)))
    return hash_ranges(ranges, nodes)
