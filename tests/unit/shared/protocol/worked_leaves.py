"""A leaf with a value in every member, one with none, and the entry that the first is of."""

from datetime import UTC, datetime

from shared.protocol.leaves import About, Direction, EntryFacts, Leaf, PeerReceipt

ORIGIN = "qm.example/log"
TIME = datetime(2026, 10, 1, 8, 30, 0, 250_000, UTC)
ID = "01890a5d-ac96-774b-bcce-b302099a8057"
HASH = "ab" * 48
ABOUT = About(channel="QN>QM", epoch=0, seq=4, hash="cd" * 48)
ENTRY = EntryFacts(
    channel="QM>QN",
    epoch=0,
    seq=3,
    entry_type="receipt",
    entry_hash=HASH,
    about=ABOUT,
    outcome="ContentConsignment",
)
LEAF = Leaf(
    type="transfer.intent",
    log=ORIGIN,
    seq_time=TIME,
    event_id=ID,
    event_time=TIME,
    transfer_id=ID,
    direction=Direction.OUT,
    peer="QN",
    channel="QM>QN",
    epoch=0,
    seq=3,
    entry_type="receipt",
    entry_hash=HASH,
    about=ABOUT,
    outcome="ContentConsignment",
    case_ref="12" * 32,
    case_seq=1,
    case_prev=7,
    peer_seq=0,
    size=2**40,
    commit={"officer": "34" * 32},
    peer_receipt=PeerReceipt(origin="qn.example/log", index=4, size=5, root=bytes(32)),
    reason="no_reason",
    count=2,
    nonce="56" * 16,
)
PLAIN = Leaf(type="log.opened", log=ORIGIN, seq_time=TIME, event_id=ID, event_time=TIME)
