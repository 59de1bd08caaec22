"""`rogatory package …`: add, close with read-back, approve by digest, release and wait."""

from pathlib import Path
from typing import Any

import pytest

from shared.protocol.approvals import verify_approval
from shared.protocol.digests import sha256
from shared.protocol.keys import OfficerKey
from tests.scripted_gateway import Answer, Call, Gateway, answer, problem
from tests.scripted_packages import PACKAGE, REQUEST, Collection, package, request
from tests.unit.client.cli.conftest import Cli

BASE = f"/v1/packages/{PACKAGE}"
DIGEST = "ab" * 48


def check_signed(gateway: Gateway, call: Call, act: str) -> None:
    key = OfficerKey.from_bytes((gateway.folder / "officer.key").read_bytes()).public()
    said: Any = call.json()
    verify_approval(
        said["approval"], {key.kid: key}, act=act, object_id=PACKAGE, version=1, digest=DIGEST
    )


def test_a_package_answers_what_was_accepted(known: Cli, gateway: Gateway) -> None:
    gateway.routes[f"GET /v1/requests/{REQUEST}"] = answer(request())
    gateway.routes["POST /v1/packages"] = answer(package(), 201)
    said = known("package", "new", REQUEST, "--title", "Answer")
    assert said.out.startswith(f"{PACKAGE}  to QM  COLLECTING  0 bytes")
    assert gateway.calls[-1].json() == {
        "request_id": REQUEST,
        "measures": ["M01"],
        "title": "Answer",
    }
    known("package", "new", REQUEST, "--title", "Answer", "--measure", "M02")
    sent: Any = gateway.calls[-1].json()
    assert sent["measures"] == ["M02"]


def test_without_an_accepted_measure_there_is_no_package(known: Cli, gateway: Gateway) -> None:
    gateway.routes[f"GET /v1/requests/{REQUEST}"] = answer(request(measures=[]))
    said = known("package", "new", REQUEST, "--title", "Answer")
    assert (said.code, "request execute" in said.err) == (6, True)


def test_files_and_a_graph_are_added(known: Cli, gateway: Gateway, tmp_path: Path) -> None:
    collection = Collection()
    gateway.fallback = collection
    gateway.routes[f"GET {BASE}"] = answer(package())
    gateway.routes[f"PUT {BASE}/case"] = answer(package())
    (tmp_path / "chat.db").write_bytes(b"evidence" * 100_000)
    (tmp_path / "case.jsonld").write_text("{}")
    line = ["package", "add", PACKAGE, tmp_path / "chat.db", "--case", tmp_path / "case.jsonld"]
    said = known(*line, "--json")
    (row,) = said.json["added"]
    assert (row["path"], row["segments_sent"]) == ("data/chat.db", 1)
    assert row["sha256"] == sha256(b"evidence" * 100_000).hex()
    assert "sent: 100 %" in said.err
    assert gateway.calls[-2].headers["Content-Type"] == "application/ld+json"
    again = known(*line, "--quiet")
    assert again.out.startswith(f"{row['sha256']}  data/chat.db  800000 bytes")
    assert again.err == ""


def test_closing_waits_for_the_read_back_and_signs_what_was_read(
    known: Cli, gateway: Gateway
) -> None:
    half, whole = ({"phase": "read", "done": done, "total": 10} for done in (5, 10))
    seen = iter(
        [
            package(size=10),
            package(state="CLOSING", size=10, progress=half, waiting_for="the read-back"),
            package(state="CLOSING", size=10, progress=whole, waiting_for="the read-back"),
            package(state="COLLECTED", size=10, digest=DIGEST),
        ]
    )
    gateway.routes[f"GET {BASE}"] = lambda _: answer(next(seen))
    gateway.routes[f"POST {BASE}/close"] = answer(package(state="CLOSING", size=10), 202)
    gateway.routes[f"POST {BASE}/prepare"] = answer(package(state="FILTERED", digest=DIGEST))
    said = known("package", "close", PACKAGE)
    assert (said.code, said.out.split()[3]) == (0, "FILTERED")
    assert "read back: 50 %" in said.err
    assert DIGEST in said.err
    check_signed(gateway, gateway.calls[-1], "package.prepare")


def test_a_package_that_is_closed_already_is_only_signed(known: Cli, gateway: Gateway) -> None:
    gateway.routes[f"GET {BASE}"] = answer(package(state="COLLECTED", digest=DIGEST))
    gateway.routes[f"POST {BASE}/prepare"] = answer(package(state="FILTERED"))
    assert known("package", "close", PACKAGE).code == 0
    assert [call.path for call in gateway.calls[-2:]] == [BASE, f"{BASE}/prepare"]


