"""Open what is stored of an item, in order, and compute the SHA-256 of its plaintext.

Two stages: one thread reads and opens, the other hashes, which is the slower; so the pass costs little
more than the hash alone. Buffers are page aligned and used again; memory does not grow with the item.
"""

import hashlib
import mmap
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Self

from services.exchange.keyring import PackageKey
from services.exchange.records import StoredItem, StoredSegment
from services.exchange.vault import BLOCK, Vault
from shared.protocol import encryption


class ReadBack:
    """One pass over the items of a package; a context manager, for it holds a thread."""

    def __init__(self, vault: Vault, key: PackageKey) -> None:
        self._vault, self._key = vault, key
        self._hasher = ThreadPoolExecutor(1, thread_name_prefix="read-back")
        self._sealed = memoryview(mmap.mmap(-1, BLOCK))
        self._plain = tuple(
            memoryview(mmap.mmap(-1, encryption.buffer_size(BLOCK))) for _ in range(2)
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._hasher.shutdown()

    def sha256(
        self,
        item: StoredItem,
        segments: Sequence[StoredSegment],
        opened: Callable[[int], None],
    ) -> bytes:
        """Return the SHA-256 of an item's plaintext.

        Args:
            item: the item.
            segments: all of its segments, in order.
            opened: told the bytes of plaintext after each segment.

        Raises:
            SealError: a segment does not open: changed, cut short, or another's.
            FileNotFoundError: a segment is gone.
        """
        digest = hashlib.sha256()
        under_way: list[Future[None] | None] = [None, None]
        turn = 0
        for segment in segments:
            opener = self._key.opener(item.item_id, segment.n, last=segment.n == item.segments - 1)
            total = 0
            with self._vault.open(segment.digest) as file:
                while size := file.readinto(self._sealed):
                    free = under_way[turn]
                    if free is not None:
                        free.result()
                    length = opener.update_into(self._sealed[:size], self._plain[turn])
                    plain = self._plain[turn][:length]
                    under_way[turn] = self._hasher.submit(digest.update, plain)
                    total, turn = total + length, 1 - turn
            tail = opener.finalize()
            self._hasher.submit(digest.update, tail)
            opened(total + len(tail))
        return self._hasher.submit(digest.digest).result()  # one thread, in order: after the rest
