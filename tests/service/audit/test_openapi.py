"""Every address of the log answers as its document says, also to what no gateway would pass on."""

from collections.abc import Sequence

import pytest
from fastapi import FastAPI
from schemathesis import GenerationMode

from services.audit.routes.told import TOLD
from shared.runtime import inside, openapi
from shared.runtime.principals import Principal
from tests.schemas import Findings, ask_inside, probe
from tests.service.audit.caller import Node

SCOPES = frozenset(scope for door in inside.DOORS["audit"] for scope in door.scopes)


def probed(
    node: Node, examples: int, modes: Sequence[GenerationMode], methods: Sequence[str]
) -> Findings:
    caller = Principal(
        service="gateway", client_id="c", country="QM", scopes=SCOPES, purpose="to see"
    )
    app = node.client.app
    assert isinstance(app, FastAPI)
    return probe(
        openapi.complete(app.openapi(), TOLD),
        lambda asked: ask_inside(
            asked, "audit", node.client, lambda service: node.asserting(service, caller)
        ),
        examples=examples,
        modes=modes,
        wanted=lambda line: line.startswith(tuple(methods)),
    )


def test_wrong_bodies_are_answered_as_the_document_says(node: Node) -> None:
    assert probed(node, 1, [GenerationMode.NEGATIVE], ["POST", "PUT"]).flaws == {}


@pytest.mark.soak
def test_every_address_answers_as_the_document_says_for_long(node: Node) -> None:
    assert (
        probed(
            node,
            100,
            [*GenerationMode],
            ["POST", "PUT", "GET /v1", "GET /peer", "GET /o", "GET /t"],
        ).flaws
        == {}
    )
