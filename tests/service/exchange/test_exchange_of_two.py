"""The whole way between two countries: real exchanges, real logs."""

import hashlib
from datetime import timedelta
from pathlib import Path

from services.exchange.channel_watch import verify
from shared.protocol import bag, canonical, chainfolder
from shared.protocol.entries import EntryType, read_entry
from shared.protocol.identifiers import TAG_ITEM
from tests.service.exchange.node import Clock, grant
from tests.service.exchange.pair import FILES, Country, Pair, open_pair
from tests.simulator import LOSE_ANSWER, LOSE_REQUEST

Case = tuple[Pair, str]


def states(country: Country, kind: str, object_id: str) -> list[str]:
    path = f"/v1/{kind}/{object_id}"
    return [step["state"] for step in country.call("approver", "GET", path)["history"]]


def test_a_request_is_delivered_acknowledged_and_accepted_on_both_sides(true_case: Case) -> None:
    pair, request_id = true_case
    assert states(pair.qm, "requests", request_id)[-6:] == [
        "S04",
        "S05",
        "S06",
        "S07",
        "S10",
        "S14",
    ]
    assert states(pair.qn, "requests", request_id) == ["S05", "S06", "S07", "S10", "S14"]
    seen = pair.request(pair.qm, request_id)
    assert {measure["state"] for measure in seen["measures"]} == {"S14"}


def test_a_package_is_fetched_verified_and_handed_over(verified_case: Case) -> None:
    pair, package_id = verified_case
    theirs = pair.package(pair.qm, package_id)
    assert theirs["state"] == "VERIFIED"
    files = fetch(pair.qm, package_id)
    assert files == {f"data/{name}": content for name, content in FILES.items()}
    confirm(pair.qm, package_id)
    pair.settle()
    assert states(pair.qm, "packages", package_id) == ["RECEIVED", "VERIFIED", "IN_USE"]
    assert states(pair.qn, "packages", package_id)[-5:] == [
        "SEALED", "RELEASED", "RECEIVED", "VERIFIED", "IN_USE",
    ]  # fmt: skip


def fetch(country: Country, package_id: str) -> dict[str, bytes]:
    """Collect a package as the authority's system does, and check it by its manifest."""
    client = country.node.client("receiver")
    path = f"/v1/packages/{package_id}"
    client.headers.update(grant(country.node, package_id))
    tags = bag.parse_tag_set(client.get(f"{path}/tags").content)
    manifest = bag.check_tag_files(tags)
    found = {}
    for item in client.get(f"{path}/items").json()["items"]:
        parts = [
            client.get(f"{path}/items/{item['item_id']}/segments/{n}")
            for n in range(item["segments"])
        ]
        found[item["path"]] = b"".join(part.content for part in parts)
    assert {name: hashlib.sha256(octets).digest() for name, octets in found.items()} == manifest
    return found


def confirm(country: Country, package_id: str) -> None:
    client = country.node.client("receiver")
    client.headers.update(grant(country.node, package_id))
    tags = bag.parse_tag_set(client.get(f"/v1/packages/{package_id}/tags").content)
    digest = hashlib.sha256(tags[bag.TAG_MANIFEST]).hexdigest()
    for _ in range(2):  # twice is once
        answer = client.post(
            f"/v1/packages/{package_id}/handover", json={"tagmanifest_sha256": digest}
        )
        assert answer.status_code == 202


def test_the_chain_folder_proves_itself(verified_session: Case) -> None:
    pair, package_id = verified_session
    answer = pair.qm.call("receiver", "GET", f"/v1/packages/{package_id}/chain")
    files = {path: canonical.unb64u(text) for path, text in answer["files"].items()}
    logged = chainfolder.read_chain(files)
    types = [read_entry(each.jws).entry.type for each in logged]
    assert types.count(EntryType.PACKAGE) == types.count(EntryType.REQUEST) == 1
    assert types.count(EntryType.RECEIPT) >= 5
    links = chainfolder.read_links(files[chainfolder.LINKS])
    assert {link.channel for link in links} == {"QM>QN", "QN>QM"}


def test_the_inbox_shows_what_others_sent(verified_session: Case) -> None:
    pair, package_id = verified_session
    inbox = pair.qm.call("receiver", "GET", "/v1/inbox")
    assert [one["package_id"] for one in inbox["packages"]] == [package_id]
    assert inbox["requests"] == []
    assert len(pair.qn.call("receiver", "GET", "/v1/inbox")["requests"]) == 1


def test_segments_say_their_length_and_digest(verified_session: Case) -> None:
    pair, package_id = verified_session
    path = f"/v1/packages/{package_id}/items/{TAG_ITEM}/segments/0"
    headers = grant(pair.qm.node, package_id)
    answer = pair.qm.node.client("receiver").get(path, headers=headers)
    assert answer.headers["content-length"] == str(len(answer.content))
    assert (
        canonical.b64(hashlib.sha256(answer.content).digest()) in answer.headers["content-digest"]
    )


def test_the_same_on_postgresql(
    federation: Path, tmp_path: Path, clock: Clock, postgres_database: str
) -> None:
    """QM keeps its exchange in PostgreSQL, QN in SQLite."""
    with open_pair(federation, tmp_path / "pair", clock, {"QM": postgres_database}) as pair:
        package_id = pair.released_package({"notes.txt": b"what was said"})
        pair.qm.to_peer.plan = [None, LOSE_ANSWER]
        pair.qm.bulk.faults = ["hang up", None, "cut"]
        for _ in range(4):
            pair.settle()
            clock.advance(timedelta(seconds=31))
        assert fetch(pair.qm, package_id) == {"data/notes.txt": b"what was said"}
        confirm(pair.qm, package_id)
        pair.settle()
        assert pair.package(pair.qn, package_id)["state"] == "IN_USE"
        assert [report.first_break for report in verify(database=pair.qm.database)] == [None, None]
        clock.advance(timedelta(days=40))
        assert not pair.qm.deadlines.work()
        pair.sent_request()
        pair.qm.to_peer.plan = [LOSE_REQUEST] * 1000
        clock.advance(timedelta(days=8))
        assert pair.qm.deadlines.work()
