"""Every address of the exchange answers as its document says, also to what no gateway would pass on."""

from collections.abc import Sequence

import pytest
from schemathesis import GenerationMode

from services.exchange.routes.told import TOLD
from shared.runtime import inside, openapi
from shared.runtime.principals import Assertions, Principal
from tests.asserting import Asserting
from tests.schemas import Findings, ask_inside, probe
from tests.service.exchange.node import Node

SCOPES = frozenset(scope for door in inside.DOORS["exchange"] for scope in door.scopes)


def probed(
    node: Node, examples: int, modes: Sequence[GenerationMode], methods: Sequence[str]
) -> Findings:
    caller = Principal(
        service="gateway", client_id="c", country="QM", scopes=SCOPES, officer="QN-preparer"
    )
    client = node.bare_client()

    def auth(service: str) -> Asserting:
        made = Assertions(service, node.assertions.key, node.clock)
        return Asserting(made, "exchange", caller)

    return probe(
        openapi.complete(node.app.openapi(), TOLD),
        lambda asked: ask_inside(asked, "exchange", client, auth),
        examples=examples,
        modes=modes,
        wanted=lambda line: line.startswith(tuple(methods)),
    )


def test_wrong_bodies_are_answered_as_the_document_says(qn: Node) -> None:
    assert probed(qn, 1, [GenerationMode.NEGATIVE], ["POST", "PUT"]).flaws == {}


@pytest.mark.soak
def test_every_address_answers_as_the_document_says_for_long(qn: Node) -> None:
    assert (
        probed(
            qn, 40, [*GenerationMode], ["POST", "PUT", "GET /v1", "GET /peer", "GET /o", "GET /t"]
        ).flaws
        == {}
    )


@pytest.mark.parametrize(
    "path",
    [
        "/peer/v1/entries?epoch=9223372036854775808",
        "/peer/v1/entries?from=9007199254740992",
        "/peer/v1/packages/p/segments/i/9223372036854775808",
        "/v1/packages/p/items/i/segments/9223372036854775808",
    ],
    ids=["epoch", "from", "sealed", "plain"],
)
def test_a_number_that_no_database_holds_is_refused(qn: Node, path: str) -> None:
    caller = Principal(service="gateway", client_id="c", country="QM", scopes=SCOPES)
    auth = Asserting(qn.assertions, "exchange", caller)
    answer = qn.bare_client().get(path, auth=auth)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_fields")


def test_the_document_is_for_the_gateway_alone(qn: Node) -> None:
    client = qn.bare_client()
    assert client.get("/openapi.json").status_code == 401
    auth = Asserting(qn.assertions, "exchange", None)
    first, second = (client.get("/openapi.json", auth=auth).json() for _ in range(2))
    assert first == second
    assert first["components"]["schemas"]["Problem"] == openapi.PROBLEM_SCHEMA
