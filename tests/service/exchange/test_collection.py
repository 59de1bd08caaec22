"""A package is opened and filled: the same again is well, anything else in its place is refused."""

import hashlib
from pathlib import Path
from typing import Any

import pytest

from services.exchange.store import packages
from shared.protocol.identifiers import new_id
from tests.service.exchange.filling import (
    close,
    declare,
    new_package,
    put_segment,
    show,
    upload,
)
from tests.service.exchange.node import MIB, Node, accepted_request, blobs, receive_request

SECRET = b"the name of the witness"
NOBODY = "019aaaaa-0000-7000-8000-000000000000"


def test_a_package_is_opened_for_measures_that_were_accepted(qn: Node) -> None:
    request_id = accepted_request(qn)
    package = show(qn, new_package(qn, request_id))
    assert (package["state"], package["version"], package["peer"]) == ("COLLECTING", 1, "QM")
    assert package["title"] == "Account of the suspect"
    assert (package["items"], package["size"], package["segments"]) == (0, 0, 0)
    assert package["request_id"] == request_id
    assert package["waiting_for"] == "the preparer, to add files and close it"
    assert [package[name] for name in ("digest", "progress", "error", "entry")] == [None] * 4


def create(node: Node, request_id: str, *measures: str) -> Any:  # noqa: ANN401
    body = {"request_id": request_id, "measures": measures, "title": "t"}
    return node.client("preparer").post("/v1/packages", json=body)


def test_no_package_without_an_accepted_request(qn: Node) -> None:
    answer = create(qn, receive_request(qn), "M01")
    assert (answer.status_code, answer.json()["code"]) == (409, "request_not_open")
    assert create(qn, NOBODY, "M01").json()["code"] == "unknown_request"


def test_no_package_for_a_measure_that_was_not_accepted(qn: Node) -> None:
    answer = create(qn, accepted_request(qn), "M01", "M07")
    assert (answer.status_code, answer.json()["rule"]) == (422, "G03")
    assert answer.json()["next"] == "Choose among M01, M02."


def test_a_file_is_declared_once_and_the_same_again_is_well(qn: Node) -> None:
    package_id = new_package(qn)
    item_id = declare(qn, package_id, "a.txt", b"abc")
    url = f"/v1/packages/{package_id}/items"
    body = qn.client("preparer").get(url).json()["items"][0]
    assert body["segments"] == 1
    assert body["path"] == "data/a.txt"
    same = {name: value for name, value in body.items() if name not in ("item_id", "segments")}
    again = qn.client("preparer").put(f"{url}/{item_id}", json=same)
    assert (again.status_code, again.json()) == (200, body)
    other = qn.client("preparer").put(f"{url}/{item_id}", json=same | {"size": 4})
    assert (other.status_code, other.json()["code"]) == (409, "item_differs")
    assert show(qn, package_id)["items"] == 1


def test_a_name_is_taken_whatever_its_case(qn: Node) -> None:
    package_id = new_package(qn)
    declare(qn, package_id, "Straße.txt", b"abc")
    body = {"path": "data/STRASSE.TXT", "original_name": "x", "size": 0, "sha256": "0" * 64}
    url = f"/v1/packages/{package_id}/items/{new_id(qn.clock())}"
    answer = qn.client("preparer").put(url, json=body)
    assert (answer.status_code, answer.json()["code"]) == (409, "name_taken")


def test_a_path_is_made_from_the_original_name(qn: Node) -> None:
    package_id = new_package(qn)
    body = {"original_name": "C:\\Fälle\\50%?.txt", "size": 0, "sha256": "0" * 64}
    url = f"/v1/packages/{package_id}/items/{new_id(qn.clock())}"
    made = qn.client("preparer").put(url, json=body).json()
    assert made["path"] == "data/C_/Fälle/50__.txt"
    assert made["original_name"] == "C:\\Fälle\\50%?.txt"


