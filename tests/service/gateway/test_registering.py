"""The registry over HTTP: who may propose, approve and shut out, and that each of it counts at once."""

import threading
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from shared.protocol import jose
from tests.service.gateway.calling import Caller
from tests.service.gateway.conftest import World, recorded
from tests.service.gateway.enrolling import (
    PROPOSALS,
    approve,
    done,
    enrolled,
    propose,
    public,
    suspend,
)

ID = "urn:rogatory:QM:desk-9"


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, str(answer.json()["code"])


def patiently(true: Callable[[], bool]) -> None:
    """Wait for what the gateway brings to the log in its own time, also on a busy machine."""
    deadline = time.monotonic() + 30
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def adding(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - any member
    given = {"role": "preparer", "scopes": ["requests:read"], "keys": [public(jose.generate())]}
    return {**given, **changes}


def test_two_people_make_a_client_that_may_call(world: World) -> None:
    client = enrolled(world.qm, "desk-1", "preparer")
    assert client.call("GET", "/v1/requests").status_code == 200
    registrar = world.caller("registrar")
    shown = registrar.call("GET", f"/v1/clients/{client.client_id}").json()
    assert (shown["status"], shown["role"]) == ("active", "preparer")
    (told,) = shown["history"]
    assert told["proposed_by"] == {"client_id": "urn:rogatory:QM:ops", "officer": "QM-ops"}
    assert told["decision"]["by"]["officer"] == "QM-registrar"
    listed = world.caller("ops").call("GET", "/v1/clients").json()["clients"]
    assert shown["client_id"] in {each["client_id"] for each in listed}
    one = world.caller("ops").call("GET", f"{PROPOSALS}/{told['proposal_id']}").json()
    assert one in world.caller("ops").call("GET", PROPOSALS).json()["proposals"]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param({"client_id": "https://qn.example"}, "client_id_malformed", id="address"),
        pytest.param({"client_id": "urn:rogatory:QN:x"}, "client_id_malformed", id="country"),
        pytest.param({"scopes": ["packages:prepare", "packages:approve"]}, "scopes_not_of_role"),
        pytest.param({"scopes": ["ops:health"]}, "scopes_not_of_role", id="ops and content"),
        pytest.param({"role": "peer", "scopes": ["node:deliver"]}, "scopes_not_of_role", id="peer"),
        pytest.param({"keys": [{"kty": "oct", "k": "AA"}]}, "bad_client_key", id="symmetric"),
        pytest.param({"keys": []}, "wrong_members", id="no key"),
        pytest.param({"keys": [{"kty": 1.5}]}, "malformed", id="a float"),
        pytest.param({"act": "import"}, "invalid_fields", id="act"),
        pytest.param({"reason": ""}, "invalid_fields", id="no reason"),
        pytest.param({"reason": "fine\x1b[2K"}, "invalid_fields", id="an escape sequence"),
        pytest.param({"client_id": f"{ID}\0"}, "invalid_fields", id="a zero character"),
        pytest.param({"role": "\u200bops"}, "invalid_fields", id="a hidden character"),
        pytest.param({"more": 1}, "invalid_fields", id="member"),
        pytest.param({"overlap": -(2**60)}, "malformed", id="an absurd overlap"),
    ],
)
def test_61_no_such_client_is_even_proposed(
    world: World, body: dict[str, Any], expected: str
) -> None:
    given = {"act": "add", "client_id": ID, "reason": "a test", **adding(), **body}
    answer = world.caller("ops").call("POST", PROPOSALS, json=given)
    assert answer.status_code in {400, 422}
    assert answer.json()["code"] == expected


def test_62_ops_reads_no_evidence_and_approves_nothing(world: World) -> None:
    proposal = propose(world.qm, "add", ID, **adding())
    address = f"{PROPOSALS}/{proposal.json()['proposal_id']}"
    for verb in ("approve", "reject"):
        answer = world.caller("ops").call("POST", f"{address}/{verb}", json={"reason": "x"})
        assert code(answer) == (403, "insufficient_scope")
    segment = "/v1/packages/p/items/i/segments/0"
    assert code(world.caller("ops").call("GET", segment)) == (403, "insufficient_scope")
    rejected = world.caller("registrar").call("POST", f"{address}/reject", json={"reason": "no"})
    assert rejected.json()["decision"]["reason"] == "no"
    again = world.caller("registrar").call("POST", f"{address}/approve")
    assert code(again) == (409, "proposal_settled")


def test_the_registrar_only_shuts_out(world: World) -> None:
    client = enrolled(world.qm, "desk-2", "preparer")
    answer = propose(world.qm, "retire", client.client_id, by="registrar")
    assert code(answer) == (403, "insufficient_scope")
    suspend(world.qm, client.client_id, by="registrar")


def test_60_one_officer_is_not_two(world: World) -> None:
    proposal = propose(world.qm, "add", ID, **adding())
    registrar = world.caller("registrar")
    registrar.officer = "qm-OPS"
    address = f"{PROPOSALS}/{proposal.json()['proposal_id']}/approve"
    assert code(registrar.call("POST", address)) == (403, "same_officer")
    patiently(lambda: recorded(world, "QM", "same-officer"))


def test_nobody_decides_without_a_name(world: World) -> None:
    given = {"act": "add", "client_id": ID, "reason": "a test", **adding()}
    ops = world.caller("ops")
    headers = ops.headers("POST", PROPOSALS)
    del headers["X-Officer"]
    answer = ops.http.post(PROPOSALS, json=given, headers=headers)
    assert code(answer) == (400, "officer_required")


