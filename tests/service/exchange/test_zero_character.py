"""U+0000 is told to whoever writes it; a database that cannot keep it is never asked to."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.service.exchange.node import Clock, Node, draft, open_node

TEXTS = ("own_reference", "facts", "issuing_authority", "purpose")


@pytest.fixture
def node(federation: Path, tmp_path: Path, postgres_database: str) -> Iterator[Node]:
    made = open_node("QM", federation, tmp_path / "QM", Clock(), postgres_database)
    yield made
    made.parts.database.close()


def test_who_drafts_is_told(node: Node) -> None:
    client = node.client("preparer")
    for name in TEXTS:
        answer = client.post("/v1/requests", json=draft(**{name: "a\0b"}))
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_fields")
        assert name in answer.json()["detail"]
    measures = draft()["measures"]
    measures[0]["description"] = "x\0y"
    answer = client.post("/v1/requests", json=draft(measures=measures))
    assert answer.status_code == 422
