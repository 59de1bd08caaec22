"""The log of three entries whose checkpoint and proof were worked out with other code."""

from datetime import UTC, datetime

from shared.protocol import merkle
from shared.protocol.checkpoints import Checkpoint, LogKey, sign_checkpoint

ORIGIN = "audit.xx.example/log/2026"
TIME = datetime.fromtimestamp(1790000000, UTC)
KEY = LogKey(origin=ORIGIN, ed25519=bytes(range(32)), mldsa44=bytes(range(0x40, 0x60)))
LEAVES = [merkle.leaf_hash(each) for each in (b"one", b"two", b"three")]
HEAD = Checkpoint(origin=ORIGIN, size=3, root=merkle.root(LEAVES))
NOTE = sign_checkpoint(HEAD, KEY, TIME)
