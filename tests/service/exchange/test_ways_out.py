"""Every way out of the country, tried with each gate shut: route, repeat, direct call, worker, peer.

First the ways are counted in the source, so that a new one does not come unseen; then a package that two
officers have cleared is held against every gate of its release, one shut at a time.
"""

import ast
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from services.exchange import matters
from services.exchange import release as releasing
from services.exchange.gating.matter import Condition
from services.exchange.gating.moments import GATES, Moment
from services.exchange.own_log import Standing
from services.exchange.states import Actor, PackageAct, PackageState
from services.exchange.store import entries, packages
from shared.protocol.law import documents
from shared.protocol.law.lifecycle import State
from shared.runtime.inside import DOORS
from shared.runtime.principals import Principal
from shared.runtime.refusals import Refusal
from tests.asserting import Asserting
from tests.legal_matters import pair as profile
from tests.service.exchange import node as nodes
from tests.service.exchange.filling import (
    ANSWERS,
    assessed,
    close,
    declare,
    new_package,
    put_segment,
)
from tests.service.exchange.node import Answer, Clock, Node, draft, open_node, receive_request

pytestmark = pytest.mark.slow

SOURCES = Path(__file__).resolve().parents[3] / "services/exchange"
CAPITAL = {"death_penalty": True, "life_without_parole": False, "corporal": False}
RETAINS = {"requesting_retains": True, "assurance_required": True, "binding_signatories": ["QM-PG"]}
SPECIAL = {"gateway": "SPECIAL_CIRCUMSTANCES", "assessment": "Strictly necessary, as assessed."}


def calls(name: str) -> set[str]:
    """Return the modules of the exchange that call a function of this name."""
    found = set()
    for path in SOURCES.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                called = node.func
                word = (
                    called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
                )
                if word == name:
                    found.add(path.relative_to(SOURCES).as_posix())
    return found


def naming(*words: str) -> set[str]:
    """Return the modules in which an attribute of this chain stands, as `PackageAct.RELEASE`."""
    return {
        path.relative_to(SOURCES).as_posix()
        for path in SOURCES.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and (node.value.id, node.attr) == words
    }


def test_one_function_releases() -> None:
    assert naming("PackageAct", "RELEASE") == {"release.py"}
    assert calls("wrap") == {"release.py"}  # a content key for another country
    assert calls("PackageBody") == {"release.py"}
    assert "release.py" in calls("judge_package")
    assert calls("release") - {"courier.py"} <= {
        "routes/packages.py"
    }  # the courier's is of a claim


def test_the_peer_reads_content_through_one_door() -> None:
    peers = {
        d.template for d in DOORS["exchange"] if "node:deliver" in d.scopes and d.method == "GET"
    }
    assert peers == {
        "/peer/v1/heads",
        "/peer/v1/entries",
        "/peer/v1/packages/{id}/index",
        "/peer/v1/packages/{id}/segments/{item}/{n}",
    }
    assert calls("stored_blocks") <= {"offering.py", "reading.py"}
    assert calls("_offered") == {"offering.py"}


@dataclass(frozen=True)
class Stage:
    """A cleared package of a country, and the person who would release it."""

    node: Node
    package_id: str
    request_id: str

    @property
    def path(self) -> str:
        return f"/v1/packages/{self.package_id}"

    def shown(self) -> Answer:
        content: Answer = self.node.client("approver").get(self.path).json()
        return content


def forced(node: Node, **answers: Any) -> Stage:  # noqa: ANN401
    """Bring a package to CLEARED, past the gates of clearing: as if they had been red only since."""
    request_id = receive_request(node, state=State.EXECUTING)
    assessed(node, request_id)
    package_id = new_package(node, request_id)
    item = declare(node, package_id, "a.txt", b"abc", answers=answers or ANSWERS)
    assert put_segment(node, package_id, item, 0, b"abc").status_code == 201
    closed = close(node, package_id)
    signed = node.approval("preparer", "package.prepare", closed)
    path = f"/v1/packages/{package_id}"
    assert node.client("preparer").post(f"{path}/prepare", json=signed).is_success
    client = node.client("approver")
    answer = client.post(f"{path}/clear", json=node.approval("approver", "package.clear", closed))
    if not answer.is_success:
        with node.parts.database.begin() as db:
            packages.move(db, package_id, PackageAct.CLEAR, Actor(client_id="x", at=node.clock()))
    return Stage(node, package_id, request_id)


