"""A segment is sealed as it arrives: what is wrong is refused in words and leaves nothing behind."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from typing_extensions import override

from services.exchange.vault import Draft, Vault
from shared.protocol.digests import content_digest, sha256
from tests.service.exchange.filling import declare, new_package, put_segment, show
from tests.service.exchange.node import MIB, Node, blobs, drafts

NOBODY = "019aaaaa-0000-7000-8000-000000000000"


def test_a_large_file_comes_in_segments_in_any_order(qn: Node) -> None:
    content = bytes(range(256)) * (3 * MIB // 256 - 1)
    package_id = new_package(qn)
    item_id = declare(qn, package_id, "disk.img", content)
    url = f"/v1/packages/{package_id}/items/{item_id}/segments"
    client = qn.client("preparer")
    assert client.get(url).json() == {"missing": [[0, 2]]}
    for n, left in ((1, [[0, 0], [2, 2]]), (2, [[0, 0]]), (0, [])):
        part = content[n * MIB : (n + 1) * MIB]
        assert put_segment(qn, package_id, item_id, n, part).status_code == 201
        assert client.get(url).json() == {"missing": left}
    assert show(qn, package_id)["size"] == len(content)


def test_the_same_segment_again_is_well_and_another_is_a_conflict(qn: Node) -> None:
    package_id = new_package(qn)
    item_id = declare(qn, package_id, "a.txt", b"abc")
    assert put_segment(qn, package_id, item_id, 0, b"abc").status_code == 201
    stored = blobs(qn)
    again = put_segment(qn, package_id, item_id, 0, b"abc")
    assert (again.status_code, again.json()) == (200, {"item_id": item_id, "segment": 0})
    other = put_segment(qn, package_id, item_id, 0, b"abd")
    assert (other.status_code, other.json()["code"]) == (409, "segment_differs")
    assert blobs(qn) == stored


def test_an_empty_file_has_one_empty_segment(qn: Node) -> None:
    package_id = new_package(qn)
    item_id = declare(qn, package_id, "empty", b"")
    assert put_segment(qn, package_id, item_id, 0, b"").status_code == 201


@pytest.mark.parametrize(
    ("n", "content", "headers", "status", "code"),
    [
        (0, b"ab", {}, 422, "wrong_size"),
        (1, b"abc", {}, 404, "no_such_segment"),
        (0, b"abc", {"Content-Digest": "sha-256=:" + "A" * 43 + "=:"}, 422, "digest_mismatch"),
        (0, b"abc", {"Content-Digest": "md5=:AAAA:"}, 401, "bad_assertion"),  # bound by none
    ],
)
def test_a_segment_that_is_wrong_leaves_nothing_behind(
    qn: Node, n: int, content: bytes, headers: dict[str, str], status: int, code: str
) -> None:
    package_id = new_package(qn)
    item_id = declare(qn, package_id, "a.txt", b"abc")
    answer = put_segment(qn, package_id, item_id, n, content, **headers)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["detail"]
    assert blobs(qn) == drafts(qn) == []


def test_a_segment_of_another_length_says_which_was_expected(qn: Node) -> None:
    package_id = new_package(qn)
    item_id = declare(qn, package_id, "a.txt", b"abc")
    assert put_segment(qn, package_id, item_id, 0, b"ab").json()["expected"] == 3


def test_a_segment_needs_a_length_and_a_digest(qn: Node) -> None:
    package_id = new_package(qn)
    item_id = declare(qn, package_id, "a.txt", b"abc")
    url = f"/v1/packages/{package_id}/items/{item_id}/segments/0"
    answer = qn.client("preparer").put(url, content=b"abc")
    assert (answer.status_code, answer.json()["code"]) == (401, "bad_assertion")
    assert "Content-Digest" in answer.json()["detail"]
    digest = {"Content-Digest": content_digest(sha256(b"abc"))}
    answer = qn.client("preparer").put(url, content=iter([b"abc"]), headers=digest)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_fields")
    assert "content-length" in answer.json()["detail"]


def test_a_segment_of_what_was_not_declared_is_not_found(qn: Node) -> None:
    package_id = new_package(qn)
    answer = put_segment(qn, package_id, NOBODY, 0, b"abc")
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_item")
    assert answer.json()["next"].startswith("Declare the item")


@dataclass(frozen=True, slots=True)
class FullVault(Vault):
    """A vault whose disk is full."""

    @override
    @contextmanager
    def draft(self, size: int) -> Iterator[Draft]:
        with Vault.draft(self, 0) as draft, Path("/dev/full").open("wb", buffering=0) as full:
            yield Draft(self, full.fileno(), draft.path)


def test_a_full_disk_says_so_and_the_same_can_be_sent_later(qn: Node) -> None:
    package_id = new_package(qn)
    item_id = declare(qn, package_id, "a.txt", b"abc")
    healthy = qn.parts
    qn.app.state.parts = replace(healthy, vault=FullVault(healthy.vault.folder))
    answer = put_segment(qn, package_id, item_id, 0, b"abc")
    assert (answer.status_code, answer.json()["code"]) == (507, "storage_full")
    assert answer.json()["next"].startswith("Ask the operators")
    assert blobs(qn) == drafts(qn) == []
    qn.app.state.parts = healthy
    assert put_segment(qn, package_id, item_id, 0, b"abc").status_code == 201
