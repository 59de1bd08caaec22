"""Bulk bodies from a peer, over our own gateway: streamed, hashed as they come, never held in memory."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import urllib3

from services.exchange import patience
from services.exchange.records import Package, StoredSegment
from services.exchange.vault import Vault
from shared.protocol.digests import sha384
from shared.runtime.http import BLOCK

LINE = 160  # bytes of the segment index for one segment, at most
OK = 200

Mint = Callable[[str, str], Mapping[str, str]]


class AwayError(Exception):
    """The bytes did not come; they will be asked for again, after `wait` if whoever has them said so."""

    def __init__(self, why: str, wait: timedelta | None = None) -> None:
        super().__init__(why)
        self.wait = wait


class WrongBytesError(Exception):
    """The sender gave other bytes than it announced; the text names the segment."""


@dataclass(frozen=True, slots=True)
class Wire:
    """GETs over our gateway; `mint(method, path)` gives the headers that vouch for one call."""

    pool: urllib3.HTTPConnectionPool
    mint: Mint

    def index(self, package: Package) -> bytes:
        """Return the segment index that the package's entry announces.

        Raises:
            AwayError: it did not come.
            WrongBytesError: it is another.
        """
        octets = bytearray()
        with self._get(package, "index") as blocks:
            for block in blocks:
                octets += block
                if len(octets) > package.segments * LINE:
                    break
        if sha384(bytes(octets)).hex() != package.index_sha384:
            raise WrongBytesError("the segment index is not the one that the entry announces")
        return bytes(octets)

    def segment(self, package: Package, segment: StoredSegment, vault: Vault) -> None:
        """Bring one sealed segment into the vault, durable, if it is not there yet.

        Raises:
            AwayError: it did not come whole.
            WrongBytesError: it is not what the index announces.
            StorageFull: no room.
        """
        if vault.has(segment.digest):
            return
        digest, size = hashlib.sha256(), 0
        place = f"segments/{segment.item_id}/{segment.n}"
        with self._get(package, place) as blocks, vault.draft(segment.size) as draft:
            for block in blocks:
                size += len(block)
                if size > segment.size:
                    break
                digest.update(block)
                draft.write(block)
            if size != segment.size or digest.hexdigest() != segment.digest:
                raise WrongBytesError(
                    f"item {segment.item_id}, segment {segment.n}: "
                    "the sender gives other bytes than its index announces"
                )
            draft.keep(segment.digest)

    @contextmanager
    def _get(self, package: Package, place: str) -> Iterator[Iterator[bytes]]:
        path = f"/egress/{package.peer}/packages/{package.id}/{place}"
        headers = dict(self.mint("GET", path))
        try:
            answer = self.pool.request("GET", path, headers=headers, preload_content=False)
            try:
                if answer.status != OK:
                    wait = patience.told(answer.status, answer.headers.get("retry-after"))
                    raise AwayError(f"it answered {answer.status}", wait)
                yield answer.stream(BLOCK, decode_content=False)
            finally:
                answer.close()  # a connection whose body was read to its end is back in the pool
        except urllib3.exceptions.HTTPError as error:
            raise AwayError(type(error).__name__) from error
