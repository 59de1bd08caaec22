"""Our witness over HTTP, as the gateway passes it on, and its evidence as an overseer reads it."""

import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response
from typing_extensions import override

from services.audit.main import create
from shared.protocol.canonical import unb64u
from shared.protocol.cosignatures import verify_cosignatures
from shared.protocol.leaves import parse
from shared.protocol.misbehaviour import parse_evidence, verify_evidence
from shared.protocol.witnessing import (
    MAX_SUBMISSION,
    PLAIN,
    TLOG_SIZE,
    format_submission,
    monitoring_path,
)
from tests.service.audit.caller import OPS, OVERSEER, Keys, Node, settings, told
from tests.service.audit.conftest import note_policy
from tests.service.audit.logbook import SetClock
from tests.service.audit.witness_stand import OWN, Federation
from tests.unit.shared.protocol.worked_growth import FORK, VKEYS, note, proof
from tests.unit.shared.protocol.worked_log import ORIGIN

ADD = "/witness/add-checkpoint"


@dataclass
class Peer:
    """What QN's log answers through the gateway to whoever asks for its checkpoint."""

    url: str = ""
    status: int = 404
    content: bytes = b""


@pytest.fixture
def peer() -> Iterator[Peer]:
    peer = Peer()

    class Gateway(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = self.path == "/egress/QN/log/checkpoint"
            self.send_response(peer.status if found else 503)
            self.send_header("Content-Length", str(len(peer.content)))
            self.end_headers()
            self.wfile.write(peer.content)

        @override
        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Gateway) as server:
        peer.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=[0.05])
        thread.start()
        yield peer
        server.shutdown()
        thread.join()


@pytest.fixture
def witnessing(
    keys: Keys, migrated_file: Path, tmp_path: Path, federation: Federation, peer: Peer
) -> Iterator[Node]:
    clock = SetClock()
    shutil.copy(migrated_file, tmp_path / "audit.sqlite")
    (tmp_path / "root.json").write_bytes(federation.repository.root)
    (tmp_path / "directory.json").write_bytes(federation.repository.bundle())
    note_policy(f"sqlite:///{tmp_path}/audit.sqlite")
    changed = {"gateway_internal_url": peer.url, "root": tmp_path / "root.json"}
    with TestClient(create(settings(keys, tmp_path).model_copy(update=changed), clock)) as client:
        yield Node(client, keys, clock)


def submit(node: Node, body: bytes, service: str = "gateway") -> Response:
    return node.client.post(ADD, content=body, auth=node.asserting(service))


def grow(node: Node, old: int, new: int) -> Response:
    return submit(node, format_submission(old, proof(old, new) if old else [], note(new)))


def test_a_conversation(witnessing: Node) -> None:
    assert grow(witnessing, 0, 3).status_code == 200
    stale = grow(witnessing, 0, 5)
    assert (stale.status_code, stale.text) == (409, "3\n")
    assert stale.headers["content-type"] == TLOG_SIZE
    cosigned = grow(witnessing, 3, 5)
    assert (cosigned.status_code, cosigned.headers["content-type"]) == (200, PLAIN)
    assert verify_cosignatures(note(5) + cosigned.text, OWN)
    shown = witnessing.get(f"/witness/{monitoring_path(ORIGIN)}")
    assert (shown.status_code, shown.headers["content-type"]) == (200, PLAIN)
    assert shown.text.endswith(cosigned.text)
    assert verify_cosignatures(shown.text, OWN)


REFUSED = {
    "nothing": (b"", 400),
    "no UTF-8": (b"\xff\xfe", 400),
    "no submission": (b"x" * MAX_SUBMISSION, 400),
    "too much": (b"x" * (MAX_SUBMISSION + 1), 413),
    "unknown": (format_submission(0, [], note(3).replace("audit.xx", "audit.zz")), 404),
    "unsigned": (format_submission(0, [], note(3).replace("\n3\n", "\n4\n")), 403),
}


def test_what_is_refused_and_who_may_not_ask(witnessing: Node) -> None:
    said = {name: submit(witnessing, body).status_code for name, (body, _) in REFUSED.items()}
    assert said == {name: status for name, (_, status) in REFUSED.items()}
    assert submit(witnessing, b"", service="exchange").status_code == 403
    assert witnessing.client.post(ADD, content=b"").status_code == 401
    for digest in ("0" * 64, "0" * 63, "G" * 64):
        assert witnessing.get(f"/witness/{digest}/checkpoint").status_code == 404


def test_before_the_first_cosignature_the_log_is_asked(witnessing: Node, peer: Peer) -> None:
    for status, content, code in (
        (502, b"", "log_unanswered"),
        (200, b"x" * 70_000, "log_unanswered"),
        (200, b"\xff<html>", "witness_forgot"),
    ):
        peer.status, peer.content = status, content
        asked = grow(witnessing, 0, 3)
        assert (asked.status_code, asked.json()["code"]) == (503, code)
        assert asked.headers["retry-after"]
    peer.status, peer.content = 200, note(3).encode()
    assert grow(witnessing, 0, 3).status_code == 200


def test_a_gateway_that_is_away(witnessing: Node, peer: Peer) -> None:
    gateway = witnessing.client.app.state.parts.cosigner.memory.ask.gateway  # type: ignore[attr-defined]
    gateway.base_url = "http://127.0.0.1:9"
    assert grow(witnessing, 0, 3).json()["code"] == "log_unanswered"
    gateway.base_url = peer.url
    assert grow(witnessing, 0, 3).status_code == 200


def test_the_overseer_reads_what_convicts_and_the_log_tells_of_both(witnessing: Node) -> None:
    grow(witnessing, 0, 3)
    assert submit(witnessing, format_submission(3, [], note(3, FORK))).status_code == 422
    (found,) = witnessing.look("evidence")["evidence"]
    proven = verify_evidence(parse_evidence(unb64u(found["file"])), pinned=VKEYS)
    assert (found["origin"], proven.smaller.size) == (ORIGIN, 3)
    assert len(found["name"]) == 16
    witnessing.post(told(1))  # answered when all that was there before is logged
    leaves = [parse(unb64u(each["leaf"])) for each in witnessing.look("entries")["entries"]]
    (accused,) = [each for each in leaves if each.type == "peer.log_contradicted"]
    assert (accused.peer, accused.reason, accused.count) == ("QN", "two_roots", 3)
    assert [each.outcome for each in leaves if each.type == "audit.queried"] == ["evidence"]


def test_the_operators_see_how_far_the_others_are_cosigned(witnessing: Node) -> None:
    grow(witnessing, 0, 3)
    cosigned = witnessing.get("/ops/stages", OPS).json()["cosigned"]
    assert {each["country"]: each["size"] for each in cosigned} == {"QN": 3, "QO": None}


def test_evidence_is_read_for_a_purpose(witnessing: Node) -> None:
    assert witnessing.get("/oversight/evidence").status_code == 403
    no_purpose = replace(OVERSEER, purpose=None)
    assert witnessing.get("/oversight/evidence", no_purpose).json()["code"] == "purpose_missing"


def test_a_witness_that_lost_its_memory_is_a_red_light(witnessing: Node, tmp_path: Path) -> None:
    assert witnessing.client.get("/readyz").json()["parts"]["witness"] == "ok"
    grow(witnessing, 0, 3)
    shutil.rmtree(tmp_path / "signer" / "witness")
    red = witnessing.client.get("/readyz")
    assert (red.status_code, "lost" in red.json()["parts"]["witness"]) == (503, True)
