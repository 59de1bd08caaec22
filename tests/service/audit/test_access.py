"""Each access of an overseer is an entry, with its purpose; while the log stands, it waits. And I14."""

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from services.audit.tables import inbox
from shared.protocol import leaves
from shared.protocol.canonical import unb64u
from tests.service.audit.caller import OVERSEER, Node, checkpoint, told
from tests.service.audit.logbook import request_id

VIEWS = [
    "entries",
    "key",
    "counterparts",
    "proof?index=0",
    "timestamps",
    "find?peer=QN",
    "evidence",
]
# A name that is nowhere else, as it comes in personal fields, in purposes and in queries.
CANARY = "Zsófia Kanári-Świątek"


def waiting(node: Node) -> int:
    database = node.client.app.state.parts.log.database  # type: ignore[attr-defined]
    with database.read() as db:
        found: int = db.execute(
            sa.select(sa.func.count()).where(inbox.c.idx.is_(None))
        ).scalar_one()
    return found


def queried(node: Node) -> list[tuple[str | None, dict[str, str]]]:
    """The accesses that are on record: of what, and what is known of each."""
    size, _ = checkpoint(node)
    page = node.look(f"entries?size={size}")
    return [
        (leaf.outcome, {each["name"]: each["value"] for each in entry["openings"]})
        for entry in page["entries"]
        if (leaf := leaves.parse(unb64u(entry["leaf"]))).type == "audit.queried"
    ]


@pytest.mark.parametrize("name", ["entries?from=0&to=1", "find?case=" + request_id(1), "key"])
def test_an_access_names_the_officer_who_looked(node: Node, name: str) -> None:
    node.post(told(1, case_id=request_id(1)))
    named = replace(OVERSEER, officer="O. Verseer")
    assert node.get(f"/oversight/{name}", named).status_code == 200
    while not (found := queried(node)):
        time.sleep(0.05)
    assert found[0][1]["officer"] == "O. Verseer"


def test_a_bundle_is_recorded_like_any_other_view(node: Node) -> None:
    node.post(told(1))
    assert node.get("/tile/entries/000.p/2", OVERSEER).status_code == 200
    node.post(told(2))
    while not (found := queried(node)):
        time.sleep(0.05)
    assert found[0] == (
        "bundle",
        {"client": OVERSEER.client_id, "purpose": "yearly inspection", "query": "000.p/2"},
    )


def test_nobody_takes_a_bundle_without_a_purpose(node: Node) -> None:
    answer = node.get("/tile/entries/000.p/1", replace(OVERSEER, purpose=None))
    assert (answer.status_code, answer.json()["code"]) == (400, "purpose_missing")


def test_a_log_that_stands_is_read_and_remembers_who_read(node: Node) -> None:
    node.clock.back(minutes=-2)  # nothing from before the service's start is believed
    node.post(told(1, case_id=request_id(1)))
    node.clock.back(minutes=1)
    assert node.post(told(2)).json()["code"] == "log_stopped"
    before = waiting(node)
    for view in VIEWS:
        node.look(view)
    assert node.get("/tile/entries/000.p/2", OVERSEER).status_code == 200
    assert waiting(node) == before + len(VIEWS) + 1
    node.clock.back(minutes=-2)
    expected = [*(view.partition("?")[0] for view in VIEWS), "bundle"]
    deadline = time.monotonic() + 30
    while len(kinds := [kind for kind, _ in queried(node)]) < len(expected):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert kinds[: len(expected)] == expected


def spelt(canary: str) -> list[bytes]:
    """A name as text, as JSON writes it with escapes, and as a form would."""
    escaped = canary.encode("ascii", "backslashreplace")
    return [canary.encode(), escaped, canary.encode("utf-16-le"), b"Kanari", "Kanári".encode()]


def test_no_name_reaches_the_disk_or_a_leaf(node: Node, tmp_path: Path) -> None:
    personal: dict[str, Any] = dict.fromkeys(
        ("client", "officer", "approved_by", "call", "address"), CANARY
    )
    node.post(*(told(number, case_id=request_id(1), personal=personal) for number in (1, 2)))
    curious = replace(OVERSEER, purpose=f"about {CANARY}", officer=CANARY)
    node.get(f"/oversight/entries?peer=QN&since={'2026-10-01T00:00:00.000Z'}", curious)
    node.get("/tile/entries/000.p/1", curious)
    node.clock.back(minutes=1)
    node.post(told(4, personal=personal))  # it waits in the inbox
    assert node.look("entries?from=1&to=2")["entries"][0]["openings"][0]["value"] == CANARY
    content = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert len(content) > 10_000
    assert not [each for each in spelt(CANARY) if each in content]
    node.clock.back(minutes=-5)


@pytest.mark.parametrize("name", ["Kanari", "name", "officer name"])
def test_a_personal_field_of_another_name_is_refused(node: Node, name: str) -> None:
    answer = node.post(told(1) | {"personal": {name: "x"}})
    assert answer.status_code in {400, 422}
