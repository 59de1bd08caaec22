"""Open what is stored of an item, in order, and compute digests of its plaintext.

Two stages: one thread reads and opens, others hash, which is slower; so the pass costs little more than
the slowest hash alone. Buffers are page aligned and used again; memory does not grow with the item.
"""

import hashlib
import mmap
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Self

from services.exchange.keyring import PackageKey
from services.exchange.records import StoredItem, StoredSegment
from services.exchange.vault import BLOCK, Vault
from shared.protocol import encryption

if TYPE_CHECKING:
    from hashlib import _Hash as Hash


class ReadBack:
    """One pass over the items of a package; a context manager, for it holds a thread."""

    def __init__(self, vault: Vault, key: PackageKey) -> None:
        self._vault, self._key = vault, key
        self._hasher = ThreadPoolExecutor(1, thread_name_prefix="read-back")
        self._others = ThreadPoolExecutor(1, thread_name_prefix="read-back-also")
        self._sealed = memoryview(mmap.mmap(-1, BLOCK))
        self._plain = tuple(
            memoryview(mmap.mmap(-1, encryption.buffer_size(BLOCK))) for _ in range(2)
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._hasher.shutdown()
        self._others.shutdown()

    def sha256(
        self,
        item: StoredItem,
        segments: Sequence[StoredSegment],
        opened: Callable[[int], None],
    ) -> bytes:
        """Return the SHA-256 of an item's plaintext; as `digests`."""
        return bytes.fromhex(self.digests(item, segments, opened)["sha256"])

    def digests(
        self,
        item: StoredItem,
        segments: Sequence[StoredSegment],
        opened: Callable[[int], None],
        also: Iterable[str] = (),
    ) -> dict[str, str]:
        """Return the SHA-256 of an item's plaintext, and other digests of it, in hex by name.

        Args:
            item: the item.
            segments: all of its segments, in order.
            opened: told the bytes of plaintext after each segment.
            also: names of other digests (`law.custody.LENGTHS`).

        Raises:
            SealError: a segment does not open: changed, cut short, or another's.
            FileNotFoundError: a segment is gone.
        """
        others = {name: _hash(name) for name in also if name != "sha256"}
        digest = hashlib.sha256()
        under_way: list[list[Future[None]]] = [[], []]
        turn = 0
        for segment in segments:
            opener = self._key.opener(item.item_id, segment.n, last=segment.n == item.segments - 1)
            total = 0
            with self._vault.open(segment.digest) as file:
                while size := file.readinto(self._sealed):
                    for busy in under_way[turn]:
                        busy.result()
                    length = opener.update_into(self._sealed[:size], self._plain[turn])
                    plain = self._plain[turn][:length]
                    under_way[turn] = [self._hasher.submit(digest.update, plain)]
                    under_way[turn] += [
                        self._others.submit(each.update, plain) for each in others.values()
                    ]
                    total, turn = total + length, 1 - turn
            tail = opener.finalize()
            self._hasher.submit(digest.update, tail)
            for each in others.values():
                self._others.submit(each.update, tail)
            opened(total + len(tail))
        # One thread each, in order: after the rest.
        found = {name: self._others.submit(each.hexdigest) for name, each in others.items()}
        found["sha256"] = self._hasher.submit(digest.hexdigest)
        return {name: done.result() for name, done in found.items()}


def _hash(name: str) -> "Hash":
    """Begin a digest; the old ones are here to be compared with what a source once said, no more."""
    return hashlib.new(name.replace("sha3-", "sha3_"), usedforsecurity=False)
