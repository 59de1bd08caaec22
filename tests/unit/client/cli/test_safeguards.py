"""`rogatory package gates|finding|filter`, `--answers`: what people say of files and gates, as it is sent."""

from pathlib import Path
from typing import Any

import pytest

from shared.protocol.approvals import statement_digest, verify_approval
from shared.protocol.keys import OfficerKey
from tests.scripted_gateway import Call, Gateway, answer
from tests.scripted_packages import PACKAGE, REQUEST, Collection, package
from tests.unit.client.cli.conftest import Cli

BASE = f"/v1/packages/{PACKAGE}"
ITEM = "01a20144-0c11-7a52-9d3e-2f6b8c4d1e90"
FILE: dict[str, Any] = {
    "item_id": ITEM,
    "path": "data/a.txt",
    "original_name": "a.txt",
    "size": 3,
    "sha256": "ab" * 32,
    "media_type": "text/plain",
    "segments": 1,
}
OPEN: dict[str, Any] = {
    "gate": "G01", "title": "authenticity", "state": "open", "rule": "BUD 25(3)", "note": None,
    "detail": None, "next": None, "role": None, "items": [], "by": [],
}  # fmt: skip
WAITS = {
    **OPEN,
    "gate": "G11",
    "title": "privilege",
    "state": "waits",
    "role": "RD-PRIV",
    "detail": "Not seen.",
}
SHUT = {
    **OPEN,
    "gate": "G03",
    "title": "particularity",
    "state": "shut",
    "detail": "Beyond.",
    "next": "Take it out.",
}
FOUND = {
    "gate": "G09",
    "role": "RD-DPO",
    "officer": "QN-assessor",
    "verdict": "pass",
    "text": "t",
    "items": [],
}
FINDINGS = {
    "object_id": PACKAGE,
    "findings": [FOUND],
    "filtered": [{"item_id": ITEM, "verdict": "clean", "officer": "QN-privilege"}],
}
ANSWERS = """
measure_id = "M01"
category = "DC-CNT"
from = 2026-01-01T00:00:00Z
readers = ["Rita"]

[files."b.txt"]
category = "DC-TRF"
"""


def signed(gateway: Gateway, call: Call, act: str, what: str) -> Any:  # noqa: ANN401
    """Return the statement of a call, if the officer's signature is over it."""
    said: Any = call.json()
    key = OfficerKey.from_bytes((gateway.folder / "officer.key").read_bytes()).public()
    verify_approval(
        said["approval"],
        {key.kid: key},
        act=act,
        object_id=PACKAGE,
        version=1,
        digest=statement_digest(what, said["statement"]),
    )
    return said["statement"]


@pytest.mark.parametrize(("kind", "name"), [("package", PACKAGE), ("request", REQUEST)])
def test_gates_say_what_to_do(known: Cli, gateway: Gateway, kind: str, name: str) -> None:
    told = {"moment": "release", "gates": [OPEN, {**OPEN, "note": "overridden"}, WAITS, SHUT]}
    gateway.routes[f"GET /v1/{kind}s/{name}/gates"] = answer(told)
    said = known(kind, "gates", name)
    assert said.out.splitlines() == [
        "gates of: release",
        "G01  open   authenticity",
        "G01  open   authenticity (overridden)",
        "G11  waits  privilege: Not seen.",
        "            needed: RD-PRIV",
        "G03  shut   particularity: Beyond.",
        "            Take it out.",
    ]
    assert known(kind, "gates", name, "--json").json["moment"] == "release"


def test_a_finding_is_signed_over_its_words(known: Cli, gateway: Gateway) -> None:
    gateway.routes[f"GET {BASE}"] = answer(package(state="COLLECTED", digest="ab" * 48))
    gateway.routes[f"POST {BASE}/findings"] = answer(FINDINGS, 201)
    line = [
        "package",
        "finding",
        PACKAGE,
        "--gate",
        "G09",
        "--role",
        "RD-DPO",
        "--text",
        "Assessed.",
    ]
    said = known(*line)
    assert said.out.splitlines() == [
        "G09  pass  RD-DPO, QN-assessor",
        f"{ITEM}  clean  QN-privilege",
    ]
    sent = signed(gateway, gateway.calls[-1], "finding", "findings")
    assert sent == {"gate": "G09", "role": "RD-DPO", "verdict": "pass", "text": "Assessed."}
    known(*line, "--verdict", "override", "--item", ITEM)
    sent = signed(gateway, gateway.calls[-1], "finding", "findings")
    assert (sent["verdict"], sent["items"]) == ("override", [ITEM])
    assert "case" not in sent
    known(*line, "--verdict", "override", "--case", "91 Js 4/26")
    assert signed(gateway, gateway.calls[-1], "finding", "findings")["case"] == "91 Js 4/26"
    known(*line, "--verdict", "override", "--to", "QP", "--purpose", "An attack")
    sent = signed(gateway, gateway.calls[-1], "finding", "findings")
    assert (sent["recipient"], sent["purpose"]) == ("QP", "An attack")


