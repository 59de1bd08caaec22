"""Open a package that was fetched, and find out whether it is what its sender said.

Tag files first: they must be those of the entry, signed by the sender's authority. Then every item, in
order: each segment opens, and each file's SHA-256, computed here, stands in the manifest. Only the
holder of the content key can do this, and only after it may the receiver say that it has the content.
"""

import hashlib
import mimetypes
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from services.exchange.keyring import Declaration, PackageKey
from services.exchange.readback import ReadBack
from services.exchange.records import StoredItem, StoredSegment
from services.exchange.vault import BLOCK, Vault
from shared.protocol import bag, verification
from shared.protocol.checks import Payload
from shared.protocol.cms import verify_cms
from shared.protocol.errors import ProtocolError, SealError
from shared.protocol.identifiers import TAG_ITEM
from shared.protocol.law.custodyfile import Custody, check_custody
from shared.protocol.manifest import SegmentIndex
from shared.protocol.messages import PackageBody
from shared.protocol.trust import Member

UNTYPED = "application/octet-stream"


class DisputedError(Exception):
    """The package is not what its sender said; the text names the item and the segment."""


class DamagedError(Exception):
    """A segment changed here after it was fetched whole: our disk's fault, not the sender's."""

    def __init__(self, segment: StoredSegment) -> None:
        super().__init__(f"segment {segment.n} of item {segment.item_id} was damaged here")
        self.segment = segment


@dataclass(frozen=True, slots=True, kw_only=True)
class Tags:
    """The tag files, proven to be those of the entry."""

    tagmanifest_sha256: bytes
    listed: Mapping[str, bytes]  # SHA-256 by path below data/
    custody: Custody


