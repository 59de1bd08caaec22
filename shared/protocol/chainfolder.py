"""The folder `chain/` of a bag: everything that proves the bag but the bag itself (spec/verification.md, 2).

It stands outside the tag manifest, since it goes on growing, and needs no protection of its own: each
file in it is signed, is the target of a hash, or must be equal to what is proven elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from shared.protocol.canonical import encode, parse
from shared.protocol.channels import GENESIS_PREV
from shared.protocol.entries import Entry, entry_hash, read_entry
from shared.protocol.errors import BagError, ChainError, FormatError
from shared.protocol.identifiers import channel
from shared.protocol.messages import Body, ChannelName, Count, Hash

FOLDER: Final = "chain/"
DIRECTORY: Final = "chain/directory.json"
ROOT: Final = "chain/root.json"
LINKS: Final = "chain/links.json"
BAG_SEAL_CA: Final = "chain/bag-seal-ca.pem"
README: Final = "chain/README.txt"
FIXED: Final = frozenset({DIRECTORY, ROOT, LINKS, BAG_SEAL_CA, README})
MAX_LINKS: Final = 256 * 2**20  # bytes; a million entries in both directions

_ENTRY: Final = re.compile(
    r"(chain/[A-Z]{2}-[A-Z]{2}/(?:0|[1-9][0-9]{0,15})-[0-9]{8,16})\.(json|leaf|tlog-proof)"
)
_PARTS: Final = ("json", "leaf", "tlog-proof")

README_TEXT: Final = b"""\
This folder proves the bag around it. `rogatory verify BAG --root ROOT` checks all of it offline, step by
step; ROOT is the pinned root of the directory, which you have from a source you trust, not from here.

With stock tools, in the folder of the bag:

  sha256sum -c manifest-sha256.txt
  sha256sum -c tagmanifest-sha256.txt
  openssl cms -verify -no_check_time -binary -inform DER \\
    -in signatures/tagmanifest-sha256.txt.p7s -content tagmanifest-sha256.txt \\
    -CAfile chain/bag-seal-ca.pem -out /dev/null

directory.json   who the countries are, signed from the root of the directory (TUF)
root.json        that root, for information
links.json       the hash chain of both directions, from their first entry on
FROM-TO/         the entries of this case: signed entry (.json), its leaf in the sender's log (.leaf)
                 and the proof that the leaf stands there (.tlog-proof, C2SP)
"""


class Link(Body):
    """One place in a hash chain; entries of other cases appear as links alone."""

    channel: ChannelName
    epoch: Count
    seq: Count
    prev: Hash
    hash: Hash


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedEntry:
    """An entry, its leaf in the sender's log, and the proof that the leaf stands there.

    `name` is the path of the three files without their endings.
    """

    name: str
    jws: bytes
    leaf: bytes
    proof: bytes

    @classmethod
    def of(cls, jws: bytes, *, leaf: bytes, proof: bytes) -> LoggedEntry:
        """Name an entry by its place in the chain.

        Raises:
            FormatError: it is no entry.
        """
        return cls(name=entry_name(read_entry(jws).entry), jws=jws, leaf=leaf, proof=proof)

    def files(self) -> dict[str, bytes]:
        """Give the three files."""
        contents = (self.jws, self.leaf, self.proof)
        return {f"{self.name}.{part}": data for part, data in zip(_PARTS, contents, strict=True)}


def entry_name(entry: Entry) -> str:
    """Give the path of an entry's files, without their endings: `chain/QN-QM/0-00000003`."""
    return f"chain/{entry.sender}-{entry.recipient}/{entry.epoch}-{entry.seq:08d}"


def write_chain(
    *,
    directory: bytes,
    root: bytes,
    bag_seal_ca: bytes,
    entries: Iterable[LoggedEntry],
    links: Iterable[Link],
) -> dict[str, bytes]:
    """Give the files of the folder, by path.

    Args:
        directory: the trust bundle.
        root: the pinned root of this country.
        bag_seal_ca: PEM, exactly as the sender's member document has it.
        entries: all entries of the case, of both directions.
        links: of both directions, each from its `open` to the last of `entries` in it.
    """
    ordered = sorted(links, key=lambda link: (link.channel, link.epoch, link.seq))
    fixed = {
        DIRECTORY: directory,
        ROOT: root,
        BAG_SEAL_CA: bag_seal_ca,
        README: README_TEXT,
        LINKS: encode([link.to_json() for link in ordered]),
    }
    return fixed | {path: data for entry in entries for path, data in entry.files().items()}


