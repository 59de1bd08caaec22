"""Write what makes a closed package a bag: tag files, the authority's signature, the segment index.

The tag files are sealed as the package's last item, so that the receiver rebuilds the very same bag.
"""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.exchange import custody as records
from services.exchange.keyring import Declaration, Keyring, PackageKey
from services.exchange.records import Package, StoredSegment
from services.exchange.states import Actor
from services.exchange.vault import Vault
from shared.protocol import bag, case
from shared.protocol.cms import sign_tag_manifest
from shared.protocol.digests import sha256
from shared.protocol.identifiers import TAG_ITEM, ItemId
from shared.protocol.law.custody import Hashes
from shared.protocol.law.custodychain import Subject
from shared.protocol.law.custodyfile import Closing, Custody, Held, LeftOut, close_custody
from shared.protocol.manifest import SegmentIndex, SegmentRow
from shared.runtime.clock import milliseconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Who sends it, as the bag says it."""

    authority: str
    begun: datetime  # to be closed
    asker: Actor  # who had it closed; at the time at which it is
    conditions: tuple[str, ...] = ()  # codes of those that bind its use

    @property
    def at(self) -> datetime:
        """When it is closed."""
        return self.asker.at


def custody(
    package: Package,
    declared: Mapping[str, Declaration],
    computed: Mapping[str, Hashes],
    *,
    source: Source,
    left_out: Sequence[LeftOut],
    keyring: Keyring,
) -> Custody:
    """Begin the chain of custody of every item.

    Args:
        package: the package.
        declared: by item id, in order.
        computed: the digests of each item, as read back.
        source: who closes it, and when.
        left_out: what was declared and taken out again.
        keyring: says whose country it is.
    """
    closing = Closing(
        country=keyring.country,
        performer=records.performer(source.asker, source.authority),
        tool=records.TOOL,
        clock=records.CLOCK,
        begun=milliseconds(source.begun),
        ended=milliseconds(source.at),
    )
    held = [_held(package.id, item_id, one, computed[item_id]) for item_id, one in declared.items()]
    return close_custody(package.id, held, closing, left_out=left_out)


def _held(package_id: str, item_id: str, declared: Declaration, computed: Hashes) -> Held:
    told = declared.custody
    subject = Subject(
        package_id=package_id,
        item_id=item_id,
        root_item_id=told.root_item_id or item_id,
        derived_from=told.derived_from,
        size=declared.size,
        media_type=declared.media_type,
    )
    given = {"sha256": declared.sha256.hex()}
    return Held(
        subject=subject,
        before=told.acts,
        declared=told.stated | given,
        computed=computed | given,
    )


def tag_files(
    package: Package,
    declared: Mapping[str, Declaration],
    *,
    graph: bytes | None,
    custody: bytes,
    source: Source,
    keyring: Keyring,
) -> dict[str, bytes]:
    """Return the tag files and their signature, by path.

    Args:
        package: the package.
        declared: by item id, in order.
        graph: the authority's own CASE graph; without one a minimal one is made.
        custody: the custody records of the items.
        source: who sends it, and when.
        keyring: signs the tag manifest.

    Raises:
        BagError: two paths cannot stand in one folder.
    """
    items = [declaration.item(item_id) for item_id, declaration in declared.items()]
    files = bag.tag_files(
        items,
        case_jsonld=graph
        or case.minimal_graph(
            items,
            names={item_id: one.original_name for item_id, one in declared.items()},
            package_id=package.id,
            request_id=package.request_id,
            authority=source.authority,
            at=source.at,
        ),
        custody=custody,
        info={
            "Source-Organization": source.authority,
            "Bagging-Date": source.at.date().isoformat(),
            "External-Identifier": package.id,
            "Bag-Group-Identifier": package.request_id,
            **({"Conditions": ", ".join(source.conditions)} if source.conditions else {}),
        },
        salt=secrets.token_bytes(bag.SALT_SIZE),
    )
    files[bag.SIGNATURE] = sign_tag_manifest(
        files[bag.TAG_MANIFEST], keyring.bag_seal_cert, keyring.bag_seal_key
    )
    return files


def seal_tag_set(
    package: Package, files: Mapping[str, bytes], *, key: PackageKey, vault: Vault
) -> tuple[StoredSegment, ...]:
    """Seal the tag files as the last item and make them durable; the rows are the caller's to write.

    Raises:
        StorageFull: no room.
    """
    octets = bag.tag_set(files)
    size = package.segment_size
    parts = [octets[start : start + size] for start in range(0, len(octets), size)]
    return tuple(
        _seal(part, n, last=n == len(parts) - 1, key=key, vault=vault)
        for n, part in enumerate(parts)
    )


def segment_index(
    contents: Iterable[Sequence[StoredSegment]], tags: Sequence[StoredSegment]
) -> SegmentIndex:
    """Return the index of all segments: those of each item, in order, then those of the tag files."""
    return SegmentIndex(
        tuple(
            SegmentRow(
                item_id=ItemId(segment.item_id),
                n=segment.n,
                sha256=bytes.fromhex(segment.digest),
                size=segment.size,
            )
            for segments in (*contents, tags)
            for segment in segments
        )
    )


def _seal(part: bytes, n: int, *, last: bool, key: PackageKey, vault: Vault) -> StoredSegment:
    sealer = key.sealer(TAG_ITEM, n, last=last)
    sealed = sealer.update(part) + sealer.finalize()
    digest = sha256(sealed).hex()
    vault.put(digest, sealed)
    return StoredSegment(
        package_id=key.package_id,
        item_id=TAG_ITEM,
        n=n,
        digest=digest,
        size=len(sealed),
        mac=key.segment_mac(sha256(part), len(part)),
    )