@dataclass(frozen=True, slots=True, kw_only=True)
class Opener:
    """One pass over a package.

    `opened` is told the plaintext bytes after each segment, `found` each item that was found right;
    both may raise to stop.
    """

    key: PackageKey
    vault: Vault
    index: SegmentIndex
    opened: Callable[[int], None]
    found: Callable[[StoredItem], None]

    def open_tags(self, body: PackageBody, sender: Member) -> Tags:
        """Open and check the tag files; they fit into memory (`bag.MAX_TAG_SET`).

        Raises:
            DisputedError: they do not open, or are not those that the sender signed.
            DamagedError: they changed here.
        """
        segments = next(rows for item_id, rows in self._items() if item_id == TAG_ITEM)
        octets = b"".join(self._plain(segment, count=len(segments)) for segment in segments)
        try:
            files = bag.parse_tag_set(octets)
            digest = verification.check_tag_files(files)
            ca = sender.bag_seal_ca.encode()
            verify_cms(files[bag.SIGNATURE], files[bag.TAG_MANIFEST], ca)
            listed = bag.parse_manifest(files[bag.MANIFEST])
            payload = Payload(files=len(listed), size=body.size)
            info = files[bag.BAG_INFO]
            verification.check_binding(body, tag_manifest=digest, info=info, payload=payload)
            custody = check_custody(
                files[bag.CUSTODY],
                listed=listed,
                package_id=body.package_id,
                country=sender.country,
            )
        except ProtocolError as error:
            raise DisputedError(f"the tag files: {error.detail}") from error
        return Tags(tagmanifest_sha256=digest, listed=listed, custody=custody)

    def open_items(self, tags: Tags, known: Mapping[str, StoredItem]) -> None:
        """Open every item that is not yet known to be right, and account for every file listed.

        Raises:
            DisputedError: an item does not open, is not in the manifest, or one is missing.
            DamagedError: a segment changed here.
        """
        unclaimed = _paths_by_digest(tags.listed)
        for item in known.values():
            declared = self.key.open_declaration(item.item_id, item.sealed_declaration)
            unclaimed[declared.sha256].remove(declared.path)
        items = [rows for item_id, rows in self._items() if item_id != TAG_ITEM]
        with ReadBack(self.vault, self.key) as reader:
            for ordinal, segments in enumerate(items):
                item_id = segments[0].item_id
                if item_id not in known:
                    sealed = tags.custody.sealed(item_id)
                    self._open_item(reader, ordinal, segments, unclaimed, sealed)
        left = sum(len(paths) for paths in unclaimed.values())
        if left:
            raise DisputedError(f"{left} files of the manifest are not in the package")

    def _open_item(
        self,
        reader: ReadBack,
        ordinal: int,
        segments: Sequence[StoredSegment],
        unclaimed: Mapping[bytes, list[str]],
        sealed: str | None,
    ) -> None:
        sizes: list[int] = []

        def opened(size: int) -> None:
            sizes.append(size)
            self.opened(size)

        item = _blank(segments, ordinal)
        try:
            digest = reader.sha256(item, segments, opened)
        except (SealError, FileNotFoundError) as error:
            raise self._fault(segments[len(sizes)]) from error
        paths = unclaimed.get(digest)
        if not paths or digest.hex() != sealed:
            raise DisputedError(f"item {item.item_id}: its content is not in the sender's manifest")
        self.found(self._declared(item, paths.pop(0), digest, sum(sizes)))

    def _declared(self, item: StoredItem, path: str, digest: bytes, size: int) -> StoredItem:
        declaration = Declaration(
            path=path,
            original_name=path.rpartition("/")[2],  # the true one stands in the CASE graph
            size=size,
            sha256=digest,
            media_type=mimetypes.guess_type(path)[0] or UNTYPED,
        )
        return replace(
            item,
            sealed_declaration=self.key.seal_declaration(item.item_id, declaration),
            declaration_mac=self.key.declaration_mac(declaration),
            name_mac=self.key.name_mac(path),
            size=size,
        )

    def _plain(self, segment: StoredSegment, *, count: int) -> bytes:
        opener = self.key.opener(segment.item_id, segment.n, last=segment.n == count - 1)
        try:
            octets = opener.update(self.vault.read(segment.digest))
            return octets + opener.finalize()
        except (SealError, FileNotFoundError) as error:
            raise self._fault(segment) from error

    def _fault(self, segment: StoredSegment) -> DisputedError | DamagedError:
        """Tell a segment that was sealed wrongly from one that changed here."""
        if not is_intact(self.vault, segment):
            return DamagedError(segment)
        return DisputedError(f"item {segment.item_id}, segment {segment.n}: it does not open")

    def _items(self) -> Iterator[tuple[str, list[StoredSegment]]]:
        """Give each item's segments, in the order of the index."""
        package_id = self.key.package_id
        for item_id, rows in groupby(self.index.rows, key=lambda row: row.item_id):
            yield (
                item_id,
                [
                    StoredSegment(
                        package_id=package_id,
                        item_id=row.item_id,
                        n=row.n,
                        digest=row.sha256.hex(),
                        size=row.size,
                    )
                    for row in rows
                ],
            )


def is_intact(vault: Vault, segment: StoredSegment) -> bool:
    """Return whether the stored bytes of a segment are still those of its digest."""
    digest = hashlib.sha256()
    try:
        with vault.open(segment.digest) as file:
            while block := file.read(BLOCK):
                digest.update(block)
    except FileNotFoundError:
        return False
    return digest.hexdigest() == segment.digest


def _blank(segments: Sequence[StoredSegment], ordinal: int) -> StoredItem:
    """Return an item of which only the place is known."""
    return StoredItem(
        package_id=segments[0].package_id,
        item_id=segments[0].item_id,
        ordinal=ordinal,
        sealed_declaration=b"",
        declaration_mac=b"",
        name_mac=b"",
        size=0,
        segments=len(segments),
        checked=True,
    )


def _paths_by_digest(listed: Mapping[str, bytes]) -> Mapping[bytes, list[str]]:
    """Two items of the same content may take each other's name: they are the same file."""
    paths: defaultdict[bytes, list[str]] = defaultdict(list)
    for path, digest in sorted(listed.items()):
        paths[digest].append(path)
    return paths
