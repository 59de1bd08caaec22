"""Closing reads everything back: what was closed is what was proven readable, and is a bag."""

import dataclasses
import hashlib
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from services.exchange.closing import LEASE, Closer
from services.exchange.states import PackageAct, PackageState
from services.exchange.store import contents, leases, packages
from shared.protocol import bag, cms, manifest
from shared.protocol.identifiers import TAG_ITEM
from shared.runtime.directory import Directory
from shared.runtime.refusals import Unavailable
from tests.service.exchange.filling import (
    close,
    declare,
    new_package,
    put_segment,
    show,
    upload,
)
from tests.service.exchange.node import MIB, Answer, Node, blobs, outbox

FILES = {"disk.img": b"\x01" * (2 * MIB + 5), "a.txt": b"abc", "empty": b""}


def test_a_closed_package_is_a_bag_that_stock_rules_accept(qn: Node) -> None:
    package_id = new_package(qn)
    upload(qn, package_id, FILES)
    closed = close(qn, package_id)
    assert (closed["state"], closed["items"], closed["segments"]) == ("COLLECTED", 3, 6)
    files = bag.parse_tag_set(opened(qn, package_id, TAG_ITEM))
    assert bag.check_tag_files(files) == {
        f"data/{name}": hashlib.sha256(content).digest() for name, content in FILES.items()
    }
    tag_manifest = files[bag.TAG_MANIFEST]
    assert hashlib.sha256(tag_manifest).hexdigest() == closed["tagmanifest_sha256"]
    subject = cms.verify_cms(files[bag.SIGNATURE], tag_manifest, qn.parts.keyring.bag_seal_ca)
    assert "QN" in subject
    info = files[bag.BAG_INFO].decode()
    assert f"External-Identifier: {package_id}\n" in info
    assert "Source-Organization: Central Authority of QN\n" in info
    assert b"disk.img" in files[bag.CASE]


def test_the_index_names_every_segment_by_what_is_stored(qn: Node) -> None:
    package_id = new_package(qn)
    ids = upload(qn, package_id, FILES)
    closed = close(qn, package_id)
    with qn.parts.database.begin() as db:
        blob = packages.find(db, package_id).index_blob
    assert blob is not None
    octets = qn.parts.vault.read(blob)
    assert hashlib.sha384(octets).hexdigest() == closed["digest"]
    index = manifest.SegmentIndex.from_bytes(octets)
    order = [ids["disk.img"]] * 3 + [ids["a.txt"], ids["empty"], TAG_ITEM]
    assert [row.item_id for row in index.rows] == order
    for row in index.rows:
        stored = qn.parts.vault.read(row.sha256.hex())
        assert hashlib.sha256(stored).digest() == row.sha256
        assert len(stored) == row.size


def opened(node: Node, package_id: str, item_id: str) -> bytes:
    with node.parts.database.begin() as db:
        package = packages.find(db, package_id)
        segments = contents.segments(db, package_id, item_id)
    assert package.wrapped_key is not None
    key = node.parts.keyring.unwrap_at_rest(package.wrapped_key, package_id)
    plain = b""
    for segment in segments:
        opener = key.opener(item_id, segment.n, last=segment.n == len(segments) - 1)
        plain += opener.update(node.parts.vault.read(segment.digest)) + opener.finalize()
    return plain


def test_the_authoritys_own_graph_goes_into_the_bag_as_it_came(qn: Node) -> None:
    package_id = new_package(qn)
    upload(qn, package_id, {"a.txt": b"abc"})
    graph = b'{ "@context": {}, "@graph": [ 1.50 ] }'
    qn.client("preparer").put(f"/v1/packages/{package_id}/case", content=graph)
    close(qn, package_id)
    assert bag.parse_tag_set(opened(qn, package_id, TAG_ITEM))[bag.CASE] == graph


def test_a_large_tag_set_takes_several_segments(qn: Node) -> None:
    package_id = new_package(qn)
    upload(qn, package_id, {"a.txt": b"abc"})
    graph = b'{"@graph": "' + b"x" * 2 * MIB + b'"}'
    qn.client("preparer").put(f"/v1/packages/{package_id}/case", content=graph)
    assert close(qn, package_id)["segments"] == 1 + 3
    assert bag.parse_tag_set(opened(qn, package_id, TAG_ITEM))[bag.CASE] == graph