def test_a_case_system_names_its_officer_in_any_script(world: World, preparer: Caller) -> None:
    headers = preparer.headers("GET", "/v1/requests")
    named = [(name, value) for name, value in headers.items() if name != "X-Officer"]
    unnamed = preparer.http.get("/v1/requests", headers=named)
    assert code(unnamed) == (400, "officer_required")
    for given, expected in (("Ελένη Ω.".encode(), 200), (b"\xff\xfe", 400), (b"a\tb", 400)):
        headers = preparer.headers("GET", "/v1/requests")
        named = [(name, value) for name, value in headers.items() if name != "X-Officer"]
        raw = [(name.encode(), value.encode()) for name, value in named]
        answer = preparer.http.get("/v1/requests", headers=[*raw, (b"X-Officer", given)])
        assert answer.status_code == expected
    assert world.caller("oversight").call("GET", "/v1/directory").status_code == 200


def test_keys_rotate_without_a_failed_call(world: World) -> None:
    client = enrolled(world.qm, "desk-3", "preparer")
    following, stop, failed = jose.generate(), threading.Event(), list[int]()

    def work() -> None:
        while not stop.is_set():
            client.held = None  # a new token for every call: each shows the key
            status = client.call("GET", "/v1/requests").status_code
            if status != 200:
                failed.append(status)

    thread = threading.Thread(target=work)
    thread.start()
    own = {"keys": [public(following)], "reason": "yearly"}
    proposed = client.call("POST", "/v1/clients/self/keys", json=own)
    assert approve(world.qm, proposed).status_code == 200
    client.key = following
    with_both = Caller(world.qm, "preparer", key=following, claimed=client.client_id)
    assert with_both.call("GET", "/v1/requests").status_code == 200
    stop.set()
    thread.join()
    assert failed == []


def test_stolen_keys_end_at_once_with_their_tokens(world: World) -> None:
    client = enrolled(world.qm, "desk-4", "preparer")
    assert client.call("GET", "/v1/requests").status_code == 200
    done(world.qm, "rotate", client.client_id, keys=[public(jose.generate())], overlap=0)
    assert code(client.call("GET", "/v1/requests")) == (401, "invalid_token")
    assert client.ask().json()["error"] == "invalid_client"


def test_a_proposal_may_be_sent_again(world: World) -> None:
    body = {"act": "add", "client_id": f"{ID}-again", "reason": "a test", **adding()}

    def send(key: str, body: dict[str, Any]) -> httpx.Response:
        return world.caller("ops").call(
            "POST", PROPOSALS, json=body, headers={"Idempotency-Key": key}
        )

    first, second = send("one-and-the-same", body), send("one-and-the-same", body)
    assert (first.status_code, second.json()) == (201, first.json())
    assert code(send("one-and-the-same", {**body, "reason": "else"})) == (
        422, "idempotency_key_reused"
    )  # fmt: skip
    assert code(send("short", body)) == (422, "invalid_fields")


def test_every_client_sees_what_the_registry_has_of_it(world: World, preparer: Caller) -> None:
    seen = preparer.call("GET", "/v1/clients/self").json()
    assert (seen["client_id"], seen["role"]) == (preparer.client_id, "preparer")
    assert code(preparer.call("GET", f"/v1/clients/{world.qm.client_id('ops')}")) == (
        403, "insufficient_scope"
    )  # fmt: skip


def test_nobody_proposes_keys_for_another(world: World) -> None:
    own = {"keys": [public(jose.generate())], "reason": "mine", "client_id": ID}
    answer = world.caller("receiver").call("POST", "/v1/clients/self/keys", json=own)
    assert code(answer) == (422, "invalid_fields")
    body = {"act": "suspend", "client_id": ID, "reason": "spite"}
    answer = world.caller("receiver").call("POST", PROPOSALS, json=body)
    assert code(answer) == (403, "insufficient_scope")


def test_what_loses_a_scope_loses_it_at_the_next_call(world: World) -> None:
    client = enrolled(world.qm, "desk-5", "preparer")
    assert client.call("POST", "/v1/requests", json={}).status_code == 200
    done(world.qm, "scopes", client.client_id, scopes=["requests:read"])
    assert code(client.call("POST", "/v1/requests", json={})) == (403, "insufficient_scope")
    assert client.call("GET", "/v1/requests").status_code == 200


def test_a_suspended_client_comes_back_by_two(world: World) -> None:
    client = enrolled(world.qm, "desk-6", "preparer")
    suspend(world.qm, client.client_id)
    assert client.ask().json()["error"] == "invalid_client"
    done(world.qm, "resume", client.client_id)
    assert client.ask().status_code == 200


def test_every_act_reaches_the_log_with_both_officers(world: World) -> None:
    client = enrolled(world.qm, "desk-7", "preparer")
    suspend(world.qm, client.client_id)

    def told() -> dict[str, dict[str, str]]:
        return {
            each["type"]: each["personal"]
            for each in world.echoes["QM"].events
            if each.get("personal", {}).get("subject") == client.client_id
        }

    patiently(lambda: "client.suspended" in told())
    assert told()["client.proposed"]["officer"] == "QM-ops"
    assert told()["client.approved"]["officer"] == "QM-registrar"
    assert told()["client.approved"]["keys"]
    assert told()["client.suspended"]["client"] == "urn:rogatory:QM:ops"
