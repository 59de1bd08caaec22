"""A package is opened by its receiver, and every lie of its sender is found and named."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest

from deploy import certificates
from deploy.certificates import Certificate
from services.exchange.keyring import PackageKey
from services.exchange.opening import DamagedError, DisputedError, Opener
from services.exchange.records import StoredItem
from services.exchange.vault import Vault
from shared.protocol import bag, case
from shared.protocol.canonical import b64u
from shared.protocol.cms import sign_tag_manifest
from shared.protocol.digests import sha256
from shared.protocol.identifiers import TAG_ITEM, ItemId, new_id
from shared.protocol.manifest import Item, SegmentIndex, SegmentRow
from shared.protocol.messages import KeyWrap, PackageBody
from shared.protocol.trust import Member
from tests.custodies import closed
from tests.federated import document

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
SIZE = 2**20
PACKAGE, REQUEST = new_id(NOW), new_id(NOW)
FILES = {"data/a.txt": b"a", "data/big.img": secrets.token_bytes(SIZE + 5), "data/empty": b""}


@cache
def authority() -> tuple[Certificate, Certificate]:
    """The sender's bag-seal authority, and its seal."""
    issuer = certificates.seal_authority("QN", NOW)
    return issuer, certificates.seal_certificate(issuer, "QN", NOW)


@dataclass
class Sender:
    """Writes a package, as a sender of this protocol does, or would like to."""

    vault: Vault
    key: PackageKey
    rows: list[SegmentRow] = field(default_factory=list)
    sealed: set[str] = field(default_factory=set)

    def seal(self, item_id: str, content: bytes, key: PackageKey | None = None) -> None:
        parts = [content[start : start + SIZE] for start in range(0, max(1, len(content)), SIZE)]
        for n, part in enumerate(parts):
            sealer = (key or self.key).sealer(item_id, n, last=n == len(parts) - 1)
            octets = sealer.update(part) + sealer.finalize()
            self.vault.put(sha256(octets).hex(), octets)
            row = SegmentRow(item_id=ItemId(item_id), n=n, sha256=sha256(octets), size=len(octets))
            self.rows.append(row)

    def tags(self, files: Mapping[str, bytes], package_id: str = PACKAGE) -> dict[str, bytes]:
        sealed = dict.fromkeys(row.item_id for row in self.rows)
        ids = [*sealed, *(ItemId(new_id(NOW)) for _ in range(len(files) - len(sealed)))]
        items = [
            Item(
                item_id=item_id,
                path=path,
                size=len(content),
                sha256=sha256(content),
                media_type="application/octet-stream",
            )
            for item_id, (path, content) in zip(ids, files.items(), strict=True)
        ]
        graph = case.minimal_graph(
            items,
            names={item.item_id: item.path for item in items},
            package_id=package_id,
            request_id=REQUEST,
            authority="QN",
            at=NOW,
        )
        info = {"External-Identifier": package_id}
        made = bag.tag_files(
            items,
            case_jsonld=graph,
            custody=closed(items, package_id).to_bytes(),
            info=info,
            salt=secrets.token_bytes(32),
        )
        seal = authority()[1]
        made[bag.SIGNATURE] = sign_tag_manifest(made[bag.TAG_MANIFEST], seal.pem, seal.key_pem)
        return made

    def body(self, tags: Mapping[str, bytes], files: Mapping[str, bytes] = FILES) -> PackageBody:
        wrap = KeyWrap(country="QM", kid="k" * 43, wrap=b64u(bytes(1713)))
        return PackageBody(
            package_id=PACKAGE,
            request_id=REQUEST,
            request_entry="ab" * 48,
            measures=("M01",),
            segment_size=SIZE,
            segments=len(self.rows),
            items=len(files),
            size=sum(map(len, files.values())),
            index_sha384="ab" * 48,
            tagmanifest_sha256=sha256(tags[bag.TAG_MANIFEST]).hex(),
            keys=(wrap,),
            approvals=(),
            expires=0,
        )


@pytest.fixture
def sender(tmp_path: Path) -> Sender:
    key = PackageKey(package_id=PACKAGE, content=secrets.token_bytes(32))
    return Sender(Vault.open_in(tmp_path), key)


def member(ca: Certificate | None = None) -> Member:
    pem = (ca or authority()[0]).pem.decode()
    return Member.from_bytes(document("QN", bag_seal_ca=pem))


def open_all(sender: Sender, body: PackageBody, ca: Certificate | None = None) -> list[StoredItem]:
    found: list[StoredItem] = []
    index = SegmentIndex(tuple(sender.rows))
    opener = Opener(
        key=sender.key,
        vault=sender.vault,
        index=index,
        opened=lambda _size: None,
        found=found.append,
    )
    opener.open_items(opener.open_tags(body, member(ca)), {})
    return found


def honest(sender: Sender, files: Mapping[str, bytes] = FILES) -> PackageBody:
    for content in files.values():
        sender.seal(new_id(NOW), content)
    tags = sender.tags(files)
    sender.seal(TAG_ITEM, bag.tag_set(tags))
    return sender.body(tags, files)