def ask(node: Node, package_id: str, status: int) -> Answer:
    answer = node.client("preparer").post(f"/v1/packages/{package_id}/close")
    assert answer.status_code == status, answer.text
    content: Answer = answer.json()
    return content


def test_an_empty_or_incomplete_package_is_not_closed(qn: Node) -> None:
    package_id = new_package(qn)
    assert ask(qn, package_id, 409)["code"] == "empty_package"
    item_id = declare(qn, package_id, "disk.img", FILES["disk.img"])
    put_segment(qn, package_id, item_id, 0, FILES["disk.img"][:MIB])
    refused = ask(qn, package_id, 409)
    assert (refused["code"], refused["items"]) == ("incomplete", [item_id])
    assert show(qn, package_id)["state"] == "COLLECTING"


def test_closing_is_a_wait_with_progress(qn: Node) -> None:
    package_id = new_package(qn)
    upload(qn, package_id, FILES)
    waiting = ask(qn, package_id, 202)
    assert waiting["state"] == "CLOSING"
    assert waiting["progress"] == {"phase": "reading back", "done": 0, "total": 2 * MIB + 8}
    assert qn.closer.work()
    assert show(qn, package_id)["progress"] is None
    assert not qn.closer.work()
    events = [event["type"] for event in outbox(qn)]
    assert events[-2:] == ["package.closing", "package.collected"]


def test_a_file_that_is_not_the_one_declared_opens_the_package_again(qn: Node) -> None:
    package_id = new_package(qn)
    good, bad = b"right", b"wrong"
    upload(qn, package_id, {"good": good})
    digest = hashlib.sha256(b"other").hexdigest()
    item_id = declare(qn, package_id, "bad", bad, sha256=digest)
    put_segment(qn, package_id, item_id, 0, bad)
    failed = close(qn, package_id)
    assert (failed["state"], failed["version"]) == ("COLLECTING", 2)
    assert failed["error"]["code"] == "digest_mismatch"
    assert failed["error"]["items"] == [item_id]
    assert "bad" not in failed["error"]["detail"].split()
    assert failed["error"]["next"].startswith("Delete each item named")
    qn.client("preparer").delete(f"/v1/packages/{package_id}/items/{item_id}")
    mended = close(qn, package_id)
    assert (mended["state"], mended["error"]) == ("COLLECTED", None)


