"""The other country's leaf of each entry received: is it of this entry, and does it stand in its log?"""

from __future__ import annotations

from dataclasses import dataclass, field

from client.oversight.ledger import Place, Transfer
from client.oversight.mirror import Mirror, counterpart_paths
from client.oversight.trusting import Keys, Trusted
from shared.protocol.checkpoints import Checkpoint, read_checkpoint
from shared.protocol.errors import ProofError
from shared.protocol.identifiers import parse_channel
from shared.protocol.leaves import About, EntryFacts, PeerReceipt, check_transfer_leaf, parse
from shared.protocol.logproofs import LogProof, ProvenLeaf, parse_proof
from shared.protocol.merkle import leaf_hash, verify_inclusion
from shared.protocol.notes import read_note


@dataclass(slots=True)
class Counterparts:
    """The counterparts of a mirror. What was proven once is not proven again."""

    mirror: Mirror
    trusted: Trusted
    _proven: dict[int, tuple[Transfer, ProvenLeaf]] = field(default_factory=dict)
    _last: tuple[str, Checkpoint] | None = None

    def check(self, transfer: Transfer) -> ProvenLeaf:
        """Check the counterpart of a transfer that was received.

        Returns:
            Where it stands in the sender's log.

        Raises:
            ProtocolError: it is missing, is of something else, or does not stand there under a
                checkpoint that the quorum of the sender's policy has cosigned.
        """
        known = self._proven.get(transfer.index)
        if known is None or known[0] != transfer:
            known = self._proven[transfer.index] = transfer, self._prove(transfer)
        return known[1]

    def _prove(self, transfer: Transfer) -> ProvenLeaf:
        found = self.mirror.counterpart(transfer.index)
        if found is None:
            missing = counterpart_paths(transfer.index)[0]
            raise ProofError(f"the sender's leaf or proof is missing: {missing}")
        leaf, proof = found[0], parse_proof(found[1])
        country = parse_channel(transfer.place[0])[0]
        origin = read_checkpoint(read_note(proof.checkpoint).text).origin
        keys = self.trusted.log_of(country, origin)
        check_transfer_leaf(parse(leaf), _facts(transfer), origin=keys.origin)
        checkpoint = self._checkpoint(keys, proof)
        verify_inclusion(proof.index, checkpoint.size, leaf_hash(leaf), proof.path, checkpoint.root)
        stands = PeerReceipt(
            origin=checkpoint.origin,
            index=proof.index,
            size=checkpoint.size,
            root=checkpoint.root,
        )
        if transfer.counterpart != stands:
            raise ProofError("the log says that the sender's leaf stands elsewhere")
        return ProvenLeaf(index=proof.index, checkpoint=checkpoint)

    def _checkpoint(self, keys: Keys, proof: LogProof) -> Checkpoint:
        """Check a checkpoint; several entries in a row may stand under one."""
        if self._last is None or self._last[0] != proof.checkpoint:
            checkpoint = keys.verify_any(proof.checkpoint)
            keys.check_quorum(proof.checkpoint)
            self._last = proof.checkpoint, checkpoint
        return self._last[1]


def _facts(transfer: Transfer) -> EntryFacts:
    channel, epoch, seq = transfer.place
    return EntryFacts(
        channel=channel,
        epoch=epoch,
        seq=seq,
        entry_type=transfer.entry_type,
        entry_hash=transfer.hash.hex(),
        about=transfer.about and _about(*transfer.about),
        outcome=transfer.outcome,
    )


def _about(place: Place, digest: bytes) -> About:
    channel, epoch, seq = place
    return About(channel=channel, epoch=epoch, seq=seq, hash=digest.hex())