@pytest.fixture(scope="module")
def node(federation: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    made = open_node("QN", federation, tmp_path_factory.mktemp("ways") / "QN", Clock())
    yield made
    made.parts.database.close()


@pytest.fixture(scope="module")
def stage(node: Node) -> Stage:
    return forced(node)


def tries(stage: Stage) -> None:
    """Try every way out there is; each is refused, or has nothing to give."""
    node, found = stage.node, stage.shown()
    signed = node.approval("approver", "package.release", found)
    again = {"Idempotency-Key": "11111111-2222-4333-8444-555555555555"}
    approver = node.client("approver")
    for headers in ({}, again, again):
        asked = approver.post(f"{stage.path}/release", json=signed, headers=headers)
        assert asked.status_code == 409, asked.text
    for role in sorted(nodes.SCOPES.keys() - {"approver"}):
        assert node.client(role).post(f"{stage.path}/release", json=signed).status_code == 403, role
    actor = Actor(client_id="operator", at=node.clock())
    bench, given = node.parts.bench, signed["approval"]
    for _ in range(2):
        with pytest.raises(Refusal):
            releasing.release(stage.package_id, given, bench=bench, actor=actor)
    jobs = node.app.state.jobs
    for name in ("courier", "closer", "deadlines", "clocks", "fetcher", "recorder"):
        with suppress(Exception):  # nobody answers them here; what counts is what they leave
            jobs[name].work()
    peer = Principal(
        service="gateway",
        client_id="https://qm.example",
        country="QM",
        scopes=frozenset({"node:deliver"}),
    )
    client = node.bare_client()
    client.auth = Asserting(node.assertions, "exchange", peer)
    for what in ("index", "segments/00000000-0000-0000-0000-000000000000/0"):
        assert client.get(f"/peer/v1/packages/{stage.package_id}/{what}").status_code in {404, 409}
    with node.parts.database.read() as db:
        assert packages.find(db, stage.package_id).state is PackageState.CLEARED
        assert entries.latest_about(db, stage.package_id) is None


@contextmanager
def facts(stage: Stage, **changed: Any) -> Iterator[None]:  # noqa: ANN401
    """Let gates see a matter with other facts."""

    def source(*_: Any) -> dict[str, Any]:  # noqa: ANN401
        return changed

    del stage
    matters.SOURCES.append(source)
    try:
        yield
    finally:
        matters.SOURCES.remove(source)


@contextmanager
def blocked(stage: Stage) -> Iterator[None]:
    own = stage.node.parts.own_log
    own.standing = Standing(alarm="rolled back", unwitnessed_for=0, limit=1, blocked=True)
    try:
        yield
    finally:
        own.standing = None


@contextmanager
def left(stage: Stage) -> Iterator[None]:
    registry: Any = stage.node.parts.officers.by_kid
    kid, officer = next((k, o) for k, o in registry.items() if o.name == "QN-preparer")
    registry[kid] = replace(officer, acts=frozenset())
    try:
        yield
    finally:
        registry[kid] = officer


@contextmanager
def damaged(stage: Stage) -> Iterator[None]:
    node = stage.node
    with node.parts.database.read() as db:
        blob = packages.find(db, stage.package_id).index_blob
    assert blob is not None
    path = node.parts.vault.path(blob)
    kept = path.read_bytes()
    path.write_bytes(kept + b" ")
    try:
        yield
    finally:
        path.write_bytes(kept)


def document(**changed: Any) -> Any:  # noqa: ANN401
    value = {**draft(), **changed}
    return documents.of_json({key: each for key, each in value.items() if each is not None})


Shut = Callable[[Stage], Any]
RED: dict[str, Shut] = {
    "G01": lambda s: facts(s, peer=None),
    "G04": lambda s: facts(s, findings=()),
    "G07": lambda s: facts(
        s, pair=profile(death_penalty=RETAINS), document=document(penalties=CAPITAL)
    ),
    "G09": lambda s: facts(s, document=document(transfer_basis=SPECIAL)),
    "G11": lambda s: facts(s, document=document(sensitive_persons={"privileged": ["LAWYER"]})),
    "G12": lambda s: facts(s, document=document(confidentiality=None)),
    "G13": lambda s: facts(s, conditions=[Condition(code="COND-01", hash="aa")]),
    "G19": left,
    "G20": lambda s: facts(s, document=document(urgency="EMERGENCY")),
    "G22": damaged,
    "G23": blocked,
    "G24": lambda s: facts(s, instrument=None),
    "T21": lambda s: facts(s, request_state=State.SUSPENDED),
}
# Shut by what was said of the file: a package of its own for each.
SAID: dict[str, dict[str, Any]] = {
    "G03": {**ANSWERS, "identifier": "+99 2"},
    "G08": {**ANSWERS, "category": "DC-RTI"},
    "G10": {**ANSWERS, "category": "DC-SPC"},
    "G21": {**ANSWERS, "third_party": True},
}
ELSEWHERE = {"G14"}  # test_challenges


def test_every_gate_of_the_release_is_tried() -> None:
    assert len(GATES[Moment.RELEASE]) == len(set(RED) | set(SAID) | ELSEWHERE)


@pytest.mark.parametrize("gate", sorted(RED))
def test_no_way_out_with_a_gate_shut(stage: Stage, gate: str) -> None:
    with RED[gate](stage):
        results = stage.node.client("approver").get(f"{stage.path}/gates").json()["gates"]
        assert gate in {each["gate"] for each in results if each["state"] != "open"}
        tries(stage)
    results = stage.node.client("approver").get(f"{stage.path}/gates").json()["gates"]
    assert {each["state"] for each in results} == {"open"}


@pytest.mark.parametrize("gate", sorted(SAID))
def test_no_way_out_for_what_was_said_of_a_file(node: Node, gate: str) -> None:
    stage = forced(node, **SAID[gate])
    weighed = profile().model_copy(update={"weighting": None})
    with facts(stage, pair=weighed):
        results = node.client("approver").get(f"{stage.path}/gates").json()["gates"]
        assert gate in {each["gate"] for each in results if each["state"] != "open"}
        tries(stage)


def test_with_all_gates_open_it_leaves_once(stage: Stage) -> None:
    signed = stage.node.approval("approver", "package.release", stage.shown())
    client = stage.node.client("approver")
    assert client.post(f"{stage.path}/release", json=signed).status_code == 202
    assert client.post(f"{stage.path}/release", json=signed).status_code == 409