@pytest.mark.parametrize("harm", ["changed", "shorter", "longer", "gone"])
def test_what_no_longer_opens_is_named(qn: Node, harm: str) -> None:
    package_id = new_package(qn)
    ids = upload(qn, package_id, FILES)
    with qn.parts.database.begin() as db:
        segment = contents.segments(db, package_id, ids["disk.img"])[1]
    path = qn.parts.vault.path(segment.digest)
    content = bytearray(path.read_bytes())
    content[MIB // 2] ^= 1
    path.unlink()
    if harm != "gone":
        kept = {"changed": content, "shorter": content[:-1], "longer": content + b"x"}[harm]
        path.write_bytes(kept)
    failed = close(qn, package_id)
    assert failed["error"]["items"] == [ids["disk.img"]]


def test_two_names_of_which_one_is_the_others_folder_are_no_bag(qn: Node) -> None:
    package_id = new_package(qn)
    upload(qn, package_id, {"a": b"1", "a/b": b"2"})
    failed = close(qn, package_id)
    assert (failed["state"], failed["error"]["code"]) == ("COLLECTING", "bad_bag")


@pytest.mark.parametrize("harm", ["graph", "declaration"])
def test_what_is_stored_beside_the_segments_is_checked_too(qn: Node, harm: str) -> None:
    package_id = new_package(qn)
    ids = upload(qn, package_id, {"a.txt": b"abc"})
    qn.client("preparer").put(f"/v1/packages/{package_id}/case", content=b'{"@graph": []}')
    with qn.parts.database.begin() as db:
        if harm == "graph":
            blob = packages.find(db, package_id).case_blob
            assert blob is not None
            qn.parts.vault.path(blob).write_bytes(b"x" * 40)
        else:
            item = contents.item(db, package_id, ids["a.txt"])
            contents.delete_item(db, package_id, item.item_id)
            contents.add_item(db, dataclasses.replace(item, sealed_declaration=b"x" * 40))
    if harm == "declaration":
        with qn.parts.database.begin() as db:
            packages.move(db, package_id, PackageAct.CLOSE, qn.closer.actor)
        assert qn.closer.work()
        failed = show(qn, package_id)
    else:
        failed = close(qn, package_id)
    assert failed["error"]["code"] == "seal_broken"


def test_a_worker_that_is_told_to_stop_goes_on_where_it_was(qn: Node) -> None:
    package_id = new_package(qn)
    ids = upload(qn, package_id, FILES)
    ask(qn, package_id, 202)
    qn.clock.advance(timedelta(seconds=1))
    stopping = iter([False, False, False, False, True])
    impatient = worker(qn, name="first", pace=True, stopping=lambda: next(stopping))
    assert not impatient.work()
    waiting = show(qn, package_id)
    assert waiting["state"] == "CLOSING"
    assert waiting["progress"]["done"] == 2 * MIB + 8
    with qn.parts.database.begin() as db:
        checked = {item.item_id: item.checked for item in contents.items(db, package_id)}
    assert checked == {ids["disk.img"]: True, ids["a.txt"]: False, ids["empty"]: False}
    # What was checked is not read again: it would be found broken now.
    with qn.parts.database.begin() as db:
        segment = contents.segments(db, package_id, ids["disk.img"])[0]
    qn.parts.vault.path(segment.digest).write_bytes(b"")
    assert qn.closer.work()
    assert show(qn, package_id)["state"] == "COLLECTED"


def test_a_worker_that_is_told_to_stop_at_the_end_commits_nothing(qn: Node) -> None:
    package_id = new_package(qn)
    upload(qn, package_id, {"a.txt": b"abc"})
    ask(qn, package_id, 202)
    stopping = iter([False, True])
    late = worker(qn, name="late", pace=False, stopping=lambda: next(stopping))
    assert not late.work()
    assert show(qn, package_id)["state"] == "CLOSING"
    assert qn.closer.work()


class Ticking:
    """A clock on which half a second passes with every look."""

    def __init__(self, node: Node) -> None:
        self.node = node

    def __call__(self) -> datetime:
        self.node.clock.advance(timedelta(seconds=0.5))
        return self.node.clock()


def worker(node: Node, *, pace: bool, **changed: object) -> Closer:
    clock = Ticking(node) if pace else node.clock
    return dataclasses.replace(node.closer, clock=clock, **changed)  # type: ignore[arg-type]


def test_a_lease_keeps_others_away_until_it_ends(qn: Node) -> None:
    package_id = new_package(qn)
    upload(qn, package_id, {"a.txt": b"abc"})
    ask(qn, package_id, 202)
    with qn.parts.database.begin() as db:
        taken = leases.claim(
            db,
            PackageState.CLOSING,
            worker(qn, pace=False, name="dead").actor,
            LEASE,
        )
    assert taken == package_id
    assert not qn.closer.work()
    qn.clock.advance(LEASE)
    assert qn.closer.work()
    assert show(qn, package_id)["state"] == "COLLECTED"


def test_a_worker_that_starts_again_takes_back_its_own_leases(qn: Node) -> None:
    package_id = new_package(qn)
    upload(qn, package_id, {"a.txt": b"abc"})
    ask(qn, package_id, 202)
    with qn.parts.database.begin() as db:
        leases.claim(db, PackageState.CLOSING, qn.closer.actor, LEASE)
    qn.closer.begin()
    assert qn.closer.work()


def test_a_worker_that_lost_its_lease_commits_nothing(qn: Node) -> None:
    package_id = new_package(qn)
    upload(qn, package_id, {"a.txt": b"abc"})
    ask(qn, package_id, 202)

    def robbed() -> bool:
        with qn.parts.database.begin() as db:
            leases.end_all(db, "slow")
        return False

    assert not worker(qn, pace=False, name="slow", stopping=robbed).work()
    assert show(qn, package_id)["state"] == "CLOSING"


def test_closing_waits_while_there_is_no_directory(qn: Node, tmp_path: Path) -> None:
    package_id = new_package(qn)
    upload(qn, package_id, {"a.txt": b"abc"})
    ask(qn, package_id, 202)
    nothing = Directory(tmp_path / "none.json", qn.parts.directory.pinned_root)
    with pytest.raises(Unavailable):
        worker(qn, pace=False, directory=nothing).work()
    assert qn.closer.work()
    assert len(blobs(qn)) >= 3
