"""`rogatory request …` makes the calls it should, with an officer's signature where one is due."""

from pathlib import Path
from typing import Any

import pytest

from services.exchange.routes.told_request import DRAFT
from shared.protocol.approvals import statement_digest, verify_approval
from shared.protocol.canonical import encode
from shared.protocol.keys import OfficerKey
from tests.scripted_gateway import OFFICER, Call, Gateway, answer
from tests.scripted_packages import REQUEST, request
from tests.unit.client.cli.conftest import Cli

BASE = f"/v1/requests/{REQUEST}"


def body(call: Call) -> Any:  # noqa: ANN401 - what a test sent
    return call.json()


def check_signed(gateway: Gateway, call: Call, act: str, *, digest: str = "ab" * 32) -> None:
    key = OfficerKey.from_bytes((gateway.folder / "officer.key").read_bytes()).public()
    approval = verify_approval(
        body(call)["approval"],
        {key.kid: key},
        act=act,
        object_id=REQUEST,
        version=1,
        digest=digest,
    )
    assert approval.officer == OFFICER


def test_a_draft_is_opened_signed_and_submitted(
    known: Cli, gateway: Gateway, tmp_path: Path
) -> None:
    draft = tmp_path / "draft.json"
    draft.write_bytes(encode(DRAFT))
    gateway.routes["POST /v1/requests"] = answer(request(state="S00"), 201)
    gateway.routes[f"POST {BASE}/submit"] = answer(request())
    said = known("request", "new", draft, "--json")
    assert said.json["state"] == "S01"
    drafted, submitted = gateway.calls[-2:]
    assert drafted.body == encode(DRAFT)
    check_signed(gateway, submitted, "request.prepare")


def test_an_approval_is_of_exactly_what_was_read(known: Cli, gateway: Gateway) -> None:
    gateway.routes[f"GET {BASE}"] = answer(request())
    gateway.routes[f"POST {BASE}/approve"] = answer(request(state="S03"))
    said = known("request", "approve", REQUEST)
    assert said.out.startswith(f"{REQUEST}  to QN  S03 approved")
    assert f"SHA-256 {'ab' * 32}, as {OFFICER}" in said.err
    check_signed(gateway, gateway.calls[-1], "request.approve")


def test_sending_waits_for_the_other_country(known: Cli, gateway: Gateway) -> None:
    states = iter(["S04", "S04", "S05"])
    gateway.routes[f"POST {BASE}/send"] = answer(request(state="S04", waiting_for="the log"))
    gateway.routes[f"GET {BASE}"] = lambda _: answer(request(state=next(states)))
    said = known("request", "send", REQUEST, "--json")
    assert said.json["state"] == "S05"
    assert "waiting: the log" in said.err


def test_patience_has_an_end(known: Cli, gateway: Gateway) -> None:
    gateway.routes[f"POST {BASE}/send"] = answer(request(state="S04"))
    gateway.routes[f"GET {BASE}"] = answer(request(state="S04"))
    said = known("request", "send", REQUEST, "--wait", "0", "--json")
    assert (said.code, said.json["state"]) == (0, "S04")


def test_an_acknowledgement_names_the_own_reference(known: Cli, gateway: Gateway) -> None:
    gateway.routes[f"POST {BASE}/acknowledge"] = answer(request(direction="in"))
    said = known("request", "acknowledge", REQUEST, "--reference", "7")
    assert said.out.startswith(f"{REQUEST}  from QN")
    assert body(gateway.calls[-1]) == {"reference": "7", "note": ""}


DECISIONS: dict[str, tuple[list[str], dict[str, Any]]] = {
    "accept": (["--measure", "M01", "--note", "n"], {"measures": ["M01"], "note": "n"}),
    "refuse": (["--code", "REF-02", "--reasons", "w"], {"codes": ["REF-02"], "reasons": "w"}),
}


