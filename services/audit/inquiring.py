"""Ask a log that did not show that it grew for the tree that it signed: its own tiles may convict it.

Without a proof that leads there (a liar need not send one; and none does from a size that is a power of
two) a refused note is only strange. The hashes that show which smaller tree it begins with can be read
from the log's tiles, if it serves them: then the note is evidence, or it is cleared.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import httpx

from services.audit.acquaintance import Acquaintance
from services.audit.cosigning import Cosigner
from services.audit.marks import checkpoint_of
from services.audit.recalling import UnreadError, read
from services.audit.store import witness
from shared.protocol import merkle
from shared.protocol.accusations import accusations
from shared.protocol.checkpoints import Checkpoint
from shared.protocol.errors import ProtocolError
from shared.protocol.merkle import HASH_SIZE, Node, Range
from shared.protocol.tiles import WIDTH, Tile
from shared.protocol.witnessing import Reason
from shared.runtime import logs

PACE = timedelta(seconds=30)
MOST = 8  # notes looked into at a time
_LEVEL_BITS = 8
_REASONS = (Reason.INCONSISTENT.name.lower(),)


@dataclass(slots=True, kw_only=True)
class Inquiry:
    """A job: looks into refused notes of which nothing is proven yet."""

    cosigner: Cosigner
    gateway: httpx.Client
    _due_at: datetime | None = field(default=None)

    def begin(self) -> None:
        """What is to be looked into is in the database."""

    def work(self) -> bool:
        """Look into what there is, if it is time to."""
        now = self.cosigner.clock()
        if self._due_at is not None and now < self._due_at:
            return False
        self._due_at = now + PACE
        with self.cosigner.database.read() as db:
            notes = witness.suspicious(db, _REASONS, MOST)
        for note in notes:
            try:
                self._look_into(note)
            except (UnreadError, ProtocolError) as error:
                logs.log().warning("log_not_read", detail=repr(error))
        return False

    def _look_into(self, note: str) -> None:
        told = checkpoint_of(note)
        log = self.cosigner.acquainted(told.origin)
        with self.cosigner.database.read() as db:
            known = witness.cosigned_before(db, told.origin, told.size)
            vkeys = witness.keys(db, told.origin)
        if log is None or known is None:
            return
        path = self._path(log, checkpoint_of(known).size, told)
        found = accusations(note, [known], vkeys=vkeys, path=path)
        with self.cosigner.database.begin() as db:
            self.cosigner.keep_evidence(db, log, found, self.cosigner.clock())
        # Commit point. Died before it: it is looked into again. After it: evidence and entry are kept.
        self.cosigner.signals.arrived()

    def _path(self, log: Acquaintance, old: int, told: Checkpoint) -> list[bytes]:
        """The hashes that show which tree of `old` entries the signed one begins with."""
        size = self._shown(log).size
        ranges: Sequence[Range] = merkle.path_ranges(old, told.size)
        nodes = {node for each in ranges for node in merkle.complete(*each)}
        hashes = {node: self._node(log, node, size) for node in nodes}
        return merkle.hash_ranges(ranges, hashes)

    def _shown(self, log: Acquaintance) -> Checkpoint:
        return checkpoint_of(self._read(log, "checkpoint").decode())

    def _node(self, log: Acquaintance, node: Node, size: int) -> bytes:
        """The hash of a complete subtree, from the tile that holds it or the nodes below it."""
        height, inside = divmod(node[0], _LEVEL_BITS)
        number, first = divmod(node[1] << inside, WIDTH)
        width = min((size >> (_LEVEL_BITS * height)) - number * WIDTH, WIDTH)
        if width < first + (1 << inside):
            raise UnreadError("the log shows fewer entries than it signed")
        tile = Tile(level=height, n=number, width=width)
        content = self._read(log, f"tile/{tile.path()}")
        if len(content) != width * HASH_SIZE:
            raise UnreadError("a tile has another length")
        held = [content[at : at + HASH_SIZE] for at in range(0, len(content), HASH_SIZE)]
        return merkle.root(held[first : first + (1 << inside)])

    def _read(self, log: Acquaintance, path: str) -> bytes:
        content = read(self.gateway, log.country, path)
        if content is None:
            raise UnreadError(f"there is no {path}")
        return content