@pytest.mark.parametrize(
    ("changed", "status", "code"),
    [
        ({"path": "data/../x"}, 422, "bad_bag"),
        ({"path": "elsewhere/x"}, 422, "bad_path"),
        ({"sha256": "xyz"}, 422, "invalid_fields"),
        ({"size": -1}, 422, "invalid_fields"),
        ({"media_type": "no media type"}, 422, "invalid_fields"),
    ],
)
def test_a_declaration_that_is_wrong_is_refused(
    qn: Node, changed: dict[str, object], status: int, code: str
) -> None:
    package_id = new_package(qn)
    body = {"path": "data/x", "original_name": "x", "size": 0, "sha256": "0" * 64} | changed
    url = f"/v1/packages/{package_id}/items/{new_id(qn.clock())}"
    answer = qn.client("preparer").put(url, json=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert qn.client("preparer").put(f"/v1/packages/{package_id}/items/x", json=body).is_error


def test_an_item_is_taken_out_with_its_blobs_and_its_name_is_free(qn: Node) -> None:
    package_id = new_package(qn)
    ids = upload(qn, package_id, {"a.txt": b"abc", "b.txt": b"def"})
    client = qn.client("preparer")
    answer = client.delete(f"/v1/packages/{package_id}/items/{ids['a.txt']}")
    assert answer.status_code == 204
    assert len(blobs(qn)) == 1
    assert show(qn, package_id)["items"] == 1
    upload(qn, package_id, {"a.txt": b"xyz"})
    names = client.get(f"/v1/packages/{package_id}/items").json()["items"]
    assert [one["path"] for one in names] == ["data/b.txt", "data/a.txt"]
    assert client.delete(f"/v1/packages/{package_id}/items/{ids['a.txt']}").status_code == 404


def test_nothing_is_added_once_a_package_is_closing(qn: Node) -> None:
    package_id = new_package(qn)
    ids = upload(qn, package_id, {"a.txt": b"abc"})
    qn.client("preparer").post(f"/v1/packages/{package_id}/close")
    client, url = qn.client("preparer"), f"/v1/packages/{package_id}/items"
    body = {"path": "data/x", "original_name": "x", "size": 0, "sha256": "0" * 64}
    answers = [
        client.put(f"{url}/{new_id(qn.clock())}", json=body),
        client.delete(f"{url}/{ids['a.txt']}"),
        put_segment(qn, package_id, ids["a.txt"], 0, b"abc"),
        client.put(f"/v1/packages/{package_id}/case", content=b'{"@graph": []}'),
        client.post(f"/v1/packages/{package_id}/close"),
    ]
    assert {(a.status_code, a.json()["code"]) for a in answers} == {(409, "wrong_state")}


def test_names_are_for_those_who_prepare_clear_or_receive(qn: Node) -> None:
    package_id = new_package(qn)
    for role, status in (("preparer", 200), ("approver", 200), ("receiver", 200)):
        answer = qn.client(role).get(f"/v1/packages/{package_id}/items")
        assert answer.status_code == status
    assert qn.client("oversight").get(f"/v1/packages/{package_id}/items").status_code == 403


def test_packages_are_listed_by_direction_and_state(qn: Node) -> None:
    package_id = new_package(qn)
    client = qn.client("receiver")
    listed = client.get("/v1/packages", params={"direction": "out"}).json()["packages"]
    assert [one["package_id"] for one in listed] == [package_id]
    found = client.get("/v1/packages", params={"state": "CLEARED"}).json()
    assert found == {"packages": []}
    answer = client.get(f"/v1/packages/{NOBODY}")
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_package")


def test_nothing_of_the_evidence_is_on_disk_in_the_clear(qn: Node, tmp_path: Path) -> None:
    package_id = new_package(qn)
    client = qn.client("preparer")
    graph = b'{"@context": {}, "@graph": [{"name": "' + SECRET + b'"}]}'
    assert client.put(f"/v1/packages/{package_id}/case", content=graph).status_code == 200
    upload(qn, package_id, {"the-witness.txt": SECRET})
    assert close(qn, package_id)["state"] == "COLLECTED"
    qn.parts.database.close()
    sought = [
        SECRET,
        b"the-witness",
        b"Account of the suspect",
        hashlib.sha256(SECRET).digest(),
        hashlib.sha256(SECRET).hexdigest().encode(),
        hashlib.sha384(SECRET).digest(),
    ]
    files = [path for path in (tmp_path / "QN").rglob("*") if path.is_file()]
    assert len(files) > 4
    for path in files:
        content = path.read_bytes()
        assert not [one for one in sought if one in content], path


def test_a_case_graph_replaces_the_one_before(qn: Node) -> None:
    package_id = new_package(qn)
    client = qn.client("preparer")
    for graph in (b'{"@graph": [1.5]}', b'{"@graph": [2.5]}'):
        assert client.put(f"/v1/packages/{package_id}/case", content=graph).status_code == 200
    assert len(blobs(qn)) == 1


@pytest.mark.parametrize("graph", [b"", b"[]", b"{}", b'{"@graph": NaN}', b"\xff"])
def test_what_is_no_case_graph_is_refused(qn: Node, graph: bytes) -> None:
    answer = qn.client("preparer").put(f"/v1/packages/{new_package(qn)}/case", content=graph)
    assert (answer.status_code, answer.json()["code"]) == (422, "no_case_graph")


def test_a_case_graph_has_a_limit(qn: Node) -> None:
    graph = b'{"@graph": "' + b"x" * 16 * MIB + b'"}'
    answer = qn.client("preparer").put(f"/v1/packages/{new_package(qn)}/case", content=graph)
    assert answer.status_code == 413


def test_names_are_gone_with_the_key(qn: Node) -> None:
    package_id = new_package(qn)
    upload(qn, package_id, {"a.txt": b"abc"})
    with qn.parts.database.begin() as db:
        packages.destroy_key(db, package_id)
    answer = qn.client("preparer").get(f"/v1/packages/{package_id}/items")
    assert (answer.status_code, answer.json()["code"]) == (409, "key_destroyed")
    assert show(qn, package_id)["title"] == "Account of the suspect"