@pytest.mark.parametrize("act", DECISIONS)
def test_the_other_country_decides_with_an_officers_signature(
    known: Cli, gateway: Gateway, act: str
) -> None:
    options, statement = DECISIONS[act]
    gateway.routes[f"GET {BASE}"] = answer(request(direction="in"))
    gateway.routes[f"POST {BASE}/{act}"] = answer(request(direction="in"))
    said = known("request", act, REQUEST, *options)
    assert said.out.startswith(f"{REQUEST}  from QN")
    sent = gateway.calls[-1]
    assert body(sent)["statement"] == statement
    check_signed(gateway, sent, "request.decide", digest=statement_digest(act, statement))


def test_all_measures_are_accepted_without_naming_them(known: Cli, gateway: Gateway) -> None:
    gateway.routes[f"GET {BASE}"] = answer(request(direction="in"))
    gateway.routes[f"POST {BASE}/accept"] = answer(request(direction="in"))
    known("request", "accept", REQUEST)
    assert body(gateway.calls[-1])["statement"] == {"note": ""}


@pytest.mark.parametrize(("options", "items"), [(["--measure", "M01"], ["M01"]), ([], None)])
def test_what_is_found_when_some_measures_are_accepted_is_about_these(
    known: Cli, gateway: Gateway, options: list[str], items: list[str] | None
) -> None:
    gateway.routes[f"GET {BASE}"] = answer(request(direction="in"))
    gateway.routes[f"POST {BASE}/findings"] = answer({"findings": []}, 201)
    gateway.routes[f"GET {BASE}/findings"] = answer({"findings": []})
    gateway.routes[f"POST {BASE}/accept"] = answer(request(direction="in"))
    known("request", "accept", REQUEST, "--assessment", "a", "--dual-criminality", "d", *options)
    known(
        "request", "finding", REQUEST, "--gate", "G07", "--role", "RD-CA", "--text", "t", *options
    )
    said = [
        body(call)["statement"]
        for call in gateway.calls
        if call.path == f"{BASE}/findings" and call.body
    ]
    assert [each["gate"] for each in said] == ["G04", "G05", "G07"]
    assert [each.get("items") for each in said] == [items] * 3


def test_requests_are_listed(known: Cli, gateway: Gateway) -> None:
    gateway.routes["GET /v1/requests"] = answer({"requests": [request(), request(state="S99")]})
    said = known("request", "list", "--state", "S01", "--direction", "out")
    assert len(said.out.splitlines()) == 2
    assert gateway.calls[-1].query == {"state": ["S01"], "direction": ["out"]}


@pytest.mark.parametrize(
    "flaw", [{"state": 1}, {"version": "1"}, {"measures": [1]}, {"measures": 1}]
)
def test_an_answer_of_another_shape_is_refused(
    known: Cli, gateway: Gateway, flaw: dict[str, Any]
) -> None:
    gateway.routes[f"GET {BASE}"] = answer(request(**flaw))
    said = known("request", "show", REQUEST)
    assert (said.code, "answer has no" in said.err) == (1, True)


@pytest.mark.parametrize("content", [None, b"{}", b"no key"])
def test_an_officer_needs_a_key(known: Cli, gateway: Gateway, content: bytes | None) -> None:
    key = gateway.folder / "officer.key"
    key.unlink()
    if content is not None:
        key.write_bytes(content)
    said = known("request", "approve", REQUEST)
    assert (said.code, "officer.key" in said.err) == (2, True)


def test_who_is_no_officer_cannot_approve(known: Cli, gateway: Gateway) -> None:
    known(
        "login",
        "--gateway",
        gateway.url,
        "--ca",
        gateway.folder / "ca.pem",
        "--client-id",
        "urn:x",
        "--key",
        gateway.folder / "client.jwk",
        "--dpop-key",
        gateway.folder / "dpop.jwk",
    )
    said = known("request", "approve", REQUEST)
    assert (said.code, "has no officer" in said.err) == (2, True)
