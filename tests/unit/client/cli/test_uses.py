"""What binds evidence, and what becomes of it, at the command line."""

from __future__ import annotations

from typing import Any

import pytest

from client.sdk.uses import SIGNED
from services.exchange.routes.told_uses import told_uses
from tests.scripted_gateway import Gateway, answer
from tests.scripted_packages import PACKAGE, REQUEST, package, request
from tests.unit.client.cli.conftest import Cli

TOLD = told_uses(request(), package())
ID = "01a1fdfa-4600-7c63-8c66-804dc68564d2"
# Command and options → last part of the address, and what is said.
OF_REQUEST: list[tuple[list[str], str, dict[str, Any]]] = [
    (["ask-report", "--text", "w"], "use-report-request", {"text": "w"}),
    (["report", "--text", "w"], "use-report", {"text": "w", "codes": []}),
    (["breach", "--code", "COND-01", "--text", "w"], "breach", {"text": "w", "codes": ["COND-01"]}),
    (["notify", "--remedies"], "subject-notice", {"state": "sent", "remedies": True}),
    (
        ["notify", "--ground", "s. 12", "--review", "2027-05-20"],
        "subject-notice",
        {"state": "deferred", "ground": "s. 12", "review": "2027-05-20"},
    ),
    (
        ["costs", "420", "EUR", "--text", "w"],
        "costs",
        {"state": "claimed", "amount": 420, "currency": "EUR", "text": "w"},
    ),
    (
        ["costs", "420", "EUR", "--text", "w", "--paid"],
        "costs",
        {"state": "reimbursed", "amount": 420, "currency": "EUR", "text": "w"},
    ),
]
WANTED = {"recipient": "QP", "purpose": "12 Js 5/26"}
TO = ["--to", "QP", "--purpose", "12 Js 5/26"]
OF_PACKAGE: list[tuple[list[str], str, dict[str, Any]]] = [
    (["onward", *TO, "--text", "w"], "onward", {**WANTED, "text": "w", "items": []}),
    (
        ["hand-on", *TO, "--item", ID, "--urgent"],
        "export",
        {**WANTED, "urgent": True, "items": [ID], "text": ""},
    ),
    (
        ["ask-deletion", "--measure", "delete", "--text", "w"],
        "deletion-request",
        {"measure": "delete", "text": "w"},
    ),
    (["hold", "--text", "w"], "legal-hold", {"hold": True, "text": "w"}),
    (["hold", "--lift", "--text", "w"], "legal-hold", {"hold": False, "text": "w"}),
    (
        ["keep", "--until", "2028-11-30", "--text", "w"],
        "review-retention",
        {"until": "2028-11-30", "text": "w"},
    ),
    (
        ["destroy", "--reason", "not_needed", "--text", "w"],
        "destroy",
        {"reason": "not_needed", "text": "w"},
    ),
    (["give-back", "--text", "w"], "give-back", {"text": "w"}),
    (["consent", ID], "onward-consent", {"onward_id": ID, "verdict": "consent"}),
    (
        ["consent", ID, "--refuse", "--text", "w"],
        "onward-consent",
        {"onward_id": ID, "verdict": "refuse", "text": "w"},
    ),
]


@pytest.mark.parametrize(("line", "what", "said"), OF_REQUEST)
def test_what_follows_a_request_is_said(
    known: Cli,
    gateway: Gateway,
    line: list[str],
    what: str,
    said: Any,  # noqa: ANN401
) -> None:
    gateway.routes[f"POST /v1/requests/{REQUEST}/{what}"] = answer(request())
    assert known("request", line[0], REQUEST, *line[1:]).code == 0
    assert gateway.calls[-1].json() == said


@pytest.mark.parametrize(("line", "what", "said"), OF_PACKAGE)
def test_what_becomes_of_a_package_is_said_and_signed_where_it_must_be(
    known: Cli,
    gateway: Gateway,
    line: list[str],
    what: str,
    said: Any,  # noqa: ANN401
) -> None:
    gateway.routes[f"GET /v1/packages/{PACKAGE}"] = answer(package())
    gateway.routes[f"POST /v1/packages/{PACKAGE}/{what}"] = answer(package())
    assert known("package", line[0], PACKAGE, *line[1:]).code == 0
    sent: Any = gateway.calls[-1].json()
    assert (sent["statement"] if what in SIGNED else sent) == said
    assert ("approval" in sent) == (what in SIGNED)


def test_half_a_deferral_is_none(known: Cli) -> None:
    said = known("request", "notify", REQUEST, "--ground", "s. 12")
    assert (said.code, "--review" in said.err) == (2, True)


def test_conditions_are_shown_word_for_word(known: Cli, gateway: Gateway) -> None:
    told = TOLD["GET /v1/requests/{request_id}/conditions"].answer
    gateway.routes[f"GET /v1/requests/{REQUEST}/conditions"] = answer(told)
    said = known("request", "conditions", REQUEST)
    assert "COND-01  ACCEPTED  To be used in these proceedings only." in said.out


def test_the_use_of_a_package_is_shown(known: Cli, gateway: Gateway) -> None:
    told = TOLD["GET /v1/packages/{package_id}/use"].answer
    gateway.routes[f"GET /v1/packages/{PACKAGE}/use"] = answer(told)
    said = known("package", "use", PACKAGE)
    assert "kept until 2027-11-30" in said.out
    assert "CONSENTED  to QP" in said.out