def test_the_filter_team_names_what_is_not_clean(known: Cli, gateway: Gateway) -> None:
    other = {**FILE, "item_id": "01a20144-0c11-7a52-9d3e-2f6b8c4d1e91", "path": "data/b.txt"}
    gateway.routes[f"GET {BASE}"] = answer(package(state="COLLECTED", digest="ab" * 48))
    gateway.routes[f"GET {BASE}/items"] = answer({"items": [FILE, other]})
    gateway.routes[f"POST {BASE}/filter"] = answer(FINDINGS, 201)
    assert known("package", "filter", PACKAGE).code == 0
    sent = signed(gateway, gateway.calls[-1], "package.filter", "filter")
    assert [each["verdict"] for each in sent["items"]] == ["clean", "clean"]
    known("package", "filter", PACKAGE, "--privileged", ITEM, "--waived", str(other["item_id"]))
    sent = signed(gateway, gateway.calls[-1], "package.filter", "filter")
    assert [each["verdict"] for each in sent["items"]] == ["privileged", "waived"]
    wrong = known("package", "filter", PACKAGE, "--privileged", "no-item")
    assert (wrong.code, "no-item" in wrong.err) == (2, True)


def declared(gateway: Gateway) -> dict[str, Any]:
    """Return what was said of each file, by its name."""
    found = {}
    for call in gateway.calls:
        if call.method == "PUT" and call.path.count("/") == 5:
            said: Any = call.json()
            found[said["original_name"]] = said.get("answers")
    return found


@pytest.mark.parametrize("as_json", [False, True])
def test_what_files_answer_is_written_once(
    known: Cli,
    gateway: Gateway,
    tmp_path: Path,
    as_json: bool,  # noqa: FBT001
) -> None:
    gateway.fallback = Collection()
    gateway.routes[f"GET {BASE}"] = answer(package())
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_bytes(name.encode())
    answers = tmp_path / ("answers.json" if as_json else "answers.toml")
    answers.write_text('{"measure_id":"M01"}' if as_json else ANSWERS)
    files = [tmp_path / "a.txt", tmp_path / "b.txt"]
    assert known("package", "add", PACKAGE, *files, "--answers", answers).code == 0
    if as_json:
        assert declared(gateway) == {name: {"measure_id": "M01"} for name in ("a.txt", "b.txt")}
        return
    common = {"measure_id": "M01", "from": "2026-01-01T00:00:00+00:00", "readers": ["Rita"]}
    assert declared(gateway) == {
        "a.txt": {**common, "category": "DC-CNT"},
        "b.txt": {**common, "category": "DC-TRF"},
    }


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("measure_id = ", "answers.toml"),
        ('files = "x"', "table of files"),
        ('[files."other.txt"]\ncategory = "DC-SUB"', "other.txt"),
    ],
)
def test_answers_that_cannot_be_used(
    known: Cli, gateway: Gateway, tmp_path: Path, text: str, reason: str
) -> None:
    gateway.routes[f"GET {BASE}"] = answer(package())
    (tmp_path / "a.txt").write_bytes(b"a")
    (tmp_path / "answers.toml").write_text(text)
    said = known(
        "package", "add", PACKAGE, tmp_path / "a.txt", "--answers", tmp_path / "answers.toml"
    )
    assert (said.code, reason in said.err) == (2, True)


def test_answers_that_are_not_there_or_no_table(
    known: Cli, gateway: Gateway, tmp_path: Path
) -> None:
    gateway.routes[f"GET {BASE}"] = answer(package())
    (tmp_path / "a.txt").write_bytes(b"a")
    (tmp_path / "list.json").write_text("[]")
    for name in ("list.json", "none.toml"):
        said = known("package", "add", PACKAGE, tmp_path / "a.txt", "--answers", tmp_path / name)
        assert (said.code, name in said.err) == (2, True)