@pytest.mark.parametrize("problem_told", [None, {"detail": "Item 3 is not what was declared."}])
def test_a_read_back_that_fails_is_told(
    known: Cli, gateway: Gateway, problem_told: dict[str, str] | None
) -> None:
    gateway.routes[f"GET {BASE}"] = answer(package(error=problem_told))
    gateway.routes[f"POST {BASE}/close"] = answer(package(error=problem_told), 202)
    said = known("package", "close", PACKAGE)
    expected = problem_told["detail"] if problem_told else "not closed"
    assert (said.code, expected in said.err) == (6, True)


def test_a_package_is_cleared_by_its_digest(known: Cli, gateway: Gateway) -> None:
    gateway.routes[f"GET {BASE}"] = answer(package(state="FILTERED", digest=DIGEST))
    gateway.routes[f"POST {BASE}/clear"] = answer(package(state="CLEARED", digest=DIGEST))
    said = known("package", "clear", PACKAGE)
    assert (said.code, DIGEST in said.err) == (0, True)
    check_signed(gateway, gateway.calls[-1], "package.clear")


def test_what_is_not_closed_cannot_be_cleared(known: Cli, gateway: Gateway) -> None:
    gateway.routes[f"GET {BASE}"] = answer(package())
    said = known("package", "clear", PACKAGE)
    assert (said.code, "nothing to approve" in said.err) == (6, True)


def test_releasing_waits_for_the_other_country(known: Cli, gateway: Gateway) -> None:
    states = iter(["CLEARED", "RELEASED", "RECEIVED"])
    gateway.routes[f"POST {BASE}/release"] = answer(package(state="SEALED"), 202)
    gateway.routes[f"GET {BASE}"] = lambda _: answer(package(state=next(states), digest=DIGEST))
    assert known("package", "release", PACKAGE, "--json").json["state"] == "RECEIVED"
    (ordered,) = [call for call in gateway.calls if call.path.endswith("/release")]
    check_signed(gateway, ordered, "package.release")


def test_status_shows_all(known: Cli, gateway: Gateway) -> None:
    told = package(
        digest=DIGEST,
        progress={"phase": "read", "done": 1, "total": 2},
        error={"detail": "Broken."},
        approvals=[{"act": "package.prepare", "officer": "A", "at": "then"}],
        history=[{"at": "then", "state": "COLLECTING", "by": None}],
        direction="in",
    )
    gateway.routes[f"GET {BASE}"] = answer(told)
    said = known("package", "status", PACKAGE).out
    for part in (DIGEST, "read: 1 of 2", "problem: Broken.", "package.prepare by A", "from QM"):
        assert part in said


def test_status_waits_for_a_state_or_says_what_it_waits_for(known: Cli, gateway: Gateway) -> None:
    states = iter(["RELEASED", "VERIFIED"])
    gateway.routes[f"GET {BASE}"] = lambda _: answer(package(state=next(states)))
    assert known("package", "status", PACKAGE, "--until", "VERIFIED").code == 0
    gateway.routes[f"GET {BASE}"] = answer(package(waiting_for="QM's gateway"))
    said = known("package", "status", PACKAGE, "--until", "VERIFIED", "--wait", "0")
    assert (said.code, "next: QM's gateway" in said.err) == (7, True)


def test_packages_are_listed(known: Cli, gateway: Gateway) -> None:
    gateway.routes["GET /v1/packages"] = answer({"packages": [package(), package()]})
    assert len(known("package", "list").out.splitlines()) == 2


@pytest.mark.parametrize("flaw", [{"progress": 1}, {"progress": {"phase": 1}}, {"digest": 1}])
def test_an_answer_of_another_shape_is_refused(
    known: Cli, gateway: Gateway, flaw: dict[str, Any]
) -> None:
    gateway.routes[f"GET {BASE}"] = answer(package(**flaw))
    said = known("package", "status", PACKAGE)
    assert (said.code, "answer has no" in said.err) == (1, True)


def test_a_refused_segment_ends_the_upload(known: Cli, gateway: Gateway, tmp_path: Path) -> None:
    def full(call: Call) -> Answer:
        if call.method == "PUT" and "/segments/" in call.path:
            return problem(507, "storage_full", detail="The disk is full.", next="Free some room.")
        return collection(call)

    collection = Collection()
    gateway.fallback = full
    gateway.routes[f"GET {BASE}"] = answer(package())
    (tmp_path / "x").write_bytes(b"x")
    said = known("package", "add", PACKAGE, tmp_path / "x")
    assert (said.code, "next: Free some room." in said.err) == (7, True)
