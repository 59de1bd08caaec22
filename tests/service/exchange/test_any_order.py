"""Whoever does what in whichever order: nothing leaves with a gate shut, a challenge open, or by one person.

Hypothesis plays clerks, officers of every role, courts, operators and a peer against a real exchange. What
it remembers of the case is its own; the exchange is asked over HTTP only, as anybody would.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from typing_extensions import override

from services.exchange.store import entries
from shared.protocol.approvals import Act
from shared.protocol.law.lifecycle import State
from shared.runtime.principals import Principal
from tests.asserting import Asserting
from tests.service.exchange.filling import (
    ANSWERS,
    ASSESSMENT,
    close,
    declare,
    new_package,
    put_segment,
)
from tests.service.exchange.node import Answer, Clock, Node, open_node, receive_request
from tests.service.exchange.test_ways_out import RED, Stage

pytestmark = pytest.mark.slow

ROLES = ("preparer", "approver", "court", "privilege", "assessor", "duty", "minister", "receiver")
ACTS: dict[str, Act] = {
    "prepare": "package.prepare",
    "clear": "package.clear",
    "release": "package.release",
}
GONE = {"SEALED", "RELEASED", "RECEIVED", "VERIFIED", "IN_USE"}
REASONS = "The court has looked at this and finds what it says here, for the reasons of its order."


class Desks(RuleBasedStateMachine):
    """One closed package, and everybody who might want it to leave."""

    node: ClassVar[Node]

    @initialize()
    def begin(self) -> None:
        node = self.node
        self.request_id = receive_request(node, state=State.EXECUTING)
        self.package_id = new_package(node, self.request_id)
        item = declare(node, self.package_id, "a.txt", b"abc", answers=ANSWERS)
        put_segment(node, self.package_id, item, 0, b"abc")
        self.closed = close(node, self.package_id)
        self.stage = Stage(node, self.package_id, self.request_id)
        self.assessed = False
        self.challenge: str | None = None
        self.suspends = False
        self.shut: dict[str, AbstractContextManager[None]] = {}
        self.left = False

    @override
    def teardown(self) -> None:
        for shut in getattr(self, "shut", {}).values():
            shut.__exit__(None, None, None)

    def call(self, role: str, method: str, path: str, body: Any = None) -> Any:  # noqa: ANN401
        return self.node.client(role).request(method, path, json=body)

    @rule(verdict=st.sampled_from(["pass", "pass", "fail"]))
    def assess(self, verdict: str) -> None:
        path = f"/v1/requests/{self.request_id}"
        found = self.call("approver", "GET", path).json()
        said = {"gate": "G04", "role": "RD-CA", "verdict": verdict, "text": ASSESSMENT}
        signed = self.node.said("approver", "finding", "findings", found, **said)
        assert self.call("approver", "POST", f"{path}/findings", signed).status_code == 201
        self.assessed = verdict == "pass"

    @rule(
        desk=st.sampled_from(ROLES),
        key=st.sampled_from(["preparer", "approver", "approver"]),
        step=st.sampled_from(sorted(ACTS)),
    )
    def approve(self, desk: str, key: str, step: str) -> None:
        """Somebody sends an approval that somebody signed; only a release changes what is outside."""
        self._approve(desk, key, step)

    @rule()
    def do_it_properly(self) -> None:
        """Both officers do all they can, in their order."""
        self._approve("preparer", "preparer", "prepare")
        self._approve("approver", "approver", "clear")
        self._approve("approver", "approver", "release")

    def _approve(self, desk: str, key: str, step: str) -> None:
        before = self.stage.shown()["state"]
        signed = self.node.approval(key, ACTS[step], self.closed)
        answer = self.call(desk, "POST", f"{self.stage.path}/{step}", signed)
        if step == "release" and answer.is_success:
            assert before == "CLEARED"
            assert (desk, key) == ("approver", "approver")
            self.left = True
            self._left_rightly()

    def _left_rightly(self) -> None:
        assert self.assessed
        assert not self.shut, sorted(self.shut)
        assert not self.suspends
        given = {each["act"]: each["officer"] for each in self.stage.shown()["approvals"]}
        assert given["package.prepare"] != given["package.clear"]
        assert given["package.prepare"] != given["package.release"]

    @precondition(lambda self: not self.left)
    @rule(gate=st.sampled_from(sorted(RED)))
    def shut_or_open(self, gate: str) -> None:
        """Something turns a gate red, or it is mended."""
        if gate in self.shut:
            self.shut.pop(gate).__exit__(None, None, None)
        elif not self.shut:  # one at a time: what it changes is put back as it was
            entered = RED[gate](self.stage)
            entered.__enter__()
            self.shut[gate] = entered

    @precondition(lambda self: not self.left and self.challenge is None)
    @rule()
    def object(self) -> None:
        """A person objects, and the court suspends."""
        told = {"who": "HOLDER", "court": "Court", "file_number": "1", "text": "I object to it."}
        answer = self._court("challenges", **told, packages=[self.package_id])
        if answer.is_success:
            self.challenge = answer.json()["challenges"][-1]["challenge_id"]
            self._outcome("admitted")
            self.suspends = self._outcome("suspensive")

    @precondition(lambda self: self.suspends)
    @rule()
    def dismiss(self) -> None:
        if self._outcome("dismissed"):
            self.suspends = False

    def _outcome(self, state: str) -> bool:
        said = {"challenge_id": self.challenge, "state": state, "text": REASONS}
        return bool(self._court(f"challenges/{self.challenge}/outcome", **said).is_success)

    def _court(self, path: str, **said: Any) -> Any:  # noqa: ANN401
        found: Answer = self.call("approver", "GET", f"/v1/requests/{self.request_id}").json()
        signed = self.node.said("court", "court.record", path.rpartition("/")[2], found, **said)
        return self.call("court", "POST", f"/v1/requests/{self.request_id}/{path}", signed)

    @rule(job=st.sampled_from(["courier", "closer", "deadlines", "clocks"]))
    def work(self, job: str) -> None:
        """A worker turns, as it does all day; nobody answers it here."""
        self.node.app.state.jobs[job].work()

    @invariant()
    def nothing_is_outside(self) -> None:
        """No entry of a package that did not leave; and to the peer nothing, without a proof of the log."""
        if not hasattr(self, "stage"):
            return
        state = self.stage.shown()["state"]
        assert (state in GONE) == self.left
        assert state not in GONE - {"SEALED"}  # no log has proven its entry
        with self.node.parts.database.read() as db:
            written = entries.latest_about(db, self.package_id)
        assert (written is not None) == self.left
        answer = self._peer(f"/peer/v1/packages/{self.package_id}/index")
        assert answer.status_code in {404, 409}

    def _peer(self, path: str) -> Any:  # noqa: ANN401
        peer = Principal(
            service="gateway",
            client_id="https://qm.example",
            country="QM",
            scopes=frozenset({"node:deliver"}),
        )
        client = self.node.bare_client()
        client.auth = Asserting(self.node.assertions, "exchange", peer)
        return client.get(path)


@pytest.fixture(scope="module")
def desks(federation: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[type[Desks]]:
    with ExitStack() as stack:
        folder = tmp_path_factory.mktemp("order")
        node = open_node("QN", federation, folder / "QN", Clock())
        stack.callback(node.parts.database.close)
        Desks.node = node
        yield Desks


def play(desks: type[Desks], examples: int, steps: int, *, again: bool) -> None:
    run_state_machine_as_test(
        desks,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            derandomize=again,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_in_some_orders(desks: type[Desks]) -> None:
    play(desks, 4, 14, again=True)


@pytest.mark.soak
def test_in_any_order(desks: type[Desks]) -> None:
    play(desks, 40, 30, again=False)