def read_chain(files: Mapping[str, bytes]) -> tuple[LoggedEntry, ...]:
    """Give the entries of the folder; nothing about them is proven.

    Raises:
        BagError: a file has no place here, or one of an entry's three is missing.
    """
    names: set[str] = set()
    for path in sorted(path for path in files if path.startswith(FOLDER)):
        found = _ENTRY.fullmatch(path)
        if not found and path not in FIXED:
            raise BagError("this file has no place in chain/", object=path)
        names |= {found[1]} if found else set()
    return tuple(_logged(name, files) for name in sorted(names, key=_place))


def _logged(name: str, files: Mapping[str, bytes]) -> LoggedEntry:
    for part in _PARTS:
        if f"{name}.{part}" not in files:
            raise BagError("an entry lacks one of its files", object=f"{name}.{part}")
    jws, leaf, proof = (files[f"{name}.{part}"] for part in _PARTS)
    return LoggedEntry(name=name, jws=jws, leaf=leaf, proof=proof)


def _place(name: str) -> tuple[str, int, int]:
    """Order by direction, then as the chain runs."""
    folder, _, file = name.rpartition("/")
    epoch, _, seq = file.partition("-")
    return folder, int(epoch), int(seq)


def read_links(data: bytes) -> list[Link]:
    """Read links.json; see `check_links`.

    Raises:
        ChainError: a link does not follow from the one before.
        FormatError: it is no such file.
    """
    rows = parse(data, max_size=MAX_LINKS)
    if not isinstance(rows, list):
        raise FormatError("the links are a list", object=LINKS)
    links = [Link.read(row) for row in rows]
    check_links(links, object=LINKS)
    return links


def check_links(links: Iterable[Link], *, object: str) -> None:  # noqa: A002  as in facts
    """Check that the chain of each direction is unbroken from its first entry.

    Args:
        links: direction by direction, each in order.
        object: the file they are from.

    Raises:
        ChainError: a link does not follow from the one before.
    """
    before: Link | None = None
    seen: set[str] = set()
    for link in links:
        if before is None or before.channel != link.channel:
            before, seen = None, {GENESIS_PREV}
        _check_link(before, link, seen, object)
        seen.add(link.hash)
        before = link


def _check_link(before: Link | None, link: Link, seen: set[str], file: str) -> None:
    """Follow the one before; a new epoch resumes at any entry of the old (spec/channel.md)."""
    place = (link.epoch, link.seq)
    if before is None:
        follows = place == (0, 0) and link.prev == GENESIS_PREV
    elif link.epoch == before.epoch:
        follows = link.seq == before.seq + 1 and link.prev == before.hash
    else:
        follows = place == (before.epoch + 1, 0) and link.prev in seen
    if not follows:
        raise ChainError(
            f"entry {link.epoch}/{link.seq} of {link.channel} does not follow from the one before",
            object=file,
            channel=link.channel,
            epoch=link.epoch,
            seq=link.seq,
        )


def check_linked(links: Iterable[Link], entries: Mapping[str, Entry]) -> None:
    """Check that entries stand in the chain, and that each names a peer head that really stood.

    Args:
        links: proven unbroken (`read_links`).
        entries: by the name of their files; each direction's last link is one of them.

    Raises:
        ChainError: an entry is not in its place, or the chain ends in one that is not here.
    """
    by_place = {(link.channel, link.epoch, link.seq): link for link in links}
    last = {link.channel: link for link in by_place.values()}
    for name, entry in entries.items():
        link = by_place.pop((entry.channel, entry.epoch, entry.seq), None)
        if link is None or (link.prev, link.hash) != (entry.prev, entry_hash(entry.payload())):
            raise ChainError("the entry does not stand in the chain", object=name + ".json")
    for link in last.values():
        if (link.channel, link.epoch, link.seq) in by_place:
            raise ChainError(f"the chain of {link.channel} ends in no entry", object=LINKS)
    _check_peer_heads(links, entries)


def _check_peer_heads(links: Iterable[Link], entries: Mapping[str, Entry]) -> None:
    hashes = {(link.channel, link.epoch, link.seq): link.hash for link in links}
    seen: dict[str, tuple[int, int]] = {}
    for name, entry in entries.items():
        head = entry.peer
        place = (head.epoch, head.seq) if head else (-1, -1)
        if place < seen.get(entry.channel, (-1, -1)):
            raise ChainError("the entry forgets what its writer had", object=name + ".json")
        seen[entry.channel] = place
        other = channel(entry.recipient, entry.sender)
        # A head behind the last entry of this case is not among the links, and need not be.
        if head and hashes.get((other, *place), head.hash) != head.hash:
            raise ChainError("the entry names a head that never was", object=name + ".json")