def test_what_is_honest_opens(sender: Sender) -> None:
    found = open_all(sender, honest(sender))
    declared = [sender.key.open_declaration(one.item_id, one.sealed_declaration) for one in found]
    assert {one.path: (one.size, one.sha256) for one in declared} == {
        path: (len(content), sha256(content)) for path, content in FILES.items()
    }
    assert [one.ordinal for one in found] == [0, 1, 2]
    assert [one.segments for one in found] == [1, 2, 1]


def test_two_files_of_one_content_get_a_name_each(sender: Sender) -> None:
    found = open_all(sender, honest(sender, {"data/a": b"x", "data/b": b"x"}))
    paths = [sender.key.open_declaration(o.item_id, o.sealed_declaration).path for o in found]
    assert paths == ["data/a", "data/b"]


def _other_content(sender: Sender) -> PackageBody:
    sender.seal(new_id(NOW), b"b")
    tags = sender.tags({"data/a.txt": b"a"})
    sender.seal(TAG_ITEM, bag.tag_set(tags))
    return sender.body(tags, {"data/a.txt": b"a"})


def _a_file_too_few(sender: Sender) -> PackageBody:
    sender.seal(new_id(NOW), b"a")
    files = {"data/a.txt": b"a", "data/b.txt": b"b"}
    tags = sender.tags(files)
    sender.seal(TAG_ITEM, bag.tag_set(tags))
    return sender.body(tags, files)


def _another_key(sender: Sender) -> PackageBody:
    other = PackageKey(package_id=PACKAGE, content=secrets.token_bytes(32))
    sender.seal("01a1fdfa-4600-70f1-ba13-635c6c936335", FILES["data/big.img"], other)
    tags = sender.tags({"data/a.txt": b"a"})
    sender.seal(TAG_ITEM, bag.tag_set(tags))
    return sender.body(tags, {"data/a.txt": b"a"})


def _no_tag_set(sender: Sender) -> PackageBody:
    tags = sender.tags({"data/a.txt": b"a"})
    sender.seal(new_id(NOW), b"a")
    sender.seal(TAG_ITEM, b"{}")
    return sender.body(tags, {"data/a.txt": b"a"})


def _tags_under_another_key(sender: Sender) -> PackageBody:
    tags = sender.tags({"data/a.txt": b"a"})
    other = PackageKey(package_id=PACKAGE, content=secrets.token_bytes(32))
    sender.seal(TAG_ITEM, bag.tag_set(tags), other)
    return sender.body(tags, {"data/a.txt": b"a"})


def _another_manifest_than_announced(sender: Sender) -> PackageBody:
    body = honest(sender, {"data/a.txt": b"a"})
    return body.model_copy(update={"tagmanifest_sha256": "ab" * 32})


def _another_package(sender: Sender) -> PackageBody:
    sender.seal(new_id(NOW), b"a")
    tags = sender.tags({"data/a.txt": b"a"}, new_id(NOW))
    sender.seal(TAG_ITEM, bag.tag_set(tags))
    return sender.body(tags, {"data/a.txt": b"a"})


def _a_tag_file_changed(sender: Sender) -> PackageBody:
    tags = sender.tags({"data/a.txt": b"a"})
    tags[bag.BAG_INFO] += b"Contact-Name: nobody\n"
    sender.seal(new_id(NOW), b"a")
    sender.seal(TAG_ITEM, bag.tag_set(tags))
    return sender.body(tags, {"data/a.txt": b"a"})


@pytest.mark.parametrize(
    ("lie", "told"),
    [
        (_other_content, "its content is not in the sender's manifest"),
        (_a_file_too_few, "1 files of the manifest are not in the package"),
        (_another_key, "item 01a1fdfa-4600-70f1-ba13-635c6c936335, segment 0: it does not open"),
        (_no_tag_set, "the tag files: a tag set has"),
        (_tags_under_another_key, f"item {TAG_ITEM}, segment 0: it does not open"),
        (_another_manifest_than_announced, "the tag files: the entry seals another tag manifest"),
        (_another_package, "the tag files: it must say External-Identifier"),
        (_a_tag_file_changed, "the tag files: a tag file is not the one listed"),
    ],
)
def test_every_lie_is_named(
    sender: Sender, lie: Callable[[Sender], PackageBody], told: str
) -> None:
    with pytest.raises(DisputedError) as caught:
        open_all(sender, lie(sender))
    assert told in str(caught.value)


def test_another_authority_did_not_sign(sender: Sender) -> None:
    body = honest(sender, {"data/a.txt": b"a"})
    stranger = certificates.seal_authority("QN", NOW)
    with pytest.raises(DisputedError, match="the tag files"):
        open_all(sender, body, stranger)


@pytest.mark.parametrize("which", [1, -1], ids=["an item", "the tag files"])
@pytest.mark.parametrize("how", ["flip", "remove"])
def test_damage_here_is_not_the_senders(sender: Sender, which: int, how: str) -> None:
    body = honest(sender)
    row = sender.rows[which]
    path = sender.vault.path(row.sha256.hex())
    if how == "flip":
        octets = bytearray(path.read_bytes())
        octets[-1] ^= 1
        path.write_bytes(bytes(octets))
    else:
        path.unlink()
    with pytest.raises(DamagedError) as caught:
        open_all(sender, body)
    assert (caught.value.segment.item_id, caught.value.segment.n) == (row.item_id, row.n)
